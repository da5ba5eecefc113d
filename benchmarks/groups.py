"""Groups of hashtags for clips: `python -m benchmarks.groups --posts POSTS --clips CLIPS --network FILE.onnx`.

The system of Palihena and Randika (2024) beside ours, on clips that were not trained on: five folds, groups of clips
never split, one shuffle; and on the held-out clips of the demo. Their own network is trained anew on the training clips
of each fold, and the LSTM on them after it; both see SEEN frames of a clip.
`top1` and `top5` are those of `evaluate video`: where the first tag of a clip stands among the first tags of the
training clips. `precision@2` is the share of the first two suggestions that the clip carries.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.common import header, keep, short, table
from tag2vec import Corpus, TagSpace, VideoEmbedder
from tag2vec.demo import write_demo
from tag2vec.embed.clips import Clip, read_clips
from tag2vec.embed.cnntraining import Squares, fit_cnn
from tag2vec.embed.gather import Gathered, gather
from tag2vec.embed.kinds import kinds_of
from tag2vec.embed.pooled import Picked, Poolings
from tag2vec.embed.splits import group_folds
from tag2vec.embed.targets import prior
from tag2vec.embed.training import TrainConfig
from tag2vec.evaluation.labelmetrics import precision_at
from tag2vec.evaluation.predictions import Labels, Predictions

FOLDS = 5
SIDE, SEEN = 64, 8
Places = NDArray[np.intp]


@dataclass(frozen=True)
class Way:
    """How a video embedder is fitted."""

    pooling: str | None
    recipe: str
    train: TrainConfig


SYSTEM = Way(
    "lstm:units=32,layers=2,dropout=0.5", "groups", TrainConfig(optimizer="adam", batch=15, epochs=30, patience=3)
)
POOLED = Way(None, "groups", TrainConfig())
OURS = Way(None, "tagspace", TrainConfig())
OWN = "own network"  # the features that are trained anew in each fold

Ways = dict[str, tuple[str, Way]]
"""name -> (features, way)."""
Folds = Sequence[tuple[Places, Places]]


def main() -> None:
    ask = argparse.ArgumentParser(description=__doc__)
    ask.add_argument("--posts", type=Path, required=True, help="real posts, for the tag space")
    ask.add_argument("--clips", type=Path, required=True, help="a clips list with groups")
    ask.add_argument("--network", type=Path, required=True, help="a pretrained network, .onnx")
    given = ask.parse_args()
    run(given.posts, given.clips, f"onnx:{given.network}")


def run(posts: Path, clips: Path, pretrained: str) -> None:
    shown = short(pretrained)
    system = {"own network, LSTM, groups": (OWN, SYSTEM)}
    real = system | {
        f"{shown}, LSTM, groups": (pretrained, SYSTEM),
        f"{shown}, mean and deviation, groups": (pretrained, POOLED),
        f"{shown}, ours": (pretrained, OURS),
    }
    found = gather(clips, pretrained)
    firsts = np.unique([clip.tags[0] for clip in found.clips], return_inverse=True)[1]
    folds = group_folds(firsts, [clip.group for clip in found.clips], FOLDS, 0)
    facts = f"{len(found.clips)} clips of {firsts.max() + 1} first tags, {FOLDS} folds, one shuffle"
    facts += f"; the own network and the LSTM on it see {SEEN} frames of a clip."
    lines = [*header([posts, clips]), "", facts, ""]
    with tempfile.TemporaryDirectory() as scratch:
        space = TagSpace.fit(Corpus.build(posts, Path(scratch) / "corpus"))
        lines += _rows(space, found.clips, folds, real, {pretrained: found}, Path(scratch))
    with tempfile.TemporaryDirectory() as scratch:
        demo = write_demo(Path(scratch))
        learn, asked = read_clips(demo / "clips.csv"), read_clips(demo / "held_out.csv")
        space = TagSpace.fit(Corpus.build(demo / "posts.jsonl", demo / "corpus"))
        fold = (np.arange(len(learn)), np.arange(len(learn), len(learn) + len(asked)))
        known = gather([*learn, *asked], "trajectories")
        ways = system | {"trajectories, ours": ("trajectories", OURS)}
        lines += ["", f"The demo: {len(asked)} clips after {len(learn)} others, which show 29 activities.", ""]
        lines += _rows(space, known.clips, [fold], ways, {"trajectories": known}, Path(scratch))
    keep("groups", lines)


def _rows(
    space: TagSpace, clips: Sequence[Clip], folds: Folds, ways: Ways, known: dict[str, Gathered], scratch: Path
) -> list[str]:
    """A table with a row a way; `known` are features of the clips."""
    squares = gather(clips, Squares(SIDE, SEEN))
    labels = Labels(space, clips)
    rows = {name: Predictions(labels) for name in ("popularity", *ways)}
    spent = dict.fromkeys(rows, 0.0)
    for number, (train, test) in enumerate(folds):
        for name, (features, way) in ways.items():
            start = time.perf_counter()
            found = _own(squares, train, scratch / f"{number}.safetensors") if features == OWN else known[features]
            video = _fitted(space, found, train, way)
            scores = video.scores(video.poolings.many(Picked(found.arrays, test)))
            rows[name].add(test, scores, video.space, video.trained_clips)
            spent[name] += time.perf_counter() - start
        carried = [video.space.known_rows(clip.tags) for clip in video.trained_clips]
        popular = np.tile(prior(video.space, carried), (len(test), 1))
        rows["popularity"].add(test, popular, video.space, video.trained_clips)
        print(spent, flush=True)
    asked = np.concatenate([test for _, test in folds])
    cells = []
    for name, row in rows.items():
        by_clip = row.by_clip() | {"precision@2": precision_at(row.hits, 2)}
        means = [float(by_clip[metric][asked].mean()) for metric in ("top1", "top5", "precision@2")]
        cells.append([name, *means, f"{spent[name]:.0f}"])
    perfect = float((np.minimum(labels.sizes[asked], 2) / 2).mean())
    return table(["", "top1", "top5", "precision@2", "s"], [*cells, ["all tags known", 1.0, 1.0, perfect, ""]])


def _own(squares: Gathered, train: Places, network: Path) -> Gathered:
    """What a network that was trained on the clips `train` sees in all clips."""
    fit_cnn([squares.clips[i] for i in train], network, side=SIDE, frames=SEEN)
    return _through(f"cnn:{network}", squares)


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
