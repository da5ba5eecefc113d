"""Clips that can be searched, on disk.

Kind `clips`: `clips.jsonl` (each clip as its list has it, and the stamp that tells whether it has changed),
`queries.npy`, `direct.npy` and `points.npy` (where they lie, see `Placed`), and the files of the index of the points.
Parents are the checksums of the tag space and of the video embedder that placed them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tag2vec import artifact
from tag2vec.embed.cache import Cache
from tag2vec.embed.clips import Clip
from tag2vec.embed.placed import Placed
from tag2vec.embed.video import VideoEmbedder
from tag2vec.errors import ArtifactError
from tag2vec.retrieval.asked import parents
from tag2vec.retrieval.stored import check_parents, described, opened

if TYPE_CHECKING:
    from tag2vec.retrieval.clips import ClipIndex

KIND = "clips"


def index_clips(
    folder: str | Path,
    video: VideoEmbedder,
    clips: str | Path | Sequence[Clip],
    index: str | None = None,
    *,
    cache: Cache | None = None,
    workers: int | None = None,
    tick: Callable[[int], None] | None = None,
) -> ClipIndex:
    """Write the index of `clips` to `folder`; what is known there already is not computed again.

    One that another model placed is replaced. See ClipIndex.build for what is raised, and ArtifactError when the folder
    cannot be written or is damaged.
    """
    artifact.check_writable(folder, KIND)
    from tag2vec.retrieval.clips import ClipIndex

    folder = Path(folder)
    known = load(folder, video) if _is_of(folder, video) else None
    built = ClipIndex.build(video, clips, index, known=known, cache=cache, workers=workers, tick=tick)
    save(built, folder)
    return built


def save(clips: ClipIndex, folder: Path) -> None:
    """See ClipIndex.save."""
    made_by = _parents(clips.video)
    placed = clips.placed
    with artifact.write(folder, KIND, described(clips.index) | {"clips": len(clips)}, made_by) as draft:
        listed = zip(placed.clips, placed.stamps, strict=True)
        draft.lines("clips.jsonl", (clip.facts() | {"stamp": stamp} for clip, stamp in listed))
        draft.array("queries.npy", placed.queries)
        draft.array("direct.npy", placed.direct)
        draft.array("points.npy", placed.points)
        clips.index.save(draft.path)


def load(folder: Path, video: VideoEmbedder) -> ClipIndex:
    """See ClipIndex.load."""
    from tag2vec.retrieval.clips import ClipIndex

    found = artifact.read(folder, KIND)
    check_parents(found, _parents(video), f"tag2vec index-clips CLIPS -m MODEL -o {folder}")
    lines = list(found.lines("clips.jsonl"))
    with artifact.reading(folder):
        placed = Placed(
            [Clip.stored(line) for line in lines],
            [line["stamp"] for line in lines],
            found.floats("queries.npy", (len(lines), None), mmap=True),
            found.floats("direct.npy", (None, len(lines)), mmap=True),
            found.floats("points.npy", (len(lines), None), mmap=True),
        )
    return ClipIndex(video, placed, opened(found))


def _is_of(folder: Path, video: VideoEmbedder) -> bool:
    return (folder / artifact.MANIFEST).is_file() and artifact.read(folder, KIND).parents == _parents(video)


def _parents(video: VideoEmbedder) -> dict[str, str]:
    if not (named := parents(video)):
        raise ArtifactError("The video embedder was not saved; save it into its model folder first.")
    return named
