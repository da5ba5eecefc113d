"""How the tags of a space rise and fall, kept in its model: what suggests needs no corpus.

The statistic is that of `scraping.trends`. On disk (kind `trends`, parent the space): `trend.npy` (v,) float32, in the
order of the space's rows, `weeks.npy` (v, WEEKS) int32; the config has the last day of the corpus, the days that were
compared and the authors of all posts a week.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tag2vec import artifact
from tag2vec.embed.space import TagSpace, Vectors
from tag2vec.errors import ArtifactError, SourceError
from tag2vec.scraping.corpus import Corpus
from tag2vec.scraping.trends import trends, weekly

KIND = "trends"
FOLDER = "trends"  # inside a model folder
WEEKS = 13  # whose authors are kept
RISING = math.log(2)  # the trend from which on a tag is said to rise: its share of the authors doubled


@dataclass(frozen=True, eq=False)
class TagTrends:
    """`trend` (v,) of every tag, see `scraping.trends`: above 0 rising, below 0 falling, 0 also where none is known.

    `recent` days that end with `last` were compared with the `before` days that precede them. `weeks` (v, WEEKS) are
    the authors of each tag a week, `every` (WEEKS,) those of all posts, the week that ends with `last` last; a model
    of an earlier version has none.
    """

    last: date
    recent: int
    before: int
    trend: Vectors
    weeks: NDArray[np.int32] | None = None
    every: tuple[int, ...] = ()

    @classmethod
    def fit(cls, corpus: Corpus, space: TagSpace) -> TagTrends | None:
        """Those of the tags of `space` in `corpus`; None when its posts have no dates, or none to compare with."""
        try:
            found = trends(corpus)
        except SourceError:
            return None
        known = dict(zip(found.stems, found.trend.tolist(), strict=True))
        trend = np.array([known.get(stem, 0.0) for stem in space.rows], np.float32)
        weeks, every = weekly(corpus, space.rows, WEEKS)
        return cls(found.last, found.recent, found.days_before, trend, weeks, tuple(every))

    @classmethod
    def load(cls, model: str | Path, space: TagSpace) -> TagTrends | None:
        """The trends in a model folder; None when it has none, or those of another space.

        Raises ArtifactError when the folder is damaged.
        """
        folder = Path(model) / FOLDER
        if (found := artifact.read_made_from(folder, KIND, {"space": space.digest})) is None:
            return None
        with artifact.reading(folder):
            config, every = found.config, tuple(found.config.get("every", ()))
            compared = date.fromisoformat(config["last"]), config["recent"], config["before"]
            trend = found.floats("trend.npy", (len(space),))
            # Few ask for the weeks.
            weeks = found.array("weeks.npy", mmap=True) if "weeks.npy" in found.files else None
        if weeks is not None and weeks.shape != (len(space), len(every)):
            raise ArtifactError(f"{folder} does not hold the weeks of this tag space. Fit the model again.")
        return cls(*compared, trend, weeks, every)

    def save(self, model: str | Path, space: TagSpace) -> None:
        """Write them into the model folder that `space` was saved to. Raises ArtifactError."""
        config: dict[str, Any] = {"last": self.last.isoformat(), "recent": self.recent, "before": self.before}
        if self.weeks is not None:
            config["every"] = list(self.every)
        with artifact.write(Path(model) / FOLDER, KIND, config, {"space": space.digest}) as draft:
            draft.array("trend.npy", self.trend)
            if self.weeks is not None:
                draft.array("weeks.npy", self.weeks)

    def at(self, row: int) -> float | None:
        """The trend of one tag; None for a row after those of the space."""
        return float(self.trend[row]) if row < len(self.trend) else None

    def of(self, rows: NDArray[np.intp]) -> Vectors:
        """The trends (n,) of the tags in `rows` (n,); 0 for rows after those of the space, as clips' own tags have."""
        known = rows < len(self.trend)
        found = np.zeros(len(rows), np.float32)
        found[known] = self.trend[rows[known]]
        return found
