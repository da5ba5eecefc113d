"""How far a figure would move with other authors: the bootstrap over clusters (Davison and Hinkley 1997, section 3.8).

One author's posts are alike, so authors are drawn, not posts: as many as there are, with replacement, each with all of
its queries.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

RESAMPLES = 1000
LEVEL = 95  # percent
SEED = 1


def resample(values: Floats, clusters: NDArray[np.intp]) -> Floats:
    """values (m, n), the cluster 0..c-1 of each row (m,) -> means (RESAMPLES, n) of the rows drawn each time.

    All columns see the same draws, so that columns can be subtracted. Memory grows with c and m, not with RESAMPLES.
    """
    size = np.bincount(clusters)
    sums = np.stack([np.bincount(clusters, column) for column in values.T], axis=1)
    draw = np.random.default_rng(SEED)
    means = np.empty((RESAMPLES, values.shape[1]))
    for mean in means:
        times = np.bincount(draw.integers(len(size), size=len(size)), minlength=len(size))
        mean[:] = times @ sums / (times @ size)
    return means


def interval(means: Floats) -> Floats:
    """Resampled means (RESAMPLES, n) -> (2, n), lower and upper end of the percentile interval."""
    outside = (100 - LEVEL) / 2
    return np.asarray(np.percentile(means, [outside, 100 - outside], axis=0))


def resample_crossed(values: Floats, raters: NDArray[np.intp], clips: NDArray[np.intp]) -> Floats:
    """`resample` where each row (m,) is of one rater and of one clip, and both are drawn (Owen 2007, The pigeonhole
    bootstrap): how far means would move with other raters and other clips."""
    draw = np.random.default_rng(SEED)
    sizes = raters.max() + 1, clips.max() + 1
    means = np.empty((RESAMPLES, values.shape[1]))
    for mean in means:
        times: Floats = np.zeros(len(values))
        while not times.any():  # nobody who was drawn may have seen a clip that was
            drawn = [np.bincount(draw.integers(size, size=size), minlength=size) for size in sizes]
            times = np.asarray(drawn[0][raters] * drawn[1][clips], np.float64)
        mean[:] = times @ values / times.sum()
    return means
