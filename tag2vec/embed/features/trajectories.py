"""Improved dense trajectories: how points move by themselves, and what picture and motion look like around them.

Wang, Klaeser, Schmid, Liu: Dense Trajectories and Motion Boundary Descriptors (IJCV 2013); Wang, Schmid: Action
Recognition with Improved Trajectories (ICCV 2013). No weights are needed. Flow is in `_flow`, the camera's part of
it in `_camera`, the sizes of the picture in `_scales`, tracking in `_tracks`, the histograms in `_histograms`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from tag2vec.embed.features import Features
from tag2vec.embed.features import _camera as cameras
from tag2vec.embed.features import _flow as flows
from tag2vec.embed.features import _histograms as histograms
from tag2vec.embed.features import _tracks as paths
from tag2vec.embed.features._scales import Scale, sizes
from tag2vec.embed.features._threads import side_by_side
from tag2vec.errors import UsageError

if TYPE_CHECKING:
    from tag2vec.embed.clips import Clip
    from tag2vec.embed.frames import Frames

LENGTH = 15  # steps of a track's shape
FEWEST = 15.0  # frames a second: of clips that have twice as many or more, whole steps of frames are passed over
RATE = 30.0  # frames a second and
SIDE = 320.0  # pixels of the longer side, in which the settings are stated and flow is counted
FACTOR = math.sqrt(2)  # between the sizes
Flow = Literal["dis", "farneback", "codec"]
# Settings that the flow decides: where it costs nothing, little else may cost much.
THOROUGH = {"scales": 3, "stride": 5, "max_tracks": 3000}
QUICK = {"scales": 1, "stride": 8, "max_tracks": 800}
FEW = 100  # tracks of a clip: the mean of fewer says little


@dataclass(frozen=True)
class DenseTrajectories(Features):
    """One row a track: its shape and the histograms along it.

    Settings in pixels are those of a picture whose longer side is 320; in others they grow and shrink with it. Where
    `scales`, `stride` and `max_tracks` are left out they are THOROUGH for computed flow and QUICK for the codec's.
    """

    scales: int = None  # type: ignore[assignment]  # sizes of the picture, each the root of 2 smaller
    seconds: float = 0.5  # that a track lasts, at any frame rate
    stride: int = None  # type: ignore[assignment]  # pixels between sampled points, at each size as it is
    quality: float = 0.001  # of the strongest corner response in the picture: weaker points are not tracked
    min_std: float = 1.0  # pixels that a track's points spread at least, the camera's motion taken off
    max_std: float = 50.0  # pixels that they spread at most
    max_jump: float = 600.0  # pixels a second
    max_tracks: int = None  # type: ignore[assignment]  # a clip; more are thinned evenly
    flow: Flow = "dis"  # or "farneback", both computed; "codec": of the clip's motion vectors, where it carries any

    dim: int = field(default=426, init=False)
    pooling: ClassVar[str] = "fisher"
    version = 4

    def __post_init__(self) -> None:
        usual = QUICK if self.flow == "codec" else THOROUGH
        self._fill(**{name: value for name, value in usual.items() if getattr(self, name) is None})
        for name in ("scales", "seconds", "stride", "quality", "min_std", "max_std", "max_jump", "max_tracks"):
            if not getattr(self, name) > 0:
                raise UsageError(f"trajectories has {name}={getattr(self, name)}; wanted a positive number.")
        if self.flow not in get_args(Flow):
            raise UsageError(f"trajectories has flow={self.flow}; wanted one of {', '.join(get_args(Flow))}.")
        if self.stride > flows.MIN_SIDE:
            raise UsageError(f"trajectories has stride={self.stride}; wanted at most {flows.MIN_SIDE} pixels.")

    @property
    def wants(self) -> frozenset[str]:
        return frozenset({"pictures", "motion"} if self.flow == "codec" else {"pictures"})

    @property
    def blocks(self) -> dict[str, int]:
        cells = 4 * histograms.PARTS
        return {"shape": 2 * LENGTH} | {name: cells * bins for name, bins in histograms.BINS.items()}

    def of(self, clip: Clip, seen: Frames) -> NDArray[np.float32]:
        return self._described(seen.rgb, seen.fps, seen.motion if self.flow == "codec" else None)

    def remark(self, seen: Frames) -> str | None:
        if len(seen.rgb) == 1:
            return "One picture shows no motion; its trajectories say only what it looks like."
        if self.flow != "codec" or seen.motion is not None:
            return None
        return f"The file carries no motion vectors (codec {seen.codec}); its flow was computed."

    def __call__(self, frames: NDArray[np.uint8], fps: float) -> NDArray[np.float32]:
        """frames (t, h, w, 3) uint8 RGB -> (n, 426) float32, n >= 1: size by size, tracks in the order of their start.

        A clip in which hardly anything moves but the camera gives the tracks that move most, also if they stand
        still: they say what it looks like. One in which no point can be followed gives points that stand still.
        """
        return self._described(frames, fps, None)

    def _described(
        self, frames: NDArray[np.uint8], fps: float, motion: NDArray[np.float32] | None
    ) -> NDArray[np.float32]:
        skip = max(1, int(fps / FEWEST + 0.01))  # flow between pictures closer in time costs more and is less exact
        fps = fps / skip
        span = max(self.seconds * fps, float(histograms.PARTS))  # frames
        length = math.ceil(span - 1e-3)
        gray = flows.gray_pictures(frames[::skip], length + 1)
        if motion is None:
            flow = flows.room_for_flow(gray)
            fields: Iterable[NDArray[np.float32]] = flows.optical_flow(gray, flow, self.flow == "farneback")
        else:
            motion = np.add.reduceat(motion, np.arange(0, len(motion), skip))
            fields = flow = flows.carried_flow(motion, frames, gray)
        camera = cameras.camera_motion(gray, fields)
        full = Scale(gray, flow, cameras.remove(flow, camera, gray.shape[1] // flow.shape[1]), 1.0)
        unit = max(gray.shape[1:]) / SIDE
        scales = sizes(full, self.scales, FACTOR)
        tracks = paths.thin(self._moving(scales, length, fps, unit), self.max_tracks)
        rows = [self._rows(scale, own, span, fps, unit) for scale, own in zip(scales, tracks, strict=True)]
        return np.concatenate(rows)

    def _moving(self, scales: list[Scale], length: int, fps: float, unit: float) -> list[paths.Tracks]:
        """Of each size the tracks that move, in all at least FEW where there are as many."""
        every = side_by_side(lambda scale: paths.link(scale, length, self.stride, self.quality), scales)
        if not any(map(len, every)):
            return [paths.standing(scale.gray, length, self.stride) for scale in scales]
        spreads = []
        for scale, tracks in zip(scales, every, strict=True):
            pixels = unit * scale.size  # of this size, that are one of the settings'
            spreads.append(paths.spread(tracks, self.max_std * pixels, self.max_jump / fps * pixels) / pixels)
        least = min(self.min_std, np.sort(np.concatenate(spreads))[-FEW:][0])
        return [tracks[own >= least] for tracks, own in zip(every, spreads, strict=True)]

    def _rows(self, scale: Scale, tracks: paths.Tracks, span: float, fps: float, unit: float) -> NDArray[np.float32]:
        shape = paths.shape(tracks, span, LENGTH, self.min_std * unit * scale.size)
        found = histograms.describe(scale, tracks, span, fps / RATE / unit)
        return np.concatenate([shape, *map(_root, found.values())], axis=1)


def _root(counts: NDArray[np.float32]) -> NDArray[np.float32]:
    """Rows (n, d) of counts to a sum of 1, then the square root: distances become Hellinger's (RootSIFT)."""
    total = counts.sum(axis=1, keepdims=True)
    rooted: NDArray[np.float32] = np.sqrt(counts / np.maximum(total, 1e-6))
    return rooted
