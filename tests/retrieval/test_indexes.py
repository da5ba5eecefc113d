"""One suite for every index in the folder."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from threadpoolctl import threadpool_limits

from tag2vec import plugins
from tag2vec.errors import UsageError
from tag2vec.retrieval.indexes import Index, Vectors, _ivf

NAMES = [*plugins.names(Index), "ivfsq:fine=true"]
EXACT = {name for name in plugins.names(Index) if plugins.get(Index, name).exact}
GPU = ("flat", "ivf")
N, DIM = 3000, 21  # enough for lists and a graph; dimensions that no code divides

every = pytest.mark.parametrize("name", NAMES)


def _vectors(n: int, d: int, seed: int = 0) -> Vectors:
    draw = np.random.default_rng(seed)
    # Norms differ, as those of tags do: nearness is the inner product, not the angle.
    return (draw.standard_normal((n, d)) * draw.uniform(0.2, 3, (n, 1))).astype(np.float32)


@cache
def _clusters() -> tuple[Vectors, Vectors]:
    """Vectors in groups far from the origin, as a common bias makes them, and queries."""
    draw = np.random.default_rng(3)
    groups = _vectors(60, DIM, 4)[draw.integers(0, 60, N)]
    vectors = (groups + 0.3 * draw.standard_normal((N, DIM))).astype(np.float32)
    vectors[:, -1] -= 11
    return vectors, _vectors(40, DIM, 5)


def _built(name: str, vectors: Vectors, **given: Any) -> Index:
    settings = plugins.parse(Index, name)
    index = plugins.make(Index, settings[0], settings[1] | given)
    index.build(vectors)
    return index


@cache
def _large(name: str) -> Index:
    index = plugins.spelled(Index, name)
    with threadpool_limits(1):
        index.build(_clusters()[0], _vectors(300, DIM, 6))
    return index


def _files(folder: Path) -> list[Path]:
    return [path for path in sorted(folder.rglob("*")) if path.is_file()]


def _recall(found: np.ndarray, wanted: np.ndarray) -> float:
    return float(np.mean([np.isin(right, left).mean() for left, right in zip(found, wanted, strict=True)]))


def _best(queries: Vectors, vectors: Vectors, k: int, rows: np.ndarray) -> np.ndarray:
    """The k best of `rows`, by sorting all."""
    return rows[np.argsort(-(queries @ vectors[rows].T), axis=1, kind="stable")[:, :k]]


@every
@settings(max_examples=15, deadline=None)
@given(n=st.integers(1, 300), d=st.integers(1, 40), k=st.integers(1, 350), m=st.integers(0, 80))
def test_search_among_few_is_that_of_sorting_all_inner_products(name: str, n: int, d: int, k: int, m: int) -> None:
    vectors, queries = _vectors(n, d), _vectors(m, d, 1)
    scores, rows = _built(name, vectors).search(queries, k)
    assert scores.shape == rows.shape == (m, min(k, n))
    assert scores.dtype == np.float32 and rows.dtype == np.int64
    exact = queries @ vectors.T
    given_back = np.take_along_axis(exact, rows, axis=1)
    assert np.allclose(scores, given_back, atol=1e-3)
    assert (np.diff(scores, axis=1) <= 0).all()
    assert all(len(set(row)) == len(row) for row in rows.tolist())
    if name in EXACT:
        assert np.allclose(scores, -np.sort(-exact, axis=1)[:, :k], atol=1e-3)
    elif m:
        assert _recall(rows, _best(queries, vectors, k, np.arange(n))) >= 0.9


@every
def test_a_long_vector_finds_itself_and_building_again_replaces(name: str) -> None:
    vectors = _vectors(200, 20)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    index = _built(name, vectors)
    assert index.search(vectors, 1)[1][:, 0].tolist() == list(range(200))
    index.build(vectors[:7])
    assert index.search(vectors[:3], 100)[1].shape == (3, 7)


@every
def test_of_many_it_finds_what_exact_search_finds(name: str) -> None:
    vectors, queries = _clusters()
    scores, rows = _large(name).search(queries, 15)
    wanted = _best(queries, vectors, 15, np.arange(N))
    assert (np.diff(scores, axis=1) <= 0).all()
    assert np.allclose(
        scores, (queries[:, None] * vectors[rows]).sum(axis=2), atol=2.5 if name.startswith("ivfsq") else 1e-3
    )
    assert _recall(rows, wanted) >= (1 if name in EXACT else 0.85 if name.startswith("ivfsq") else 0.97)


@every
def test_only_rows_among_those_asked_for_are_found(name: str) -> None:
    vectors, queries = _clusters()
    index = _large(name)
    for share in (0.5, 0.03, 0.002):
        among = np.random.default_rng(1).random(N) < share
        scores, rows = index.search(queries, 15, among)
        k = min(15, int(among.sum()))
        assert scores.shape == rows.shape == (len(queries), k) and among[rows].all()
        assert _recall(rows, _best(queries, vectors, k, np.flatnonzero(among))) >= (1 if name in EXACT else 0.85)
    assert index.search(queries, 15, np.zeros(N, bool))[1].shape == (len(queries), 0)
    everything = index.search(queries[:2], 10 * N)[1]
    assert (np.sort(everything, axis=1) == np.arange(N)).all()
    with pytest.raises(UsageError, match=r"wanted bool of \(3000,\)"):
        index.search(queries, 15, among[:10])
    with pytest.raises(UsageError, match=r"wanted \(any, 21\)"):
        index.search(queries[:, :3], 15)


@every
def test_of_equal_scores_the_lower_row_is_first(name: str) -> None:
    vectors = np.zeros((50, 8), np.float32)
    vectors[20:30, 0] = 2
    index = _built(name, vectors)
    query = np.eye(8, dtype=np.float32)[:1]
    found = index.search(query, 50)[1][0].tolist()
    assert found == [*range(20, 30), *range(20), *range(30, 50)]
    if name in EXACT:
        for k in (3, 10, 12, 35):
            assert index.search(query, k)[1][0].tolist() == found[:k]
        assert index.search(np.repeat(query, 30, axis=0), 12)[1].tolist() == [found[:12]] * 30
        assert index.search(query, 3, np.arange(50) > 22)[1][0].tolist() == [23, 24, 25]


@every
def test_saved_and_loaded_it_answers_the_same_and_can_grow(name: str, tmp_path: Path) -> None:
    vectors, queries = _clusters()
    index = _large(name)
    index.save(tmp_path)
    assert {path.suffix for path in _files(tmp_path)} <= {".npy", ".json", ".faiss"}
    again = plugins.spelled(Index, name)
    again.load(tmp_path)
    for k, among in ((15, None), (4000, None), (15, np.arange(N) % 7 == 0)):
        for one, other in zip(index.search(queries, k, among), again.search(queries, k, among), strict=True):
            assert one.tobytes() == other.tobytes()
    assert again.nbytes == index.nbytes > 0
    before = {path: path.read_bytes() for path in _files(tmp_path)}
    assert again.add(100 * vectors[:2]).tolist() == [N, N + 1]
    again.remove(np.array([0]))
    top = again.search(vectors[:1], 1)[1][0, 0]
    assert top >= N and 0 not in again.search(vectors[:1], N)[1]
    assert before == {path: path.read_bytes() for path in _files(tmp_path)}


@every
def test_added_and_removed_rows_are_as_if_it_had_been_built_so(name: str) -> None:
    vectors, queries = _clusters()
    index = _built(name, vectors[: N - 500])
    assert index.add(vectors[N - 500 :]).tolist() == list(range(N - 500, N))
    gone = np.random.default_rng(2).choice(N, 1000, replace=False)
    index.remove(gone)
    rest = np.setdiff1d(np.arange(N), gone)
    rows = index.search(queries, 15)[1]
    assert not np.isin(rows, gone).any() and len(index) == N
    assert _recall(rows, _best(queries, vectors, 15, rest)) >= (1 if name in EXACT else 0.85)
    assert index.search(queries, N)[1].shape == (len(queries), len(rest))
    assert not np.isin(index.search(queries, 15, np.arange(N) < 100)[1], gone).any()
    with pytest.raises(UsageError, match="no row 3000 to remove"):
        index.remove(np.array([N]))


@every
def test_an_empty_index_answers_with_nothing_and_can_grow(name: str, tmp_path: Path) -> None:
    index = _built(name, np.empty((0, 5), np.float32))
    assert index.search(_vectors(3, 5), 4)[0].shape == (3, 0) and len(index) == 0
    index.save(tmp_path)
    again = plugins.spelled(Index, name)
    again.load(tmp_path)
    assert again.add(np.eye(5, dtype=np.float32)).tolist() == [0, 1, 2, 3, 4]
    assert again.search(np.eye(5, dtype=np.float32), 1)[1][:, 0].tolist() == [0, 1, 2, 3, 4]
    again.remove(np.arange(5))
    assert again.search(_vectors(3, 5), 4)[1].shape == (3, 0)


@every
def test_threads_get_what_one_search_gets_and_searching_changes_nothing(name: str) -> None:
    queries = _clusters()[1]
    index = _large(name)
    masks = [None, np.arange(N) % 2 == 0, np.arange(N) % 50 == 0]
    asked = [(queries[i : i + 1], mask) for i in range(20) for mask in masks]
    alone = [index.search(query, 15, mask) for query, mask in asked]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda one: index.search(one[0], 15, one[1]), asked * 3))
    for (scores, rows), (other, others) in zip(alone * 3, together, strict=True):
        assert scores.tobytes() == other.tobytes() and rows.tobytes() == others.tobytes()


@every
def test_built_twice_on_one_thread_it_has_the_same_bytes(name: str, tmp_path: Path) -> None:
    import faiss

    threads = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1)
    try:
        for folder in (tmp_path / "a", tmp_path / "b"):
            folder.mkdir()
            with threadpool_limits(1):
                _built(name, _clusters()[0]).save(folder)
    finally:
        faiss.omp_set_num_threads(threads)
    for path in _files(tmp_path / "a"):
        assert path.read_bytes() == (tmp_path / "b" / path.relative_to(tmp_path / "a")).read_bytes(), path.name


def test_settings_are_spelled_and_wrong_ones_refused() -> None:
    vectors, queries = _clusters()
    index = plugins.spelled(Index, "ivf:lists=16,probes=16")
    index.build(vectors)
    assert _recall(index.search(queries, 15)[1], _best(queries, vectors, 15, np.arange(N))) == 1
    for text, message in (
        ("ivf:lists=0", "lists is 0"),
        ("ivf:recall=2", "recall is 2"),
        ("hnsw:looks=0", "looks 1 or more"),
        ("flat:lists=3", "no setting lists"),
    ):
        with pytest.raises(UsageError, match=message):
            plugins.spelled(Index, text)
    with pytest.raises(UsageError, match="lists is 5,000 for 3,000 vectors"):
        plugins.spelled(Index, "ivf:lists=5000").build(vectors)


def test_a_seventh_bit_finds_more_of_vectors_that_lie_close() -> None:
    draw = np.random.default_rng(0)
    vectors = (np.repeat(_vectors(30, 40), 500, axis=0) + 0.1 * draw.standard_normal((15_000, 40))).astype(np.float32)
    queries = _vectors(60, 40, 1)
    wanted = _best(queries, vectors, 15, np.arange(len(vectors)))
    six, seven = (
        _recall(_built("ivfsq", vectors, lists=30, probes=30, fine=fine).search(queries, 15)[1], wanted)
        for fine in (False, True)
    )
    assert 1 - seven < 0.7 * (1 - six)


def test_codes_are_a_quarter_of_the_vectors_and_lists_hardly_larger(tmp_path: Path) -> None:
    vectors = _vectors(20_000, 100)
    for name, most in (("ivfsq", 0.25), ("ivf", 1.2)):
        (tmp_path / name).mkdir()
        index = plugins.make(Index, name, {"probes": 8})
        index.build(vectors)
        index.save(tmp_path / name)
        assert sum(path.stat().st_size for path in (tmp_path / name).iterdir()) <= most * vectors.nbytes


@pytest.mark.parametrize("name", GPU)
def test_a_gpu_is_used_or_said_to_be_missing(name: str) -> None:
    import faiss

    index = plugins.make(Index, name, {"gpu": True})
    if not getattr(faiss, "get_num_gpus", lambda: 0)():
        with pytest.raises(UsageError, match="finds no GPU here"):
            index.build(_clusters()[0])
        return
    vectors, queries = _clusters()
    index.build(vectors)
    assert _recall(index.search(queries, 15)[1], _best(queries, vectors, 15, np.arange(N))) >= 0.9


@pytest.mark.parametrize("name", ["ivf", "ivfsq"])
def test_many_lists_are_found_by_lists_of_their_own(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_ivf, "MANY_LISTS", 40)
    vectors, queries = _clusters()
    index = plugins.spelled(Index, f"{name}:lists=600")
    index.build(vectors[:2500], _vectors(300, DIM, 6))
    assert index.add(vectors[2500:])[-1] == N - 1
    assert index._index.nlist >= 600  # type: ignore[attr-defined]
    assert type(index._chooser) is _ivf.Lists  # type: ignore[attr-defined]
    index.save(tmp_path)
    again = plugins.spelled(Index, name)
    again.load(tmp_path)
    for k, among in ((15, np.ones(N, bool)), (1500, np.ones(N, bool)), (15, np.arange(N) % 9 == 0)):
        scores, rows = index.search(queries, k, among)
        assert scores.tobytes() == again.search(queries, k, among)[0].tobytes()
        assert _recall(rows, _best(queries, vectors, k, np.flatnonzero(among))) >= (0.97 if name == "ivf" else 0.85)
    one = np.vstack([index.search(query[None], 15)[1] for query in queries])
    np.testing.assert_array_equal(one, index.search(queries, 15)[1])
