"""Categories that exclude each other, by one network for each kind of features and a gate."""

from __future__ import annotations

from tag2vec.embed.heads.fusion import FusionHead
from tag2vec.embed.heads.softmax import SoftmaxHead


class SoftFusionHead(FusionHead):
    """`fusion` whose parts are those of `softmax`."""

    part = SoftmaxHead
    epochs = SoftmaxHead.epochs
