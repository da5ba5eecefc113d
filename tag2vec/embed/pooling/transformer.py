"""A Transformer encoder over the rows, and the mean of what it makes of them.

Vaswani et al.: Attention Is All You Need (NeurIPS 2017): layers as in sections 3.1 to 3.3 (torch.nn has them),
positions as in section 3.5: sines and cosines, which have no longest clip. The mean over the rows in place of a decoder
is that of Kopczynski: Video understanding with the Youtube-8M dataset (2022), section 5.1.2.
"""

from __future__ import annotations

import math

import torch

from tag2vec.embed.pooling import whole
from tag2vec.embed.pooling._rows import Levelled, mean, real_first
from tag2vec.errors import UsageError


class Transformer(Levelled):
    """Rows are mapped to `width` columns and attend to each other in `layers` layers of `heads` heads; out_dim = width.

    A clip of n rows takes time and memory in proportion to n * n.
    """

    ordered = True

    def __init__(self, dim: int, blocks: dict[str, int], width: int = 256, heads: int = 4, layers: int = 1) -> None:
        super().__init__(dim)
        whole(self.name, width=width, heads=heads, layers=layers)
        if width % heads:
            raise UsageError(f"transformer got width={width} and heads={heads}; wanted heads that divide the width.")
        self.out_dim = width
        self.enter = torch.nn.Linear(dim, width)
        # Not torch.nn.TransformerEncoder, whose layers all start with the same weights.
        self.layers = torch.nn.ModuleList(
            torch.nn.TransformerEncoderLayer(width, heads, 4 * width, batch_first=True) for _ in range(layers)
        )

    def forward(self, x: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        rows, lengths = real_first(self.level(x, mask), mask)
        shown = torch.arange(rows.shape[1], device=x.device) < lengths.unsqueeze(-1)  # (batch, time)
        y = self.enter(rows) + _positions(rows.shape[1], self.out_dim).to(x)
        for layer in self.layers:
            y = layer(y, src_key_padding_mask=~shown)
        return mean(y, shown)


def _positions(time: int, width: int) -> torch.Tensor:
    """(time, width): column 2i of row t is sin(t / 10000^(2i/width)), the one after it the cosine."""
    rates = torch.exp(torch.arange(0, width, 2) * (-math.log(10_000.0) / width))
    angles = torch.arange(time).unsqueeze(-1) * rates
    return torch.stack([angles.sin(), angles.cos()], dim=-1).flatten(1)[:, :width]
