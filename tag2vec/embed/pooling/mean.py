"""The mean of the rows."""

from __future__ import annotations

import torch

from tag2vec.embed.pooling import Pooling
from tag2vec.embed.pooling._rows import mean


class Mean(Pooling):
    def __init__(self, dim: int, blocks: dict[str, int]) -> None:
        super().__init__()
        self.out_dim = dim

    def forward(self, x: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        return mean(x, mask)
