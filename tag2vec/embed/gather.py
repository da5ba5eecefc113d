"""Features of many clips, from wherever they are: the clips themselves, or a folder that `tag2vec extract` wrote."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeGuard

import numpy as np
from numpy.typing import NDArray

from tag2vec import artifact
from tag2vec.embed.cache import Cache, Extracted, compact, sampling
from tag2vec.embed.clips import Clip, read_clips
from tag2vec.embed.extract import extract_many
from tag2vec.embed.features import Features, describe
from tag2vec.embed.folder import KIND, LIST, POOLINGS, Kept, load_poolings
from tag2vec.embed.kinds import Kinds, in_words, kinds_of, stored_kinds
from tag2vec.embed.limits import FrameLimits
from tag2vec.embed.pooled import Arrays, Poolings
from tag2vec.errors import SourceError, Tag2VecError, UsageError, VideoError


@dataclass(frozen=True)
class Gathered:
    """Clips with their features: `arrays[i]`, one a kind, or the one vector of `poolings`, belong to `clips[i]`."""

    clips: list[Clip]
    arrays: Sequence[Arrays]
    kinds: Kinds
    limits: FrameLimits
    poolings: Poolings | None  # those that made one vector of each clip's features already
    failed: list[tuple[Path, Tag2VecError]]

    def vectors(self) -> NDArray[np.float32]:
        """What `poolings` made: (clips, out_dim)."""
        assert self.poolings is not None
        found = np.empty((len(self.arrays), self.poolings.out_dim), np.float32)
        for row, (vector,) in zip(found, self.arrays, strict=True):
            row[:] = vector[0]
        return found


def is_features(where: object) -> TypeGuard[str | Path]:
    """Whether `where` is a folder that `tag2vec extract` wrote."""
    return isinstance(where, str | Path) and (Path(where) / LIST / artifact.MANIFEST).is_file()


def gather(
    clips: str | Path | Sequence[Clip],
    features: str | Features | Sequence[Features] | None = None,
    limits: FrameLimits | None = None,
    cache: Cache | None = None,
    workers: int | None = None,
    tick: Callable[[int], None] | None = None,
) -> Gathered:
    """The features of `clips`, a features folder or what `read_clips` takes; of the default kind when none is named.

    Of a folder, features and limits must be those it was written with, and are those when none are given; its clips
    need not be there. Raises SourceError when no clip can be used, UsageError for other features or limits.
    """
    if is_features(clips):
        found = _stored(Path(clips), features, limits)
    else:
        kinds = kinds_of(features)
        listed = read_clips(clips) if isinstance(clips, str | Path) else list(clips)
        found = _extracted(listed, kinds, limits or FrameLimits(), cache or Cache(), workers, tick)
    if not found.clips:
        reasons = "\n".join(str(error) for _, error in found.failed[:5])
        raise SourceError(f"None of the {len(found.failed)} clips could be used:\n{reasons}")
    return found


def _extracted(
    clips: Sequence[Clip],
    kinds: Kinds,
    limits: FrameLimits,
    cache: Cache,
    workers: int | None,
    tick: Callable[[int], None] | None,
) -> Gathered:
    """Features that are computed now, as small as the cache keeps them."""
    used: list[Clip] = []
    arrays: list[Arrays] = []
    failed: list[tuple[Path, Tag2VecError]] = []
    for number, result in extract_many(clips, kinds, limits, cache, workers):
        clip = clips[number]
        if isinstance(result, Extracted):
            used.append(clip)
            arrays.append([compact(array) for array in result.arrays])
        else:
            failed.append((clip.path, result))
        if tick:
            tick(number + 1)
    return Gathered(used, arrays, kinds, limits, None, failed)


def _stored(folder: Path, features: str | Features | Sequence[Features] | None, limits: FrameLimits | None) -> Gathered:
    listed = artifact.read(folder / LIST, KIND)
    with artifact.reading(listed.folder):
        described, kept = listed.config["features"], FrameLimits(**listed.config["limits"])
        kinds = stored_kinds(folder, described) if features is None else kinds_of(features)
        if described != (wanted := [describe(kind) for kind in kinds]):
            raise _other(folder, in_words(described), in_words(wanted))
        if limits and sampling(limits) != sampling(kept):
            raise _other(folder, _limits(kept), _limits(limits))
        names, digest = listed.config["pooling"], listed.parents.get(POOLINGS)
        lines: list[dict[str, Any]] = list(listed.lines("clips.jsonl"))
        good = [line for line in lines if "keys" in line]
        return Gathered(
            [Clip.stored(line) for line in good],
            Kept(folder, [line["keys"] for line in good]),
            kinds,
            kept,
            load_poolings(folder, kinds, digest) if names and digest else None,
            [(Path(line["path"]), VideoError(line["error"])) for line in lines if "error" in line],
        )


def _limits(limits: FrameLimits) -> str:
    return ", ".join(f"{name}={value}" for name, value in sampling(limits).items())


def _other(folder: Path, found: str, wanted: str) -> UsageError:
    return UsageError(
        f"{folder} holds features of {found}; wanted {wanted}. Extract them so, or ask for what is there."
    )
