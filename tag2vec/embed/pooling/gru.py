"""Gated recurrent units over the rows: what happened after what, with a quarter fewer weights than an LSTM.

Cho et al.: Learning Phrase Representations using RNN Encoder-Decoder (EMNLP 2014), section 2.3, equations 5 to 8;
over the frames of videos: Miech, Laptev and Sivic: Learnable pooling with Context Gating (2017). torch.nn.GRU has
the equations.
"""

from __future__ import annotations

import torch

from tag2vec.embed.pooling._recurrent import Recurrent


class Gru(Recurrent):
    """out_dim = units: the hidden state of the last layer after the last row."""

    kind = torch.nn.GRU
