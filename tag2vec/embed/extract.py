"""Features of clips, one or many: decode, compute, keep."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from tag2vec.embed.cache import Cache, Extracted, stored_as
from tag2vec.embed.features import Features
from tag2vec.embed.frames import FrameLimits, check_file, read_frames
from tag2vec.errors import ArtifactError, Tag2VecError, UsageError, VideoError
from tag2vec.workers import in_order, usable_cores

__all__ = ["Cache", "Extracted", "extract", "extract_many"]


def extract(
    path: str | Path, features: Features, limits: FrameLimits | None = None, cache: Cache | None = None
) -> Extracted:
    """The features of the clip `path`. Raises VideoError when it cannot be decoded.

    With a `cache`, what was computed before is read, and what is computed is kept; a failure is not. The
    numbers are the same bytes either way.
    """
    limits = limits or FrameLimits()
    if cache is None:
        return _compute(path, features, limits)
    check_file(path)
    key = cache.key(path, features, limits)
    if (known := cache.get(key)) is not None:
        return known
    found = _compute(path, features, limits)
    try:
        cache.put(key, found)
    except ArtifactError as error:  # a disk that is full or read-only costs time, not the answer
        return replace(found, warning=f"{found.warning or ''} {error}".strip())
    return found


def extract_many(
    paths: Iterable[str | Path],
    features: Features,
    limits: FrameLimits | None = None,
    cache: Cache | None = None,
    workers: int | None = None,
) -> Iterator[tuple[int, Extracted | Tag2VecError]]:
    """(number, features) of each clip in the order of `paths`; for a clip that failed, (number, its error).

    Lazy: clips are worked on a little ahead of what is taken. `workers` processes of one thread each, as many
    as there are cores when None; 0 works in this process. In a script, call this under
    `if __name__ == "__main__":`, because each worker imports the script.
    """
    if workers is not None and workers < 0:
        raise UsageError(f"Got workers={workers}; wanted 0 (this process) or more.")
    call = partial(extract, features=features, limits=limits, cache=cache)
    return in_order(call, map(Path, paths), usable_cores() if workers is None else workers, VideoError)


def _compute(path: str | Path, features: Features, limits: FrameLimits) -> Extracted:
    start = time.perf_counter()
    frames = read_frames(path, limits)
    decoded = time.perf_counter()
    array = features(frames.rgb, frames.fps)
    # Rounded as the cache stores it, so that fresh and kept results are the same.
    array = array.astype(stored_as(array)).astype(np.float32)
    timing = {"decode": decoded - start, "features": time.perf_counter() - decoded}
    return Extracted(array, frames.duration_s, timing, frames.warning)
