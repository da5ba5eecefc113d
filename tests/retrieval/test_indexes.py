"""One suite for every index in the folder."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tag2vec import plugins
from tag2vec.retrieval.indexes import Index

NAMES = plugins.names(Index)


def _vectors(n: int, d: int, seed: int = 0) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    draw = np.random.default_rng(seed)
    # Norms differ, as those of tags do: nearness is the inner product, not the angle.
    return (draw.standard_normal((n, d)) * draw.uniform(0.2, 3, (n, 1))).astype(np.float32)


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=25, deadline=None)
@given(n=st.integers(1, 300), d=st.integers(1, 40), k=st.integers(1, 350), m=st.integers(0, 80))
def test_search_is_that_of_sorting_all_inner_products(name: str, n: int, d: int, k: int, m: int) -> None:
    vectors, queries = _vectors(n, d), _vectors(m, d, 1)
    index = plugins.make(Index, name)
    index.build(vectors)
    scores, rows = index.search(queries, k)
    assert scores.shape == rows.shape == (m, min(k, n))
    assert scores.dtype == np.float32 and rows.dtype == np.int64
    exact = queries @ vectors.T
    assert np.allclose(scores, -np.sort(-exact, axis=1)[:, :k], atol=1e-4)
    assert np.allclose(scores, np.take_along_axis(exact, rows, axis=1), atol=1e-4)
    assert all(len(set(row)) == len(row) for row in rows.tolist())


@pytest.mark.parametrize("name", NAMES)
def test_a_long_vector_finds_itself_and_building_again_replaces(name: str) -> None:
    vectors = _vectors(200, 20)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    index = plugins.make(Index, name)
    index.build(vectors)
    assert index.search(vectors, 1)[1][:, 0].tolist() == list(range(200))
    index.build(vectors[:7])
    assert index.search(vectors[:3], 100)[1].shape == (3, 7)
