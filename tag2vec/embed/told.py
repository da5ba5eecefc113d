"""What is written of training clips, as evidence: a clip whose title says what another was tagged with is like it.

Kinds of features that read titles give the grams of title, tags and description of a training clip (`told`). These are
pooled as the titles of asked clips are, and compared before anything is turned or shortened, so that a rare name counts
as much as it is rare.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, vstack

from tag2vec.embed.clips import Clip
from tag2vec.embed.pooled import Poolings

Floats = NDArray[np.float32]
PARTS = ("data", "indices", "indptr")


class Told:
    """`rows` (n, width) sparse, of length 1: what is written of n training clips."""

    def __init__(self, rows: csr_matrix) -> None:
        self.rows = rows

    @classmethod
    def of(cls, poolings: Poolings, clips: Iterable[Clip]) -> Told | None:
        """None where no kind of features reads what is written."""
        if not poolings.read:
            return None
        return cls(vstack([csr_matrix(poolings.told(clip)[None]) for clip in clips], format="csr"))

    def take(self, rows: NDArray[np.intp]) -> Told:
        return Told(self.rows[rows])

    def alike(self, title: Floats) -> Floats:
        """title (width,) -> (n,) how like it what is written of each clip is, from -1 to 1."""
        return cast(Floats, self.rows @ title)

    def arrays(self) -> dict[str, NDArray[Any]]:
        return {name: getattr(self.rows, name) for name in PARTS}

    @classmethod
    def from_arrays(cls, parts: Sequence[NDArray[Any]], width: int) -> Told:
        """From what `arrays` gave."""
        return cls(csr_matrix(tuple(parts), shape=(len(parts[-1]) - 1, width)))
