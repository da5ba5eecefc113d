"""Features: what is computed from the frames of one clip. One file in this folder is one kind of features."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import numpy as np
from numpy.typing import NDArray


class Features(ABC):
    """Base of all features. A subclass is a frozen dataclass: its fields are its settings.

    `dim` is the width of the result. `blocks` names the parts that the columns consist of, in order, with their
    widths (they add up to `dim`): poolings may treat each part on its own.
    """

    dim: int
    version: int = 1  # raise it when the same settings give other numbers: it is part of the cache key

    @property
    def blocks(self) -> dict[str, int]:
        return {"all": self.dim}

    @abstractmethod
    def __call__(self, frames: NDArray[np.uint8], fps: float) -> NDArray[np.float32]:
        """frames (t, h, w, 3) uint8 RGB with t >= 1, fps in frames per second -> (n, dim) with n >= 1, or (dim,)."""


def describe(features: Features) -> dict[str, Any]:
    """What decides the numbers: name, version and settings. Part of the cache key and of every model."""
    from tag2vec.plugins import settings

    name = type(features).__module__.rsplit(".", 1)[-1]
    return {"name": name, "version": features.version, "settings": settings(features)}
