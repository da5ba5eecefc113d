"""`tag2vec info`, `doctor` and `demo`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tag2vec.cli import app
from tag2vec.cli.fitvideo import Workers
from tag2vec.cli.output import Json, note, print_json, print_table

LONG = 200  # letters of a setting that are shown


@app.command()
def info(
    folder: Annotated[Path, typer.Argument(help="A corpus, a model, or any folder that tag2vec wrote.")],
    as_json: Json = False,
    card: Annotated[bool, typer.Option("--card", help="Print the card of a model, Markdown for people.")] = False,
) -> None:
    """What a folder holds, what made it, and whether it is whole."""
    from msgspec.structs import asdict

    from tag2vec import artifact

    if card:
        from tag2vec.evaluation.card import card as written

        typer.echo(written(folder), nl=False)
        return
    found = [artifact.read(path) for path in artifact.find(folder)] or [artifact.read(folder)]
    if as_json:
        print_json([asdict(a) | {"folder": str(a.folder)} for a in found])
        return
    for one in found:
        typer.echo(f"{one.folder}: {one.kind}, format {one.format}, written by tag2vec {one.version}")
        print_table(["setting", "value"], [[name, _short(value)] for name, value in one.config.items()])
        rows = [
            [
                name,
                facts.get("shape", ""),
                facts.get("dtype", ""),
                (one.folder / name).stat().st_size,
                facts["sha256"][:12],
            ]
            for name, facts in one.files.items()
        ]
        print_table(["file", "shape", "dtype", "bytes", "sha256"], rows)
        for name, digest in one.parents.items():
            typer.echo(f"made from: {name} {digest[:12]}")
        typer.echo(f"checksum: {one.digest[:12]}, all files whole")


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= LONG else f"{text[:LONG]}... (whole with --json)"


@app.command()
def doctor() -> None:
    """What works on this machine, and the line that installs what does not."""
    from tag2vec.doctor import checks

    results = checks()
    print_table(
        ["", "", "found"],
        [["ok" if c.ok else "--" if c.optional else "!!", c.what, c.found] for c in results],
    )
    if any(not c.ok and not c.optional for c in results):
        note("tag2vec: what is marked !! must be mended before tag2vec can work.")
        raise typer.Exit(1)


@app.command()
def demo(
    out: Annotated[Path, typer.Option("--out", "-o", help="The folder to work in.")] = Path("demo"),
    workers: Workers = None,
) -> None:
    """The main job, end to end, on clips and posts made here (synthetic, and said to be)."""
    from tag2vec.demo.run import run

    run(out, workers, typer.echo)
