"""One of the hashtag groups that training clips carry: `#punch #strike #combat` is one class."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from tag2vec.embed.heads import Head, Tags, Vectors, Wanted


class GroupsHead(Head):
    """Palihena and Randika: A Model to Determine Hashtags for Social Media Video Clips (2024): a softmax over groups.

    The score of a tag is the probability of the groups that it stands in.
    """

    epochs = 100
    calibrated = False  # a softmax gives probabilities
    members: Tensor  # (l, groups): 1 where a tag stands in a group
    rare: Tensor  # (v,)

    def __init__(self, seen: Vectors, tags: Tags) -> None:
        super().__init__(seen, tags)
        members = [[float(row in group) for group in map(set, tags.sets)] for row in self.carried.tolist()]
        self.register_buffer("members", torch.tensor(members), persistent=False)
        self.register_buffer("rare", 1e-6 * tags.prior, persistent=False)
        self.net: nn.Module = nn.Sequential(nn.Dropout(0.5), nn.Linear(self.axes.out_dim, len(tags.sets)))

    def points(self, seen: Tensor) -> Tensor:
        points: Tensor = self.net(seen)
        return points

    def loss(self, points: Tensor, wanted: Wanted) -> Tensor:
        return nn.functional.cross_entropy(points, wanted.sets, reduction="none")

    def direct(self, points: Tensor) -> Tensor:
        return points.softmax(dim=1) @ self.members.T

    def queries(self, points: Tensor) -> Tensor:
        return torch.ones_like(points[:, :1])

    def items(self) -> Tensor:
        return self.rare[:, None]
