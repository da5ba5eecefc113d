"""The default recipe: all tags of a clip at once, ranked by the output side of the space."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor, nn

from tag2vec.embed.heads import Head


class TagSpaceHead(Head):
    """Into the input side of the space, so that the output vectors rank all tags: softmax over the vocabulary.

    The length of a point is free, and `scale` is learned; each tag has a bias that starts at its log prior.
    """

    epochs = 60
    hidden: ClassVar[int] = 512

    def __init__(self, in_dim: int, inputs: Tensor, outputs: Tensor, prior: Tensor) -> None:
        super().__init__(in_dim, inputs, outputs, prior)
        self.net = nn.Sequential(
            nn.Dropout(0.3),
            nn.Linear(in_dim, self.hidden),
            nn.ReLU(),
            nn.Dropout(0.3),
            nn.Linear(self.hidden, inputs.shape[1]),
        )
        self.log_scale = nn.Parameter(torch.zeros(()))
        self.bias = nn.Parameter(prior.log())

    def forward(self, pooled: Tensor) -> Tensor:
        points: Tensor = self.net(pooled)
        return points

    def loss(self, points: Tensor, targets: Tensor, words: Tensor) -> Tensor:
        scores = self.queries(points) @ self.items().T
        return nn.functional.cross_entropy(scores, targets)

    def queries(self, points: Tensor) -> Tensor:
        return torch.cat([points * self.log_scale.exp(), torch.ones_like(points[:, :1])], dim=1)

    def items(self) -> Tensor:
        return torch.cat([self.outputs, self.bias[:, None]], dim=1)
