"""The highest value of each column: what happened at least once."""

from __future__ import annotations

import torch

from tag2vec.embed.pooling import Pooling
from tag2vec.embed.pooling._rows import highest


class Max(Pooling):
    """out_dim = dim; 0 for a clip with no row."""

    def __init__(self, dim: int, blocks: dict[str, int]) -> None:
        super().__init__()
        self.out_dim = dim

    def forward(self, x: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        return highest(x, mask)
