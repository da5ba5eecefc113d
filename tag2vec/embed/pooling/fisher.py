"""The improved Fisher vector: how the rows of a clip differ from a mixture of Gaussians over all clips.

Perronnin, Sanchez, Mensink: Improving the Fisher Kernel (ECCV 2010); Sanchez, Perronnin, Mensink, Verbeek:
Image Classification with the Fisher Vector (IJCV 2013), sections 2 and 3. Each block of the features has its
own PCA and mixture, as in Wang and Schmid: Action Recognition with Improved Trajectories (ICCV 2013).
"""

from __future__ import annotations

import math
import warnings

import numpy as np
import torch
from numpy.typing import NDArray

from tag2vec.embed.pooling import Pooling, unit, unit_root, whole
from tag2vec.embed.pooling._rows import some
from tag2vec.errors import UsageError

MAX_STEPS = 25  # of expectation maximisation


class Fisher(Pooling):
    """Gradients of each block's mixture; out_dim = 2 * components * (sum of reduced widths).

    `reduce` is the share of a block's width that its whitened PCA keeps: with a quarter, two sets of real clips
    were recognised better (0.80 and 0.87) than with half (0.76 and 0.86), at half the length. It cannot be used
    until fitted or loaded.
    """

    fitted: torch.Tensor  # () bool

    def __init__(self, dim: int, blocks: dict[str, int], components: int = 32, reduce: float = 0.25) -> None:
        super().__init__()
        if sum(blocks.values()) != dim:
            raise UsageError(f"The blocks {blocks} add up to {sum(blocks.values())}; wanted the {dim} columns.")
        whole(self.name, components=components)
        if type(reduce) not in (int, float) or not 0 < reduce <= 1:
            raise UsageError(f"fisher got reduce={reduce}; wanted a share above 0, at most 1.")
        self.widths = list(blocks.values())
        self.parts = torch.nn.ModuleList(_Block(w, math.ceil(w * reduce), components) for w in self.widths)
        self.out_dim = sum(2 * components * math.ceil(w * reduce) for w in self.widths)
        self.register_buffer("fitted", torch.tensor(False))

    def fit(self, sample: NDArray[np.float32], seed: int) -> None:
        """Fit the PCAs and mixtures to `sample` (rows, dim) of many clips; one seed gives one result."""
        rows = np.asarray(sample, np.float32)
        if rows.ndim != 2 or rows.shape[1] != sum(self.widths):
            raise UsageError(f"The sample has shape {rows.shape}; wanted (rows, {sum(self.widths)}).")
        rows = some(rows, seed)
        for part, columns in zip(self.parts, np.split(rows, np.cumsum(self.widths)[:-1], axis=1), strict=True):
            assert isinstance(part, _Block)
            part.fit(columns, seed)
        self.fitted.fill_(True)

    def forward(self, x: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        if not self.fitted:
            raise UsageError("This Fisher pooling is not fitted; call fit(sample, seed) or load a fitted one first.")
        # Clip by clip and real rows only: padding cannot leak in, and memory is that of one clip.
        return torch.stack([self._one(rows[real]) for rows, real in zip(x, mask, strict=True)])

    def _one(self, rows: torch.Tensor) -> torch.Tensor:
        """(n, dim) -> (out_dim,), n may be 0."""
        columns: tuple[torch.Tensor, ...] = torch.split(rows, self.widths, dim=1)
        whole = torch.cat([unit_root(part(c)) for part, c in zip(self.parts, columns, strict=True)])
        return unit(whole)


class _Block(torch.nn.Module):
    """PCA and diagonal mixture of one block: `width` columns, of which `kept` directions remain."""

    mean: torch.Tensor  # (width,)
    basis: torch.Tensor  # (width, kept)
    weights: torch.Tensor  # (components,)
    means: torch.Tensor  # (components, kept)
    deviations: torch.Tensor  # (components, kept)

    def __init__(self, width: int, kept: int, components: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(width))
        self.register_buffer("basis", torch.zeros(width, kept))
        self.register_buffer("weights", torch.full((components,), 1.0 / components))
        self.register_buffer("means", torch.zeros(components, kept))
        self.register_buffer("deviations", torch.ones(components, kept))

    def fit(self, rows: NDArray[np.float32], seed: int) -> None:
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.mixture import GaussianMixture

        components, kept = self.means.shape
        if len(rows) < 2 * components:
            raise UsageError(
                f"A Fisher pooling of {components} components got {len(rows)} rows to fit; wanted at least "
                f"{2 * components}. Give more clips, or fewer components."
            )
        mean, basis = _whitened_pca(rows.astype(np.float64), kept)
        mixture = GaussianMixture(
            components, covariance_type="diag", max_iter=MAX_STEPS, reg_covar=1e-4, random_state=seed
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # MAX_STEPS is enough for a codebook
            mixture.fit(((rows - mean) @ basis).astype(np.float32))
        found = (mean, basis, mixture.weights_, mixture.means_, np.sqrt(mixture.covariances_))
        for buffer, value in zip(
            (self.mean, self.basis, self.weights, self.means, self.deviations), found, strict=True
        ):
            buffer.copy_(torch.from_numpy(np.ascontiguousarray(value)))

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        """(n, width) -> (2 * components * kept,): gradients by the means, then by the deviations."""
        y = (rows - self.mean) @ self.basis
        precision = self.deviations**-2
        # The square is multiplied out, so that no (n, components, kept) array is made.
        distance = (y**2) @ precision.T - 2 * y @ (self.means * precision).T + (self.means**2 * precision).sum(1)
        log_odds = self.weights.log() - self.deviations.log().sum(1) - distance / 2
        share = log_odds.softmax(dim=1)  # (n, components)
        total, first, second = share.sum(0)[:, None], share.T @ y, share.T @ (y**2)
        n = max(len(rows), 1)
        by_mean = (first - total * self.means) / self.deviations
        by_deviation = (second - 2 * first * self.means + total * self.means**2) * precision - total
        scale = 1.0 / (n * self.weights.clamp_min(1e-12).sqrt()[:, None])
        return torch.cat([(by_mean * scale).flatten(), (by_deviation * scale / math.sqrt(2.0)).flatten()])


def _whitened_pca(rows: NDArray[np.float64], kept: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean (width,) and basis (width, kept): projected rows have variance 1, or 0 where the data has none."""
    mean = rows.mean(axis=0)
    centred = rows - mean
    values, vectors = np.linalg.eigh(centred.T @ centred / len(rows))
    values, vectors = values[::-1][:kept], vectors[:, ::-1][:, :kept]
    strongest = vectors[np.abs(vectors).argmax(axis=0), np.arange(kept)]
    vectors = vectors * np.where(strongest < 0, -1.0, 1.0)  # a direction has two signs: always take the same
    real = values > 1e-6 * max(float(values[0]), 1e-12)
    return mean, vectors * np.where(real, 1.0 / np.sqrt(np.where(real, values, 1.0)), 0.0)
