"""Clips found by hashtags and by clips: `python -m benchmarks.search --posts POSTS --clips CLIPS [--features SPEC]`.

Five folds, groups of clips never split. The clips of a fold are searched by a model that was fitted on the others: by
each tag that one of them carries, and by each clip among those of other groups, where clips with the same first tag are
the right ones. A row is the mean over all searches. `precision@10` cannot be 1 where fewer than 10 clips are right: the
last row has what is possible.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.common import header, keep, short, table
from tag2vec import Corpus, TagSpace, VideoEmbedder
from tag2vec.embed.clips import Clip
from tag2vec.embed.gather import Gathered, gather
from tag2vec.embed.pooled import Picked, Poolings
from tag2vec.embed.splits import group_folds
from tag2vec.embed.training import TrainConfig
from tag2vec.embed.units import units
from tag2vec.evaluation.clipbaselines import clip_baselines
from tag2vec.evaluation.labelmetrics import average_precision
from tag2vec.retrieval.clips import ClipIndex, FoundClip

FOLDS, FIRST = 5, 10
POSSIBLE = "all right ones first"
Floats = NDArray[np.float32]
Found = dict[str, list[tuple[float, float]]]
"""name of a row -> precision@10 and average precision of each search."""


def main() -> None:
    ask = argparse.ArgumentParser(description=__doc__)
    ask.add_argument("--posts", type=Path, required=True, help="real posts, for the tag space")
    ask.add_argument("--clips", type=Path, required=True, help="a clips list with groups")
    ask.add_argument("--features", default="trajectories", help="kinds, as fit-video names them")
    ask.add_argument("--repeats", type=int, default=1, help="shuffles")
    given = ask.parse_args()
    run(given.posts, given.clips, given.features, given.repeats)


def run(posts: Path, clips: Path, features: str, repeats: int) -> None:
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as scratch:
        space = TagSpace.fit(Corpus.build(posts, Path(scratch) / "corpus"))
    every = gather(clips, features)
    firsts = [clip.tags[0] for clip in every.clips]
    by_tag: Found = defaultdict(list)
    by_clip: Found = defaultdict(list)
    for repeat in range(repeats):
        for train, test in group_folds(firsts, [clip.group for clip in every.clips], FOLDS, repeat):
            _one_fold(space, every, train, test, by_tag, by_clip)
            print(f"{time.perf_counter() - start:.0f} s", _row(by_tag, "ours"), _row(by_clip, "ours"), flush=True)
    facts = f"{len(every.clips)} clips, {short(features)}, {FOLDS} folds, {repeats} shuffles"
    lines = ["# Clips found", "", *header([posts, clips]), "", facts]
    for shown, found in (("by a tag", by_tag), ("by a clip", by_clip)):
        rows = [_row(found, name) for name in found if name != POSSIBLE]
        columns = [f"{len(found[POSSIBLE])} searches {shown}", "precision@10", "average precision"]
        lines += ["", *table(columns, [*rows, _row(found, POSSIBLE)])]
    keep("search", lines)


def _one_fold(
    space: TagSpace,
    every: Gathered,
    train: NDArray[np.intp],
    test: NDArray[np.intp],
    by_tag: Found,
    by_clip: Found,
) -> None:
    learn, asked = [every.clips[i] for i in train], [every.clips[i] for i in test]
    seed = TrainConfig().seed
    poolings = Poolings(every.kinds, None, seed).fit(Picked(every.arrays, train), seed, learn)
    pooled = poolings.many(every.arrays)
    models = {
        recipe: VideoEmbedder.fit_seen(
            space, learn, torch.from_numpy(pooled[train]), poolings, recipe, every.limits, TrainConfig()
        )
        for recipe in ("tagspace", "seed")
    }
    found = {recipe: ClipIndex.build(video, asked, "exact", workers=0) for recipe, video in models.items()}
    ours = models["tagspace"]
    carried = [ours.space.known_rows(clip.tags) for clip in asked]
    near = clip_baselines(ours.space, learn, pooled[train], pooled[test])["nearest_clips"]
    draw = np.random.default_rng(seed)
    for row in sorted(set().union(*carried)):
        right = np.array([row in own for own in carried])
        tag = ours.space.forms[row]
        scores: dict[str, NDArray[np.floating]] = {
            "random": draw.random(len(asked)),
            "share of the nearest training clips": near[:, row],
            "seed recipe": _scores(found["seed"].search_tags([tag], len(asked)), asked),
            "ours": _scores(found["tagspace"].search_tags([tag], len(asked)), asked),
        }
        _judge(by_tag, right, scores)
    firsts = np.array([own[0] for own in carried])
    groups = np.array([clip.group for clip in asked])
    alike = {
        "mean of the features": _cosines(Poolings(every.kinds, "mean").many(Picked(every.arrays, test))),
        "pooled features": _cosines(pooled[test]),
        "vectors that evidence compares": _cosines(np.stack([ours.looks(one) for one in pooled[test]])),
    }
    for i, clip in enumerate(asked):
        others = groups != groups[i]
        right = (firsts == firsts[i])[others]
        if right.any():
            scores = {"random": draw.random(len(right))} | {name: one[i][others] for name, one in alike.items()}
            scores["ours"] = _scores(found["tagspace"].search_clip(clip, len(asked)), asked)[others]
            _judge(by_clip, right, scores)


def _scores(found: Sequence[FoundClip], asked: Sequence[Clip]) -> Floats:
    """The score (n,) that each clip was found with, -inf for one that was not found."""
    said = {one.path: one.score for one in found}
    return np.array([said.get(str(clip.path.absolute()), -np.inf) for clip in asked], np.float32)


def _cosines(vectors: Floats) -> Floats:
    return units(vectors) @ units(vectors).T


def _judge(found: Found, right: NDArray[np.bool_], scores: Mapping[str, NDArray[np.floating]]) -> None:
    for name, one in {**scores, POSSIBLE: right.astype(np.float32)}.items():
        best = np.argsort(-one, kind="stable")[:FIRST]
        found[name].append((float(right[best].sum() / FIRST), average_precision(right, one, int(right.sum()))))


def _row(found: Found, name: str) -> list[str | float]:
    return [name, *np.mean(found[name], axis=0).tolist()]


if __name__ == "__main__":
    main()
