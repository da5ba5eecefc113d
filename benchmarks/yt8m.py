"""Tags of YouTube-8M's videos: `python -m benchmarks.yt8m FOLDER`, a folder of video-level TFRecord files.

Each file in turn is tested on, after training on the others. The tag space is learnt from the label sets of the
training videos, as if these were posts, so that it knows tags which are then taken off all training videos: a tenth of
the labels, in the second table. `evaluate video` measures; a label that no training video carries counts as missed.
"""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score

from benchmarks.common import header, keep, table
from tag2vec import Corpus, TagSpace, VideoEmbedder
from tag2vec.embed.clips import Clip
from tag2vec.embed.evidence import Mixture
from tag2vec.embed.gather import gather
from tag2vec.embed.tfrecord import tfrecord_files
from tag2vec.embed.yt8m import VOCABULARY, labelled_clips
from tag2vec.evaluation.video import evaluate_video

METRICS = ("hit@1", "precision@5", "gap@20", "best_f1", "map")
UNSEEN = ("hit@1", "hit@5", "map")
TAKEN = 0.1  # share of the labels that training videos lose in the second table


def main() -> None:
    ask = argparse.ArgumentParser(description=__doc__)
    ask.add_argument("folder", type=Path)
    run(ask.parse_args().folder)


def run(folder: Path) -> None:
    files = tfrecord_files(folder)
    found: dict[str, list[list[float]]] = {}
    unseen: dict[str, list[list[float]]] = {}
    with tempfile.TemporaryDirectory() as scratch:
        for number, test in enumerate(files):
            model, train = _fold(Path(scratch) / str(number), folder, [file for file in files if file != test])
            space, clips = TagSpace.load(model), labelled_clips(train)
            for name, row in _rows(model, space, clips, train, test).items():
                found.setdefault(name, []).append([row[m] for m in METRICS])
            for name, each in _without(space, clips, train, test, number).items():
                unseen.setdefault(name, []).append(each)
            print(number, {name: rows[-1] for name, rows in found.items()}, unseen, flush=True)
    lines = [*header(files), "", f"{len(files)} files, each tested on after training on the others; means.", ""]
    lines += table(["", *METRICS], [[name, *np.mean(rows, axis=0).tolist()] for name, rows in found.items()])
    lines += ["", f"Labels that no training video carries ({TAKEN:.0%} of them), ranked among each other:", ""]
    lines += table(["", *UNSEEN], [[name, *np.mean(rows, axis=0).tolist()] for name, rows in unseen.items()])
    keep("yt8m", lines)


def _fold(scratch: Path, folder: Path, files: Sequence[Path]) -> tuple[Path, Path]:
    """A model folder with a tag space, and the folder of the training files."""
    train = scratch / "train"
    train.mkdir(parents=True)
    shutil.copy(folder / VOCABULARY, train)
    for file in files:
        shutil.copy(file, train)
    lines = (json.dumps({"id": str(clip), "tags": clip.tags}) for clip in labelled_clips(train))
    (scratch / "posts.jsonl").write_text("\n".join(lines), encoding="utf-8")
    corpus = Corpus.build(scratch / "posts.jsonl", scratch / "corpus")
    TagSpace.fit(corpus, min_count=1).save(scratch / "model")
    return scratch / "model", train


def _rows(model: Path, space: TagSpace, clips: list[Clip], train: Path, test: Path) -> dict[str, dict[str, Any]]:
    plain = VideoEmbedder.fit(space, clips, f"given:{train}", recipe="sigmoid")
    ours = VideoEmbedder.fit(space, clips, f"given:{train}")
    report = _measured(ours, model, test)
    rows = {name: report["baselines"][name] for name in ("popularity", "nearest_clips", "seed")}
    rows["sigmoid, half its score from near clips"] = _measured(_mixed(plain, 0.5), model, test)
    return rows | {"sigmoid": _measured(_mixed(plain, 0.0), model, test), "ours": report}


def _mixed(video: VideoEmbedder, weight: float) -> VideoEmbedder:
    """`video` with another share of its score from near clips than the one it found best."""
    assert video.mixture is not None
    video.config = replace(video.config, mixture=asdict(Mixture(weight)))
    return video


def _measured(video: VideoEmbedder, model: Path, test: Path) -> dict[str, Any]:
    video.save(model)
    return evaluate_video(model, test, given=test.parent)


def _without(space: TagSpace, clips: list[Clip], train: Path, test: Path, seed: int) -> dict[str, list[float]]:
    """How the labels that were taken off all training videos are ranked among each other, for the videos with one."""
    every = sorted({tag for clip in clips for tag in clip.tags})
    taken = set(np.random.default_rng(seed).choice(every, int(TAKEN * len(every)), replace=False).tolist())
    left = [replace(clip, tags=tuple(tag for tag in clip.tags if tag not in taken)) for clip in clips]
    video = VideoEmbedder.fit(space, [clip for clip in left if clip.tags], f"given:{train}")
    found = gather(test, f"given:{test.parent}")
    rows = np.array([row for tag in sorted(taken) for row in video.space.known_rows([tag])])
    carried = np.array([np.isin(rows, video.space.known_rows(clip.tags)) for clip in found.clips])
    asked = carried.any(axis=1)
    scores = video.scores(video.poolings.many(found.arrays))[:, rows]
    popular = np.tile(space.counts[rows].astype(np.float32), (len(scores), 1))
    return {"popularity": _unseen(popular[asked], carried[asked]), "ours": _unseen(scores[asked], carried[asked])}


def _unseen(scores: NDArray[np.float32], carried: NDArray[np.bool_]) -> list[float]:
    order = np.argsort(-scores, axis=1, kind="stable")
    hits = np.take_along_axis(carried, order, axis=1)
    tags = np.flatnonzero(carried.any(axis=0))
    average = float(np.mean([average_precision_score(carried[:, tag], scores[:, tag]) for tag in tags]))
    return [float(hits[:, 0].mean()), float(hits[:, :5].any(axis=1).mean()), average]


if __name__ == "__main__":
    main()
