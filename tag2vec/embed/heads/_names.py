"""A yes or no for every tag that training clips carry, known by name alone."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, nn


class Names(nn.Linear):
    """(m, width) -> logits of the tags (m, l); at first those of `prior` (l,)."""

    def __init__(self, width: int, prior: Tensor) -> None:
        super().__init__(width, len(prior))
        with torch.no_grad():
            self.weight.zero_()
            self.bias.copy_(prior.logit(1e-6))

    def loss(self, seen: Tensor, targets: Tensor) -> Tensor:
        """seen (m, width), targets (m, l), of which those below 1 are no tags of the clip -> (m,)."""
        own = (targets == 1).to(seen.dtype)
        return nn.functional.binary_cross_entropy_with_logits(self(seen), own, reduction="none").sum(dim=1)


class Ensemble(nn.Module):
    """`members` networks with one hidden layer each, which differ in what they began with and in what dropout left out.

    One network that learns what they say together is no better than each of them (docs/evaluation.md): all are kept.
    """

    def __init__(self, wide: int, hidden: int, prior: Tensor, members: int) -> None:
        super().__init__()
        self.hidden = nn.ModuleList(nn.Sequential(*layers(wide, hidden)) for _ in range(members))
        self.names = nn.ModuleList(Names(hidden, prior) for _ in range(members))

    def forward(self, seen: Tensor) -> Tensor:
        """seen (m, wide) -> points (m, members hidden)."""
        return torch.cat([member(seen) for member in self.hidden], dim=1)

    def loss(self, points: Tensor, targets: Tensor) -> Tensor:
        """points (m, members hidden), targets (m, l) as for Names -> (m,)."""
        return torch.stack([names.loss(own, targets) for names, own in self._pairs(points)]).mean(dim=0)

    def scores(self, points: Tensor) -> Tensor:
        """points (m, members hidden) -> the mean of their logits (m, l)."""
        return torch.stack([names(own) for names, own in self._pairs(points)]).mean(dim=0)

    def _pairs(self, points: Tensor) -> Iterator[tuple[Names, Tensor]]:
        for names, own in zip(self.names, points.chunk(len(self.names), dim=1), strict=True):
            assert isinstance(names, Names)
            yield names, own


def layers(wide: int, hidden: int, drop: float = 0.3) -> list[nn.Module]:
    return [nn.Dropout(drop), nn.Linear(wide, hidden), nn.ReLU(), nn.Dropout(drop)]
