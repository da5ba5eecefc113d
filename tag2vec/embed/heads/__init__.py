"""Heads: pooled features of a clip into a point that tags are near to, and how it is trained. One file, one recipe."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from tag2vec.embed.heads._axes import Axes


@dataclass(frozen=True)
class Vectors:
    """What a head is shown of a clip: the pooled vectors of its kinds of features, one after the other.

    They change while it is trained unless they are `fixed`.
    """

    widths: Sequence[int]
    axes: Sequence[int]  # of each kind: principal axes that a network sees, where they are fixed
    fixed: bool = True

    @property
    def dim(self) -> int:
        """Numbers of all kinds together."""
        return sum(self.widths)


@dataclass(frozen=True)
class Tags:
    """The tags that a head ranks: v of them, by the rows of the tag space."""

    inputs: Tensor  # (v, dim)
    outputs: Tensor  # (v, dim)
    prior: Tensor  # (v,) how probably any clip carries each
    clips: Sequence[tuple[int, ...]]  # rows that each training clip carries, in the order of its tags


@dataclass(frozen=True)
class Wanted:
    """What m clips carry."""

    targets: Tensor  # (m, v) from 0 to 1: 1 for a clip's own tags, less for what the space puts beside them
    words: Tensor  # (m,) row of each clip's first tag


Judged = tuple["Head", Tensor, Tensor]
"""A head, what it makes of clips that it did not learn from (m, any) by `reduce`, and their tags (m, l), 1 or 0."""


class Head(nn.Module):
    """Made for the vectors that it is shown, and the tags that it ranks.

    The tags that training clips carry (`carried`) are scored one by one, by `direct`; the others by an inner product of
    a query and their item, so that an index finds the best of millions.
    """

    epochs: ClassVar[int]  # at most, unless it is trained with another number
    shortened: ClassVar[bool] = True  # whether fixed vectors are turned into their principal axes first
    calibrated: ClassVar[bool] = True  # whether scores are logits; else they rank as they are
    per_tag: tuple[str, ...] = ()  # names of parameters (v,) that have a value for each tag
    apart: ClassVar[bool] = True  # whether there is a `direct`

    net: nn.Module  # for recipes whose points are what one network makes
    rare: Tensor  # (v,) scores of tags that no training clip carries, for recipes that know the others by name alone
    inputs: Tensor
    outputs: Tensor
    carried: Tensor  # (l,) rows

    def __init__(self, seen: Vectors, tags: Tags) -> None:
        super().__init__()
        self.axes = Axes(seen.dim, max(seen.axes), seen.fixed and self.shortened)
        carried = dict.fromkeys(row for rows in tags.clips for row in rows) if self.apart else ()
        self.register_buffer("inputs", tags.inputs, persistent=False)
        self.register_buffer("outputs", tags.outputs, persistent=False)
        self.register_buffer("carried", torch.tensor(list(carried), dtype=torch.int64), persistent=False)

    def prepare(self, pooled: Tensor, nothing: Tensor) -> None:
        """Learn what needs no tags from the fixed vectors of training clips (n, seen.dim); a clip that has nothing of
        any kind of features is `nothing` (seen.dim,)."""
        self.axes.fit(pooled)

    def settle(self, held_out: Iterable[Judged]) -> None:
        """Learn what is not to be learnt from clips that one knows, when all else is learnt."""

    def reduce(self, pooled: Tensor) -> Tensor:
        """pooled (m, seen.dim) -> (m, any), by what `prepare` learnt and training leaves as it is."""
        reduced: Tensor = self.axes(pooled)
        return reduced

    def forward(self, reduced: Tensor) -> Tensor:
        """What `reduce` gave -> points (m, any)."""
        return self.points(reduced[:, : self.axes.out_dim])

    def points(self, seen: Tensor) -> Tensor:
        """What a network sees of a clip (m, axes.out_dim) -> points (m, any): by `net`, or as a recipe says."""
        points: Tensor = self.net(seen)
        return points

    @abstractmethod
    def loss(self, points: Tensor, wanted: Wanted) -> Tensor:
        """points (m, any) -> the loss of each clip (m,)."""

    def direct(self, points: Tensor) -> Tensor:
        """points (m, any) -> the scores of the carried tags (m, l), higher is better."""
        return points.new_zeros(len(points), 0)

    def queries(self, points: Tensor) -> Tensor:
        """points (m, any) -> (m, d); all alike for a recipe that knows nothing of the space."""
        return torch.ones_like(points[:, :1])

    def items(self) -> Tensor:
        """(v, d): item i times a query is the score of tag i, higher is better; `rare` unless a recipe has vectors."""
        return self.rare[:, None]
