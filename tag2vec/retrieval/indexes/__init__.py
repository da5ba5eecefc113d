"""Indexes: the nearest of many vectors. One file in this folder is one index."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]
Rows = NDArray[np.int64]


class Index(ABC):
    """Base of all indexes: nearness is the inner product, higher is nearer. Every index is tested against `exact`."""

    @abstractmethod
    def build(self, vectors: Vectors) -> None:
        """Take vectors (n, d) float32; a second call replaces the first."""

    @abstractmethod
    def search(self, queries: Vectors, k: int, among: NDArray[np.bool_] | None = None) -> tuple[Vectors, Rows]:
        """queries (m, d) -> scores (m, min(k, n)) float32, falling, and rows of the vectors (m, min(k, n)) int64."""
