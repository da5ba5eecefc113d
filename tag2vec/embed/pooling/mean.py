"""The mean of the rows."""

from __future__ import annotations

import torch

from tag2vec.embed.pooling import Pooling


class Mean(Pooling):
    def __init__(self, dim: int, blocks: dict[str, int]) -> None:
        super().__init__()
        self.out_dim = dim

    def forward(self, x: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        weights = mask.to(x.dtype).unsqueeze(-1)
        total: torch.Tensor = (torch.where(weights > 0, x, torch.zeros_like(x))).sum(dim=1)
        return total / weights.sum(dim=1).clamp(min=1)
