"""Dense trajectories: how points move, and what the picture and the motion look like around them.

Wang, Klaeser, Schmid, Liu: Action Recognition by Dense Trajectories (CVPR 2011), Dense Trajectories and
Motion Boundary Descriptors (IJCV 2013). No weights are needed. Flow is in `_flow`, tracking in `_tracks`, the
histograms in `_histograms`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from tag2vec.embed.features import Features
from tag2vec.embed.features import _flow as flows
from tag2vec.embed.features import _histograms as histograms
from tag2vec.embed.features import _tracks as paths
from tag2vec.errors import UsageError

LENGTH = 15  # steps of a track


@dataclass(frozen=True)
class DenseTrajectories(Features):
    """One row a track of 15 steps: its shape and the histograms along it."""

    stride: int = 5  # pixels between sampled points
    quality: float = 0.001  # of the strongest corner response in the picture: weaker points are not tracked
    min_std: float = 1.0  # pixels that a track's points spread at least
    max_std: float = 50.0  # pixels that they spread at most
    max_jump: float = 20.0  # pixels a frame
    max_tracks: int = 3000  # a clip; more are thinned evenly

    dim: int = field(default=426, init=False)
    pooling: ClassVar[str] = "fisher"

    def __post_init__(self) -> None:
        for name in ("stride", "quality", "min_std", "max_std", "max_jump", "max_tracks"):
            if not getattr(self, name) > 0:
                raise UsageError(f"trajectories has {name}={getattr(self, name)}; wanted a positive number.")
        if self.stride > flows.MIN_SIDE:
            raise UsageError(f"trajectories has stride={self.stride}; wanted at most {flows.MIN_SIDE} pixels.")

    @property
    def blocks(self) -> dict[str, int]:
        cells = 4 * histograms.PARTS
        return {"shape": 2 * LENGTH} | {name: cells * bins for name, bins in histograms.BINS.items()}

    def __call__(self, frames: NDArray[np.uint8], fps: float) -> NDArray[np.float32]:
        """frames (t, h, w, 3) uint8 RGB -> (n, 426) float32, n >= 1: tracks in the order of their start.

        A clip in which nothing moves gives its static tracks, which say what it looks like; one in which no
        point can be followed to the end gives points that stand still.
        """
        gray = flows.gray_pictures(frames, LENGTH + 1)
        flow = flows.optical_flow(gray)
        every = paths.link(gray, flow, LENGTH, self.stride, self.quality)
        kept = every[paths.moving(every, self.min_std, self.max_std, self.max_jump)]
        still = every if len(every) else paths.standing(gray, LENGTH, self.stride)
        tracks = paths.thin(kept if len(kept) else still, self.max_tracks)
        found = histograms.describe(gray, flow, tracks)
        return np.concatenate([paths.shape(tracks), *map(_root, found.values())], axis=1)


def _root(counts: NDArray[np.float32]) -> NDArray[np.float32]:
    """Rows (n, d) of counts to a sum of 1, then the square root: distances become Hellinger's (RootSIFT)."""
    total = counts.sum(axis=1, keepdims=True)
    rooted: NDArray[np.float32] = np.sqrt(counts / np.maximum(total, 1e-6))
    return rooted
