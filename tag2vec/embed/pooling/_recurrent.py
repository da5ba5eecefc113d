"""What the poolings by a recurrent network share: the state after the last real row is the clip's vector."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.utils.rnn import pack_padded_sequence

from tag2vec.embed.pooling import Pooling, whole
from tag2vec.embed.pooling._rows import Level, real_first, some


class Recurrent(Pooling):
    """`layers` networks of `units` on each other; out_dim = units, the hidden state of the last one."""

    ordered = True
    kind: ClassVar[type[torch.nn.RNNBase]]

    def __init__(self, dim: int, units: int, layers: int) -> None:
        super().__init__()
        whole(self.name, units=units, layers=layers)
        self.out_dim = units
        self.level = Level(dim)
        self.network = self.kind(dim, units, layers, batch_first=True)  # type: ignore[arg-type]

    def fit(self, sample: NDArray[np.float32], seed: int) -> None:
        """Bring the columns of `sample` (rows, dim) to the same spread; all else is trained."""
        self.level.fit(some(sample, seed))

    def forward(self, x: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        rows, lengths = real_first(self.level(x, mask), mask)
        # Packed: the network never sees padding, however long it is. An empty clip has one row of zeros.
        packed = pack_padded_sequence(rows, lengths.clamp(min=1).cpu(), batch_first=True, enforce_sorted=False)
        state = self.network(packed)[1]
        hidden: torch.Tensor = state[0] if isinstance(state, tuple) else state  # an LSTM has its cells beside
        return hidden[-1]
