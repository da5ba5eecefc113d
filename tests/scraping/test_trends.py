"""Trends on posts whose rises and falls are known."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tag2vec import Corpus
from tag2vec.errors import SourceError, UsageError
from tag2vec.scraping.trends import Trend, Trends, trends
from tests.scraping.test_corpus import write_posts

LAST = date(2026, 5, 31)
DAYS = 35


def _posts() -> list[dict[str, Any]]:
    """Of every day: 20 authors with #life and #steady, and fewer with the others; `age` 0 is the last day."""
    posts: list[dict[str, Any]] = []

    def post(age: int, author: str, *tags: str) -> None:
        day = str(LAST - timedelta(age))
        posts.append({"id": str(len(posts)), "author": author, "date": day, "tags": ["life", *tags]})

    for age in range(DAYS):
        for who in range(20):
            post(age, f"{age}-{who}", "steady")
        for who in range(8 if age < 7 else 2):
            post(age, f"{age}-{who}", "Rising")
        for who in range(1 if age < 7 else 6):
            post(age, f"{age}-{who}", "falling")
        for turn in range(100 if age == 3 else 0):
            post(age, "flood", "flooded", f"part{turn}")
        if age < 7:
            post(age, "daily", "begun", f"begun{age}")
        post(age, "always", "kept", f"kept{age}")
        if age in (2, 9, 14, 20):
            post(age, f"{age}-rare", "rarely")
        if age == 30:
            for who in range(5):
                post(age, f"{age}-{who}", "gone")
    posts += [{"id": "undated", "tags": ["life", "steady"]}]
    posts += [{"id": f"undated{i}", "author": f"u{i}", "tags": ["dateless", f"d{i}"]} for i in range(9)]
    return posts


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    folder = tmp_path_factory.mktemp("trends")
    return Corpus.build(write_posts(folder / "p.jsonl", _posts()), folder / "corpus", stemmer="none")


@pytest.fixture(scope="module")
def found(corpus: Corpus) -> Trends:
    return trends(corpus)


def _of(found: Trends, stem: str) -> Trend:
    return found.at(found.stems.index(stem))


def test_planted_tags_rise_fall_and_stay(found: Trends) -> None:
    assert found.last == LAST and (found.recent, found.days_before) == (7, 28)
    assert (_of(found, "rising").before, _of(found, "rising").now) == (2 * 28, 8 * 7)
    assert (_of(found, "falling").before, _of(found, "falling").now) == (6 * 28, 1 * 7)
    assert [tag.tag for tag in found.rising(1)] == ["Rising"] and found.falling(1)[0].tag == "falling"
    assert _of(found, "rising").trend > 1 and _of(found, "falling").trend < -1
    # As many a day throughout, and the other authors of the last days are a little more of all.
    assert abs(_of(found, "steady").trend) < 0.06
    assert all(one.trend < 0 for one in found.falling(50)) and all(one.trend > 0 for one in found.rising(50))


def test_the_formula(found: Trends) -> None:
    # Each once a day: the 20, `always`, `daily` in the last week, one `flood` and four `rare`.
    everyone_now, everyone_before = 7 * (20 + 1 + 1) + 1 + 1, 28 * (20 + 1) + 3
    expected = math.log((56 + 5) / (56 * everyone_now / everyone_before + 5))
    assert _of(found, "rising").trend == pytest.approx(expected)
    weights = 0.5 ** (np.arange(DAYS) / 7)
    daily = np.where(np.arange(DAYS) < 7, 8, 2)
    assert _of(found, "rising").popularity == pytest.approx((daily * weights).sum() / weights.sum())


def test_one_author_cannot_make_a_tag_rise(found: Trends) -> None:
    flooded, begun, kept = (_of(found, stem) for stem in ("flooded", "begun", "kept"))
    assert (flooded.before, flooded.now) == (0, 1)  # a hundred posts
    assert (begun.before, begun.now) == (0, 1)  # seven days
    assert (kept.before, kept.now) == (1, 1)
    assert max(flooded.trend, begun.trend, kept.trend) < 0.2 < found.rising(1)[0].trend / 5
    assert flooded.popularity < 0.2


def test_small_counts_shrink_to_steady(corpus: Corpus, found: Trends) -> None:
    gone = _of(found, "gone")
    assert (gone.before, gone.now) == (5, 0) and -0.25 < gone.trend < 0
    assert abs(_of(trends(corpus, smoothing=500), "rising").trend) < 0.1
    assert _of(trends(corpus, smoothing=0.1), "gone").trend < -2


def test_tags_without_a_date_have_zeros(found: Trends) -> None:
    assert _of(found, "dateless") == Trend("dateless", "dateless", 0.0, 0.0, 0, 0)
    assert "rarely" not in found.stems  # fewer than five posts


def test_other_windows(corpus: Corpus) -> None:
    found = trends(corpus, recent=1, before=3)
    assert (_of(found, "rising").before, _of(found, "rising").now) == (24, 8)
    assert abs(_of(found, "rising").trend) < 0.1
    # A window longer than the corpus has only the days that there are.
    assert _of(trends(corpus, recent=7, before=30_000), "rising").trend == pytest.approx(
        _of(trends(corpus), "rising").trend
    )
    for settings in ({"recent": 0}, {"before": 0}, {"smoothing": 0.0}, {"smoothing": math.nan}, {"recent": 10**9}):
        with pytest.raises(UsageError, match="wanted"):
            trends(corpus, **settings)
    with pytest.raises(UsageError, match="k is 0"):
        trends(corpus).rising(0)


def test_without_dates_or_with_too_few(corpus: Corpus, tmp_path: Path) -> None:
    posts = [{"tags": ["a", "b"], "author": str(i)} for i in range(9)]
    undated = Corpus.build(write_posts(tmp_path / "p.jsonl", posts), tmp_path / "undated")
    with pytest.raises(SourceError, match="This corpus has no dates: .*undated"):
        trends(undated)
    with pytest.raises(SourceError, match="2026-04-27 to 2026-05-31, and none lies in the 28 days before the last 35"):
        trends(corpus, recent=35)
    early = Corpus.build(write_posts(tmp_path / "e.jsonl", [p | {"date": "0001-01-03"} for p in posts]))
    with pytest.raises(SourceError, match="0001-01-03 to 0001-01-03"):
        trends(early)


def _run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tag2vec", "trending", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_on_the_command_line(corpus: Corpus, found: Trends, tmp_path: Path) -> None:
    folder = corpus.folder.folder
    done = _run(folder, "-k", "1")
    assert done.returncode == 0, done.stderr
    assert done.stdout.rstrip("\n").split("\t")[::2] == ["#Rising", "56", f"{_of(found, 'rising').popularity:.3f}"]
    told = json.loads(_run(folder, "-k", "1", "--falling", "--json").stdout)
    assert told["last_day"] == "2026-05-31" and (told["recent_days"], told["days_before"]) == (7, 28)
    assert [(tag["tag"], tag["before"], tag["now"]) for tag in told["tags"]] == [("falling", 168, 7)]
    done = _run(tmp_path)
    assert done.returncode == 1 and "Traceback" not in done.stderr
    done = _run(folder, "--recent", "0")
    assert done.returncode == 2 and "recent is 0" in done.stderr
