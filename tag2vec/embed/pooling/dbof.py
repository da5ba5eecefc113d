"""The deep bag of frames: which of many learnt visual words a clip has, whenever.

Abu-El-Haija et al.: YouTube-8M: A Large-Scale Video Classification Benchmark (2016), "Deep Bag of Frames (DBoF)
Pooling": a fully connected layer of ReLU units over each row, normalised, and the maximum over the rows. The paper
normalises over the batch. Here the words of one row are normalised over each other (Ba, Kiros and Hinton: Layer
Normalization, 2016): that does not depend on the other clips of a batch, cannot see padding, and is the same in
training and after.
"""

from __future__ import annotations

import torch

from tag2vec.embed.pooling import whole
from tag2vec.embed.pooling._rows import Levelled, highest


class Dbof(Levelled):
    """max over rows of ReLU(normalised(W x + b)); out_dim = clusters, the number of words."""

    def __init__(self, dim: int, blocks: dict[str, int], clusters: int = 1024) -> None:
        super().__init__(dim)
        whole(self.name, clusters=clusters)
        self.out_dim = clusters
        self.words = torch.nn.Sequential(torch.nn.Linear(dim, clusters), torch.nn.LayerNorm(clusters), torch.nn.ReLU())

    def forward(self, x: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        return highest(self.words(self.level(x, mask)), mask)
