"""The default recipe: all tags of a clip at once, ranked by the output side of the space."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor, nn

from tag2vec.embed.heads import Head

REDUCED = 256  # dimensions that the clips' vectors are turned into first
PREPARED_ON = 2048  # clips that this is learnt from at most
LONG = 100_000  # dimensions, above which the axes come from the products of the clips, to need less memory


class TagSpaceHead(Head):
    """Into the input side of the space, so that the output vectors rank all tags: each tag is a yes or no of its own.

    A softmax over the vocabulary would share one probability between the tags of a clip, so that the only tag of one
    kind of clip outranked each of the three tags of another.
    The length of a point is free, and `scale` is learned; each tag has a bias that starts at its prior.
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
        self.bias = nn.Parameter(prior.logit(1e-6))

    def prepare(self, pooled: Tensor) -> None:
        some = pooled[:: max(1, -(-len(pooled) // PREPARED_ON))]
        self.centre.copy_(some.mean(dim=0))
        squares, axes = _principal(some - self.centre, self.axes.shape[1])
        kept = int((squares > 1e-10 * squares[0]).sum())
        if kept:
            size = float((squares[:kept].sum() / (len(some) * kept)).sqrt())  # of the reduced clips
            self.axes.zero_()[:, :kept] = axes[:, :kept].div_(size)

    def reduce(self, pooled: Tensor) -> Tensor:
        return (pooled - self.centre) @ self.axes

    def points(self, reduced: Tensor) -> Tensor:
        points: Tensor = self.net(reduced)
        return points

    def loss(self, points: Tensor, targets: Tensor, words: Tensor) -> Tensor:
        scores = self.queries(points) @ self.items().T
        return nn.functional.binary_cross_entropy_with_logits(scores, targets, reduction="sum") / len(points)

    def queries(self, points: Tensor) -> Tensor:
        return torch.cat([points * self.log_scale.exp(), torch.ones_like(points[:, :1])], dim=1)

    def items(self) -> Tensor:
        return torch.cat([self.outputs, self.bias[:, None]], dim=1)


def _principal(centred: Tensor, most: int) -> tuple[Tensor, Tensor]:
    """Squared sizes (k,), falling, and axes (d, k) of the clips (n, d); k is `most` or fewer."""
    if centred.shape[1] <= LONG:
        _, sizes, directions = torch.linalg.svd(centred, full_matrices=False)
        return sizes[:most].double() ** 2, directions[:most].T
    products = torch.zeros(len(centred), len(centred), dtype=torch.float64)
    for columns in torch.split(centred, 2**16, dim=1):
        products += columns.double() @ columns.double().T
    squares, mixed = (part.flip(-1)[..., :most] for part in torch.linalg.eigh(products))
    return squares, centred.T @ (mixed / squares.clamp_min(1e-30).sqrt()).float()
