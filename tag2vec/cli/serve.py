"""`tag2vec serve`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from tag2vec.cli import app
from tag2vec.cli.output import note
from tag2vec.errors import MissingExtra
from tag2vec.workers import PROCESSES

TOKEN = "TAG2VEC_TOKEN"


@app.command()
def serve(
    model: Annotated[Path, typer.Argument(help="A model folder.")],
    host: Annotated[str, typer.Option(help="The address to listen on; others reach 0.0.0.0.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="0: a free one.")] = 8000,
    workers: Annotated[int | None, typer.Option(help="Clips looked at together; one a core.", max=PROCESSES)] = None,
    queue: Annotated[int, typer.Option(help="Clips that may wait; more are sent away.")] = 16,
    seconds: Annotated[float, typer.Option(help="That an answer may take.")] = 90.0,
    max_size: Annotated[str, typer.Option(help="Of a request, the most.")] = "200M",
    keep: Annotated[str, typer.Option(help="Of uploaded clips, for questions to come; 0: none.")] = "512M",
    host_name: Annotated[
        list[str] | None, typer.Option(help="A name that clients know it by. Repeat for more.")
    ] = None,
    index: Annotated[str | None, typer.Option(help="The index, as ivf; the stored one when not given.")] = None,
) -> None:
    """Suggest over HTTP. TAG2VEC_TOKEN in the environment: only to who has this token."""
    try:
        from tag2vec.web.run import run
    except ImportError as error:
        raise MissingExtra("serve", error.name or "fastapi", "serve") from error
    from tag2vec.retrieval.choice import bytes_of
    from tag2vec.web.settings import Settings
    from tag2vec.workers import usable_cores

    names, token = tuple(host_name or ()), os.environ.get(TOKEN)
    if host not in {"127.0.0.1", "::1", "localhost"} and not token:
        note(f"Everybody who reaches {host} may ask. Set {TOKEN} to ask for a token.")
    size, kept, count = bytes_of(max_size), bytes_of(keep), usable_cores() if workers is None else workers
    settings = Settings(model, host, port, count, queue, seconds, size, kept, names, token, index)
    run(settings, lambda address: note(f"{model} is served at {address}  Ctrl-C ends it."))
