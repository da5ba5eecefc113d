"""NetVLAD: how the rows of a clip differ from the learnt centres they are near to.

Arandjelovic, Gronat, Torii, Pajdla and Sivic: NetVLAD: CNN architecture for weakly supervised place recognition (CVPR
2016), section 3.1, equation 4; over the frames of videos: Miech, Laptev and Sivic: Learnable pooling with Context
Gating for video classification (2017).
"""

from __future__ import annotations

import torch

from tag2vec.embed.pooling import unit
from tag2vec.embed.pooling._clusters import Clustered


class Netvlad(Clustered):
    """V_k = sum over rows of a_k(x) (x - c_k), each of length 1, then all together; out_dim = clusters * dim."""

    def __init__(self, dim: int, blocks: dict[str, int], clusters: int = 64) -> None:
        super().__init__(dim, clusters)
        self.out_dim = clusters * dim

    def forward(self, x: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        rows = self.level(x, mask)
        shares = self.shares(rows, mask)
        # The sum is multiplied out, so that no (batch, time, clusters, dim) array is made.
        residuals = shares.mT @ rows - shares.sum(dim=1).unsqueeze(-1) * self.centres
        return unit(unit(residuals).flatten(1))
