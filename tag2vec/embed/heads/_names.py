"""A yes or no for every tag that training clips carry."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Names(nn.Linear):
    """(m, width) -> logits of the tags (m, l); at first those of `prior` (l,)."""

    def __init__(self, width: int, prior: Tensor) -> None:
        super().__init__(width, len(prior))
        with torch.no_grad():
            self.weight.zero_()
            self.bias.copy_(prior.logit(1e-6))

    def loss(self, seen: Tensor, targets: Tensor) -> Tensor:
        """seen (m, width), targets (m, l), of which those below 1 are no tags of the clip -> (m,)."""
        own = (targets == 1).to(seen.dtype)
        return nn.functional.binary_cross_entropy_with_logits(self(seen), own, reduction="none").sum(dim=1)
