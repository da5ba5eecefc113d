"""The default recipe: all tags of a clip at once, ranked by the output side of the space."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor, nn

from tag2vec.embed.heads import Head

REDUCED = 256  # dimensions that the clips' vectors are turned into first
PREPARED_ON = 2048  # clips that this is learnt from at most


class TagSpaceHead(Head):
    """Into the input side of the space, so that the output vectors rank all tags: softmax over the vocabulary.

    The length of a point is free, and `scale` is learned; each tag has a bias that starts at its log prior.
    Long vectors of few clips are first turned into their principal axes: nothing that tells the clips apart is lost,
    and the network is a hundredth of the size.
    """

    epochs = 40
    per_tag = ("bias",)
    hidden: ClassVar[int] = 512
    centre: Tensor  # (in_dim,)
    axes: Tensor  # (in_dim, REDUCED or in_dim)

    def __init__(self, in_dim: int, inputs: Tensor, outputs: Tensor, prior: Tensor) -> None:
        super().__init__(in_dim, inputs, outputs, prior)
        reduced = min(in_dim, REDUCED)
        self.register_buffer("centre", torch.zeros(in_dim))
        self.register_buffer("axes", torch.eye(in_dim, reduced))
        self.net = nn.Sequential(
            nn.Dropout(0.3),
            nn.Linear(reduced, self.hidden),
            nn.ReLU(),
            nn.Dropout(0.3),
            nn.Linear(self.hidden, inputs.shape[1]),
        )
        self.log_scale = nn.Parameter(torch.zeros(()))
        self.bias = nn.Parameter(prior.log())

    def prepare(self, pooled: Tensor) -> None:
        some = pooled[:: max(1, -(-len(pooled) // PREPARED_ON))]
        self.centre.copy_(some.mean(dim=0))
        _, sizes, directions = torch.linalg.svd(some - self.centre, full_matrices=False)
        kept = min(self.axes.shape[1], int((sizes > 1e-5 * sizes[0]).sum()))
        if kept:
            axes = directions[:kept].T
            size = ((some - self.centre) @ axes).square().mean().sqrt()
            self.axes.zero_()[:, :kept] = axes / size

    def forward(self, pooled: Tensor) -> Tensor:
        points: Tensor = self.net((pooled - self.centre) @ self.axes)
        return points

    def loss(self, points: Tensor, targets: Tensor, words: Tensor) -> Tensor:
        scores = self.queries(points) @ self.items().T
        return nn.functional.cross_entropy(scores, targets)

    def queries(self, points: Tensor) -> Tensor:
        return torch.cat([points * self.log_scale.exp(), torch.ones_like(points[:, :1])], dim=1)

    def items(self) -> Tensor:
        return torch.cat([self.outputs, self.bias[:, None]], dim=1)
