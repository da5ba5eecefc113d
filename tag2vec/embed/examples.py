"""What a video embedder is trained on: the vectors or rows of clips, and what they carry."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tag2vec.embed.heads import Wanted
from tag2vec.embed.pooled import Arrays, Picked, Rows, padded
from tag2vec.embed.targets import Target


@dataclass(frozen=True)
class Examples:
    """n clips. `seen` are their fixed vectors (n, p), or their arrays where a pooling is trained too."""

    seen: Tensor | Sequence[Arrays]
    targets: Sequence[Target]
    tags: int  # v
    words: Tensor  # (n,) row of each clip's first tag
    groups: Sequence[str]
    nothing: Tensor  # (p,) the vector of a clip that has nothing of any kind of features

    def __len__(self) -> int:
        return len(self.groups)

    def take(self, rows: NDArray[np.intp]) -> Examples:
        at = torch.from_numpy(rows)
        seen = self.seen[at] if isinstance(self.seen, Tensor) else Picked(self.seen, rows)
        targets, groups = [self.targets[i] for i in rows], [self.groups[i] for i in rows]
        return replace(self, seen=seen, targets=targets, words=self.words[at], groups=groups)

    def known_to(self, others: Examples) -> Examples:
        """The same clips without tags of their own that no clip of `others` carries: nobody can learn those there."""
        known = np.unique(np.concatenate([rows[values == 1] for rows, values in others.targets]))
        kept = [(values < 1) | np.isin(rows, known) for rows, values in self.targets]
        targets = [(rows[keep], values[keep]) for (rows, values), keep in zip(self.targets, kept, strict=True)]
        return replace(self, targets=targets)

    def shown(self, rows: Tensor, most: int | None = None, draw: np.random.Generator | None = None) -> Tensor | Rows:
        """What a network is shown of the clips `rows`: of each `most` rows of features at most, drawn with `draw`."""
        if isinstance(self.seen, Tensor):
            return self.seen[rows]
        return padded([self.seen[i] for i in rows.tolist()], most, draw)

    def wanted(self, rows: Tensor) -> Wanted:
        """What the clips `rows` carry."""
        some = [self.targets[i] for i in rows.tolist()]
        at, values = (torch.from_numpy(np.concatenate(part)) for part in zip(*some, strict=True))
        clips = torch.repeat_interleave(torch.tensor([len(own) for own, _ in some]))
        targets = torch.zeros(len(rows), self.tags)
        targets[clips, at] = values
        return Wanted(targets, self.words[rows])
