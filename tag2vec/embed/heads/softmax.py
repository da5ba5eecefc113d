"""The one thing that a clip is, such as its category: a softmax over the groups of tags that training clips carry."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor, nn

from tag2vec.embed.heads import Tags, Vectors, Wanted
from tag2vec.embed.heads._names import layers
from tag2vec.embed.heads.groups import GroupsHead


class SoftmaxHead(GroupsHead):
    """`groups` with the mean logits of several networks with a hidden layer, and with the evidence of near clips, for
    categories that exclude each other."""

    epochs = 40
    calibrated = True
    hidden: ClassVar[int] = 512
    networks: ClassVar[int] = 4

    def __init__(self, seen: Vectors, tags: Tags) -> None:
        super().__init__(seen, tags)
        self.net = nn.ModuleList(self._network() for _ in range(self.networks))

    def _network(self) -> nn.Module:
        last = nn.Linear(self.hidden, self.groups)
        nn.init.zeros_(last.weight)
        return nn.Sequential(*layers(self.axes.out_dim, self.hidden, drop=0.5), last)

    def points(self, seen: Tensor) -> Tensor:
        """(m, wide) -> the logits of each network (m, networks * groups)."""
        return torch.cat([network(seen) for network in self.net.children()], dim=1)

    def loss(self, points: Tensor, wanted: Wanted) -> Tensor:
        each = [GroupsHead.loss(self, part, wanted) for part in points.chunk(self.networks, dim=1)]
        return torch.stack(each).mean(dim=0)

    def direct(self, points: Tensor) -> Tensor:
        """Logits."""
        mean = torch.stack(points.chunk(self.networks, dim=1)).mean(dim=0)
        return super().direct(mean).logit(1e-6)

    def items(self) -> Tensor:
        return super().items().logit(1e-9)
