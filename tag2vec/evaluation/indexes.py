"""Indexes beside exact search, on the items and queries of a model or on any others."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from tag2vec import plugins
from tag2vec.errors import MissingExtra
from tag2vec.retrieval.asked import asked, halves
from tag2vec.retrieval.indexes import Index, Rows, Vectors
from tag2vec.retrieval.indexes._faiss import K, exactly

SINGLE = 300  # queries that are timed one by one, as long as that takes no longer than
SECONDS = 30
REFERENCE = "exact"


@dataclass(frozen=True)
class Measured:
    """`recall` is the share of the 15 nearest that it finds (higher is better); times of single queries on one thread
    in ms; `disk_mb` is the size of its files, `memory_mb` what it says that it holds."""

    index: str
    recall: float
    p50_ms: float
    p99_ms: float
    build_s: float
    disk_mb: float
    memory_mb: float


def evaluate_indexes(
    model: str | Path,
    named: Sequence[str] = (),
    corpus: str | Path | None = None,
    tick: Callable[[int], None] = lambda done: None,
) -> dict[str, Any]:
    """Each index that is `named` (all plugins when none is), with settings or without, on what a model asks.

    Half of the queries tune the indexes, the other half measures them. "left_out" has the reason of each that cannot
    be used here. Raises ArtifactError for a model that cannot be read, UnknownName and UsageError for `named` ones.
    """
    found = asked(model, corpus)
    tuning, queries = halves(found.queries)
    rows: dict[str, Any] = {}
    left_out: dict[str, str] = {}
    wanted = exactly(found.items, queries)
    for done, text in enumerate(dict.fromkeys([REFERENCE, *(named or plugins.names(Index))])):
        try:
            index = plugins.spelled(Index, text)
            rows[text] = vars(measure(text, index, found.items, tuning, queries, wanted))
        except MissingExtra as error:
            left_out[text] = str(error)
        tick(done + 1)
    return {
        "vectors": found.items.shape[0],
        "dim": found.items.shape[1],
        "queries": len(queries),
        "queries_from": found.source,
        "indexes": rows,
        "left_out": left_out,
    }


def measure(name: str, index: Index, vectors: Vectors, tuning: Vectors, queries: Vectors, wanted: Rows) -> Measured:
    """Build `index` over `vectors` (n, d), tuned on `tuning` (t, d), and ask it `queries` (m, d)."""
    with one_core():
        start = time.perf_counter()
        index.build(vectors, tuning)
        build_s = time.perf_counter() - start
        found = index.search(queries, K)[1]
        times = latencies(lambda query: index.search(query, K), queries)
    with tempfile.TemporaryDirectory() as scratch:
        index.save(scratch)
        disk = sum(path.stat().st_size for path in Path(scratch).iterdir())
    p50, p99 = np.percentile(times, [50, 99])
    return Measured(name, recall(found, wanted), p50, p99, build_s, disk / 1e6, index.nbytes / 1e6)


def recall(found: Rows, wanted: Rows) -> float:
    """The mean share of `wanted` (m, k) among `found` (m, k); 1 when nothing was wanted."""
    if not wanted.size:
        return 1.0
    return float(np.mean([np.isin(right, left).mean() for left, right in zip(found, wanted, strict=True)]))


def latencies(search: Callable[[Vectors], Any], queries: Vectors) -> list[float]:
    """Milliseconds of each of the first queries, one at a time."""
    times = []
    end = time.perf_counter() + SECONDS
    for query in queries[:SINGLE]:
        if time.perf_counter() > end:
            break
        start = time.perf_counter()
        search(query[None])
        times.append(1000 * (time.perf_counter() - start))
    return times


def table(report: dict[str, Any]) -> tuple[list[str], list[list[Any]]]:
    """Header and rows, the index of each in front."""
    columns = ["recall", "p50_ms", "p99_ms", "build_s", "disk_mb", "memory_mb"]
    header = ["index", "recall@15", "p50 ms", "p99 ms", "build s", "disk MB", "memory MB"]
    return header, [[name, *(row[column] for column in columns)] for name, row in report["indexes"].items()]


def one_core() -> threadpool_limits:
    """Inside, numpy and FAISS, which uses OpenMP, run on one thread."""
    with suppress(ImportError):
        import faiss  # noqa: F401  (only what is loaded can be limited)
    return threadpool_limits(1)
