"""What poolings do to rows before they pool them: the same columns for all, padding out of sight."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from tag2vec.embed.pooling import Pooling

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


class Levelled(Pooling):
    """A pooling of rows whose columns are levelled before; all else that it has is trained."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.level = Level(dim)

    def fit(self, sample: NDArray[np.float32], seed: int) -> None:
        """Bring the columns of `sample` (rows, dim) to the same spread."""
        self.level.fit(some(sample, seed))


def some(sample: NDArray[np.float32], seed: int) -> NDArray[np.float32]:
    """At most MAX_ROWS of the rows (n, dim), drawn with the seed, in their order."""
    return drawn(np.asarray(sample, np.float32), MAX_ROWS, np.random.default_rng(seed))


def drawn(rows: NDArray[Any], most: int, draw: np.random.Generator) -> NDArray[Any]:
    """At most `most` of the rows (n, dim), in their order."""
    taken: NDArray[Any] = rows if len(rows) <= most else rows[np.sort(draw.choice(len(rows), most, replace=False))]
    return taken


def real_first(x: torch.Tensor, mask: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """x (batch, time, dim), 0 where there is padding -> the real rows in their order, as many as the longest clip has,
    and how many each clip has (batch,). A clip without any has one row of zeros: networks want something to see."""
    lengths = mask.sum(dim=1).clamp(min=1)
    if not x.shape[1]:
        return x.new_zeros(len(x), 1, x.shape[2]), lengths
    order = mask.int().argsort(dim=1, descending=True, stable=True)[:, : int(lengths.max())]
    return x.gather(1, order.unsqueeze(-1).expand(-1, -1, x.shape[2])), lengths


def mean(x: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """x (batch, time, dim) -> the mean of the real rows (batch, dim), 0 without any."""
    real = mask.unsqueeze(-1)
    total: torch.Tensor = torch.where(real, x, 0.0).sum(dim=1)
    return total / real.sum(dim=1).clamp(min=1)


def highest(x: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """x (batch, time, dim) -> the highest value of each column among the real rows (batch, dim), 0 without any."""
    if not x.shape[1]:
        return x.new_zeros(len(x), x.shape[2])
    found = torch.where(mask.unsqueeze(-1), x, -torch.inf).amax(dim=1)
    return torch.where(mask.any(dim=1, keepdim=True), found, 0.0)
