"""NetFV: a Fisher vector whose mixture is trained: where rows lie around the centres, and how widely.

Miech, Laptev and Sivic: Learnable pooling with Context Gating for video classification (2017), "Beyond NetVLAD
aggregation"; the equations are also Kopczynski: Video understanding with the Youtube-8M dataset (2022), equation 20.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from tag2vec.embed.pooling import unit
from tag2vec.embed.pooling._clusters import Clustered

LEAST = 0.1  # deviation around a centre to start with, where the deviation of all rows is 1


class Netfv(Clustered):
    """With z = (x - c_k) / s_k: sums over rows of a_k(x) z, then of a_k(x) (z^2 - 1); out_dim = 2 * clusters * dim.

    Each sum is brought to length 1 cluster by cluster, then as a whole. The deviations s are kept as logarithms, so
    that training cannot make them negative.
    """

    def __init__(self, dim: int, blocks: dict[str, int], clusters: int = 32) -> None:
        super().__init__(dim, clusters)
        self.log_deviations = torch.nn.Parameter(torch.zeros(clusters, dim))
        self.out_dim = 2 * clusters * dim

    def _start(self, rows: NDArray[np.float32], nearest: NDArray[np.intp]) -> None:
        belongs = np.eye(len(self.centres), dtype=np.float32)[nearest].T  # (clusters, rows)
        n = np.maximum(belongs.sum(axis=1, keepdims=True), 1)
        mean, square = belongs @ rows / n, belongs @ rows**2 / n
        deviations = np.sqrt(np.maximum(square - mean**2, LEAST**2))
        with torch.no_grad():
            self.log_deviations.copy_(torch.from_numpy(np.log(deviations)))

    def forward(self, x: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        rows = self.level(x, mask)
        shares = self.shares(rows, mask)
        # The squares are multiplied out, so that no (batch, time, clusters, dim) array is made.
        total, first, second = shares.sum(dim=1).unsqueeze(-1), shares.mT @ rows, shares.mT @ rows.square()
        precisions = torch.exp(-self.log_deviations)
        by_mean = (first - total * self.centres) * precisions
        by_deviation = (second - 2 * first * self.centres + total * self.centres.square()) * precisions**2 - total
        return torch.cat([unit(unit(part).flatten(1)) for part in (by_mean, by_deviation)], dim=1)
