"""Exact search by FAISS, one vector after another."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tag2vec.retrieval.indexes import Allowed, Found, Vectors
from tag2vec.retrieval.indexes._faiss import Faiss, on_gpus
from tag2vec.retrieval.indexes._scan import scan

GPU_K = 2047  # more cannot be asked of a GPU at once


@dataclass(eq=False)
class Flat(Faiss):
    exact = True
    gpu: bool = False  # search on NVIDIA GPUs; searches among some rows stay with the processor

    @classmethod
    def needs(cls, n: int, dim: int) -> int:
        return 4 * n * dim

    def _build(self, vectors: Vectors, queries: Vectors | None) -> None:
        self._index, self._mapped = self._faiss.IndexFlatIP(vectors.shape[1]), None
        self._index.add(vectors)

    def _nearest(self, queries: Vectors, k: int, allowed: Allowed | None, everywhere: bool = False) -> Found:
        one_more = min(k + 1, len(self) if allowed is None else allowed.count)
        if self._gpu_index is not None and allowed is None and one_more <= GPU_K:
            scores, rows = self._gpu_index.search(queries, one_more)
        else:
            params = self._faiss.SearchParameters(**self._selected(allowed))
            scores, rows = self._index.search(queries, one_more, params=params)
        if one_more > k:  # FAISS leaves open which of several equal ones it finds
            tied = np.flatnonzero(scores[:, k - 1] == scores[:, k])
            scores, rows = scores[:, :k].copy(), rows[:, :k].copy()
            if len(tied):
                scores[tied], rows[tied] = scan(self._vectors, queries[tied], k, allowed)
        return scores, rows

    @property
    def _vectors(self) -> Vectors:
        """(n, d), not copied."""
        codes = self._faiss.rev_swig_ptr(self._index.get_xb(), len(self) * self._dim)
        vectors: Vectors = codes.reshape(len(self), self._dim)
        return vectors

    def _append(self, vectors: Vectors) -> None:
        self._index.add(vectors)

    def _ready(self) -> None:
        self._gpu_index = on_gpus(self._faiss, self._index) if self.gpu else None
