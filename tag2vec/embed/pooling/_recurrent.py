"""What the poolings by a recurrent network share: the state after the last real row is the clip's vector."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch.nn.utils.rnn import pack_padded_sequence

from tag2vec.embed.pooling import whole
from tag2vec.embed.pooling._rows import Levelled, real_first


class Recurrent(Levelled):
    """`layers` networks of `units` on each other; out_dim = units, the hidden state of the last one."""

    ordered = True
    kind: ClassVar[type[torch.nn.RNNBase]]

    def __init__(self, dim: int, blocks: dict[str, int], units: int = 256, layers: int = 1) -> None:
        super().__init__(dim)
        whole(self.name, units=units, layers=layers)
        self.out_dim = units
        self.network = self.kind(dim, units, layers, batch_first=True)  # type: ignore[arg-type]

    def forward(self, x: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        rows, lengths = real_first(self.level(x, mask), mask)
        # Packed: the network never sees padding, however long it is.
        packed = pack_padded_sequence(rows, lengths.cpu(), batch_first=True, enforce_sorted=False)
        state = self.network(packed)[1]
        hidden: torch.Tensor = state[0] if isinstance(state, tuple) else state  # an LSTM has its cells beside
        return hidden[-1]
