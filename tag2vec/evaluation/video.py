"""How well clips get the tags they carry, on clips that were not trained on.

The measures are those of `tag2vec.evaluation.predictions`: of a clip's category, its first tag among all first tags of
the training clips; and of all its tags, ranked among all tags of the space. A tag that nothing in training knew counts
as missed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
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
from tag2vec.embed.precision import least_score
from tag2vec.embed.space import TagSpace
from tag2vec.embed.splits import group_folds
from tag2vec.embed.training import TrainConfig
from tag2vec.embed.video import VideoEmbedder
from tag2vec.embed.videofiles import has_video
from tag2vec.errors import ArtifactError, SourceError, UsageError
from tag2vec.evaluation.clipbaselines import clip_baselines, with_others_tags
from tag2vec.evaluation.measures import Evaluation, document, measure
from tag2vec.evaluation.predictions import ASKED, BLOCK, OURS, Labels, Scores, Shuffle
from tag2vec.evaluation.report import check_report, write_report


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
    clips: str | Path | Sequence[Clip],
    folds: int | None = None,
    repeats: int = 4,
    cache: Cache | None = None,
    workers: int | None = None,
    tick: Callable[[int], None] | None = None,
    fold_tick: Callable[[int], None] | None = None,
    given: str | Path | None = None,
    features: str | Features | Sequence[Features] | None = None,
    report: str | Path | None = None,
) -> dict[str, Any]:
    """The video embedder of `model` on `clips`; with `folds`, the same recipe fitted anew on each fold.

    With `features`, which need `folds`, it is one of our own recipe on them, whatever video embedder the model has.
    Folds never split a group and keep the share of categories (scikit-learn's StratifiedGroupKFold); the mean of
    `repeats` shuffles is reported. Pooling, network and baselines see the training folds only.
    `clips` may be a list of clips, or a features folder with the features of the model; where it holds one vector a
    clip, the poolings are those it was written with, which saw the clips of all folds. Without folds
    `of_trained_groups` counts the clips of groups that the model was fitted on, whose figures say little about other
    clips. With `report`, a page and what is returned are written into that folder, see `tag2vec.evaluation.report`.
    Raises SourceError when the clips cannot be split so.
    """
    if report is not None:
        check_report(report)
    space = TagSpace.load(model)
    video = VideoEmbedder.load(model, space, given) if has_video(model) and features is None else None
    if video is None and folds is None:
        raise ArtifactError(
            f"{model} has no video embedder to evaluate so; fit one, or give --folds 5 to fit on folds."
        )
    parts = _parts(space, video, features)
    every = gather(clips, parts.kinds, parts.limits, cache, workers, tick)
    rows = [i for i, clip in enumerate(every.clips) if space.stems.many(clip.tags)]
    if not rows:
        where = f" in {clips}" if isinstance(clips, str | Path) else ""
        raise SourceError(f"None of the {len(every.clips)} clips{where} that can be read carries a tag.")
    used = replace(every, clips=[every.clips[i] for i in rows], arrays=Picked(every.arrays, rows))
    labels = Labels(space, used.clips)
    fitted = video if folds is None else None
    shuffles = (
        iter([_fitted(fitted, used, labels)]) if fitted else _folds(parts, used, labels, folds or 0, repeats, fold_tick)
    )
    first = next(shuffles)
    measured = [measure(first)]
    first.predictions = {OURS: first.predictions[OURS]}  # those of baselines take room and are done with
    measured += map(measure, shuffles)
    trained = {clip.group for clip in fitted.trained_clips} if fitted else set()
    known = sum(clip.group in trained for clip in used.clips)
    found = document(first, measured, [str(error) for _, error in every.failed], known)
    if report is not None:
        write_report(report, Evaluation(found, used.clips, first, _features(parts, used)))
    return found


def _parts(space: TagSpace, video: VideoEmbedder | None, features: str | Features | Sequence[Features] | None) -> Parts:
    if video is None:
        kinds = tuple(kind.bound(space) for kind in kinds_of(features))
        return Parts(space, kinds, None, "tagspace", FrameLimits(), TrainConfig())
    limits, train = FrameLimits(**video.config.limits), TrainConfig(**video.config.train)
    pooling = "+".join(video.config.pooling)
    return Parts(space, video.poolings.kinds, pooling, video.config.recipe, limits, train)


def _folds(
    parts: Parts,
    found: Gathered,
    labels: Labels,
    folds: int,
    repeats: int,
    tick: Callable[[int], None] | None,
) -> Iterator[Shuffle]:
    groups = [clip.group for clip in found.clips]
    if folds < 2 or repeats < 1 or len(set(groups)) < folds:
        raise UsageError(
            f"{folds} folds were asked of {len(set(groups))} groups of clips, shuffled {repeats} times; "
            "wanted 2 folds or more, a group each, and a shuffle or more."
        )
    categories = [labels.stems[code] for code in labels.firsts]
    for repeat in range(repeats):
        shuffle = Shuffle(labels)
        for number, (train, test) in enumerate(group_folds(categories, groups, folds, repeat)):
            _one_fold(parts, found, train, test, shuffle)
            if tick:
                tick(repeat * folds + number + 1)
        yield shuffle


def _one_fold(
    parts: Parts,
    found: Gathered,
    train: NDArray[np.intp],
    test: NDArray[np.intp],
    shuffle: Shuffle,
) -> None:
    poolings = found.poolings or Poolings(parts.kinds, parts.pooling, parts.train.seed)
    fixed = _untrained(poolings)
    some = Picked(found.arrays, train)
    for one in () if found.poolings else {id(part): part for part in (poolings, fixed)}.values():
        one.fit(some, parts.train.seed, [found.clips[i] for i in train])
    pooled = found.vectors() if found.poolings else fixed.many(found.arrays)
    learn = [found.clips[i] for i in train]
    vectors = torch.from_numpy(pooled[train])

    def fit(recipe: str, with_clips: Sequence[Clip], by: Poolings) -> VideoEmbedder:
        seen = some if by.trained else vectors
        return VideoEmbedder.fit_seen(parts.space, with_clips, seen, by, recipe, parts.limits, parts.train)

    networks = {
        OURS: fit(parts.recipe, learn, poolings),
        "seed": fit("seed", learn, fixed),
        "shuffled_labels": fit(parts.recipe, with_others_tags(learn, parts.train.seed), poolings),
    }

    def seen(network: VideoEmbedder | None, clips: NDArray[np.intp]) -> Scores:
        if network is not None and network.poolings.trained:
            return network.poolings.many(Picked(found.arrays, clips))
        return pooled[clips]

    _predict(networks, learn, pooled[train], test, seen, shuffle)


def _fitted(video: VideoEmbedder, found: Gathered, labels: Labels) -> Shuffle:
    """The fitted embedder on other clips; the baselines use the clips it was fitted on."""
    if found.poolings and not found.poolings.same_as(video.poolings):
        raise UsageError(
            "The features folder holds vectors that other poolings made than the model's, so they mean something else. "
            "Extract the features without --pooling, or fit the model on a folder with the same poolings."
        )
    pooled = found.vectors() if found.poolings else video.poolings.many(found.arrays)
    learn, vectors = video.trained_clips, video.learnt.vectors.astype(np.float32)
    config = TrainConfig(**video.config.train)
    seed = VideoEmbedder.fit_seen(video.base, learn, torch.from_numpy(vectors), video.poolings, "seed", None, config)
    shuffle = Shuffle(labels)
    _predict({OURS: video, "seed": seed}, learn, vectors, np.arange(len(pooled)), lambda _, at: pooled[at], shuffle)
    return shuffle


def _predict(
    networks: dict[str, VideoEmbedder],
    learn: Sequence[Clip],
    vectors: Scores,
    clips: NDArray[np.intp],
    seen: Callable[[VideoEmbedder | None, NDArray[np.intp]], Scores],
    shuffle: Shuffle,
) -> None:
    """Add to `shuffle` what networks and baselines say of `clips`, a block of them at a time.

    `seen` gives the vectors (m, d) that a network, or without one a baseline, has of clips.
    """
    ours = networks[OURS]
    shuffle.curves.append(ours.learnt.curve)
    shuffle.place(clips, ours.points(seen(ours, clips)))
    shuffle.least[:, clips] = np.array([least_score(ours.thresholds, asked) for asked in ASKED])[:, None]
    for block in np.array_split(clips, -(-len(clips) * len(ours.space) // BLOCK)):
        baselines = clip_baselines(ours.space, learn, vectors, seen(None, block))
        scores = {name: (network.space, network.scores(seen(network, block))) for name, network in networks.items()}
        rows = {OURS: scores.pop(OURS)} | {name: (ours.space, one) for name, one in baselines.items()} | scores
        for name, (space, one) in rows.items():
            shuffle.row(name).add(block, one, space, learn)


def _features(parts: Parts, found: Gathered) -> Scores:
    """One vector a clip (m, d). Each fold has its own poolings; to be seen together, clips need the same ones."""
    if found.poolings:
        return found.vectors()
    return _untrained(Poolings(parts.kinds, parts.pooling)).fit(found.arrays, parts.train.seed).many(found.arrays)


def _untrained(poolings: Poolings) -> Poolings:
    """`poolings`, or the mean where these learn from tags: for baselines and pictures, which teach them none."""
    return Poolings(poolings.kinds, "mean") if poolings.trained else poolings
