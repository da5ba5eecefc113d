"""Where many clips lie: computed once, and again only for those that changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tag2vec.embed.cache import Cache, digest
from tag2vec.embed.clips import Clip
from tag2vec.embed.embedder import Floats
from tag2vec.embed.extract import Extracted, extract_many
from tag2vec.embed.features import describe
from tag2vec.embed.folder import Kept
from tag2vec.embed.gather import gather, is_features
from tag2vec.embed.threads import one_thread
from tag2vec.embed.units import units
from tag2vec.embed.video import VideoEmbedder
from tag2vec.errors import SourceError, Tag2VecError, UsageError

Point = tuple[Floats, Floats, NDArray[np.float16]]
"""Of one clip: the query (d,), the scores of the carried tags (l,), the point (any,)."""
Pooled = tuple[Floats, str | None]
"""What the features of a clip were pooled to (out_dim,), and what is wrong with a clip that is used all the same."""


@dataclass(frozen=True)
class Placed:
    """n clips and where a video embedder puts them.

    `stamps` say what each was made from: a clip with the same path and stamp lies where it lay. `points` are of length
    1, so that their products are cosines. `direct` has a row a tag: all clips of one tag are read at once.
    """

    clips: list[Clip]
    stamps: list[str]
    queries: Floats  # (n, d): what is asked of the embedder's items
    direct: Floats  # (l, n): final scores of the tags that training clips carry
    points: NDArray[np.float16]  # (n, any): see VideoEmbedder.points

    @cached_property
    def rows(self) -> dict[Path, int]:
        """Where each clip stands, by its absolute path."""
        return {clip.path: row for row, clip in enumerate(self.clips)}

    def row(self, clip: Clip, stamp: str) -> int | None:
        """The row of a clip that has not changed since."""
        row = self.rows.get(clip.path)
        return row if row is not None and self.stamps[row] == stamp else None


@dataclass
class Changes:
    """What became of the clips of one run."""

    known: int = 0  # that lay there already
    gone: int = 0  # that lay there and were not given again
    failed: list[tuple[Path, Tag2VecError]] = field(default_factory=list)
    warnings: list[tuple[Path, str]] = field(default_factory=list)


def place_clips(
    video: VideoEmbedder,
    clips: str | Path | Sequence[Clip],
    known: Placed | None = None,
    cache: Cache | None = None,
    workers: int | None = None,
    tick: Callable[[int], None] | None = None,
) -> tuple[Placed, Changes]:
    """Place `clips`, a features folder or a list; those that `known` has and that did not change are taken from it.

    What comes out is the same bytes with `known` and without. Features are kept in the cache as soon as they are there,
    so a run that was stopped goes on. Raises SourceError when no clip can be used, UsageError for a features folder of
    other features than the model's.
    """
    source: _Files | _Folder
    if is_features(clips):
        source = _Folder(video, Path(clips))
    elif isinstance(clips, str | Path):
        raise SourceError(f"{clips} is no features folder; wanted one that tag2vec extract wrote, or a list of clips.")
    else:
        source = _Files(video, clips, cache or Cache(), workers)
    if not source.clips:
        raise SourceError("No clip was given; wanted one or more.")
    changes = Changes(failed=source.failed)
    old = [None if known is None else known.row(*pair) for pair in zip(source.clips, source.stamps, strict=True)]
    places = {i: row for i, row in enumerate(old) if row is not None}
    todo = [i for i, row in enumerate(old) if row is None]
    changes.known = len(places)
    points: list[Point] = []
    for done, (i, found) in enumerate(source.pooled(todo)):
        path = source.clips[i].path
        if isinstance(found, Tag2VecError):
            changes.failed.append((path, found))
        else:
            pooled, warning = found
            places[i] = (len(known.clips) if known else 0) + len(points)
            points.append(_point(video, pooled))
            changes.warnings += [(path, warning)] if warning else []
        if tick:
            tick(changes.known + done + 1)
    if not places:
        reasons = "\n".join(str(error) for _, error in changes.failed[:5])
        raise SourceError(f"None of the {len(changes.failed)} clips could be used:\n{reasons}")
    used = sorted(places)
    placed = _joined(known, points, np.array([places[i] for i in used]))
    kept = [source.clips[i] for i in used]
    if known:
        given = {clip.path for clip in kept} | {path for path, _ in changes.failed}
        changes.gone = len(known.rows.keys() - given)
    return replace(placed, clips=kept, stamps=[source.stamps[i] for i in used]), changes


class _Files:
    """Clips that are read where they lie."""

    def __init__(self, video: VideoEmbedder, clips: Sequence[Clip], cache: Cache, workers: int | None) -> None:
        absolute = (replace(clip, path=clip.path.absolute()) for clip in clips)
        self.clips = list({clip.path: clip for clip in absolute}.values())
        stamp = stamp_of(video)
        self.stamps = [stamp(clip) for clip in self.clips]
        self.failed: list[tuple[Path, Tag2VecError]] = []
        self._video = video
        self._cache = cache
        self._workers = workers

    def pooled(self, numbers: Sequence[int]) -> Iterator[tuple[int, Pooled | Tag2VecError]]:
        some, video = [self.clips[i] for i in numbers], self._video
        for at, found in extract_many(some, video.kinds, video.limits, self._cache, self._workers):
            done = (video.poolings.one(found.arrays), found.warning) if isinstance(found, Extracted) else found
            yield numbers[at], done


class _Folder:
    """Clips of a features folder: they need not be there."""

    def __init__(self, video: VideoEmbedder, folder: Path) -> None:
        self._found = found = gather(folder, video.kinds, video.limits)
        if found.poolings and not found.poolings.same_as(video.poolings):
            raise UsageError(
                f"{folder} holds vectors that other poolings made than the model's, so they mean something else. "
                "Extract the features without --pooling."
            )
        assert isinstance(found.arrays, Kept)
        self.clips = found.clips
        self.stamps = [digest({"keys": list(keys)}) for keys in found.arrays.keys]
        self.failed = list(found.failed)
        self._video = video

    def pooled(self, numbers: Sequence[int]) -> Iterator[tuple[int, Pooled | Tag2VecError]]:
        for i in numbers:
            arrays = self._found.arrays[i]
            made = arrays[0][0].astype(np.float32) if self._found.poolings else self._video.poolings.one(arrays)
            yield i, (made, None)


def stamp_of(video: VideoEmbedder) -> Callable[[Clip], str]:
    """What tells whether a clip has changed: size and time of its file; for features that do not look into it, what is
    written of it and what they look it up in."""
    seeing = any(kind.wants for kind in video.kinds)
    blind = [describe(kind) for kind in video.kinds if not kind.wants]

    def stamp(clip: Clip) -> str:
        facts = {"file": _version(clip.path)} if seeing else {}
        return digest(facts | ({"written": clip.facts(), "by": blind} if blind else {}))

    return stamp


def _version(path: Path) -> list[int]:
    try:
        found = path.stat()
    except (OSError, ValueError):
        return []  # what is wrong is said when it is opened
    return [found.st_size, found.st_mtime_ns]


@one_thread()
def _point(video: VideoEmbedder, pooled: Floats) -> Point:
    place = video.place_pooled(pooled)
    return place.query, place.direct, pointed(video, pooled)


def pointed(video: VideoEmbedder, pooled: Floats) -> NDArray[np.float16]:
    """What the features of one clip were pooled to (out_dim,) -> its row of `Placed.points` (any,)."""
    return units(video.points(pooled[None])[0]).astype(np.float16)


def _joined(known: Placed | None, points: Sequence[Point], rows: NDArray[np.intp]) -> Placed:
    """Of `known` with `points` after them those at `rows`; their clips are still to be named."""
    blocks: list[Sequence[NDArray[Any]]] = [(known.queries, known.direct.T, known.points)] if known else []
    if points:
        blocks.append([np.stack(part) for part in zip(*points, strict=True)])
    queries, direct, among = (np.concatenate(part)[rows] for part in zip(*blocks, strict=True))
    return Placed([], [], queries, np.ascontiguousarray(direct.T), among)
