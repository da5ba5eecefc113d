"""`tag2vec export` and `tag2vec import-vectors`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tag2vec.cli import app
from tag2vec.cli.output import note
from tag2vec.errors import UsageError

Format = Annotated[
    str | None,
    typer.Option("--format", help="text, binary (both word2vec's) or projector; without it the file's name decides."),
]


@app.command()
def export(
    model: Annotated[Path, typer.Argument(help="A model folder.")],
    out: Annotated[
        Path, typer.Option("--out", "-o", help="A .txt, .vec or .bin file, or a folder or .tsv for TensorBoard.")
    ],
    space: Annotated[str, typer.Option(help="input: what tags mean; output: what they stand beside.")] = "input",
    form: Format = None,
) -> None:
    """Write tag vectors for other tools: word2vec text or binary, or TensorBoard's projector."""
    from tag2vec.embed.exchange import export_vectors
    from tag2vec.embed.space import TagSpace

    for path in export_vectors(TagSpace.load(model), out, space, form):
        typer.echo(str(path))


@app.command("import-vectors")
def import_vectors(
    file: Annotated[Path, typer.Argument(help="A .txt, .vec or .bin file, a .tsv, or a folder with vectors.tsv.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="The model folder to write.")],
    counts: Annotated[
        Path | None, typer.Option(help="A corpus folder: its counts, forms and stemmer; words it lacks are left out.")
    ] = None,
    outputs: Annotated[Path | None, typer.Option(help="The output vectors of the same words.")] = None,
    stemmer: Annotated[
        str | None, typer.Option(help="Language of the Snowball stemmer, or 'none'; that of --counts, else english.")
    ] = None,
    form: Format = None,
) -> None:
    """Make a tag space of word vectors that another tool learnt."""
    from tag2vec import artifact
    from tag2vec.embed import exchange
    from tag2vec.embed.space import FOLDER, KIND
    from tag2vec.scraping.corpus import Corpus

    if counts and stemmer:
        raise UsageError("Both --counts and --stemmer were given; the stemmer of the corpus is taken. Leave one out.")
    artifact.check_writable(out / FOLDER, KIND)
    corpus = Corpus.load(counts) if counts else None
    space = exchange.import_vectors(
        file, outputs=outputs, form=form, corpus=corpus, stemmer=stemmer or "english", warn=note
    )
    space.save(out)
    if space.config["counts"] == "rank":
        note("counts: the file has none, so they fall with the rank; --counts CORPUS takes those of a corpus")
    note(f"tag space: {len(space):,} tags, {space.dim} dimensions")
    typer.echo(str(out))
