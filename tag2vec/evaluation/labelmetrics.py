"""Metrics of ranked suggestions for clips that carry several tags.

`hits` (m, n) bool: whether suggestion j of clip i, best first, is one of its tags; `scores` (m, n) float: its score,
higher is better, -inf where there is none; `sizes` (m,) int: how many tags each clip carries, suggested or not.
Everything lies between 0 and 1 and higher is better, but for `relevant_at`, which counts. Equal scores fall together.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Bools = NDArray[np.bool_]
Floats = NDArray[np.floating[Any]]
Ints = NDArray[np.integer[Any]]
Means = NDArray[np.float64]


@dataclass(frozen=True)
class Cut:
    """Tags are given from the score `threshold` on: micro precision, recall and F1 of all (clip, tag) pairs."""

    threshold: float
    precision: float
    recall: float
    f1: float


def precision_at(hits: Bools, k: int) -> Means:
    """(m,): the share of the first k suggestions that the clip carries; hit@1 is that of the first one."""
    return np.asarray(hits[:, :k].sum(axis=1) / k)


def relevant_at(hits: Bools, k: int) -> Means:
    """(m,): how many of the first k suggestions the clip carries, 0 to k."""
    return np.asarray(hits[:, :k].sum(axis=1), np.float64)


def recall_at(hits: Bools, sizes: Ints, k: int) -> Means:
    """(m,): the share of the clip's tags that is among the first k suggestions."""
    return np.asarray(hits[:, :k].sum(axis=1) / np.maximum(sizes, 1))


def precision_at_own(hits: Bools, sizes: Ints) -> Means:
    """(m,): precision among as many suggestions as the clip has tags; its mean is PERR (Abu-El-Haija et al. 2016)."""
    within = np.arange(hits.shape[1]) < sizes[:, None]
    return np.asarray((hits & within).sum(axis=1) / np.maximum(sizes, 1))


def average_precision_at(hits: Bools, sizes: Ints, k: int) -> Means:
    """(m,): the mean over the clip's tags of the precision at each one's rank, 0 for those not among the first k."""
    top = hits[:, :k]
    precision = np.cumsum(top, axis=1) / np.arange(1, top.shape[1] + 1)
    return np.asarray((precision * top).sum(axis=1) / np.maximum(sizes, 1))


def average_precision(right: Bools, scores: Floats, positives: int) -> float:
    """right (...), scores (...): the sum over thresholds of precision times what recall grows by.

    `positives` of all there are, given or not, count in recall. This is scikit-learn's definition, not interpolated.
    """
    _, found, given = _cuts(right, scores)
    return float((np.diff(found, prepend=0) * found / given).sum() / max(positives, 1))


def gap(hits: Bools, scores: Floats, sizes: Ints, k: int = 20) -> float:
    """Global average precision: of the k best suggestions of all clips in one ranking (Abu-El-Haija et al. 2016)."""
    return average_precision(hits[:, :k], scores[:, :k], int(sizes.sum()))


def best_cut(hits: Bools, scores: Floats, sizes: Ints) -> Cut:
    """The threshold with the largest micro F1 over these very clips: what papers call best F1, no forecast for others.

    Pairs that are not among the n suggestions of their clip count as not given.
    """
    values, found, given = _cuts(hits, scores)
    positives = int(sizes.sum())
    f1 = 2 * found / (given + positives)
    at = int(np.argmax(f1))
    return Cut(float(values[at]), float(found[at] / given[at]), float(found[at] / max(positives, 1)), float(f1[at]))


def by_tag(tags: Ints, hits: Bools, scores: Floats, carried: Ints, threshold: float) -> Means:
    """tags (m, n) of the suggestions, carried (t,) clips that carry each tag -> (t, 3) precision, recall, F1 of each.

    The mean over tags is the macro average. Where no clip is given a tag its precision is 0.
    """
    given = np.bincount(tags[scores >= threshold], minlength=len(carried))
    found = np.bincount(tags[(scores >= threshold) & hits], minlength=len(carried))
    precision, recall = found / np.maximum(given, 1), found / np.maximum(carried, 1)
    return np.stack([precision, recall, 2 * found / np.maximum(given + carried, 1)], axis=1)


def _cuts(right: Bools, scores: Floats) -> tuple[Floats, Ints, Ints]:
    """Each distinct score, falling; how many pairs from it on are right; how many there are."""
    there = scores > -np.inf
    right, scores = right[there], scores[there]
    order = np.argsort(-scores, kind="stable")
    ranked = scores[order]
    last = np.flatnonzero(np.append(ranked[1:] != ranked[:-1], True)) if len(ranked) else order
    return ranked[last], np.cumsum(right[order], dtype=np.int64)[last], last + 1
