"""Frames into H.264: the same frames give the same bytes."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import av
import numpy as np
from av.video.reformatter import VideoReformatter
from numpy.typing import NDArray

BITEXACT = {"fflags": "+bitexact"}  # of a container: no time stamps
# Macroblock trees are off: with AVX-512, x264 adds up what their parts are worth in another order each time.
_OPTIONS = {"preset": "fast", "threads": "1", "x264-params": "mbtree=0"}


def add_h264(container: Any, rate: Fraction | int, crf: int, height: int, width: int) -> Any:
    """A stream of pictures for `container`; a higher `crf` is coarser."""
    stream = container.add_stream("libx264", rate=rate, options=_OPTIONS | {"crf": str(crf)})
    stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
    return stream


def encode(container: Any, stream: Any, frames: NDArray[np.uint8]) -> None:
    """Write frames (t, h, w, 3) uint8 RGB, brought to the size of the stream."""
    scaler = VideoReformatter()  # one for all: making it takes longer than using it
    for number, rgb in enumerate(frames):
        picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(rgb), format="rgb24")
        yuv = scaler.reformat(picture, stream.width, stream.height, "yuv420p")
        yuv.pts, yuv.time_base = number, 1 / stream.codec_context.framerate
        container.mux(stream.encode(yuv))
    container.mux(stream.encode())
