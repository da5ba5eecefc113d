"""Clips a second that training takes in, and what an answer costs: `python -m benchmarks.learning`.

Beside the same networks in a loop with nothing but forward, loss, backward and step, all it needs ready on the device:
what ours is slower by goes into drawing rows and targets of each batch, seeds and checks. Numbers are drawn, nothing is
to be learnt from them. One thread, or a GPU where torch finds one.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from torch import Tensor

from benchmarks.common import header, keep, seconds, table
from tag2vec import Corpus, TagSpace, VideoEmbedder
from tag2vec.demo.posts import posts, write_posts
from tag2vec.embed.clips import Clip
from tag2vec.embed.features import Features
from tag2vec.embed.fitting import Learnt, learn
from tag2vec.embed.heads import Wanted
from tag2vec.embed.network import Network
from tag2vec.embed.pooled import Poolings
from tag2vec.embed.targets import targets
from tag2vec.embed.threads import one_thread
from tag2vec.embed.training import TrainConfig

CLIPS, WIDE, ROWS, EPOCHS, ASKED = 2000, 1024, 60, 5, 200
RECIPES = ("sigmoid", "softmax", "tagspace")
POOLINGS = ("gru:units=64", "netvlad:clusters=16,out=128", "transformer:width=64")  # trained, on 128 numbers a row
DEVICE = "cuda" if torch.cuda.is_available() else "cpu"


@dataclass(frozen=True)
class Drawn(Features):
    dim: int = WIDE


def main() -> None:
    with TemporaryDirectory() as scratch:
        write_posts(Path(scratch) / "posts.jsonl", posts(1, 40))
        space = TagSpace.fit(Corpus.build(Path(scratch) / "posts.jsonl", Path(scratch) / "corpus"))
        with one_thread():
            training, asking = [*_fixed(space), *_trained(space)], [*_answers(space)]
    where = torch.cuda.get_device_name() if DEVICE == "cuda" else "one thread"
    lines = ["# Learning", "", *header([]), "", f"{CLIPS:,} clips in batches of {TrainConfig().batch}, {where}.", ""]
    lines += table(["training", "clips a second", "bare torch loop", "ratio"], training)
    lines += ["", f"Milliseconds a clip, asked one at a time, {CLIPS:,} training clips, on the processor.", ""]
    lines += table(["asking", "with near clips", "bare forward", "ratio"], asking)
    keep("learning", lines)


def _fixed(space: TagSpace) -> Iterator[list[str | float]]:
    seen = torch.from_numpy(np.random.default_rng(1).normal(size=(CLIPS, WIDE)).astype(np.float32))
    poolings, clips = Poolings((Drawn(),), "mean"), _clips(space)
    for recipe in RECIPES:
        learnt, ours = _timed(lambda tick, r=recipe: learn(space, clips, seen, poolings, r, _config(), tick))
        with torch.no_grad():
            reduced = learnt.head.reduce(seen).to(DEVICE)
        network = Network(None, learnt.head).to(DEVICE)
        yield _row(f"{recipe}, vectors of {WIDE:,}", ours, _bare(network, lambda at, x=reduced: x[at], learnt))


def _trained(space: TagSpace) -> Iterator[list[str | float]]:
    rows = np.random.default_rng(1).normal(size=(CLIPS, ROWS, 128)).astype(np.float32)
    clips, ready = _clips(space), torch.from_numpy(rows).to(DEVICE)
    mask = torch.ones(CLIPS, ROWS, dtype=torch.bool, device=DEVICE)
    for pooling in POOLINGS:
        poolings = Poolings((Drawn(128),), pooling)
        arrays = [[one] for one in rows]
        poolings.fit(arrays, 1)
        learnt, ours = _timed(lambda tick, a=arrays, p=poolings: learn(space, clips, a, p, "sigmoid", _config(), tick))
        network = Network(learnt.poolings, learnt.head).to(DEVICE)
        bare = _bare(network, lambda at: [(ready[at], mask[at])], learnt)
        yield _row(f"sigmoid on {pooling}, {ROWS} rows of 128", ours, bare)


def _clips(space: TagSpace, groups: int = 1) -> list[Clip]:
    """Each with one of 100 sets of three tags; without groups to hold out, all that is timed is one training."""
    tags = np.random.default_rng(0).choice(space.forms[:100], size=(100, 3))
    return [Clip(Path(f"{i}.mp4"), tuple(tags[i % 100]), str(i % groups)) for i in range(CLIPS)]


def _config() -> TrainConfig:
    return TrainConfig(epochs=EPOCHS)


def _timed(run: Callable[[Callable[..., None]], Learnt]) -> tuple[Learnt, float]:
    """What was learnt, and clips a second in the quickest epoch but the first."""
    ends: list[float] = []
    learnt = run(lambda *_: ends.append(time.perf_counter()))
    return learnt, CLIPS / float(np.diff(ends).min())


def _bare(network: Network, shown: Callable[[Tensor], Tensor | list[tuple[Tensor, Tensor]]], learnt: Learnt) -> float:
    rows = [learnt.space.known_rows(clip.tags) for clip in learnt.clips]
    wanted = torch.zeros(CLIPS, len(learnt.space))
    for own, (at, values) in zip(wanted, targets(learnt.space, rows, len(learnt.space)), strict=True):
        own[torch.from_numpy(at)] = torch.from_numpy(values)
    ready, words = wanted.to(DEVICE), torch.tensor([own[0] for own in rows]).to(DEVICE)
    optimizer = torch.optim.AdamW(network.parameters(), lr=1e-3)
    network.train()

    def epoch() -> None:
        for at in torch.randperm(CLIPS).to(DEVICE).split(TrainConfig().batch):
            optimizer.zero_grad()
            network.head.loss(network(shown(at)), Wanted(ready[at], words[at])).mean().backward()
            optimizer.step()
        if DEVICE == "cuda":
            torch.cuda.synchronize()

    return CLIPS / seconds(epoch, EPOCHS - 1)


def _row(what: str, ours: float, bare: float) -> list[str | float]:
    return [what, f"{ours:,.0f}", f"{bare:,.0f}", ours / bare]


def _answers(space: TagSpace) -> Iterator[list[str | float]]:
    vectors = np.random.default_rng(1).normal(size=(CLIPS, WIDE)).astype(np.float32)
    for recipe in RECIPES:
        poolings = Poolings((Drawn(),), "mean")
        clips, config = _clips(space, CLIPS), TrainConfig(epochs=1)
        video = VideoEmbedder.fit_seen(space, clips, torch.from_numpy(vectors), poolings, recipe, None, config)
        asked = vectors[:ASKED]
        ours = seconds(lambda v=video, a=asked: [v.place_pooled(one) for one in a])
        ready = [video.head.reduce(torch.from_numpy(one)[None]) for one in asked]
        with torch.no_grad():
            bare = seconds(lambda v=video, r=ready: [v.head.direct(v.head(one)) for one in r])
        yield [recipe, 1000 * ours / ASKED, 1000 * bare / ASKED, ours / bare]


if __name__ == "__main__":
    main()
