"""A network for clips: poolings and a head, which are trained together where a pooling has something to learn."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from tag2vec.embed.heads import Head
from tag2vec.embed.pooled import Arrays, Poolings, Rows


class Network(torch.nn.Module):
    """`poolings` None: it is shown fixed vectors."""

    def __init__(self, poolings: Poolings | None, head: Head) -> None:
        super().__init__()
        self.poolings = poolings
        self.head = head

    def forward(self, shown: Tensor | Rows) -> Tensor:
        """m clips, as `vectors` gave them (m, any) or as padded rows -> points (m, any)."""
        if isinstance(shown, Tensor):
            points: Tensor = self.head(shown)
            return points
        assert self.poolings is not None
        return self.head.points(self.poolings(shown))

    def pooled(self, seen: Tensor | Sequence[Arrays]) -> Tensor:
        """Clips -> what their features are pooled to (m, out_dim)."""
        if isinstance(seen, Tensor):
            return seen
        assert self.poolings is not None
        return torch.from_numpy(self.poolings.many(seen))

    def vectors(self, seen: Tensor | Sequence[Arrays]) -> Tensor:
        """Clips -> what the head makes points of (m, any). Clips near each other there look alike."""
        with torch.no_grad():
            return self.head.reduce(self.pooled(seen))

    def scores(self, vectors: Tensor) -> Tensor:
        """What `vectors` gave (m, any) -> the scores of the carried tags (m, l), higher is better."""
        with torch.no_grad():
            return self.head.direct(self.head(vectors))
