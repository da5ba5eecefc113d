"""Which tags rise and which fall: the authors of each in the last days of a corpus against the days before.

What is counted is authors a day: somebody who posts a tag a thousand times on one day counts once. And of each tag the
one author who used it on the most days counts once in each window: neither one who posts daily nor one who begins to
makes a tag rise. With n and b the counts of a tag in the recent window and in the one before, N and B those of any tag,

    trend = ln((n + smoothing) / (b * N / B + smoothing))

is the logarithm of how many times its share of the authors grew: above 0 rising, 0 steady, below 0 falling. Additive
smoothing (in authors) shrinks tags of few authors to 0. The popularity of a tag is its mean number of authors a day
over both windows, where a day weighs half as much as one that is `recent` days later; the daily one counts here.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray

from tag2vec import artifact
from tag2vec.errors import SourceError, UsageError
from tag2vec.scraping.corpus import WHO, Corpus
from tag2vec.scraping.tally import FOLLOWED, MEMORY, disk_told, one_row

_POSTS = "read_parquet($posts, file_row_number = true)"
_SPAN = f"SELECT min(day), max(day) FROM {_POSTS}"
_ALL = f"""
    SELECT count(*) FILTER (day > $split), count(*) FILTER (day <= $split)
    FROM (SELECT DISTINCT day, {WHO} AS author FROM {_POSTS} WHERE day > $start)"""
_TAGS = """
    SELECT stem, coalesce(sum(authors) FILTER (day > $split), 0)::BIGINT AS now,
        coalesce(sum(authors) FILTER (day <= $split), 0)::BIGINT AS before,
        sum(authors * pow(0.5, ($last - day) / $recent)) AS weighed
    FROM read_parquet($days) WHERE day > $start GROUP BY stem"""
_BUSIEST = f"""
    SELECT stem, max(now) AS now, max(before) AS before FROM (
        SELECT stem, greatest(count(DISTINCT day) FILTER (day > $split) - 1, 0) AS now,
            greatest(count(DISTINCT day) FILTER (day <= $split) - 1, 0) AS before
        FROM (SELECT day, author, unnest(string_split(stems, ' ')) AS stem
            FROM {_POSTS} WHERE day > $start AND author IS NOT NULL)
        GROUP BY stem, author HAVING count(DISTINCT day) > 1)
    GROUP BY stem"""

_WEEKS = """
    SELECT stem, (($last - day) // 7)::BIGINT AS ago, sum(authors)::BIGINT AS authors
    FROM read_parquet($days) WHERE day > $start GROUP BY stem, ago"""
_ALL_WEEKS = f"""
    SELECT ($last - day) // 7 AS ago, count(*)
    FROM (SELECT DISTINCT day, {WHO} AS author FROM {_POSTS} WHERE day > $start) GROUP BY ago"""


@dataclass(frozen=True, slots=True)
class Trend:
    """A tag, its trend (higher is rising), its popularity (authors a day) and its authors `before` and `now`."""

    tag: str
    stem: str
    trend: float
    popularity: float
    before: int
    now: int


@dataclass(frozen=True, eq=False)
class Trends:
    """Of every tag with FOLLOWED posts or more, in the order of the vocabulary; tags without a date have only zeros."""

    last: date  # the last day of the corpus
    recent: int  # days of the window that ends with it
    days_before: int  # days of the window before
    stems: tuple[str, ...]  # (v,)
    tags: tuple[str, ...]  # (v,) the most frequent form of each
    popularity: NDArray[np.float64]  # (v,) authors a day, 0 or more
    trend: NDArray[np.float64]  # (v,) above 0 rising, below 0 falling
    before: NDArray[np.int64]  # (v,) authors, each once a day, the busiest once
    now: NDArray[np.int64]  # (v,)

    def rising(self, k: int = 20) -> list[Trend]:
        """The k tags that rise most, the fastest first."""
        return self._first(self.trend, k)

    def falling(self, k: int = 20) -> list[Trend]:
        """The k tags that fall most, the fastest first."""
        return self._first(-self.trend, k)

    def at(self, row: int) -> Trend:
        """The tag in one row."""
        found = (float(self.trend[row]), float(self.popularity[row]), int(self.before[row]), int(self.now[row]))
        return Trend(self.tags[row], self.stems[row], *found)

    def _first(self, change: NDArray[np.float64], k: int) -> list[Trend]:
        if k < 1:
            raise UsageError(f"k is {k}; wanted 1 or more.")
        rows = np.argsort(-change, kind="stable")[:k]
        return [self.at(int(row)) for row in rows if change[row] > 0]


def trends(corpus: Corpus, recent: int = 7, before: int = 28, smoothing: float = 5.0) -> Trends:
    """Compare the last `recent` days of `corpus` with the `before` days that precede them.

    Raises SourceError when the corpus has no dates or none before the recent days, UsageError for settings that
    cannot be.
    """
    for name, days in (("recent", recent), ("before", before)):
        if not 1 <= days <= 36_500:
            raise UsageError(f"{name} is {days}; wanted 1 to 36500 days.")
    if not 0 < smoothing < float("inf"):
        raise UsageError(f"smoothing is {smoothing}; wanted a number of authors above 0.")
    head = corpus.frequent(FOLLOWED)
    rows = {entry.stem: row for row, entry in enumerate(head)}
    with _database(corpus) as db:
        posts = {"posts": str(corpus.folder.path("posts.parquet"))}
        first, last = one_row(db, _SPAN, posts)
        if last is None:
            raise SourceError(
                f"This corpus has no dates: {corpus.folder.folder}. Trends need posts with a 'date'; build it of such."
            )
        window = {"start": _days_before(last, recent + before), "split": _days_before(last, recent)}
        all_now, all_before = one_row(db, _ALL, posts | window)
        if not all_before:
            raise SourceError(
                f"The dates of {corpus.folder.folder} are {first} to {last}, and none lies in the {before} days before "
                f"the last {recent}: nothing to compare with. Give other windows, or posts of more days."
            )
        facts = window | {"days": str(corpus.folder.path("days.parquet")), "last": last, "recent": float(recent)}
        now, earlier, weighed = _columns(db, _TAGS, facts, rows, ("now", "before", "weighed"))
        again_now, again_before = _columns(db, _BUSIEST, posts | window, rows, ("now", "before"))
    now, earlier = now - again_now, earlier - again_before
    trend = np.log((now + smoothing) / (earlier * (all_now / all_before) + smoothing))
    weights = 0.5 ** (np.arange(min(recent + before, (last - first).days + 1)) / recent)
    return Trends(
        last=last,
        recent=recent,
        days_before=before,
        stems=tuple(rows),
        tags=tuple(next(iter(entry.forms)) for entry in head),
        popularity=weighed / weights.sum(),
        trend=trend,
        before=earlier.astype(np.int64),
        now=now.astype(np.int64),
    )


def weekly(corpus: Corpus, rows: Mapping[str, int], weeks: int) -> tuple[NDArray[np.int32], list[int]]:
    """Authors of each stem of `rows` (stem -> row) a week, (v, weeks) with the last week last, and those of all posts.

    An author counts once a day. The last week ends with the last day of the corpus, which must have dates.
    """
    counts, every = np.zeros((len(rows), weeks), np.int32), [0] * weeks
    with _database(corpus) as db:
        posts = {"posts": str(corpus.folder.path("posts.parquet"))}
        _, last = one_row(db, _SPAN, posts)
        window = {"start": _days_before(last, 7 * weeks), "last": last}
        found = db.execute(_WEEKS, window | {"days": str(corpus.folder.path("days.parquet"))}).fetchnumpy()
        places = _places(found["stem"], rows)
        known = places >= 0
        counts[places[known], weeks - 1 - found["ago"][known].astype(np.intp)] = found["authors"][known]
        for ago, authors in db.execute(_ALL_WEEKS, window | posts).fetchall():
            every[weeks - 1 - ago] = authors
    return counts, every


@contextmanager
def _database(corpus: Corpus) -> Iterator[duckdb.DuckDBPyConnection]:
    """One for the files of `corpus`, that takes only so much memory, and disk in a folder that is gone afterwards."""
    with (
        artifact.reading(corpus.folder.folder),
        disk_told(),
        tempfile.TemporaryDirectory(prefix="tag2vec-trends-") as spill,
        duckdb.connect(config={"memory_limit": MEMORY, "temp_directory": spill}) as db,
    ):
        yield db


def _places(stems: Iterable[str], rows: Mapping[str, int]) -> NDArray[np.intp]:
    return np.array([rows.get(stem, -1) for stem in stems], dtype=np.intp)


def _days_before(last: date, days: int) -> date:
    return date.fromordinal(max(last.toordinal() - days, 1))  # there is no day before the year 1


def _columns(
    db: duckdb.DuckDBPyConnection, query: str, values: dict[str, Any], rows: dict[str, int], names: tuple[str, ...]
) -> list[NDArray[np.float64]]:
    """The columns `names` of a query by stem, each (v,) in the order of `rows`; 0 where it has no such stem."""
    found = db.execute(query, values).fetchnumpy()
    places = _places(found["stem"], rows)
    columns = [np.zeros(len(rows)) for _ in names]
    for column, name in zip(columns, names, strict=True):
        column[places[places >= 0]] = found[name][places >= 0]
    return columns
