"""The one thing that a clip is, such as its category: a softmax over the sets of tags that training clips carry."""

from __future__ import annotations

from typing import ClassVar

from torch import Tensor, nn

from tag2vec.embed.heads import Tags, Vectors
from tag2vec.embed.heads.groups import GroupsHead


class SoftmaxHead(GroupsHead):
    """`groups` with a hidden layer and with the evidence of near clips, for categories that exclude each other."""

    epochs = 40
    calibrated = True
    hidden: ClassVar[int] = 512

    def __init__(self, seen: Vectors, tags: Tags) -> None:
        super().__init__(seen, tags)
        last = nn.Linear(self.hidden, len(tags.sets))
        nn.init.zeros_(last.weight)
        self.net = nn.Sequential(
            nn.Dropout(0.5), nn.Linear(self.axes.out_dim, self.hidden), nn.ReLU(), nn.Dropout(0.5), last
        )

    def direct(self, points: Tensor) -> Tensor:
        """Logits."""
        return super().direct(points).logit(1e-6)

    def items(self) -> Tensor:
        return self.rare[:, None].logit(1e-9)
