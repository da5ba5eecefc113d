"""Poolings on clips whose labels depend on the frames in a known way: `python -m benchmarks.pooling`.

The videos are generated, and written as frame-level records of YouTube-8M, narrower to save time (128 + 32 numbers a
second, one byte each). Every video has 12 to 18 seconds in scenes of three, drawn from eight that all labels share, a
look of its own that all its seconds have, and noise. What its label adds is one of STRUCTURES. All poolings are
trained with SETTINGS.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.common import header, keep, table
from benchmarks.tfrecords import Quantised, write_seconds
from tag2vec import Corpus, TagSpace, VideoEmbedder
from tag2vec.demo.posts import categories, posts, write_posts
from tag2vec.embed.gather import gather

RGB, AUDIO = 128, 32
LABELS = [category.tags[0] for category in categories()[:6]]
TRAIN, TEST = 600, 600
SETTINGS: dict[str, Any] = {"recipe": "sigmoid", "batch": 32, "epochs": 20, "patience": 6}  # else defaults
SCENE, LOOK, NOISE = 0.4, 0.25, 0.3  # deviation of a number between scenes, videos, seconds
POOLINGS = (
    "mean",
    "max",
    "moments",
    "fisher:components=8",
    "dbof:clusters=256",
    "netvlad:clusters=8,out=64",
    "netvlad:clusters=8,streams=true,out=64,gate=true",
    "netfv:clusters=8,out=64",
    "lstm:units=64",
    "gru:units=64",
    "transformer:width=64",
)
Rows = NDArray[np.float64]
WORLD = np.random.default_rng(7)
SCENES = WORLD.normal(size=(8, RGB + AUDIO)) * SCENE
MOODS = WORLD.normal(size=(len(LABELS), RGB + AUDIO)) * 0.05
COLUMNS = WORLD.permutation(RGB + AUDIO)[: len(LABELS) * 16].reshape(-1, 16)
EVENTS = WORLD.normal(size=(2, RGB + AUDIO)) * 0.8


def _mood(rows: Rows, label: int, draw: np.random.Generator) -> None:
    rows += MOODS[label]


def _rare(rows: Rows, label: int, draw: np.random.Generator) -> None:
    rows[draw.integers(len(rows)), COLUMNS[label]] += 1.2


def _order(rows: Rows, label: int, draw: np.random.Generator) -> None:
    places = 3 * np.sort(draw.choice(len(rows) // 3, 2, replace=False))
    for at, event in zip(places, EVENTS[[label, 1 - label]], strict=True):
        rows[at : at + 3] += event


def _spread(rows: Rows, label: int, draw: np.random.Generator) -> None:
    rows[:, COLUMNS[label]] += draw.normal(size=(len(rows), 1)) * 0.5


STRUCTURES: dict[str, tuple[int, str, Callable[[Rows, int, np.random.Generator], None]]] = {
    "mean": (6, "every second leans a little towards the label", _mood),
    "rare": (6, "one second has 16 numbers of the label raised", _rare),
    "order": (2, "two events of three seconds, the same in all videos; the label says which came first", _order),
    "spread": (6, "16 numbers of the label also vary together, around the same mean", _spread),
}


def main() -> None:
    ask = argparse.ArgumentParser(description=__doc__)
    ask.add_argument("--pooling", nargs="+", default=POOLINGS, help="as fit-video names them")
    run(ask.parse_args().pooling)


def run(poolings: tuple[str, ...]) -> None:
    rows: dict[str, list[float]] = {spelled: [] for spelled in poolings}
    spent = dict.fromkeys(poolings, 0.0)
    with tempfile.TemporaryDirectory() as scratch:
        space = _space(Path(scratch))
        for name, (labels, _, _) in STRUCTURES.items():
            train = _written(Path(scratch) / name / "train", name, TRAIN, 1)
            test = _written(Path(scratch) / name / "test", name, TEST, 3)
            for spelled in poolings:
                start = time.perf_counter()
                video = VideoEmbedder.fit(space, train, features=f"given:{train}", pooling=spelled, **SETTINGS)
                spent[spelled] += time.perf_counter() - start
                rows[spelled].append(_top1(video, test, labels))
                print(name, spelled, rows[spelled][-1], f"{spent[spelled]:.0f} s", flush=True)
    chance = ["chance", *(1 / labels for labels, _, _ in STRUCTURES.values()), ""]
    lines = [
        *header([]),
        "",
        f"{TRAIN} videos to train; of {TEST} others the share whose label scores highest; seconds of fitting all four.",
        f"All with {', '.join(f'--{name} {value}' for name, value in SETTINGS.items())}.",
        "",
        *(f"- {name}: {means}" for name, (_, means, _) in STRUCTURES.items()),
        "",
        *table(["pooling", *STRUCTURES, "s"], [chance, *([p, *rows[p], f"{spent[p]:.0f}"] for p in poolings)]),
    ]
    keep("pooling", lines)


def _space(folder: Path) -> TagSpace:
    write_posts(folder / "posts.jsonl", posts(1, 40))
    return TagSpace.fit(Corpus.build(folder / "posts.jsonl", folder / "corpus"))


def _written(folder: Path, structure: str, count: int, seed: int) -> Path:
    folder.mkdir(parents=True)
    names = "".join(f"{label},{name}\n" for label, name in enumerate(LABELS))
    (folder / "vocabulary.csv").write_text(f"Index,Name\n{names}", encoding="utf-8")
    write_seconds(folder / "videos.tfrecord", _videos(structure, count, seed))
    return folder


def _videos(structure: str, count: int, seed: int) -> Iterator[tuple[str, list[int], Quantised, Quantised]]:
    labels, _, plant = STRUCTURES[structure]
    draw = np.random.default_rng(seed)
    for number in range(count):
        seconds, label = int(draw.integers(12, 19)), number % labels
        rows = SCENES[np.repeat(draw.integers(len(SCENES), size=6), 3)[:seconds]]
        rows = rows + draw.normal(size=RGB + AUDIO) * LOOK + draw.normal(size=rows.shape) * NOISE
        plant(rows, label, draw)
        quantised = np.clip((rows + 2) / 4 * 255, 0, 255).round().astype(np.uint8)
        yield f"video{number:04d}", [label], quantised[:, :RGB], quantised[:, RGB:]


def _top1(video: VideoEmbedder, test: Path, labels: int) -> float:
    found = gather(test, f"given:{test}")
    rows = video.space.known_rows(LABELS[:labels])
    best = video.scores(video.poolings.many(found.arrays))[:, rows].argmax(axis=1)
    return float(np.mean([clip.tags == (LABELS[at],) for clip, at in zip(found.clips, best, strict=True)]))


if __name__ == "__main__":
    main()
