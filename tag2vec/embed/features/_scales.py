"""The same clip at several sizes: small pictures show large things.

Wang et al. (CVPR 2011, section 2) sample, track and describe at each size by itself. The flow is estimated once, at the
full size, and shrunk with the pictures.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from tag2vec.embed.features._flow import MIN_SIDE, TILE
from tag2vec.embed.features._threads import side_by_side

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Scale:
    """What tracks and histograms are made from, at one size."""

    gray: NDArray[np.uint8]  # (t, h, w)
    flow: Floats  # (t - 1, h / step, w / step, 2) right and down, pixels of this size a frame
    rest: Floats  # the same without the camera's motion
    size: float  # of the pixels of the full size, that this one has, a side: 0.5 for half of it

    @property
    def step(self) -> int:
        """Pixels a side that one flow vector stands for."""
        return int(self.gray.shape[1] // self.flow.shape[1])


def sizes(full: Scale, scales: int, factor: float) -> list[Scale]:
    """`full` and up to `scales - 1` smaller ones, each `factor` times smaller; none below MIN_SIDE."""
    smaller = [[round(side / factor**i / TILE) * TILE for side in full.gray.shape[1:]] for i in range(1, scales)]
    return [full, *side_by_side(lambda size: _shrunk(full, *size), [size for size in smaller if min(size) >= MIN_SIDE])]


def _shrunk(full: Scale, high: int, wide: int) -> Scale:
    h, w = full.gray.shape[1:]
    scale = np.array([wide / w, high / h], np.float32)

    def shrunk(field: Floats) -> Floats:
        small: Floats = _resized(field, high // full.step, wide // full.step, cv2.INTER_LINEAR) * scale
        return small

    gray = _resized(full.gray, high, wide, cv2.INTER_AREA)
    return Scale(gray, shrunk(full.flow), shrunk(full.rest), float(scale.mean()))


def _resized(pictures: NDArray[Any], high: int, wide: int, method: int) -> NDArray[Any]:
    """(t, h, w, ...) -> (t, high, wide, ...)"""
    small = np.empty((len(pictures), high, wide, *pictures.shape[3:]), pictures.dtype)
    for one, out in zip(pictures, small, strict=True):
        cv2.resize(one, (wide, high), dst=out, interpolation=method)
    return small
