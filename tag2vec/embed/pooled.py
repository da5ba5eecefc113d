"""From clips to one vector each: extraction of many, a pooling fitted on a sample of them, and its use."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from tag2vec import plugins
from tag2vec.embed.cache import stored_as
from tag2vec.embed.extract import Cache, Extracted, extract_many
from tag2vec.embed.features import Features
from tag2vec.embed.frames import FrameLimits
from tag2vec.embed.pooling import Pooling
from tag2vec.embed.threads import one_thread
from tag2vec.errors import Tag2VecError

Arrays = Sequence[NDArray[np.floating[Any]]]

SAMPLE = 200_000  # rows of features that a pooling is fitted on


def extract_all(
    paths: Sequence[Path],
    features: Features,
    limits: FrameLimits,
    cache: Cache,
    workers: int | None = None,
    tick: Callable[[int], None] | None = None,
) -> list[Extracted | Tag2VecError]:
    """Features of many clips, in order, errors in the places of the clips that failed."""
    results: list[Extracted | Tag2VecError] = []
    for done, (_, result) in enumerate(extract_many(paths, features, limits, cache, workers)):
        results.append(result)
        if tick:
            tick(done + 1)
    return results


def compact(array: NDArray[np.float32]) -> NDArray[np.floating[Any]]:
    """The same numbers in the format that the cache keeps them in: half the memory for local rows."""
    return array.astype(stored_as(array))


@one_thread()
def fit_pooling(name: str, features: Features, arrays: Arrays, seed: int) -> Pooling:
    """A pooling fitted on an even sample of the rows of all clips."""
    pool: Pooling = plugins.get(Pooling, name)(features.dim, features.blocks)
    share = max(1, SAMPLE // len(arrays))
    draw = np.random.default_rng(seed)
    sample = [
        a if len(a) <= share else a[np.sort(draw.choice(len(a), share, False))] for a in map(np.atleast_2d, arrays)
    ]
    pool.fit(np.concatenate(sample).astype(np.float32), seed)
    return pool.eval()


@one_thread()
def pool_one(pool: Pooling, array: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
    """(n, dim) or (dim,) -> (out_dim,). One clip at a time, so that its neighbours in a batch cannot change a bit."""
    rows = torch.from_numpy(np.atleast_2d(array).astype(np.float32))[None]
    with torch.no_grad():
        pooled: NDArray[np.float32] = pool(rows, torch.ones(rows.shape[:2], dtype=torch.bool))[0].numpy()
    return pooled
