"""A graph that leads from vector to nearer vector: HNSW (Malkov and Yashunin 2020), by FAISS.

Long vectors would be everybody's neighbours in such a graph. With one more dimension, which makes all of them equally
long, inner products fall as distances grow (Bachrach et al. 2014), once the mean is taken off: on 60,000 x 101 with
64 to 1,024 vectors looked at, recall@15 is 0.97 to 1.00 in place of 0.69 to 0.74.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tag2vec.errors import UsageError
from tag2vec.files import save_array
from tag2vec.retrieval.indexes import Allowed, Found, Vectors
from tag2vec.retrieval.indexes._faiss import Faiss, check_recall, counted, enough, exactly, sample, shares

MOST = 4096  # vectors looked at, when tuned
SCAN = 0.05  # share of all vectors from which on looking at each costs less than following the graph


@dataclass(eq=False)
class Hnsw(Faiss):
    links: int = 24  # neighbours of a vector in the graph, and twice as many on the lowest level
    effort: int = 100  # vectors looked at to place one
    looks: int | None = None  # vectors kept in sight while searching; tuned for `recall` when not given
    recall: float = 0.99  # share of the 15 nearest to be found

    def __post_init__(self) -> None:
        check_recall(self.recall)
        if self.links < 2 or self.effort < 1 or (self.looks is not None and self.looks < 1):
            raise UsageError("links must be 2 or more, effort and looks 1 or more.")

    @classmethod
    def needs(cls, n: int, dim: int) -> int:
        return n * (4 * (dim + 1) + 9 * cls.links)

    def _build(self, vectors: Vectors, queries: Vectors | None) -> None:
        self._mapped = None
        self._centre = vectors.mean(axis=0, dtype=np.float64).astype(np.float32)
        self._longest = float((np.linalg.norm(vectors - self._centre, axis=1) ** 2).max())
        self._index = self._faiss.IndexHNSWFlat(self._dim + 1, self.links, self._faiss.METRIC_INNER_PRODUCT)
        self._index.hnsw.efConstruction = self.effort
        self._append(vectors)
        asked = sample(vectors, queries)
        self._looks = self.looks or self._tuned(asked, exactly(vectors, asked))

    def _tuned(self, queries: Vectors, wanted: Any) -> int:
        def recall(looks: int) -> Vectors:
            return shares(self._follow(queries, wanted.shape[1], looks, None)[1], wanted)

        return enough(recall, self.recall, min(MOST, len(self._live)))

    def _append(self, vectors: Vectors) -> None:
        self._index.add(lifted(vectors, self._centre, self._longest))

    def _nearest(self, queries: Vectors, k: int, allowed: Allowed | None, everywhere: bool = False) -> Found:
        looks = max(self._looks, 2 * k) / (1 if allowed is None else allowed.share)
        if everywhere or looks > SCAN * len(self):
            params = self._faiss.SearchParameters(**self._selected(allowed))
            scores, rows = self._index.storage.search(self._lifted(queries), k, params=params)
        else:
            scores, rows = self._follow(queries, k, int(looks), allowed)
        return scores + (queries @ self._centre)[:, None], rows

    def _follow(self, queries: Vectors, k: int, looks: int, allowed: Allowed | None) -> Found:
        params = self._faiss.SearchParametersHNSW(efSearch=looks, **self._selected(allowed))
        scores, rows = self._index.search(self._lifted(queries), k, params=params)
        return scores, rows

    def _lifted(self, queries: Vectors) -> Vectors:
        return np.pad(queries, ((0, 0), (0, 1)))

    def _save(self, folder: Path) -> dict[str, Any]:
        save_array(folder / "centre.npy", self._centre)
        return super()._save(folder) | {"longest": self._longest, "looks": self._looks}

    def _load(self, folder: Path, state: dict[str, Any]) -> None:
        super()._load(folder, state)
        self._centre = np.load(folder / "centre.npy", allow_pickle=False)
        self._longest, self._looks = float(state["longest"]), counted(state["looks"])


def lifted(vectors: Vectors, centre: Vectors, longest: float) -> Vectors:
    """vectors (n, d) -> (n, d + 1): less `centre`, and all of the squared length `longest` by one more dimension."""
    found = np.empty((len(vectors), vectors.shape[1] + 1), np.float32)
    found[:, :-1] = vectors - centre
    lengths = np.einsum("nd,nd->n", found[:, :-1], found[:, :-1])
    found[:, -1] = np.sqrt(np.maximum(longest - lengths, 0))
    return found
