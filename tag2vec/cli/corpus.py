"""`tag2vec build-corpus`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tag2vec.cli import app
from tag2vec.cli.output import note
from tag2vec.errors import UsageError


@app.command("build-corpus")
def build_corpus(
    sources: Annotated[
        list[str],
        typer.Argument(
            metavar="SOURCE...", help="Files or folders (.jsonl, .csv, .tsv, each also .gz), or NAME:WHERE."
        ),
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="The corpus folder to write.")],
    stemmer: Annotated[str, typer.Option(help="Language of the Snowball stemmer, or 'none'.")] = "english",
    min_tags: Annotated[int, typer.Option(help="Leave out posts with fewer distinct tags.")] = 2,
    columns: Annotated[
        str,
        typer.Option(help="Columns of a table: tags=NAME,author=NAME,...; found by their names when not given."),
    ] = "",
    delimiter: Annotated[
        str | None, typer.Option(help="Sign between the cells of a table; found when not given.")
    ] = None,
    separator: Annotated[
        str | None, typer.Option(help="Sign between the tags of a cell, or 'list'; found when not given.")
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Stop at the first line that cannot be read.")] = False,
) -> None:
    """Read posts and write a corpus: one sentence of stemmed hashtags a post, and the forms people write them in."""
    from tag2vec.progress import bar
    from tag2vec.scraping.corpus import Corpus

    with bar("posts") as tick:
        corpus = Corpus.build(
            sources,
            out,
            stemmer=stemmer,
            min_tags=min_tags,
            strict=strict,
            columns=_pairs(columns),
            delimiter=_sign(delimiter),
            separator=separator,
            warn=note,
            tick=tick,
        )
    report = corpus.report
    for reason, number in report["left_out"].items():
        note(f"left out: {number:,} posts {reason}")
    kept = f"{report['kept']:,} with {report['tags']:,} tags of {report['stems']:,} stems"
    note(f"read {report['read']:,} posts, kept {kept}")
    typer.echo(str(out))
    if report["failed"]:
        raise typer.Exit(1)


def _pairs(text: str) -> dict[str, str]:
    parts = [part.partition("=") for part in text.split(",") if part]
    if any(not name or not value for name, _, value in parts):
        raise UsageError(f"--columns is '{text}'; wanted field=column pairs such as tags=hashtags,author=user.")
    return {name.strip(): value.strip() for name, _, value in parts}


def _sign(text: str | None) -> str | None:
    if text is not None and len(text := text.replace("\\t", "\t")) != 1:
        raise UsageError(f"--delimiter is '{text}'; wanted one sign.")
    return text
