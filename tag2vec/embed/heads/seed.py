"""The recipe of Singh et al. 2016, kept as the baseline that every table prints."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from tag2vec.embed.heads import Head, Tags, Vectors, Wanted


class SeedHead(Head):
    """Singh et al. 2016 after Socher et al. 2013: 600 tanh units, squared error to the vector of the clip's word.

    Tags are ranked by the L2 distance of their input vectors: |q - v|^2 / 2 = |q|^2 / 2 - (q v - |v|^2 / 2).
    """

    epochs = 100
    shortened = False
    apart = False
    calibrated = False  # a distance says nothing of how probable a tag is

    def __init__(self, seen: Vectors, tags: Tags) -> None:
        super().__init__(seen, tags)
        self.net = nn.Sequential(nn.Linear(seen.dim, 600), nn.Tanh(), nn.Linear(600, tags.inputs.shape[1]))

    def loss(self, points: Tensor, wanted: Wanted) -> Tensor:
        return ((points - self.inputs[wanted.words]) ** 2).sum(dim=1)

    def queries(self, points: Tensor) -> Tensor:
        return torch.cat([points, torch.ones_like(points[:, :1])], dim=1)

    def items(self) -> Tensor:
        return torch.cat([self.inputs, -(self.inputs**2).sum(dim=1, keepdim=True) / 2], dim=1)
