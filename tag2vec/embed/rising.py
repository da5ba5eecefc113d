"""Which neighbours of a tag rise now: nearness is the space's, trends are the corpus's.

    score = cosine * exp(trend)

exp(trend) is how many times the tag's share of the authors grew (see `scraping.trends`). So of two tags that grow alike
the nearer one comes first, and of two that are as near the one that grows faster. Growth has no limit and would bring
in anything: only tags at least half as near as the nearest one take part.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass

from tag2vec.embed.space import Related, TagSpace
from tag2vec.errors import UsageError
from tag2vec.scraping.trends import Trends

POOL = 10  # neighbours that are looked at for each one wanted ...
FEWEST = 100  # ... and never fewer
NEAR = 0.5  # of the cosine of the nearest


@dataclass(frozen=True, slots=True)
class Rising(Related):
    """A neighbour, its trend (above 0 rising, below 0 falling) and its popularity (authors a day)."""

    trend: float
    popularity: float


def rising(space: TagSpace, tag: str, trends: Trends, k: int = 10) -> list[Rising]:
    """The k neighbours of `tag` with the highest score, of the max(10 k, 100) nearest ones; fewer when few are near.

    `trends` are those of `space.corpus()`, or of one that it has grown into; tags that it lacks count as steady.
    Raises UnknownName when no tag is spelt like `tag`, UsageError when k is below 1.
    """
    if k < 1:
        raise UsageError(f"k is {k}; wanted 1 or more.")
    near = space.related(tag, max(POOL * k, FEWEST))
    rows = {stem: row for row, stem in enumerate(trends.stems)}
    found = []
    for one in near:
        if one.score <= 0 or one.score < NEAR * near[0].score:
            break
        row = rows.get(one.stem)
        trend, popularity = (float(trends.trend[row]), float(trends.popularity[row])) if row is not None else (0.0, 0.0)
        score = one.score * math.exp(trend)
        found.append(Rising(**asdict(one) | {"score": score, "trend": trend, "popularity": popularity}))
    return sorted(found, key=lambda one: -one.score)[:k]
