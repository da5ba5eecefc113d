"""Metrics of a hidden tag against small cases worked out by hand, and against scipy."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tag2vec.evaluation.metrics import COMPLETION, hits_and_mrr, middle_ranks


def test_ties_share_their_middle_rank() -> None:
    scores = np.array([[3.0, 1.0, 2.0, 2.0, 2.0], [0.0, 0.0, 0.0, 0.0, -np.inf]])
    assert middle_ranks(scores, np.array([3, 0])).tolist() == [3.0, 2.5]


@given(st.lists(st.integers(0, 5), min_size=2, max_size=30))
def test_middle_ranks_are_those_of_scipy(values: list[int]) -> None:
    from scipy.stats import rankdata

    scores = np.array([values], dtype=np.float32)
    for target in range(len(values)):
        assert middle_ranks(scores, np.array([target]))[0] == rankdata(-scores[0])[target]


def test_hits_and_mrr() -> None:
    found = hits_and_mrr(np.array([1.0, 6.0, 11.0, 100.0]))
    assert COMPLETION == ("hit@5", "hit@10", "hit@15", "mrr")
    assert found.tolist() == [[1, 1, 1, 1], [0, 1, 1, 1 / 6], [0, 0, 1, 1 / 11], [0, 0, 0, 1 / 100]]
