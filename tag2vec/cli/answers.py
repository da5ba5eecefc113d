"""What `tag2vec suggest` prints: text, JSON or rows, one answer a clip."""

from __future__ import annotations

import csv
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from tag2vec.cli.output import note, print_json, print_table
from tag2vec.cli.sidecars import Answers
from tag2vec.errors import Tag2VecError

if TYPE_CHECKING:
    from tag2vec.retrieval.suggestions import Suggestion, Suggestions


def print_answers(
    answers: Answers, form: str, clips: int, explain: bool, tick: Callable[[int], None] = lambda done: None
) -> int:
    """What each of so many `clips` got, or tags alone, whose name is ""; the number of those that failed."""
    many, failed = clips > 1, 0
    rows = csv.writer(sys.stdout)
    if form == "csv":
        rows.writerow(["clip", "rank", "tag", "stem", "score", "count"])
    for done, (path, result) in enumerate(answers):
        tick(done + 1)
        if isinstance(result, Tag2VecError):
            failed += 1
            note(f"tag2vec: {result}")
            if form == "json":
                print_json({"clip": str(path), "error": str(result)}, line=many)
            continue
        if result.warning:
            note(f"{path}: {result.warning}" if path else result.warning)
        if form == "json":
            print_json(result.json(), line=many)
        elif form == "csv":
            rows.writerows([path, i + 1, s.tag, s.stem, s.score, s.count] for i, s in enumerate(result))
        else:
            _show(result, many, explain)
    return failed


def _show(result: Suggestions, many: bool, explain: bool) -> None:
    if many:
        typer.echo(result.clip)
    if explain or (not many and len(result) and sys.stdout.isatty()):
        more = [_why(one) for one in result] if explain else [[] for _ in result]
        header = ["hashtag", "score", "posts", "", *(["trend", "seconds", "because of"] if explain else [])]
        rows = [[f"#{s.tag}", s.score, s.count, s.group, *why] for s, why in zip(result, more, strict=True)]
        print_table(header, rows)
    if explain and result.hidden:
        print_table(["hidden", "score", "rule"], [[f"#{one.tag}", one.score, one.rule] for one in result.hidden])
    typer.echo(result.line() + ("\n" if many else ""))


def _why(suggestion: Suggestion) -> list[str]:
    """The trend of a tag, the part of the clip, and training clips, words, classes and given tags that speak for it."""
    trend = "" if suggestion.trend is None else f"{suggestion.trend:+.2f}"
    if (why := suggestion.why) is None:
        return [trend, "", ""]
    seconds = "{:.1f}-{:.1f}".format(*why.seconds) if why.seconds else ""
    clips = [f"{Path(path).parent.name}/{Path(path).name} ({cosine:.2f})" for path, cosine in why.clips]
    words, tags = [f"'{word}'" for word in why.words], [f"#{tag}" for tag in why.beside]
    return [trend, seconds, ", ".join([*clips, *words, *why.names, *tags])]
