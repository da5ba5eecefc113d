"""The demo folder: posts, clips and their lists, all of it synthetic."""

from __future__ import annotations

import csv
import random
from collections.abc import Callable, Iterable, Sequence
from io import StringIO
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt

from tag2vec.demo.posts import Category, categories, posts, write_posts
from tag2vec.demo.render import FPS, FRAMES, render
from tag2vec.embed.encoding import BITEXACT, add_h264, encode
from tag2vec.errors import ArtifactError, UsageError
from tag2vec.files import write_whole

REVISION = 2  # raise it when a category's motion or tags change: clips of an older one are then made anew
_MOST = 1000  # clips a category, so that no clip of one seed is also one of the next

_TITLES = (
    "Tuesday evening", "take two", "saved this one", "phone footage", "first try of the day", "one more time",
    "from the archive", "no filter", "for the group chat", "Sunday, early", "slightly shaky",
)  # fmt: skip
# Titles say nothing about the category: the demo is to show what motion alone can tell.

_README = """\
Everything in this folder is synthetic. `tag2vec demo` made it; no camera and no person was involved.

posts.jsonl    posts with authored hashtags about {count} activities, by invented authors
clips/         clips of 2 seconds, 160x120: textured shapes that move like a toy version of each activity
clips.csv      the clips to train on, with tags
held_out.csv   clips with other seeds, not to train on: suggest tags for these and compare

Made with seed {seed}: {train} training clips, {held_out} held-out clips and {posts} posts an activity.
"""


def write_demo(
    folder: str | Path,
    seed: int = 1,
    clips_per_category: int = 11,
    held_out_per_category: int = 3,
    posts_per_category: int = 150,
    only: Sequence[str] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Path:
    """Write posts.jsonl, clips/, clips.csv, held_out.csv and README.txt into `folder`, and return it.

    All of it is synthetic. A category has `clips_per_category` training clips and `held_out_per_category` more;
    `only` names the categories that get clips, None all of them. The same arguments give the same files. Clips
    that are there already and complete are kept, so a killed run goes on where it stopped.
    `progress(done, total)` counts clips.
    """
    each = clips_per_category + held_out_per_category
    if seed < 0 or clips_per_category < 1 or held_out_per_category < 0 or posts_per_category < 1 or each > _MOST:
        raise UsageError(
            f"The demo got seed {seed}, {clips_per_category} + {held_out_per_category} clips and "
            f"{posts_per_category} posts a category; wanted a seed >= 0, at least one training clip and one "
            f"post, and at most {_MOST} clips in all."
        )
    root = Path(folder)
    try:
        root.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ArtifactError(f"Cannot make the folder {root}: {error}. Choose another one.") from error
    found = [category for category in categories() if only is None or category.name in only]
    train: list[dict[str, str]] = []
    held_out: list[dict[str, str]] = []
    for i, category in enumerate(found):
        for number in range(each):
            name = f"{category.name}/{number:02d}"
            path = root / "clips" / f"{name}.mp4"
            _make_clip(path, category.name, seed, number)
            row = {"path": f"clips/{name}.mp4", **_tags_and_title(category, seed, number), "group": name}
            (train if number < clips_per_category else held_out).append(row)
            if progress:
                progress(i * each + number + 1, len(found) * each)
    _write_list(root / "clips.csv", train)
    _write_list(root / "held_out.csv", held_out)
    write_posts(root / "posts.jsonl", posts(seed, posts_per_category))
    counts = {"train": clips_per_category, "held_out": held_out_per_category, "posts": posts_per_category}
    text = _README.format(count=len(found), seed=seed, **counts)
    (root / "README.txt").write_text(text, encoding="utf-8")
    return root


def write_clip(path: Path, frames: npt.NDArray[np.uint8], fps: int, comment: str = "") -> None:
    """Write frames (t, h, w, 3) uint8 RGB as H.264 in MP4, aside first: `path` is complete or not there.

    The same frames give the same bytes.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_suffix(".part")
    with av.open(str(aside), "w", format="mp4", container_options=BITEXACT) as container:
        container.metadata["comment"] = comment
        encode(container, add_h264(container, fps, 21, *frames.shape[1:3]), frames)
    aside.replace(path)


def _make_clip(path: Path, category: str, seed: int, number: int) -> None:
    """Render one clip unless it is there; its comment says what it is, so that another seed's is not kept."""
    comment = f"synthetic, tag2vec demo {REVISION}: {category} {number}, seed {seed}"
    if not _is_complete(path, comment):
        write_clip(path, render(category, _MOST * seed + number), FPS, comment)


def _is_complete(path: Path, comment: str) -> bool:
    try:
        with av.open(str(path)) as container:
            stream = container.streams.video[0]
            return container.metadata.get("comment") == comment and stream.frames == FRAMES
    except (OSError, IndexError, av.FFmpegError):  # absent, cut off or not a video
        return False


def _tags_and_title(category: Category, seed: int, number: int) -> dict[str, str]:
    """The category's word with 1-3 of its tags, popular ones more often, and a title that tells nothing."""
    rng = random.Random(f"{seed} {category.name} {number}")
    chosen = [category.tags[0]]
    while len(chosen) < 2 + number % 3:
        tag = category.tags[int(len(category.tags) * rng.random() ** 1.5)]
        if tag not in chosen:
            chosen.append(tag)
    return {"tags": " ".join(chosen), "title": rng.choice(_TITLES)}


def _write_list(path: Path, rows: Iterable[dict[str, Any]]) -> None:
    text = StringIO()
    table = csv.DictWriter(text, ["path", "tags", "group", "title"], lineterminator="\n")
    table.writeheader()
    table.writerows(rows)
    write_whole(path, text.getvalue())
