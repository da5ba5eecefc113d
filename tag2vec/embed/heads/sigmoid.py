"""The plain multi-label classifier: one hidden layer, a yes or no for every tag that training clips carry."""

from __future__ import annotations

from typing import ClassVar

from torch import Tensor, nn

from tag2vec.embed.heads import Head, Tags, Vectors, Wanted
from tag2vec.embed.heads._names import Names, layers


class SigmoidHead(Head):
    """Rectified units and binary cross-entropy, as the classifiers on YouTube-8M's features have them.

    Abu-El-Haija et al.: YouTube-8M: A Large-Scale Video Classification Benchmark (2016), section 4.2. It knows nothing
    of the space: tags that no training clip carries come last, the more frequent ones first.
    """

    epochs = 40
    hidden: ClassVar[int] = 1024

    def __init__(self, seen: Vectors, tags: Tags) -> None:
        super().__init__(seen, tags)
        self.register_buffer("rare", tags.prior.logit(1e-6) - 20.0, persistent=False)
        self.net = nn.Sequential(*layers(self.axes.out_dim, self.hidden))
        self.names = Names(self.hidden, tags.prior[self.carried])

    def loss(self, points: Tensor, wanted: Wanted) -> Tensor:
        return self.names.loss(points, wanted.targets[:, self.carried])

    def direct(self, points: Tensor) -> Tensor:
        scores: Tensor = self.names(points)
        return scores
