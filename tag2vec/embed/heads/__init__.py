"""Heads: pooled features of a clip into a point that tags are near to, and how it is trained. One file, one recipe.

All heads answer in the same currency: a query vector and one item vector a tag, whose inner product ranks the tags.
One more dimension than the space has carries what depends on the tag alone.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar

from torch import Tensor, nn


class Head(nn.Module):
    """`inputs` and `outputs` (v, dim) are the tag space; `prior` (v,) how probably any clip carries each tag."""

    epochs: ClassVar[int]
    per_tag: ClassVar[tuple[str, ...]] = ()  # names of parameters (v,) that have a value for each tag

    def __init__(self, in_dim: int, inputs: Tensor, outputs: Tensor, prior: Tensor) -> None:
        super().__init__()
        self.register_buffer("inputs", inputs, persistent=False)
        self.register_buffer("outputs", outputs, persistent=False)

    inputs: Tensor
    outputs: Tensor

    def prepare(self, pooled: Tensor) -> None:
        """Learn what needs no tags from the training clips (n, in_dim). Most heads learn nothing."""

    def reduce(self, pooled: Tensor) -> Tensor:
        """pooled (m, in_dim) -> (m, any), by what `prepare` learnt and training leaves as it is."""
        return pooled

    @abstractmethod
    def points(self, reduced: Tensor) -> Tensor:
        """What `reduce` gave -> points (m, dim)."""

    def forward(self, pooled: Tensor) -> Tensor:
        """pooled (m, in_dim) -> points (m, dim)."""
        return self.points(self.reduce(pooled))

    @abstractmethod
    def loss(self, points: Tensor, targets: Tensor, words: Tensor) -> Tensor:
        """points (m, dim), targets (m, v) from 0 to 1, words (m,) row of each clip's first tag -> ()."""

    @abstractmethod
    def queries(self, points: Tensor) -> Tensor:
        """points (m, dim) -> (m, dim + 1)."""

    @abstractmethod
    def items(self) -> Tensor:
        """(v, dim + 1): item i times a query is the score of tag i, higher is better."""
