"""The principal axes of fixed vectors: long ones of few clips become short, and what tells the clips apart stays."""

from __future__ import annotations

import torch
from torch import Tensor, nn

KEPT = 1024  # axes along which clips are compared with each other
TURNED = 512  # axes that a network sees, above which they are turned
PREPARED_ON = 2048  # clips that the axes are learnt from at most
LONG = 10_000  # dimensions, above which the axes come from the products of the clips, which is quicker and smaller


class Axes(nn.Module):
    """(m, in_dim) -> (m, at most KEPT): centred, along the principal axes; the first `seen` are for networks, at a mean
    square of 1 a number.

    Where a network sees many axes, they are turned by a rotation drawn at random. Adam steps as far along an axis that
    hardly differs between clips as along the first one, and of many learns noise; turned, every number has a share of
    the first axes, and what they tell is learnt first. Few axes stay: what the last of them tell would come too late.

    Vectors that are not fixed stay as they are: they have no axes before training ends.
    """

    centre: Tensor  # (in_dim,)
    axes: Tensor  # (in_dim, at most KEPT)

    def __init__(self, in_dim: int, seen: int, fixed: bool) -> None:
        super().__init__()
        self.out_dim = min(in_dim, seen) if fixed else in_dim
        self.kept = min(in_dim, KEPT) if fixed else in_dim
        self.fixed = fixed
        if fixed:
            self.register_buffer("centre", torch.zeros(in_dim))
            self.register_buffer("axes", torch.eye(in_dim, self.kept))

    def fit(self, pooled: Tensor) -> None:
        """Learn from clips (n, in_dim)."""
        if not self.fixed:
            return
        some = pooled[:: max(1, -(-len(pooled) // PREPARED_ON))]
        self.centre.copy_(some.mean(dim=0))
        squares, axes = _principal(some - self.centre, self.axes.shape[1])
        kept = int((squares > 1e-10 * squares[0]).sum())
        if kept:
            seen = min(kept, self.out_dim)
            size = float((squares[:seen].sum() / (len(some) * seen)).sqrt())  # of the numbers that a network sees
            self.axes.zero_()[:, :kept] = axes[:, :kept].div_(size)
            if self.out_dim > TURNED:
                self.axes[:, :seen] = self.axes[:, :seen] @ _rotation(seen)

    def forward(self, pooled: Tensor) -> Tensor:
        return (pooled - self.centre) @ self.axes if self.fixed else pooled


def _rotation(wide: int) -> Tensor:
    """(wide, wide), always the same."""
    drawn = torch.randn(wide, wide, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    turned: Tensor = torch.linalg.qr(drawn).Q.float()
    return turned


def _principal(centred: Tensor, most: int) -> tuple[Tensor, Tensor]:
    """Squared sizes (k,), falling, and axes (d, k) of the clips (n, d); k is `most` or fewer."""
    if centred.shape[1] <= LONG:
        _, sizes, directions = torch.linalg.svd(centred, full_matrices=False)
        return sizes[:most].double() ** 2, directions[:most].T
    products = torch.zeros(len(centred), len(centred), dtype=torch.float64)
    for columns in torch.split(centred, 2**16, dim=1):
        products += columns.double() @ columns.double().T
    squares, mixed = (part.flip(-1)[..., :most] for part in torch.linalg.eigh(products))
    return squares, centred.T @ (mixed / squares.clamp_min(1e-30).sqrt()).float()
