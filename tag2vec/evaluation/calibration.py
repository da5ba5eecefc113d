"""Whether probabilities are what they say: reliability bins and their expected error (Guo et al. 2017)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

BINS = 15  # of equal width, as Guo et al. use

Floats = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Bin:
    """Those probabilities in (low, high]; of 0 too in the first."""

    low: float
    high: float
    pairs: int
    probability: float  # their mean
    share: float  # of them that came true


def are_probabilities(scores: Floats) -> bool:
    """Whether all of `scores` lie between 0 and 1; only then is there something to calibrate."""
    return bool(scores.size) and float(scores.min()) >= 0 and float(scores.max()) <= 1


def reliability(probabilities: Floats, right: NDArray[np.bool_], bins: int = BINS) -> list[Bin]:
    """probabilities (...) 0..1 and whether each came true (...) -> the bins that hold any."""
    edges = np.linspace(0, 1, bins + 1)
    at = np.searchsorted(edges[1:-1], probabilities.ravel())
    pairs = np.bincount(at, minlength=bins)
    sums = np.bincount(at, probabilities.ravel(), bins)
    came = np.bincount(at, right.ravel(), bins)
    return [
        Bin(float(edges[i]), float(edges[i + 1]), int(pairs[i]), sums[i] / pairs[i], came[i] / pairs[i])
        for i in np.flatnonzero(pairs)
    ]


def calibration_error(bins: list[Bin]) -> float:
    """Mean distance of probability and share over all pairs, 0..1, lower is better; bins of equal width."""
    return float(sum(b.pairs * abs(b.probability - b.share) for b in bins) / sum(b.pairs for b in bins))
