"""Groups of hashtags for clips: `python -m benchmarks.groups --posts POSTS --clips CLIPS --network FILE.onnx`.

The system of Palihena and Randika (2024) beside ours, on clips that were not trained on: five folds, groups of clips
never split, one shuffle. Their own network is trained anew on the training clips of each fold, and the LSTM on them
after it; to save time the first sees LEARNT frames of a clip, the second SEEN. `top1` and `top5` are those of
`evaluate video`: where the first tag of a clip stands among the first tags of the training clips.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.common import header, keep, short, table
from tag2vec import Corpus, TagSpace, VideoEmbedder
from tag2vec.embed.cnntraining import Squares, fit_cnn
from tag2vec.embed.gather import Gathered, gather
from tag2vec.embed.kinds import kinds_of
from tag2vec.embed.pooled import Picked, Poolings
from tag2vec.embed.splits import group_folds
from tag2vec.embed.targets import prior
from tag2vec.embed.training import TrainConfig
from tag2vec.evaluation.predictions import Labels, Predictions

FOLDS = 5
SIDE, LEARNT, SEEN = 64, 2, 8
Places = NDArray[np.intp]


@dataclass(frozen=True)
class Way:
    """How a video embedder is fitted."""

    pooling: str | None
    recipe: str
    train: TrainConfig


PAPER = Way(
    "lstm:units=32,layers=2,dropout=0.5", "groups", TrainConfig(optimizer="adam", batch=15, epochs=30, patience=3)
)
OURS = Way(None, "tagspace", TrainConfig())


def main() -> None:
    ask = argparse.ArgumentParser(description=__doc__)
    ask.add_argument("--posts", type=Path, required=True, help="real posts, for the tag space")
    ask.add_argument("--clips", type=Path, required=True, help="a clips list with groups")
    ask.add_argument("--network", type=Path, required=True, help="a pretrained network, .onnx")
    given = ask.parse_args()
    run(given.posts, given.clips, f"onnx:{given.network}")


def run(posts: Path, clips: Path, pretrained: str) -> None:
    found, shown = gather(clips, pretrained), short(pretrained)
    squares = gather(found.clips, Squares(SIDE, SEEN))
    own, same, ours = "own network, LSTM, groups", f"{shown}, LSTM, groups", f"{shown}, ours"
    spent: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as scratch:
        space = TagSpace.fit(Corpus.build(posts, Path(scratch) / "corpus"))
        labels = Labels(space, found.clips)
        rows = {name: Predictions(labels) for name in ("popularity", own, same, ours)}
        folds = group_folds(labels.firsts, [clip.group for clip in found.clips], FOLDS, 0)
        for number, (train, test) in enumerate(folds):
            start = time.perf_counter()
            network = Path(scratch) / f"{number}.safetensors"
            fit_cnn([found.clips[i] for i in train], network, side=SIDE, frames=LEARNT)
            seen = _through(f"cnn:{network}", squares)
            spent[own] = spent.get(own, 0.0) + time.perf_counter() - start
            for name, features, way in ((own, seen, PAPER), (same, found, PAPER), (ours, found, OURS)):
                start = time.perf_counter()
                video = _fitted(space, features, train, way)
                scores = video.scores(video.poolings.many(Picked(features.arrays, test)))
                rows[name].add(test, scores, video.space, video.trained_clips)
                spent[name] = spent.get(name, 0.0) + time.perf_counter() - start
            carried = [video.space.known_rows(clip.tags) for clip in video.trained_clips]
            popular = np.tile(prior(video.space, carried), (len(test), 1))
            rows["popularity"].add(test, popular, video.space, video.trained_clips)
            print(number, spent, flush=True)
    means = {name: {m: float(each.mean()) for m, each in row.by_clip().items()} for name, row in rows.items()}
    facts = f"{len(found.clips)} clips of {len(np.unique(labels.firsts))} first tags, {FOLDS} folds, one shuffle"
    facts += f"; the own network learns from {LEARNT} frames of a clip, an LSTM on it from {SEEN}."
    lines = [*header([posts, clips]), "", facts, ""]
    cells = [[name, one["top1"], one["top5"], f"{spent.get(name, 0):.0f}"] for name, one in means.items()]
    keep("groups", [*lines, *table(["", "top1", "top5", "s"], cells)])


def _through(spec: str, squares: Gathered) -> Gathered:
    """The features that the network `spec` computes of squares: clips are decoded once for all folds."""
    kinds = kinds_of(spec)
    arrays = []
    for (rows,) in squares.arrays:
        planes = np.asarray(rows, np.float32).reshape(-1, 3, SIDE, SIDE).transpose(0, 2, 3, 1)
        arrays.append([kinds[0]((planes * 255).round().astype(np.uint8), 1.0)])
    return replace(squares, arrays=arrays, kinds=kinds)


def _fitted(space: TagSpace, found: Gathered, train: Places, way: Way) -> VideoEmbedder:
    some, seed = Picked(found.arrays, train), way.train.seed
    poolings = Poolings(found.kinds, way.pooling, seed).fit(some, seed)
    seen = some if poolings.trained else torch.from_numpy(poolings.many(some))
    clips = [found.clips[i] for i in train]
    return VideoEmbedder.fit_seen(space, clips, seen, poolings, way.recipe, found.limits, way.train)


if __name__ == "__main__":
    main()
