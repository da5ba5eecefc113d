"""`tag2vec trending`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from tag2vec.cli import app
from tag2vec.cli.output import Json, note, print_json, print_table

Recent = Annotated[int, typer.Option(help="Trends: days, the last of the corpus, that are compared ...")]
Before = Annotated[int, typer.Option(help="... with so many days before them.")]
Smoothing = Annotated[float, typer.Option(help="Authors added to both sides: tags of few authors count as steady.")]


@app.command()
def trending(
    corpus: Annotated[Path, typer.Argument(help="A corpus folder of posts with dates.")],
    k: Annotated[int, typer.Option("-k", help="How many.")] = 20,
    falling: Annotated[bool, typer.Option("--falling", help="Those that fall, in place of those that rise.")] = False,
    recent: Recent = 7,
    before: Before = 28,
    smoothing: Smoothing = 5.0,
    as_json: Json = False,
) -> None:
    """Hashtags that rise, with their authors before and now; one author counts once a day."""
    from tag2vec.scraping.corpus import Corpus
    from tag2vec.scraping.trends import trends

    found = trends(Corpus.load(corpus), recent, before, smoothing)
    tags = found.falling(k) if falling else found.rising(k)
    if as_json:
        print_json(
            {
                "last_day": str(found.last),
                "recent_days": found.recent,
                "days_before": found.days_before,
                "tags": [
                    asdict(one) | {"trend": round(one.trend, 6), "popularity": round(one.popularity, 6)} for one in tags
                ],
            }
        )
        return
    if not tags:
        note(f"no hashtag {'falls' if falling else 'rises'}")
    header = ["hashtag", "trend", f"{before} days before", f"last {recent} days", "a day"]
    rows = [[f"#{one.tag}", one.trend, one.before, one.now, one.popularity] for one in tags]
    print_table(header, rows, f"authors of a hashtag until {found.last}")
