"""Metrics of several tags a clip: by hand, against scikit-learn, and against ir-measures."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
import sklearn.metrics as sk
from numpy.typing import NDArray

from tag2vec.evaluation import labelmetrics as lm
from tag2vec.evaluation.calibration import calibration_error, reliability
from tag2vec.evaluation.predictions import top

CLIPS, TAGS = 20, 9


@dataclass
class Case:
    """Scores and truth of all tags (CLIPS, TAGS), and the same as ranked suggestions."""

    scores: NDArray[np.float32]
    truth: NDArray[np.bool_]

    def __post_init__(self) -> None:
        self.tags, self.ranked = top(self.scores, TAGS)
        self.hits = np.take_along_axis(self.truth, self.tags, axis=1)
        self.sizes = self.truth.sum(axis=1)


def _case(seed: int, ties: bool = False) -> Case:
    draw = np.random.default_rng(seed)
    truth = draw.random((CLIPS, TAGS)) < 0.2
    truth[np.arange(CLIPS), draw.integers(TAGS, size=CLIPS)] = True
    scores = (truth * 0.3 + draw.random((CLIPS, TAGS)) * 0.7).astype(np.float32)
    return Case(np.round(scores, 1) if ties else scores, truth)


@pytest.mark.parametrize("seed, ties", [(0, False), (1, True), (2, True)])
def test_average_precision_is_that_of_scikit_learn(seed: int, ties: bool) -> None:
    case = _case(seed, ties)
    ours = [lm.average_precision(r, s, r.sum()) for r, s in zip(case.truth.T, case.scores.T, strict=True) if r.any()]
    theirs = [sk.average_precision_score(r, s) for r, s in zip(case.truth.T, case.scores.T, strict=True) if r.any()]
    np.testing.assert_allclose(ours, theirs)
    micro = sk.average_precision_score(case.truth, case.scores, average="micro")
    assert lm.gap(case.hits, case.ranked, case.sizes, TAGS) == pytest.approx(micro)


@pytest.mark.parametrize("seed, ties", [(0, False), (1, True), (2, True)])
def test_the_best_cut_is_the_largest_f1_of_scikit_learn(seed: int, ties: bool) -> None:
    case = _case(seed, ties)
    cut = lm.best_cut(case.hits, case.ranked, case.sizes)
    every = [sk.f1_score(case.truth, case.scores >= t, average="micro") for t in np.unique(case.scores)]
    assert cut.f1 == pytest.approx(max(every))
    given_tags = case.scores >= cut.threshold
    micro = sk.precision_recall_fscore_support(case.truth, given_tags, average="micro")
    assert (cut.precision, cut.recall, cut.f1) == pytest.approx(micro[:3])
    each = lm.by_tag(case.tags, case.hits, case.ranked, case.truth.sum(axis=0), cut.threshold)
    theirs = sk.precision_recall_fscore_support(case.truth, given_tags, zero_division=0)
    np.testing.assert_allclose(each.T, theirs[:3])


def test_gap_pools_the_first_k_of_all_clips() -> None:
    hits = np.array([[True, False, True], [False, True, True]])
    scores = np.array([[0.9, 0.5, 0.2], [0.8, 0.7, 0.6]])
    # Ranked: hit, miss, hit, miss; two tags in third place and one never suggested are missed.
    assert lm.gap(hits, scores, np.array([2, 3]), 2) == pytest.approx((1 / 1 + 2 / 3) / 5)


def test_what_a_clip_gets_by_hand() -> None:
    hits = np.array([[True, False, True, False], [False, False, False, True]])
    sizes = np.array([3, 1])
    assert lm.precision_at(hits, 1).tolist() == [1, 0] and lm.precision_at(hits, 4).tolist() == [0.5, 0.25]
    assert lm.relevant_at(hits, 3).tolist() == [2, 0]
    assert lm.recall_at(hits, sizes, 4).tolist() == [2 / 3, 1]
    assert lm.precision_at_own(hits, sizes).tolist() == [2 / 3, 0]
    assert lm.average_precision_at(hits, sizes, 4).tolist() == [(1 + 2 / 3) / 3, 0.25]


def test_what_a_clip_gets_is_that_of_ir_measures() -> None:
    ir = pytest.importorskip("ir_measures")
    case = _case(3)
    relevant = [ir.Qrel(str(i), str(j), 1) for i, j in np.argwhere(case.truth)]
    run = [ir.ScoredDoc(str(i), str(j), float(case.scores[i, j])) for i, j in np.ndindex(CLIPS, TAGS)]
    ours = {
        ir.P @ 5: lm.precision_at(case.hits, 5),
        ir.R @ 5: lm.recall_at(case.hits, case.sizes, 5),
        ir.AP @ 10: lm.average_precision_at(case.hits, case.sizes, 10),
        ir.Rprec: lm.precision_at_own(case.hits, case.sizes),
    }
    for found in ir.iter_calc(list(ours), relevant, run):
        assert ours[found.measure][int(found.query_id)] == pytest.approx(found.value, abs=1e-6), found


def test_top_k_accuracy_is_that_of_scikit_learn() -> None:
    case, categories = _case(4), np.arange(CLIPS) % TAGS
    for k in (1, 5):
        ours = (top(case.scores, k)[0] == categories[:, None]).any(axis=1).mean()
        assert ours == pytest.approx(sk.top_k_accuracy_score(categories, case.scores, k=k))


def test_reliability_is_that_of_scikit_learn() -> None:
    from sklearn.calibration import calibration_curve

    draw = np.random.default_rng(5)
    said = np.append(draw.random(500), [0, 0.2, 1])
    right = draw.random(503) < said**2
    bins = reliability(said, right, 5)
    share, probability = calibration_curve(right, said, n_bins=5, strategy="uniform")
    np.testing.assert_allclose([(b.share, b.probability) for b in bins], np.stack([share, probability], axis=1))
    assert sum(b.pairs for b in bins) == 503
    by_hand = sum(b.pairs * abs(b.share - b.probability) for b in bins) / 503
    assert calibration_error(bins) == pytest.approx(by_hand) and 0.1 < by_hand < 0.25
    assert calibration_error(reliability(np.array([0.0, 1.0]), np.array([False, True]))) == 0


def test_the_best_are_those_of_a_full_sort_and_the_lower_row_comes_first() -> None:
    scores = np.random.default_rng(6).normal(size=(5, 30)).astype(np.float32)
    rows, found = top(scores, 7)
    np.testing.assert_array_equal(rows, np.argsort(-scores, axis=1)[:, :7])
    np.testing.assert_array_equal(found, np.take_along_axis(scores, rows, axis=1))
    assert top(np.zeros((1, 4), np.float32), 9)[0].tolist() == [[0, 1, 2, 3]]
    equal = np.random.default_rng(7).integers(0, 5, (3, 2000)).astype(np.float32)  # those left out are as good
    np.testing.assert_array_equal(top(equal, 50)[0], np.argsort(-equal, axis=1, kind="stable")[:, :50])
