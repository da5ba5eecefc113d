"""The default recipe: all tags of a clip at once, by name and through the tag space."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor, nn

from tag2vec.embed.heads import Head, Tags, Vectors, Wanted
from tag2vec.embed.heads._names import Ensemble, layers


class TagSpaceHead(Head):
    """Networks side by side. Each tag is a yes or no of its own: a softmax over the vocabulary would share one
    probability between the tags of a clip, so that the only tag of one kind of clip outranked each of the three tags
    of another.

    One network points into the input side of the space, so that the output vectors rank all tags; those of carried
    tags may move, and each tag has a bias that starts at its prior. An ensemble knows the carried tags by name alone:
    what tells them apart need not fit into the dimensions of the space. Both logits are averaged where both have one.
    """

    epochs = 40
    per_tag = ("bias",)
    hidden: ClassVar[int] = 512
    members: ClassVar[int] = 4  # of the ensemble

    def __init__(self, seen: Vectors, tags: Tags) -> None:
        super().__init__(seen, tags)
        dim = tags.inputs.shape[1]
        self.space = nn.Sequential(*layers(self.axes.out_dim, self.hidden), nn.Linear(self.hidden, dim))
        self.log_scale = nn.Parameter(torch.zeros(()))
        self.bias = nn.Parameter(tags.prior.logit(1e-6))
        self.moved = nn.Parameter(torch.zeros(len(self.carried), dim))
        self.names = Ensemble(self.axes.out_dim, self.hidden, tags.prior[self.carried], self.members)

    def points(self, seen: Tensor) -> Tensor:
        return torch.cat([self.space(seen) * self.log_scale.exp(), self.names(seen)], dim=1)

    def loss(self, points: Tensor, wanted: Wanted) -> Tensor:
        point, own = self._parts(points)
        scores = point @ self.outputs.index_add(0, self.carried, self.moved).T + self.bias
        through = nn.functional.binary_cross_entropy_with_logits(scores, wanted.targets, reduction="none").sum(dim=1)
        return through + self.names.loss(own, wanted.targets[:, self.carried])

    def direct(self, points: Tensor) -> Tensor:
        point, own = self._parts(points)
        vectors = self.outputs[self.carried] + self.moved
        scores: Tensor = (point @ vectors.T + self.bias[self.carried] + self.names.scores(own)) / 2
        return scores

    def queries(self, points: Tensor) -> Tensor:
        return torch.cat([self._parts(points)[0], torch.ones_like(points[:, :1])], dim=1)

    def items(self) -> Tensor:
        return torch.cat([self.outputs, self.bias[:, None]], dim=1)

    def _parts(self, points: Tensor) -> tuple[Tensor, Tensor]:
        return points[:, : self.outputs.shape[1]], points[:, self.outputs.shape[1] :]
