"""`tag2vec fit-index`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tag2vec.cli import app
from tag2vec.cli.output import note

IndexName = Annotated[
    str | None, typer.Option("--index", help="The index, as ivf or ivf:lists=4096; chosen when not given.")
]


@app.command("fit-index")
def fit_index(
    model: Annotated[Path, typer.Argument(help="A model folder.")],
    index: IndexName = None,
    recall: Annotated[float, typer.Option(help="Share of the 15 nearest tags to be found; 1: always all.")] = 0.99,
    memory: Annotated[
        str | None, typer.Option(help="What the index may take, as 2G; what is free now when not given.")
    ] = None,
    corpus: Annotated[Path | None, typer.Option(help="The corpus of the model, when it was moved.")] = None,
) -> None:
    """Build the index of a model once, so that suggest only has to open it."""
    from tag2vec import plugins
    from tag2vec.retrieval.choice import Wish, bytes_of, size
    from tag2vec.retrieval.stored import fit_index

    wish = Wish(recall, None if memory is None else bytes_of(memory), kept=True)
    built = fit_index(model, index, wish, corpus)
    note(f"index: {plugins.name_of(built)}, {len(built):,} tags, {size(built.nbytes)}")
    typer.echo(str(model))
