"""The scores from which on suggestions are right often enough."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from tag2vec.embed.evidence import fitted
from tag2vec.embed.precision import ENOUGH, STEPS, highest, least_score, thresholds


def _pairs(seed: int, count: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Scores whose sigmoid is how probably each pair is right; most are hardly so, as of a clip's candidates."""
    draw = np.random.default_rng(seed)
    scores = (3 * draw.normal(size=count) - 3).astype(np.float32)
    return scores, (draw.random(count) < 1 / (1 + np.exp(-scores))).astype(np.float32)


def test_they_are_the_least_scores_that_keep_the_promise() -> None:
    draw = np.random.default_rng(0)
    scores = np.round(draw.random(400), 2).astype(np.float32)  # many are equal, and fall together
    carried = (draw.random(400) < scores**2).astype(np.float32)
    found = thresholds(scores, carried)
    assert len(found) == STEPS
    for step, least in enumerate(found):
        kept = [scores >= score for score in np.unique(scores)]
        good = [k for k in kept if k.sum() >= ENOUGH and carried[k].mean(dtype=np.float64) >= (step + 1) / STEPS]
        assert (least is None) == (not good)
        assert least is None or (scores >= least).sum() == max(k.sum() for k in good)
    reached = [least for least in found if least is not None]
    assert 0 < len(reached) < STEPS and reached == sorted(reached) and found[: len(reached)] == reached


@pytest.mark.parametrize("asked", [0.3, 0.5, 0.8, 0.9])
def test_other_clips_have_the_precision_that_was_asked_for(asked: float) -> None:
    scores, carried = _pairs(0, 20_000)
    mixture = fitted(scores, np.zeros((2, len(scores)), np.float32), carried)
    least = least_score(mixture.thresholds, asked)
    others, right = _pairs(1, 20_000)
    given = mixture.of(others, np.zeros((2, len(others)), np.float32)) >= least
    assert given.sum() > 200
    assert asked - 0.03 < right[given].mean() < asked + 0.03


def test_few_suggestions_are_not_believed() -> None:
    scores = np.linspace(1, 0, 4 * ENOUGH, dtype=np.float32)
    carried = (np.arange(4 * ENOUGH) < ENOUGH - 1).astype(np.float32)  # the best are right, one too few of them
    found = thresholds(scores, carried)
    assert highest(found) == pytest.approx((ENOUGH - 1) / ENOUGH) and math.isinf(least_score(found, 0.99))
    assert least_score(found, 0.98) == scores[ENOUGH - 1]
    assert thresholds(scores[: ENOUGH - 1], carried[: ENOUGH - 1]) == []
    assert thresholds(scores, np.zeros_like(carried)) == []


def test_between_two_steps_the_stricter_one_answers() -> None:
    found = [step / 200 for step in range(99)] + [None]
    assert [least_score(found, asked) for asked in (0.07, 0.29, 0.58)] == [found[6], found[28], found[57]]
    assert least_score(found, 0.501) == least_score(found, 0.51) == found[50]
    assert least_score(found, 1e-12) == found[0] and least_score(found, 0.991) == math.inf
    assert least_score([], 0.5) == math.inf and highest([]) == 0 and highest(found) == 0.99
