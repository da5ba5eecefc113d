"""What is kept of the scores of many clips: enough for every measure, and little beside the scores themselves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tag2vec.embed.clips import Clip
from tag2vec.embed.space import TagSpace
from tag2vec.evaluation import labelmetrics as lm
from tag2vec.evaluation.baselines import carries
from tag2vec.retrieval.indexes._scan import best_of
from tag2vec.scraping.normalise import written

KEPT = 50  # best suggestions of each clip
ASKED = (0.5, 0.6, 0.8)  # precisions whose thresholds are put to the test
CELLS = 2**25  # clips times carried tags whose scores are kept for the average precision of each tag
BLOCK = 2**24  # clips times all tags that are scored at once
NEAR = 5  # first guesses of a clip's category
OURS = "ours"  # the row that is no baseline

Scores = NDArray[np.float32]
Codes = NDArray[np.int64]


class Labels:
    """The tags of clips as numbers that hold for the spaces of all folds: `stems[code]`, `forms[code]`.

    `own` has the codes that each clip carries (m lists), `counts` how many clips carry each.
    """

    def __init__(self, space: TagSpace, clips: Sequence[Clip]) -> None:
        self.known = len(space)
        self.codes = dict(space.rows)
        self.stems = list(space.rows)
        self.forms = list(space.forms)
        self.own = [self._own(space, clip) for clip in clips]
        self.firsts = np.array([row[0] for row in self.own])
        self.sizes = np.array([len(row) for row in self.own])
        self.counts = Counter(code for row in self.own for code in row)
        most = max(1, CELLS // len(clips))
        self.measured = [code for code, _ in self.counts.most_common(most)]  # those with an average precision

    def of(self, space: TagSpace) -> Codes:
        """The code (v,) of each row of `space`, which begins with the rows of the first one."""
        new = [self._code(entry.stem, next(iter(entry.forms))) for entry in space.entries[self.known :]]
        return np.concatenate([np.arange(self.known), np.array(new, np.int64)])

    def hits(self, tags: Codes) -> NDArray[np.bool_]:
        """tags (m, n), -1 for none -> (m, n) whether clip i carries each."""
        found = np.zeros(tags.shape, np.bool_)
        for hit, row, own in zip(found, tags, self.own, strict=True):
            hit[:] = np.isin(row, own)
        return found

    @cached_property
    def carriers(self) -> NDArray[np.bool_]:
        """(measured tags, m): which clips carry each."""
        return np.asarray(carries(self.own, len(self.stems))[:, self.measured].T.toarray() > 0)

    def _own(self, space: TagSpace, clip: Clip) -> list[int]:
        stems = {space.stems.stem(tag): tag for tag in reversed(clip.tags)}
        return [self._code(stem, written(stems[stem])) for stem in space.stems.many(clip.tags)]

    def _code(self, stem: str, form: str) -> int:
        if stem not in self.codes:
            self.codes[stem] = len(self.stems)
            self.stems.append(stem)
            self.forms.append(form)
        return self.codes[stem]


class Predictions:
    """The best suggestions of each clip (m, KEPT), and its scores for the tags that any clip carries.

    A tag that nothing in training knew has the score -inf: it counts, and is missed.
    """

    def __init__(self, labels: Labels) -> None:
        clips = len(labels.own)
        self.labels = labels
        self.tags = np.full((clips, KEPT), -1, np.int64)
        self.scores = np.full((clips, KEPT), -np.inf, np.float32)
        self.categories = np.full((clips, NEAR), -1, np.int64)  # best first tags of training clips
        self.columns = np.full((clips, len(labels.measured)), -np.inf, np.float32)

    def add(self, clips: NDArray[np.intp], scores: Scores, space: TagSpace, learn: Sequence[Clip]) -> None:
        """scores (len(clips), v) of all tags of `space`, from the training clips `learn`: their first tags are the
        categories."""
        codes = self.labels.of(space)
        firsts = np.unique([rows[0] for clip in learn if (rows := space.known_rows(clip.tags))]).astype(np.intp)
        best, found = top(scores, KEPT)
        self.tags[clips, : best.shape[1]] = codes[best]
        self.scores[clips, : best.shape[1]] = found
        near, _ = top(scores[:, firsts], NEAR)
        self.categories[clips, : near.shape[1]] = codes[firsts[near]]
        places = np.full(len(self.labels.stems), -1)
        places[codes] = np.arange(len(codes))
        at = places[np.array(self.labels.measured)]
        self.columns[np.ix_(clips, at >= 0)] = scores[:, at[at >= 0]]

    @cached_property  # all clips are there when it is first asked for
    def hits(self) -> NDArray[np.bool_]:
        """(m, KEPT): which suggestions the clip carries."""
        return self.labels.hits(self.tags)

    def by_clip(self) -> dict[str, NDArray[np.float64]]:
        """{metric: (m,)}; its mean is the metric."""
        hits, sizes = self.hits, self.labels.sizes
        right = self.categories == self.labels.firsts[:, None]
        return {
            "top1": right[:, 0].astype(np.float64),
            "top5": right.any(axis=1).astype(np.float64),
            "hit@1": lm.precision_at(hits, 1),
            "precision@5": lm.precision_at(hits, 5),
            "recall@15": lm.recall_at(hits, sizes, 15),
            "relevant@15": lm.relevant_at(hits, 15),
            "perr": lm.precision_at_own(hits, sizes),
        }

    def overall(self) -> dict[str, float]:
        """{metric: value} of those that look at all clips at once."""
        hits, sizes = self.hits, self.labels.sizes
        return {
            "map": float(self.average_precisions().mean()),
            "gap@20": lm.gap(hits, self.scores, sizes),
            "best_f1": lm.best_cut(hits, self.scores, sizes).f1,
        }

    def average_precisions(self) -> NDArray[np.float64]:
        """(measured tags,): that of each tag over all clips."""
        return np.array(
            [
                lm.average_precision(right, column, int(right.sum()))
                for column, right in zip(self.columns.T, self.labels.carriers, strict=True)
            ]
        )


@dataclass
class Shuffle:
    """What all clips got in one shuffle of the folds, or from the one model."""

    labels: Labels
    predictions: dict[str, Predictions] = field(default_factory=dict)  # of ours and each baseline
    points: Scores = field(default_factory=lambda: np.zeros((0, 0), np.float32))  # (m, any): where ours puts the clips
    curves: list[list[dict[str, Any]]] = field(default_factory=list)  # the losses of ours, of each fold
    least: NDArray[np.float64] = field(init=False)  # (ASKED, m): the threshold of ours for each clip

    def __post_init__(self) -> None:
        self.least = np.full((len(ASKED), len(self.labels.own)), np.inf)

    def place(self, clips: NDArray[np.intp], points: Scores) -> None:
        """The points (n, any) of `clips`."""
        if not len(self.points):
            self.points = np.zeros((len(self.labels.own), points.shape[1]), np.float32)
        self.points[clips] = points

    def at_thresholds(self) -> NDArray[np.int64]:
        """(ASKED, 2): how many suggestions of ours with a score as high or higher are right, and how many there are."""
        ours = self.predictions[OURS]
        given = ours.scores >= self.least[:, :, None]
        return np.stack([(given & ours.hits).sum(axis=(1, 2)), given.sum(axis=(1, 2))], axis=1)

    def row(self, name: str) -> Predictions:
        """Those of `name`, begun when they are first asked for."""
        if name not in self.predictions:
            self.predictions[name] = Predictions(self.labels)
        return self.predictions[name]


def top(scores: Scores, k: int) -> tuple[NDArray[np.intp], Scores]:
    """scores (m, v) -> rows and scores (m, at most k) of the best, best first; of equal scores the lower row first."""
    rows = np.empty((len(scores), min(k, scores.shape[1])), np.intp)
    for best, own in zip(rows, scores, strict=True):
        best[:] = best_of(own, k)
    found = np.take_along_axis(scores, rows, axis=1)
    order = np.argsort(-found, axis=1, kind="stable")
    return np.take_along_axis(rows, order, axis=1), np.take_along_axis(found, order, axis=1)
