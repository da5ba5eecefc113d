"""Metrics of one tag that was hidden, by its rank. Those of many tags are in `labelmetrics`."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

WITHIN = (5, 10, 15)
COMPLETION = (*(f"hit@{k}" for k in WITHIN), "mrr")

Floats = NDArray[np.floating[Any]]


def middle_ranks(scores: Floats, target: NDArray[np.intp]) -> NDArray[np.float64]:
    """scores (m, n), target (m,) column -> rank (m,) of each row's target, 1 is best; ties share their middle rank.

    A score of -inf takes its column out of the ranking.
    """
    own = scores[np.arange(len(scores)), target][:, None]
    better = (scores > own).sum(axis=1)
    equal = (scores == own).sum(axis=1) - 1
    return np.asarray(1.0 + better + equal / 2.0, dtype=np.float64)


def hits_and_mrr(ranks: NDArray[np.float64]) -> NDArray[np.float64]:
    """ranks (m,) -> (m, 4), the columns of COMPLETION; the mean of a column is the metric."""
    return np.stack([*(ranks <= k for k in WITHIN), 1 / ranks], axis=1).astype(np.float64)
