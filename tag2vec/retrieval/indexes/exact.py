"""Exact search with numpy alone: a matrix product and a partial sort."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tag2vec.retrieval.indexes import Index, Rows, Vectors

BLOCK = 64  # queries scored at a time: bounds memory at BLOCK x n


class Exact(Index):
    def build(self, vectors: Vectors) -> None:
        self._vectors = np.ascontiguousarray(vectors, dtype=np.float32)

    def search(self, queries: Vectors, k: int, among: NDArray[np.bool_] | None = None) -> tuple[Vectors, Rows]:
        if among is not None:
            rows = np.flatnonzero(among)
            part = Exact()
            part.build(self._vectors[rows])
            scores, found = part.search(queries, k)
            return scores, rows[found]
        k = min(k, len(self._vectors))
        blocks = [self._block(queries[start : start + BLOCK], k) for start in range(0, len(queries), BLOCK)]
        if not blocks:
            return np.empty((0, k), np.float32), np.empty((0, k), np.int64)
        return np.concatenate([s for s, _ in blocks]), np.concatenate([r for _, r in blocks])

    def _block(self, queries: Vectors, k: int) -> tuple[Vectors, Rows]:
        scores = queries @ self._vectors.T
        n = scores.shape[1]
        rows = np.argpartition(-scores, k - 1, axis=1)[:, :k] if 0 < k < n else np.tile(np.arange(n), (len(scores), 1))
        found = np.take_along_axis(scores, rows, axis=1)
        order = np.lexsort((rows, -found), axis=1)  # equal scores: the lower row first
        return np.take_along_axis(found, order, axis=1), np.take_along_axis(rows, order, axis=1).astype(np.int64)
