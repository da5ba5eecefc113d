"""How well clips get the tags they carry, on clips that were not trained on.

top1: the clip's first tag scores highest among all first tags of the training clips (its category).
hit@1, precision@5, recall@15: against all tags of the clip, ranked among all tags of the space; a tag that nothing in
training knew counts as missed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from tag2vec.embed.clips import Clip
from tag2vec.embed.extract import Cache
from tag2vec.embed.features import Features
from tag2vec.embed.gather import Gathered, gather
from tag2vec.embed.kinds import Kinds, kinds_of
from tag2vec.embed.limits import FrameLimits
from tag2vec.embed.pooled import Picked, Poolings
from tag2vec.embed.space import TagSpace
from tag2vec.embed.splits import group_folds
from tag2vec.embed.training import TrainConfig
from tag2vec.embed.video import VideoEmbedder
from tag2vec.embed.videofiles import has_video
from tag2vec.errors import ArtifactError, SourceError, UsageError
from tag2vec.evaluation.clipbaselines import clip_baselines
from tag2vec.evaluation.metrics import precision_at, recall_at

Scores = NDArray[np.float32]


@dataclass(frozen=True)
class Parts:
    """What is evaluated: the parts of a video embedder, to be fitted again on each fold."""

    space: TagSpace
    kinds: Kinds
    pooling: str | None
    recipe: str
    limits: FrameLimits
    train: TrainConfig


def evaluate_video(
    model: str | Path,
    clips: str | Path,
    folds: int | None = None,
    repeats: int = 4,
    cache: Cache | None = None,
    workers: int | None = None,
    tick: Callable[[int], None] | None = None,
    fold_tick: Callable[[int], None] | None = None,
    given: str | Path | None = None,
    features: str | Features | Sequence[Features] | None = None,
) -> dict[str, Any]:
    """The video embedder of `model` on `clips`; with `folds`, the same recipe fitted anew on each fold.

    With `features`, which need `folds`, it is one of our own recipe on them, whatever video embedder the model has.
    Folds never split a group and keep the share of categories (scikit-learn's StratifiedGroupKFold); the mean of
    `repeats` shuffles is reported. Pooling, network and baselines see the training folds only.
    `clips` may be a features folder with the features of the model; where it holds one vector a clip, the poolings are
    those it was written with, which saw the clips of all folds. Raises SourceError when the clips cannot be split so.
    """
    space = TagSpace.load(model)
    video = VideoEmbedder.load(model, space, given) if has_video(model) and features is None else None
    if video is None and folds is None:
        raise ArtifactError(
            f"{model} has no video embedder to evaluate so; fit one, or give --folds 5 to fit on folds."
        )
    parts = _parts(space, video, features)
    every = gather(clips, parts.kinds, parts.limits, cache, workers, tick)
    rows = [i for i, clip in enumerate(every.clips) if _stems(space, clip)]
    if not rows:
        raise SourceError(f"None of the {len(every.clips)} clips in {clips} that can be read carries a tag.")
    used = replace(every, clips=[every.clips[i] for i in rows], arrays=Picked(every.arrays, rows))
    tallies = (
        [_fitted(video, used)]
        if video is not None and folds is None
        else _folds(parts, used, folds or 5, repeats, fold_tick)
    )
    return _report(space, used.clips, [str(error) for _, error in every.failed], tallies)


Tally = dict[str, list[dict[str, float]]]
"""{ours or a baseline: one {metric: value} a clip, in the order of the clips}"""


def _parts(space: TagSpace, video: VideoEmbedder | None, features: str | Features | Sequence[Features] | None) -> Parts:
    if video is None:
        kinds = tuple(kind.bound(space) for kind in kinds_of(features))
        return Parts(space, kinds, None, "tagspace", FrameLimits(), TrainConfig())
    limits, train = FrameLimits(**video.config.limits), TrainConfig(**video.config.train)
    pooling = "+".join(video.config.pooling)
    return Parts(space, video.poolings.kinds, pooling, video.config.recipe, limits, train)


def _stems(space: TagSpace, clip: Clip) -> list[str]:
    return space.stems.many(clip.tags)


def _folds(
    parts: Parts,
    found: Gathered,
    folds: int,
    repeats: int,
    tick: Callable[[int], None] | None,
) -> list[Tally]:
    clips = found.clips
    if folds < 2 or len({clip.group for clip in clips}) < folds:
        groups = len({clip.group for clip in clips})
        raise UsageError(
            f"{folds} folds were asked of {groups} groups of clips; wanted 2 folds or more, and a group each."
        )
    categories = [_stems(parts.space, clip)[0] for clip in clips]
    tallies = []
    for repeat in range(repeats):
        tally: Tally = {}
        for number, (train, test) in enumerate(group_folds(categories, [c.group for c in clips], folds, repeat)):
            for name, rows in _one_fold(parts, found, train, test).items():
                own = tally.setdefault(name, [{}] * len(clips))
                for i, row in zip(test, rows, strict=True):
                    own[i] = row
            if tick:
                tick(repeat * folds + number + 1)
        tallies.append(tally)
    return tallies


def _one_fold(
    parts: Parts,
    found: Gathered,
    train: NDArray[np.intp],
    test: NDArray[np.intp],
) -> Tally:
    if found.poolings:
        poolings, pooled = found.poolings, found.vectors()
    else:
        poolings = Poolings(parts.kinds, parts.pooling).fit(Picked(found.arrays, train), parts.train.seed)
        pooled = poolings.many(found.arrays)
    learn = [found.clips[i] for i in train]

    def fit(recipe: str, with_clips: Sequence[Clip]) -> VideoEmbedder:
        return VideoEmbedder.fit_seen(
            parts.space,
            with_clips,
            torch.from_numpy(pooled[train]),
            poolings,
            recipe,
            parts.limits,
            parts.train,
        )

    # The control: the same clips, each with the tags of another.
    mixed = np.random.default_rng(parts.train.seed).permutation(len(learn))
    shuffled = [replace(clip, tags=learn[i].tags) for clip, i in zip(learn, mixed, strict=True)]
    ours = fit(parts.recipe, learn)
    scores = {
        "ours": network_scores(ours, pooled[test]),
        **clip_baselines(ours.space, learn, pooled[train], pooled[test]),
        "seed": network_scores(fit("seed", learn), pooled[test]),
        "shuffled_labels": network_scores(fit(parts.recipe, shuffled), pooled[test]),
    }
    held_out = [found.clips[i] for i in test]
    return {name: _measure(ours.space, learn, held_out, one) for name, one in scores.items()}


def _fitted(video: VideoEmbedder, found: Gathered) -> Tally:
    """The fitted embedder on other clips; the baselines use the clips it was fitted on."""
    if found.poolings and not found.poolings.same_as(video.poolings):
        raise UsageError(
            "The features folder holds vectors that other poolings made than the model's, so they mean something else. "
            "Extract the features without --pooling, or fit the model on a folder with the same poolings."
        )
    pooled = found.vectors() if found.poolings else video.poolings.many(found.arrays)
    learn, vectors = video.trained_clips, video.trained_vectors.astype(np.float32)
    tensors = torch.from_numpy(vectors)
    seed = VideoEmbedder.fit_seen(
        video.base,
        learn,
        tensors,
        video.poolings,
        "seed",
        None,
        TrainConfig(**video.config.train),
    )
    scores = {
        "ours": network_scores(video, pooled),
        **clip_baselines(video.space, learn, vectors, pooled),
        "seed": network_scores(seed, pooled),
    }
    return {name: _measure(video.space, learn, found.clips, one) for name, one in scores.items()}


def network_scores(video: VideoEmbedder, pooled: Scores) -> Scores:
    """Scores (m, v) of all tags for pooled clips (m, out_dim)."""
    return video.scores(pooled)


def _measure(space: TagSpace, learn: Sequence[Clip], clips: Sequence[Clip], scores: Scores) -> list[dict[str, float]]:
    """One {metric: value} a clip."""
    firsts = sorted({rows[0] for clip in learn if (rows := space.known_rows(clip.tags))})
    order = np.argsort(-scores, axis=1, kind="stable")[:, :15]
    measured = []
    for clip, own, best in zip(clips, scores, order, strict=True):
        stems = _stems(space, clip)
        # A tag that the space lacks gets a row that no ranking holds: it counts, and is missed.
        relevant = [{space.rows.get(stem, -1 - i) for i, stem in enumerate(stems)}]
        measured.append(
            {
                "top1": float(firsts[int(np.argmax(own[firsts]))] == space.rows.get(stems[0])),
                "hit@1": precision_at(best[None], relevant, 1),
                "precision@5": precision_at(best[None], relevant, 5),
                "recall@15": recall_at(best[None], relevant, 15),
            }
        )
    return measured


def _report(space: TagSpace, clips: Sequence[Clip], failed: list[str], tallies: list[Tally]) -> dict[str, Any]:
    means = {
        name: [{m: float(np.mean([row[m] for row in tally[name]])) for m in tally[name][0]} for tally in tallies]
        for name in tallies[0]
    }
    overall = {name: {m: round(float(np.mean([r[m] for r in rs])), 4) for m in rs[0]} for name, rs in means.items()}
    own = overall.pop("ours")
    categories: dict[str, list[float]] = {}
    for i, clip in enumerate(clips):
        right = float(np.mean([tally["ours"][i]["top1"] for tally in tallies]))
        categories.setdefault(_stems(space, clip)[0], []).append(right)
    return {
        "clips": len(clips),
        "failed": len(failed),
        **own,
        "top1_by_repeat": [round(row["top1"], 4) for row in means["ours"]],
        "categories": {
            name: {"clips": len(right), "top1": round(float(np.mean(right)), 4)}
            for name, right in sorted(categories.items())
        },
        "baselines": overall,
        "failures": failed,
    }
