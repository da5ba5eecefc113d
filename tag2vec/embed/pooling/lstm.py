"""A long short-term memory over the rows: what happened after what.

Hochreiter and Schmidhuber: Long Short-Term Memory (Neural Computation 1997), with the forget gates of Gers,
Schmidhuber and Cummins (2000); over the frames of videos: Abu-El-Haija et al.: YouTube-8M (2016), "Long short-term
memory". torch.nn.LSTM has the equations.
"""

from __future__ import annotations

import torch

from tag2vec.embed.pooling._recurrent import Recurrent


class Lstm(Recurrent):
    """out_dim = units: the hidden state of the last layer after the last row."""

    kind = torch.nn.LSTM
