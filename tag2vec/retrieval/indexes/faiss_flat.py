"""Exact search by FAISS (faiss-cpu or faiss-gpu, both import as `faiss`)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tag2vec.errors import MissingExtra
from tag2vec.retrieval.indexes import Index, Rows, Vectors


class FaissFlat(Index):
    def __init__(self) -> None:
        try:
            import faiss
        except ImportError as error:
            raise MissingExtra("The index 'faiss_flat'", "faiss-cpu", "cpu") from error
        self._faiss = faiss
        self._index: Any = None

    def build(self, vectors: Vectors) -> None:
        self._index = self._faiss.IndexFlatIP(vectors.shape[1])
        self._index.add(np.ascontiguousarray(vectors, dtype=np.float32))

    def search(self, queries: Vectors, k: int, among: NDArray[np.bool_] | None = None) -> tuple[Vectors, Rows]:
        if among is not None:
            rows = np.flatnonzero(among)
            part = FaissFlat()
            part.build(self._index.reconstruct_batch(rows))
            scores, found = part.search(queries, k)
            return scores, rows[found]
        k = min(k, self._index.ntotal)
        if not k or not len(queries):
            return np.empty((len(queries), k), np.float32), np.empty((len(queries), k), np.int64)
        scores, rows = self._index.search(np.ascontiguousarray(queries, dtype=np.float32), k)
        return scores, rows
