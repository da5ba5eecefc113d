"""How far raters agree: Krippendorff's alpha for names without an order.

Krippendorff: Computing Krippendorff's Alpha-Reliability (2011), case C: any number of raters, some of whom may have
left out something.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

NONE = -1  # the rater left it out


def alpha(values: NDArray[np.integer]) -> float | None:
    """values (units, raters), from 0, NONE where there is none -> 1: all agree, 0: as by chance, below: they differ
    more than by chance. None where nothing was rated twice, or all values are the same: then it is not defined."""
    counts = np.stack([(values == value).sum(axis=1) for value in range(int(values.max(initial=0)) + 1)], axis=-1)
    raters = counts.sum(axis=-1)
    counts, raters = counts[raters > 1], raters[raters > 1]  # what one alone rated can be compared with nothing
    totals = counts.sum(axis=0)
    n = int(totals.sum())
    expected = (n**2 - (totals.astype(float) ** 2).sum()) / max(n - 1, 1)
    if not expected:
        return None
    observed = ((raters**2 - (counts**2).sum(axis=-1)) / (raters - 1)).sum()
    return float(1 - observed / expected)
