"""Features: what is computed from the frames of one clip. One file in this folder is one kind of features."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from tag2vec import plugins

if TYPE_CHECKING:
    from tag2vec.embed.clips import Clip
    from tag2vec.embed.frames import Frames
    from tag2vec.embed.space import TagSpace


class Features(ABC):
    """Base of all features. A subclass is a frozen dataclass: its fields are its settings.

    `dim` is the width of the result: a field, or a property where it follows from settings. `blocks` names the parts
    that the columns consist of, in order, with their widths (they add up to `dim`): poolings may treat each part on its
    own.

    Most kinds see the pictures of a clip and define `__call__`. Others say in `wants` what is to be read of the file
    (nothing for an empty set: the file need not be there) and define `of`.
    """

    pooling: ClassVar[str] = "mean"  # that suits these features
    gpu: ClassVar[bool] = False  # whether a GPU makes them faster: on a cluster that has some, they are computed there
    reads: ClassVar[bool] = False  # whether it defines `told`
    version: int = 1  # raise it when the same settings give other numbers: it is part of the cache key

    @property
    @abstractmethod
    def dim(self) -> int:
        """Columns of what it computes; a field or a property of a kind."""

    @property
    def blocks(self) -> dict[str, int]:
        """Names and widths of the parts that the columns consist of: all as one, unless a kind says otherwise."""
        return {"all": self.dim}

    @property
    def wants(self) -> frozenset[str]:
        """What is to be read of a clip's file: "pictures", also with "motion", and "sound"."""
        return frozenset({"pictures"})

    def _fill(self, **values: Any) -> None:
        """Fill in fields that only files or other fields say, once, when the plugin is made."""
        for name, value in values.items():
            object.__setattr__(self, name, value)

    def __deepcopy__(self, memo: dict[int, Any]) -> Features:
        """Itself: it never changes, and one with a file open could not be copied."""
        return self

    def bound(self, space: TagSpace) -> Features:
        """These features for a video embedder in `space`: for most kinds the space makes no difference."""
        return self

    def of(self, clip: Clip, seen: Frames) -> NDArray[np.float32]:
        """What `clip` is like, of which `seen` was read -> (n, dim) or (dim,) float32.

        n is 0 for a clip that has nothing of this kind, as one without sound. Raises Tag2VecError.
        """
        return self(seen.rgb, seen.fps)

    def told(self, clip: Clip) -> NDArray[np.float32]:
        """What is written of a training clip (n, dim), by which clips whose titles say the same find it."""
        return np.zeros((0, self.dim), np.float32)

    def remark(self, seen: Frames) -> str | None:
        """What a user should know of how `seen` was used: it is joined to the clip's warning."""
        return None

    def __call__(self, frames: NDArray[np.uint8], fps: float) -> NDArray[np.float32]:
        """frames (t, h, w, 3) uint8 RGB with t >= 1, fps in frames per second -> (n, dim) with n >= 1, or (dim,)."""
        raise NotImplementedError(f"{type(self).__name__} defines neither __call__ nor of")


def describe(features: Features) -> dict[str, Any]:
    """What decides the numbers: name, version and settings. Part of the cache key and of every model."""
    return {
        "name": plugins.name_of(features),
        "version": features.version,
        "settings": plugins.settings(features),
    }
