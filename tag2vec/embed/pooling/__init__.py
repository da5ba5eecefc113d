"""Poolings: (n, dim) features of a clip into one vector. One file in this folder is one pooling."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray

from tag2vec import plugins
from tag2vec.errors import UsageError


class Pooling(torch.nn.Module):
    """Base of all poolings: a torch module, made with the width and the blocks of its features.

    `forward(x, mask)` takes x (batch, time, dim) float32 and mask (batch, time) bool, True where a row is real, and
    returns (batch, out_dim) float32. Padding is invisible, x is not written to, a clip with no real row gives a
    finite vector.
    """

    out_dim: int
    axes: int = 256  # principal axes of its vectors that a network sees
    ordered: ClassVar[bool] = False  # whether it sees which row came first

    @property
    def name(self) -> str:
        """The name of the plugin."""
        return plugins.name_of(self)

    @property
    def learns(self) -> bool:
        """Whether it has weights, which tags train."""
        return any(True for _ in self.parameters())

    @abstractmethod
    def forward(self, x: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """x (batch, time, dim), mask (batch, time) bool, True where a row is real -> (batch, out_dim)."""

    def fit(self, sample: NDArray[np.float32], seed: int) -> None:
        """Learn what needs no labels from `sample` (rows, dim), rows of many clips. Most poolings learn nothing."""


def whole(where: str, **settings: object) -> None:
    """Raise UsageError unless each of the settings of `where` is a whole number, 1 or more."""
    for name, value in settings.items():
        if type(value) is not int or value < 1:
            raise UsageError(f"{where} got {name}={value}; wanted a whole number, 1 or more.")


def unit_root(v: torch.Tensor) -> torch.Tensor:
    """Signed square root of v (..., d), then length 1."""
    # The root's slope at 0 is infinite: a little is added so that gradients stay finite.
    return unit(v.sign() * ((v.abs() + 1e-12).sqrt() - 1e-6))


def unit(v: torch.Tensor) -> torch.Tensor:
    """v (..., d) to length 1; nothing stays nothing."""
    return torch.nn.functional.normalize(v, dim=-1)
