"""From which score on suggestions are right often enough, by clips that the network did not learn from."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

STEPS = 100
ENOUGH = 50  # suggestions from a score on, before their share is believed: its standard error is 0.07 at most

Floats = NDArray[np.floating[Any]]


def thresholds(scores: Floats, carried: Floats) -> list[float | None]:
    """Scores (n,) of tags that could be suggested to clips, and whether the clip carries each (n,) -> STEPS scores.

    Place i has the least score from which on at least (i + 1) / STEPS of ENOUGH pairs or more are right, None when no
    score is so sure; they never fall. Empty when there are fewer pairs than ENOUGH.
    """
    from sklearn.metrics import precision_recall_curve

    if len(scores) < ENOUGH or not carried.any():
        return []
    right, _, distinct = precision_recall_curve(carried, scores)
    given = len(scores) - np.searchsorted(np.sort(scores), distinct)
    best = np.maximum.accumulate(right[:-1][given >= ENOUGH])
    found = np.searchsorted(best, np.arange(1, STEPS + 1) / STEPS).tolist()
    return [float(distinct[place]) if place < len(best) else None for place in found]


def least_score(found: Sequence[float | None], precision: float) -> float:
    """The score from which on at least `precision`, above 0 and below 1, are right; infinite when none is so sure.

    A precision between two steps is answered by the higher one.
    """
    place = max(math.ceil(precision * STEPS - 1e-9), 1) - 1  # 0.29 * 100 is a little less than 29, 0.07 * 100 more
    least = found[place] if found else None
    return math.inf if least is None else least


def highest(found: Sequence[float | None]) -> float:
    """The highest precision that some score reaches, 0 when there is none."""
    return sum(least is not None for least in found) / STEPS
