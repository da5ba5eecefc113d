"""What `tag2vec suggest --segments` prints: one answer for every few seconds of a clip."""

from __future__ import annotations

import csv
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from tag2vec.cli.output import note, print_json
from tag2vec.errors import BudgetSpent, SourceError, Tag2VecError, VideoError

if TYPE_CHECKING:
    from tag2vec.retrieval.suggest import Suggester


def print_segments(
    suggester: Suggester, paths: Sequence[Path | str], seconds: float, form: str, **settings: Any
) -> None:
    """Answer for each clip in `form` text, json or csv; `settings` are those of Suggester.suggest_segments.

    Raises Exit(1) after the last when something failed.
    """
    rows = csv.writer(sys.stdout)
    if form == "csv":
        rows.writerow(["clip", "start_s", "end_s", "rank", "tag", "stem", "score", "count"])
    failed = False
    for path in paths:
        shown: list[dict[str, Any]] = []
        if form == "text" and len(paths) > 1:
            typer.echo(path)
        try:
            for start, end, result in suggester.suggest_segments(path, seconds, **settings):
                times = {"start_s": round(start, 3), "end_s": round(end, 3)}
                if isinstance(result, Tag2VecError):
                    failed = True
                    note(f"tag2vec: {_clock(start)} to {_clock(end)}: {result}")
                    shown.append(times | {"error": str(result)})
                    continue
                if not len(result) and result.warning:
                    note(f"{_clock(start)} to {_clock(end)}: {result.warning}")
                if form == "text":
                    typer.echo(f"{_clock(start)}-{_clock(end)}\t{result.line()}")
                elif form == "csv":
                    rows.writerows(
                        [path, *times.values(), i + 1, s.tag, s.stem, s.score, s.count] for i, s in enumerate(result)
                    )
                else:
                    shown.append(times | {"suggestions": result.json()["suggestions"]})
        except (VideoError, SourceError, BudgetSpent) as error:
            failed = True
            note(f"tag2vec: {error}")
            if form == "json":
                print_json({"clip": str(path), "error": str(error)}, line=len(paths) > 1)
            continue
        if form == "json":
            print_json({"clip": str(path), "segments": shown}, line=len(paths) > 1)
    if failed:
        raise typer.Exit(1)


def _clock(seconds: float) -> str:
    """As players show it: 1:02:03, and tenths where they are needed."""
    tenths = round(seconds * 10)
    minutes, rest = divmod(tenths, 600)
    hours, minutes = divmod(minutes, 60)
    text = f"{rest // 10:02d}" + (f".{rest % 10}" if rest % 10 else "")
    return f"{hours}:{minutes:02d}:{text}" if hours else f"{minutes}:{text}"
