"""The bootstrap over authors, against what is known of it."""

from __future__ import annotations

import numpy as np

from tag2vec.evaluation.intervals import RESAMPLES, interval, resample

HITS = (np.random.default_rng(0).random((400, 1)) < 0.3).astype(float)


def test_the_interval_of_a_share_is_that_of_the_binomial() -> None:
    means = resample(HITS, np.arange(400))
    low, high = interval(means)[:, 0]
    share = HITS.mean()
    error = np.sqrt(share * (1 - share) / 400)
    assert means.shape == (RESAMPLES, 1) and low < share < high
    assert abs((high - low) / (2 * 1.96 * error) - 1) < 0.1


def test_posts_that_an_author_repeats_add_no_certainty() -> None:
    ends = interval(resample(HITS, np.arange(400)))
    copied = interval(resample(np.repeat(HITS, 10, axis=0), np.repeat(np.arange(400), 10)))
    np.testing.assert_allclose(copied, ends)
    naive = interval(resample(np.repeat(HITS, 10, axis=0), np.arange(4000)))
    assert np.ptp(naive) < 0.5 * np.ptp(copied)


def test_an_author_with_many_posts_weighs_as_many() -> None:
    values, authors = np.array([[1.0], [1.0], [1.0], [0.0]]), np.array([0, 0, 0, 1])
    assert set(np.unique(resample(values, authors))) == {0.0, 0.75, 1.0}


def test_columns_see_the_same_draws() -> None:
    means = resample(np.hstack([HITS, HITS + 0.1]), np.arange(400) % 50)
    np.testing.assert_allclose(means[:, 1] - means[:, 0], 0.1)
    np.testing.assert_array_equal(means[:, :1], resample(HITS, np.arange(400) % 50))
