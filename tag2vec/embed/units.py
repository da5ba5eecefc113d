"""Vectors of length 1, whose inner products are cosines."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def units(vectors: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
    """(..., d) -> (..., d) float32, each vector at length 1; one of zeros stays so."""
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, 1e-12), np.float32)
