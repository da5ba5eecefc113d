"""Features of clips, one or many: decode, compute, keep."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import tee
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tag2vec.embed.cache import Cache, Extracted, compact
from tag2vec.embed.clips import Clip
from tag2vec.embed.features import Features
from tag2vec.embed.frames import Frames, check_file, read_windows, together
from tag2vec.embed.kinds import Kinds, kinds_of
from tag2vec.embed.limits import FrameLimits
from tag2vec.errors import ArtifactError, Tag2VecError, UsageError, VideoError
from tag2vec.workers import PROCESSES, in_order

__all__ = ["Cache", "Extracted", "extract", "extract_many", "extract_segments"]

SHORTEST_S = 0.5  # of a clip that says something on its own


def extract(
    clip: Clip | str | Path,
    features: str | Features | Sequence[Features],
    limits: FrameLimits | None = None,
    cache: Cache | None = None,
) -> Extracted:
    """The features of a clip, one array a kind. Raises VideoError when it cannot be decoded.

    With a `cache`, what was computed before is read, and what is computed is kept; a failure is not. The
    numbers are the same bytes either way. The file is opened once for all kinds, and not at all when none wants it.
    """
    clip, kinds, limits = Clip.of(clip), kinds_of(features), limits or FrameLimits()
    seeing = tuple(kind for kind in kinds if kind.wants)
    if cache is None or not seeing:
        return merged(_compute(clip, kinds, limits))
    check_file(clip.path)
    keys = dict(zip(seeing, cache.keys(clip.path, seeing, limits), strict=True))
    known = {kind: kept for kind, key in keys.items() if (kept := cache.get(key))}
    missing = tuple(kind for kind in kinds if kind not in known)
    fresh = dict(zip(missing, _compute(clip, missing, limits), strict=True))
    for kind, found in fresh.items():
        try:
            if kind in keys:
                cache.put(keys[kind], found)
        except ArtifactError as error:  # a disk that is full or read-only costs time, not the answer
            if cache.required:
                raise
            fresh[kind] = replace(found, warning=together(found.warning, str(error)))
    return merged([(known | fresh)[kind] for kind in kinds])


def extract_many(
    clips: Iterable[Clip | str | Path],
    features: str | Features | Sequence[Features],
    limits: FrameLimits | None = None,
    cache: Cache | None = None,
    workers: int | None = None,
) -> Iterator[tuple[int, Extracted | Tag2VecError]]:
    """(number, features) of each clip in the order of `clips`; for a clip that failed, (number, its error).

    Lazy: clips are worked on a little ahead of what is taken. `workers` processes of one thread each, as many
    as there are cores when None; 0 works in this process.
    """
    if workers is not None and not 0 <= workers <= PROCESSES:
        most = f"{PROCESSES} at most" if workers > 0 else "0 (this process) or more"
        raise UsageError(f"Got workers={workers}; wanted {most}.")
    kinds = kinds_of(features)
    reading = tuple(kind for kind in kinds if kind.wants)
    call = partial(extract, features=reading, limits=limits, cache=cache)
    sent, own = tee(map(Clip.of, clips))
    done = in_order(call, sent, workers if reading else 0, VideoError)
    for (number, found), clip in zip(done, own, strict=True):
        if len(reading) < len(kinds) and isinstance(found, Extracted):
            try:
                found = _completed(clip, kinds, found)
            except Tag2VecError as error:
                found = error
        yield number, found


def _completed(clip: Clip, kinds: Kinds, found: Extracted) -> Extracted:
    """`found`, of the kinds that read the file, with the others in their places.

    These are not sent to other processes: they bring a tag space or a table, and have little to compute.
    """
    start = time.perf_counter()
    read = iter(found.arrays)
    arrays = tuple(next(read) if kind.wants else _made(kind, clip, []) for kind in kinds)
    timing = found.timing_s | {"features": found.timing_s["features"] + time.perf_counter() - start}
    return replace(found, arrays=arrays, timing_s=timing, cached=False)


def _made(kind: Features, clip: Clip, windows: Sequence[Frames]) -> NDArray[np.float32]:
    """What `kind` makes of the windows of a clip, each on its own: nothing is followed across a cut of our making."""
    arrays = [kind.of(clip, seen) for seen in (windows if kind.wants else ()) or [Frames.none()]]
    array = arrays[0] if len(arrays) == 1 else np.concatenate([np.atleast_2d(one) for one in arrays])
    # Rounded as the cache stores it, so that fresh and kept results are the same.
    return compact(array).astype(np.float32)


def extract_segments(
    clip: Clip | str | Path,
    features: str | Features | Sequence[Features],
    seconds: float,
    limits: FrameLimits | None = None,
    cache: Cache | None = None,
    workers: int | None = None,
) -> Iterator[tuple[float, float, Extracted | Tag2VecError]]:
    """(start, end, features) of each `seconds` of a clip; for those that failed, (start, end, their error).

    The first begins at `limits.start_s`. Of more than `limits.max_seconds` the first are looked at. A last piece
    shorter than SHORTEST_S is left out. Raises VideoError when the beginning cannot be decoded, UsageError for seconds
    that are no length.
    """
    if not (math.isfinite(seconds) and seconds >= SHORTEST_S):
        raise UsageError(f"Segments of {seconds:g} s were asked for; wanted {SHORTEST_S} s or more.")
    limits = limits or FrameLimits()
    limits = replace(limits, windows=1, max_seconds=min(seconds, limits.max_seconds))
    kinds = kinds_of(features)
    if not all(kind.wants for kind in kinds):
        workers = 0  # see `_completed`
    begin, part = limits.start_s, partial(_from, Clip.of(clip), kinds, limits, cache)
    first = part(begin)
    duration, done = first.duration_s, 1
    yield begin, min(begin + seconds, duration), first
    # A file may not say how long it is: then each segment says whether there is more.
    while (count := math.ceil((duration - begin) / seconds)) > done:
        edges = [begin + number * seconds for number in range(done, count + 1)]
        for number, found in in_order(part, edges[:-1], workers, VideoError):
            if isinstance(found, Extracted):
                duration = max(duration, found.duration_s)
            start, end = edges[number], min(edges[number + 1], duration)
            if end - start >= SHORTEST_S:
                yield start, end, found
        done = count


def _from(clip: Clip, kinds: Kinds, limits: FrameLimits, cache: Cache | None, start_s: float) -> Extracted:
    return extract(clip, kinds, replace(limits, start_s=start_s), cache)


def _compute(clip: Clip, kinds: Kinds, limits: FrameLimits) -> list[Extracted]:
    """What each of `kinds` makes of the clip, computed."""
    start = time.perf_counter()
    wants = frozenset[str]().union(*(kind.wants for kind in kinds))
    windows = read_windows(clip.path, limits, wants) if wants else []
    decoded = time.perf_counter() - start
    found = []
    for kind in kinds:
        start = time.perf_counter()
        array = _made(kind, clip, windows)
        timing = {"decode": decoded, "features": time.perf_counter() - start}
        told = together(*(text for seen in windows for text in (seen.warning, kind.remark(seen))))
        duration = max((seen.duration_s for seen in windows), default=0.0)
        found.append(Extracted((array,), duration, timing, told))
    return found


def merged(each: Sequence[Extracted]) -> Extracted:
    """The features of one clip of all kinds; the file was read once for all that were computed together."""
    if len(each) == 1:
        return each[0]
    timing = {
        "decode": max((one.timing_s["decode"] for one in each), default=0.0),
        "features": sum(one.timing_s["features"] for one in each),
    }
    return Extracted(
        tuple(array for one in each for array in one.arrays),
        max((one.duration_s for one in each), default=0.0),
        timing,
        together(*(one.warning for one in each)),
        all(one.cached for one in each),
    )
