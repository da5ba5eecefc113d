"""Clips found by hashtags, or by a clip that lies near them: the other way round."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tag2vec.embed.cache import Cache
from tag2vec.embed.clips import Clip
from tag2vec.embed.embedder import Floats
from tag2vec.embed.extract import extract
from tag2vec.embed.placed import Changes, Placed, place_clips, pointed, stamp_of
from tag2vec.embed.video import VideoEmbedder
from tag2vec.errors import UsageError
from tag2vec.retrieval import clipfiles
from tag2vec.retrieval.choice import Wish, built
from tag2vec.retrieval.indexes import Index


@dataclass(frozen=True, slots=True)
class FoundClip:
    """A clip that was found. `score` is higher for better ones: of tags as `ClipIndex.search_tags` says, of a clip the
    cosine, -1..1. `tags` are those that its list gave it."""

    path: str
    score: float
    tags: tuple[str, ...] = ()
    title: str | None = None

    def json(self) -> dict[str, Any]:
        """The documented JSON object of one clip."""
        return asdict(self) | {"score": round(self.score, 6)}


class ClipIndex:
    """Clips where a video embedder puts them, and an index of the points where they lie.

    `index` is a name, with settings or without, or one that is built; None: one is chosen, see
    `tag2vec.retrieval.choice`.
    """

    def __init__(
        self, video: VideoEmbedder, placed: Placed, index: str | Index | None = None, changes: Changes | None = None
    ) -> None:
        self.video = video
        self.placed = placed
        self.changes = changes or Changes()
        self.index = index if isinstance(index, Index) else built(placed.points, index, Wish(kept=True))

    @classmethod
    def build(
        cls,
        video: VideoEmbedder,
        clips: str | Path | Sequence[Clip],
        index: str | None = None,
        *,
        known: ClipIndex | None = None,
        cache: Cache | None = None,
        workers: int | None = None,
        tick: Callable[[int], None] | None = None,
    ) -> ClipIndex:
        """Place `clips`, a list or a features folder. `changes` of what is returned says which clips failed.

        Clips that `known` has and that have not changed are not computed again; those that are not given any more are
        not there afterwards. `tick` gets the number of clips done. Raises SourceError when no clip can be used.
        """
        placed, changes = place_clips(video, clips, known.placed if known else None, cache, workers, tick)
        return cls(video, placed, index, changes)

    def update(self, clips: str | Path | Sequence[Clip], **settings: Any) -> ClipIndex:
        """The index of `clips`, for which nothing is computed that is known here; `settings` are those of `build`."""
        return self.build(self.video, clips, known=self, **settings)

    def save(self, folder: str | Path) -> None:
        """Write into `folder`. Raises ArtifactError, also for a video embedder that is not on disk itself."""
        clipfiles.save(self, Path(folder))

    @classmethod
    def load(cls, folder: str | Path, video: VideoEmbedder) -> ClipIndex:
        """Open what `save` wrote. Raises ArtifactError, also when another model than `video` placed the clips."""
        return clipfiles.load(Path(folder), video)

    def __len__(self) -> int:
        return len(self.placed.clips)

    def search_tags(self, tags: Sequence[str], k: int = 10) -> list[FoundClip]:
        """The k clips that the tags fit best, best first; fewer where there are fewer.

        The score of one tag is that with which it would be suggested for the clip. Of several it is their geometric
        mean where they are probabilities, so that all of them have to fit; else their mean. A tag is looked up by its
        stem and then by its spelling. Raises UnknownName for one that the model lacks, UsageError for no tag.
        """
        _check(k)
        if not tags:
            raise UsageError("No tag was given; wanted one or more.")
        rows = dict.fromkeys(self.video.space.resolve(tag).row for tag in tags)
        scores = np.stack([self._fit(row) for row in rows])
        if len(scores) == 1:
            whole = scores[0]
        elif self.video.probable:
            whole = np.exp(np.log(np.maximum(scores, 1e-30)).mean(axis=0))
        else:
            whole = scores.mean(axis=0)
        order = np.argsort(-whole, kind="stable")[:k]
        return [self._found(int(row), float(whole[row])) for row in order]

    def search_clip(
        self,
        clip: Clip | str | Path,
        k: int = 10,
        title: str | None = None,
        cache: Cache | None = None,
    ) -> list[FoundClip]:
        """The k clips nearest to `clip`, the nearest first; scores are cosines of VideoEmbedder.points.

        The clip itself is left out when it is here, by its path; a copy of it elsewhere comes first. One that is here
        and has not changed is not read again, and need not be on disk any more. With a `title` that is compared too,
        see Embedder.titled. Raises VideoError when the clip cannot be decoded.
        """
        _check(k)
        asked = Clip.of(clip)
        asked = replace(asked, path=asked.path.absolute())
        own = self.placed.rows.get(asked.path)
        if title is not None:
            asked = self.video.titled(asked, title)
        elif own is not None and asked.title is None:
            asked = self.placed.clips[own]
        scores, rows = self.index.search(self._point(asked, cache)[None], k + (own is not None))
        near = zip(rows[0].tolist(), scores[0].tolist(), strict=True)
        return [self._found(row, score) for row, score in near if row != own][:k]

    def _fit(self, row: int) -> Floats:
        """The final scores (n,) that the clips give the tag of `row`."""
        carried = self.video.head.carried.tolist()
        if row in carried:
            return np.asarray(self.placed.direct[carried.index(row)])
        (item,) = self.video.items[self.video.rows == row]
        return self.video.final(self.placed.queries @ item)

    def _point(self, clip: Clip, cache: Cache | None) -> Floats:
        row = self.placed.rows.get(clip.path)
        if row is not None and self.placed.clips[row] == clip and self._stands(row):
            point: NDArray[np.float16] = self.placed.points[row]
        else:
            found = extract(clip, self.video.kinds, self.video.limits, cache)
            point = pointed(self.video, self.video.poolings.one(found.arrays))
        return np.asarray(point, np.float32)

    def _stands(self, row: int) -> bool:
        """Whether nothing says that the clip would lie elsewhere by now."""
        clip = self.placed.clips[row]
        gone = any(kind.wants for kind in self.video.kinds) and not clip.path.exists()
        return gone or stamp_of(self.video)(clip) == self.placed.stamps[row]

    def _found(self, row: int, score: float) -> FoundClip:
        clip = self.placed.clips[row]
        return FoundClip(str(clip.path), score, clip.tags, clip.title)


def _check(k: int) -> None:
    if k < 1:
        raise UsageError(f"k is {k}; wanted 1 or more.")
