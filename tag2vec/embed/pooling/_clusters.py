"""What the poolings by clusters share: centres, found by k-means, and rows that belong to each by a share.

Arandjelovic, Gronat, Torii, Pajdla and Sivic: NetVLAD (CVPR 2016), section 3.1.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import NDArray

from tag2vec.embed.pooling import whole
from tag2vec.embed.pooling._rows import Levelled, some
from tag2vec.errors import UsageError

CRISP = 100.0  # how much larger the largest share of a row is than the next, at the start: the paper's appendix A


class Clustered(Levelled):
    """Centres c (clusters, dim), and shares a_k(x) = softmax over k of w_k x + b_k (equation 3), trained apart."""

    def __init__(self, dim: int, clusters: int) -> None:
        super().__init__(dim)
        whole(self.name, clusters=clusters)
        self.assign = torch.nn.Linear(dim, clusters)
        self.centres = torch.nn.Parameter(torch.randn(clusters, dim))

    def fit(self, sample: NDArray[np.float32], seed: int) -> None:
        """Start at the centres of `sample` (rows, dim). Raises UsageError for fewer rows than centres."""
        from sklearn.cluster import MiniBatchKMeans

        clusters = len(self.centres)
        sample = some(sample, seed)
        if len(sample) < clusters:
            raise UsageError(
                f"{self.name} with clusters={clusters} got {len(sample)} rows to start from; wanted at least as many "
                "rows as clusters. Give more clips, or fewer clusters."
            )
        self.level.fit(sample)
        rows = self.level(torch.from_numpy(sample)[None], torch.ones(1, len(sample), dtype=torch.bool))[0].numpy()
        found = MiniBatchKMeans(clusters, n_init=3, random_state=seed).fit(rows)
        near = found.transform(rows) ** 2  # (rows, clusters)
        with torch.no_grad():
            centres = torch.from_numpy(found.cluster_centers_)
            alpha = _sharpness(near)
            self.centres.copy_(centres)
            self.assign.weight.copy_(2 * alpha * centres)
            self.assign.bias.copy_(-alpha * centres.square().sum(dim=1))
        self._start(rows, near.argmin(axis=1))

    def _start(self, rows: NDArray[np.float32], nearest: NDArray[np.intp]) -> None:
        """Learn from levelled rows (n, dim) and the cluster of each what else there is to learn."""

    def shares(self, rows: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Levelled rows (batch, time, dim) -> (batch, time, clusters): those of a row add up to 1, of padding to 0."""
        return torch.where(mask.unsqueeze(-1), self.assign(rows).softmax(dim=-1), 0.0)


def _sharpness(near: NDArray[np.float32]) -> float:
    """alpha, with which the nearest centre has CRISP times the share of the next, from squared distances."""
    if near.shape[1] == 1:
        return 1.0
    first, second = np.partition(near, 1, axis=1)[:, :2].mean(axis=0)
    return float(math.log(CRISP) / max(second - first, 1e-3))
