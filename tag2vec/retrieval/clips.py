"""Clips found by hashtags, or by a clip that lies near them: the other way round.

On disk (kind `clips`): `clips.jsonl` (each clip as its list has it, and the stamp that tells whether it has changed),
`queries.npy`, `direct.npy` and `points.npy` (where they lie, see `Placed`), and the files of the index of the points.
Parents are the checksums of the tag space and of the video embedder that placed them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tag2vec import artifact
from tag2vec.embed.cache import Cache
from tag2vec.embed.clips import Clip
from tag2vec.embed.embedder import Floats
from tag2vec.embed.extract import extract
from tag2vec.embed.placed import Changes, Placed, place_clips, pointed, stamp_of
from tag2vec.embed.video import VideoEmbedder
from tag2vec.errors import ArtifactError, UsageError
from tag2vec.retrieval.asked import parents
from tag2vec.retrieval.choice import Wish, built
from tag2vec.retrieval.indexes import Index
from tag2vec.retrieval.stored import check_parents, described, opened

KIND = "clips"


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
        made_by, placed = _parents(self.video), self.placed
        with artifact.write(folder, KIND, described(self.index) | {"clips": len(self)}, made_by) as draft:
            listed = zip(placed.clips, placed.stamps, strict=True)
            draft.lines("clips.jsonl", (clip.facts() | {"stamp": stamp} for clip, stamp in listed))
            draft.array("queries.npy", placed.queries)
            draft.array("direct.npy", placed.direct)
            draft.array("points.npy", placed.points)
            self.index.save(draft.path)

    @classmethod
    def load(cls, folder: str | Path, video: VideoEmbedder) -> ClipIndex:
        """Open what `save` wrote. Raises ArtifactError, also when another model than `video` placed the clips."""
        found = artifact.read(folder, KIND)
        check_parents(found, _parents(video), f"tag2vec index-clips CLIPS -m MODEL -o {folder}")
        return cls._opened(found, video)

    @classmethod
    def _opened(cls, found: artifact.Artifact, video: VideoEmbedder) -> ClipIndex:
        lines = list(found.lines("clips.jsonl"))
        with artifact.reading(found.folder):
            placed = Placed(
                [Clip.stored(line) for line in lines],
                [line["stamp"] for line in lines],
                found.floats("queries.npy", (len(lines), None), mmap=True),
                found.floats("direct.npy", (None, len(lines)), mmap=True),
                found.floats("points.npy", (len(lines), None), mmap=True),
            )
        return cls(video, placed, opened(found))

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


def index_clips(
    folder: str | Path,
    video: VideoEmbedder,
    clips: str | Path | Sequence[Clip],
    index: str | None = None,
    **settings: Any,
) -> ClipIndex:
    """Write the index of `clips` to `folder`; what is known there already is not computed again.

    One that another model placed is replaced. `settings` are those of ClipIndex.build, which says what else is raised;
    ArtifactError when the folder cannot be written or is damaged.
    """
    artifact.check_writable(folder, KIND)
    there = (Path(folder) / artifact.MANIFEST).is_file()
    found = artifact.read_made_from(folder, KIND, _parents(video)) if there else None
    known = ClipIndex._opened(found, video) if found else None
    made = ClipIndex.build(video, clips, index, known=known, **settings)
    made.save(folder)
    return made


def _parents(video: VideoEmbedder) -> dict[str, str]:
    if not (named := parents(video)):
        raise ArtifactError("The video embedder was not saved; save it into its model folder first.")
    return named


def _check(k: int) -> None:
    if k < 1:
        raise UsageError(f"k is {k}; wanted 1 or more.")
