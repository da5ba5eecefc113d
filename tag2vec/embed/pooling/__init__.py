"""Poolings: (n, dim) features of a clip into one vector. One file in this folder is one pooling."""

from __future__ import annotations

from abc import abstractmethod

import numpy as np
import torch
from numpy.typing import NDArray


class Pooling(torch.nn.Module):
    """Base of all poolings: a torch module, made with the width and the blocks of its features.

    `forward(x, mask)` takes x (batch, time, dim) float32 and mask (batch, time) bool, True where a row is real, and
    returns (batch, out_dim) float32. Padding is invisible, x is not written to, a clip with no real row gives a
    finite vector.
    """

    out_dim: int

    @abstractmethod
    def forward(self, x: torch.Tensor, mask: torch.Tensor) -> torch.Tensor: ...

    def fit(self, sample: NDArray[np.float32], seed: int) -> None:
        """Learn what needs no labels from `sample` (rows, dim), rows of many clips. Most poolings learn nothing."""
