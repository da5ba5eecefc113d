"""What poolings do to rows before they pool them: the same columns for all, padding out of sight."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

MAX_ROWS = 25_000  # that a pooling is fitted on; more change nothing that a classifier notices


class Level(torch.nn.Module):
    """Columns to mean 0 and deviation 1 over the sample that was fitted on; as they are, until then.

    It stands where networks for YouTube-8M have batch normalisation of their input. What it learnt stays as it is, so
    neither the other clips of a batch nor padding can change a clip's vector.
    """

    mean: torch.Tensor  # (dim,)
    deviation: torch.Tensor  # (dim,)

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(dim))
        self.register_buffer("deviation", torch.ones(dim))

    def fit(self, sample: NDArray[np.float32]) -> None:
        deviation = sample.std(axis=0, dtype=np.float64)
        self.mean.copy_(torch.from_numpy(sample.mean(axis=0, dtype=np.float64)))
        self.deviation.copy_(torch.from_numpy(np.where(deviation > 1e-6, deviation, 1.0)))

    def forward(self, x: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """x (batch, time, dim), mask (batch, time) -> rows of the same shape, 0 where there is padding."""
        return torch.where(mask.unsqueeze(-1), (x - self.mean) / self.deviation, 0.0)


def some(sample: NDArray[np.float32], seed: int) -> NDArray[np.float32]:
    """At most MAX_ROWS of the rows (n, dim), drawn with the seed, in their order."""
    rows = np.asarray(sample, np.float32)
    if len(rows) <= MAX_ROWS:
        return rows
    return rows[np.sort(np.random.default_rng(seed).choice(len(rows), MAX_ROWS, replace=False))]


def real_first(x: torch.Tensor, mask: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """x (batch, time, dim) -> the real rows in their order, as many as the longest clip has but at least one, and how
    many each clip has (batch,)."""
    lengths = mask.sum(dim=1)
    longest = int(lengths.max())
    if not longest:
        return x.new_zeros(len(x), 1, x.shape[2]), lengths
    order = mask.int().argsort(dim=1, descending=True, stable=True)[:, :longest]
    return x.gather(1, order.unsqueeze(-1).expand(-1, -1, x.shape[2])), lengths


def highest(x: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """x (batch, time, dim) -> the highest value of each column among the real rows (batch, dim), 0 without any."""
    if not x.shape[1]:
        return x.new_zeros(len(x), x.shape[2])
    found = torch.where(mask.unsqueeze(-1), x, -torch.inf).amax(dim=1)
    return torch.where(mask.any(dim=1, keepdim=True), found, 0.0)
