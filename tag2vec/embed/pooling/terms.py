"""Grams of a text, as `words` gives them, into columns in which rare ones count for more (TF-IDF)."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from tag2vec.embed.features.words import CODES, DIGIT, KINDS
from tag2vec.embed.pooling import Pooling, unit, whole

ALL = CODES * len(KINDS)


class Terms(Pooling):
    """(m, len(KINDS) columns): every kind of grams at length 1, then all.

    A row's last number is how much of a gram there is; those before it say which, digit by digit. Each counts by the
    smooth inverse document frequency of Spärck Jones (1972), 1 + log((1 + N) / (1 + n)) of n texts in N, and not at
    all when no text that was fitted on has it: a name seen for the first time takes nothing from the words around it.
    The code of a gram says its column and its sign, so that two in one column cancel out on average.
    """

    axes = 1024
    weight: torch.Tensor  # (ALL,)

    def __init__(self, dim: int, blocks: dict[str, int], columns: int = 16384) -> None:
        super().__init__()
        whole("The pooling 'terms'", columns=columns)
        self.columns = columns
        self.out_dim = columns * len(KINDS)
        self.register_buffer("weight", torch.zeros(ALL, dtype=torch.float16))

    def fit(self, sample: NDArray[np.float32], seed: int) -> None:
        # A text has a gram in one row at most, so rows are texts; nearly every text has the most frequent one.
        texts = np.bincount(_codes(torch.from_numpy(sample)).numpy(), minlength=ALL)
        weights = 1 + np.log((1 + texts.max(initial=0)) / (1 + texts))
        self.weight.copy_(torch.from_numpy(np.where(texts > 0, weights, 0)))

    def forward(self, x: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        codes = _codes(x)
        kinds, own = codes // CODES, codes % CODES
        signs = 1 - 2 * (own // self.columns % 2)
        values = torch.where(mask, x[..., -1], 0.0) * self.weight[codes].to(x.dtype) * signs
        sums = x.new_zeros(len(x), self.out_dim).scatter_add(1, kinds * self.columns + own % self.columns, values)
        return unit(unit(sums.view(len(x), len(KINDS), self.columns)).flatten(1))


def _codes(rows: torch.Tensor) -> torch.Tensor:
    """rows (..., n) -> codes (...,) from their first n - 1 columns."""
    codes = torch.zeros(rows.shape[:-1], dtype=torch.int64)
    for digit in rows[..., :-1].abs().long().unbind(-1):
        codes = (codes * DIGIT + digit) % ALL
    return codes
