"""Mean and standard deviation over time: what a clip looks like, and how much it changes."""

from __future__ import annotations

import torch

from tag2vec.embed.pooling import Pooling, unit_root
from tag2vec.embed.pooling._rows import mean


class Moments(Pooling):
    """out_dim = 2 * dim: the mean of the rows, then their standard deviation; their signed root, to length 1.

    The root keeps few strong features from outweighing all others, as in the improved Fisher vector.
    """

    def __init__(self, dim: int, blocks: dict[str, int]) -> None:
        super().__init__()
        self.out_dim = 2 * dim

    def forward(self, x: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        middle = mean(x, mask)
        off = torch.where(mask.unsqueeze(-1), x - middle.unsqueeze(1), 0.0)
        # The root's slope at 0 is infinite: a little is added so that gradients stay finite.
        deviation = (mean(off.square(), mask) + 1e-12).sqrt() - 1e-6
        return unit_root(torch.cat([middle, deviation], dim=1))
