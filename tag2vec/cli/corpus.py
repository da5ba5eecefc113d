"""`tag2vec build-corpus`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from tag2vec.cli import app, settings_of
from tag2vec.cli.output import note
from tag2vec.errors import UsageError
from tag2vec.progress import line

_ASKING = "Asking servers"
_CLEANING = "Cleaning"
_TABLES = "Reading tables"
_KEYS = "Keys come from the environment: YOUTUBE_API_KEY; TUMBLR_API_KEY; BLUESKY_HANDLE and BLUESKY_APP_PASSWORD."


@app.command("build-corpus", epilog=_KEYS)
def build_corpus(
    context: typer.Context,
    sources: Annotated[
        list[str],
        typer.Argument(
            metavar="SOURCE...",
            help="A file or folder of posts (its format is found, or NAME:PATH), or NAME[:SERVER] such as "
            "mastodon:example.social. `tag2vec doctor` lists the names.",
        ),
    ],
    out: Annotated[Path | None, typer.Option("--out", "-o", help="The corpus folder to write.")] = None,
    update: Annotated[Path | None, typer.Option(help="The corpus folder to add to, in place of --out.")] = None,
    stemmer: Annotated[str, typer.Option(help="Language of the Snowball stemmer, or 'none'.")] = "english",
    dask: Annotated[str | None, typer.Option(help="A Dask scheduler's address, or local:N for N processes.")] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Stop at the first post that cannot be read.")] = False,
    query: Annotated[
        list[str] | None, typer.Option(help="Ask for this; may be repeated.", rich_help_panel=_ASKING)
    ] = None,
    queries: Annotated[
        Path | None, typer.Option(help="Ask for each line of this file.", rich_help_panel=_ASKING)
    ] = None,
    common_words: Annotated[
        int, typer.Option(help="Ask for this many of the most common words.", rich_help_panel=_ASKING)
    ] = 0,
    words_language: Annotated[str, typer.Option(help="Language of the common words.", rich_help_panel=_ASKING)] = "en",
    per_query: Annotated[int, typer.Option(help="Posts to fetch a query.", rich_help_panel=_ASKING)] = 150,
    max_minutes: Annotated[
        float | None, typer.Option(help="Stop asking after this time; goes on next time.", rich_help_panel=_ASKING)
    ] = None,
    max_requests: Annotated[
        int | None, typer.Option(help="Stop asking after this many requests.", rich_help_panel=_ASKING)
    ] = None,
    pace: Annotated[
        float, typer.Option(help="Least seconds between two requests to a host.", rich_help_panel=_ASKING)
    ] = 0.25,
    contact: Annotated[
        str | None,
        typer.Option(
            envvar="TAG2VEC_CONTACT",
            help="How a server's owner reaches you; without it user@host.",
            rich_help_panel=_ASKING,
        ),
    ] = None,
    allow: Annotated[
        list[str] | None,
        typer.Option(
            help="A source that is off by default, or a host of yours with a private address.",
            rich_help_panel=_ASKING,
        ),
    ] = None,
    min_tags: Annotated[
        int, typer.Option(help="near-empty: leave out posts with fewer distinct tags.", rich_help_panel=_CLEANING)
    ] = 2,
    min_authors: Annotated[
        int, typer.Option(help="few-authors: drop tags of fewer authors.", rich_help_panel=_CLEANING)
    ] = 1,
    max_length: Annotated[
        int, typer.Option(help="over-long: drop tags of more signs; 0 for none.", rich_help_panel=_CLEANING)
    ] = 64,
    language: Annotated[
        str, typer.Option(help="language: keep posts in these, such as en,pt.", rich_help_panel=_CLEANING)
    ] = "",
    noise: Annotated[
        str,
        typer.Option(
            help="noise: drop engagement bait; 'default', or a file with a tag a line.", rich_help_panel=_CLEANING
        ),
    ] = "",
    keep_digits: Annotated[
        bool, typer.Option("--keep-digits", help="digits-only: keep tags without a letter.", rich_help_panel=_CLEANING)
    ] = False,
    keep_same_id: Annotated[
        bool,
        typer.Option("--keep-same-id", help="duplicate-id: keep posts met before.", rich_help_panel=_CLEANING),
    ] = False,
    keep_same_tags: Annotated[
        bool,
        typer.Option(
            "--keep-same-tags",
            help="duplicate-block: keep an author's posts with equal tags.",
            rich_help_panel=_CLEANING,
        ),
    ] = False,
    columns: Annotated[
        str,
        typer.Option(help="tags=NAME,author=NAME,...; found by their names when not given.", rich_help_panel=_TABLES),
    ] = "",
    delimiter: Annotated[
        str | None, typer.Option(help="Sign between cells; found when not given.", rich_help_panel=_TABLES)
    ] = None,
    separator: Annotated[
        str | None,
        typer.Option(help="Sign between the tags of a cell, or 'list'; found when not given.", rich_help_panel=_TABLES),
    ] = None,
) -> None:
    """Read posts and write a corpus: one sentence of stemmed hashtags a post, and the forms people write them in."""
    from tag2vec.scraping.clean import Cleaning
    from tag2vec.scraping.collect import Asking
    from tag2vec.scraping.corpus import Corpus

    if (out is None) == (update is None):
        raise UsageError("Give --out FOLDER for a new corpus, or --update FOLDER for one that grows.")
    asked = _queries(query or [], queries, common_words, words_language)
    with line() as progress:
        corpus = Corpus.build(
            sources,
            out or update,
            update=update is not None,
            stemmer=stemmer,
            dask=dask,
            strict=strict,
            asking=settings_of(context, Asking) | {"queries": asked, "allow": tuple(allow or ())},
            languages=tuple(filter(None, language.replace(" ", "").lower().split(","))),
            **settings_of(context, Cleaning),
            columns=_pairs(columns),
            delimiter=_sign(delimiter),
            separator=separator,
            warn=note,
            progress=progress,
        )
    _tell(corpus.report)
    typer.echo(str(out or update))
    if corpus.report["failed"]:
        raise typer.Exit(1)


def _tell(report: dict[str, Any]) -> None:
    from tag2vec.scraping.clean import RULES
    from tag2vec.scraping.collect import Gathered

    for one in report["sources"]:
        if "requests" in one:
            note(str(Gathered(**{name: value for name, value in one.items() if name != "read"})))
        elif len(report["sources"]) > 1:
            note(f"{one['source']}: {one['read']:,} posts read")
    for what, counts in (("posts", report["left_out"]), ("tags", report["dropped_tags"])):
        for rule, number in counts.items():
            note(f"left out: {number:,} {what} {rule}: {RULES[rule]}")
    before = f" on top of {report['before']:,}" if report["before"] else ""
    kept = f"{report['kept']:,} with {report['tags']:,} tags of {report['stems']:,} stems"
    note(
        f"read {report['read']:,} posts{before}, kept {kept}"
        + (f" on {report['days']:,} days" if report["days"] else "")
    )


def _queries(given: list[str], file: Path | None, words: int, language: str) -> tuple[str, ...]:
    from tag2vec.scraping.queries import common_words, from_file

    found = [*given, *(from_file(file) if file else []), *(common_words(words, language) if words else [])]
    return tuple(dict.fromkeys(found))


def _pairs(text: str) -> dict[str, str]:
    parts = [part.partition("=") for part in text.split(",") if part]
    if any(not name or not value for name, _, value in parts):
        raise UsageError(f"--columns is '{text}'; wanted field=column pairs such as tags=hashtags,author=user.")
    return {name.strip(): value.strip() for name, _, value in parts}


def _sign(text: str | None) -> str | None:
    if text is not None and len(text := text.replace("\\t", "\t")) != 1:
        raise UsageError(f"--delimiter is '{text}'; wanted one sign.")
    return text
