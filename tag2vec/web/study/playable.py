"""A clip as every browser plays it: H.264 and AAC in MP4, made of what the bounded decoder gave, and nothing else."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from tag2vec.embed.decoding import SOUND_RATE
from tag2vec.embed.frames import PICTURES, Frames, read_frames
from tag2vec.embed.limits import FrameLimits

SIDE = 480  # pixels of the longer side, at most
STILL_S = 2.0  # seconds that a single picture is shown
# Macroblock trees come out otherwise each time on processors with AVX-512 (x264 165): the same clip, other bytes.
OPTIONS = {"preset": "fast", "crf": "23", "threads": "1", "x264-params": "mbtree=0"}


def write_playable(clip: Path, out: Path, seconds: float) -> str | None:
    """Write the first `seconds` of `clip`, upright and with its sound; what was wrong with it, if anything was.

    Raises VideoError when it cannot be decoded, OSError when `out` cannot be written.
    """
    limits = FrameLimits(max_side=SIDE, max_seconds=seconds)
    seen = read_frames(clip, limits, PICTURES | {"sound"})
    height, width = (side // 2 * 2 for side in seen.rgb.shape[1:3])
    with av.open(
        str(out), "w", format="mp4", container_options={"fflags": "+bitexact", "movflags": "faststart"}
    ) as file:
        rate = _rate(seen)
        pictures = file.add_stream("libx264", rate=rate, options=OPTIONS)
        pictures.width, pictures.height, pictures.pix_fmt = max(width, 2), max(height, 2), "yuv420p"
        sound = file.add_stream("aac", rate=SOUND_RATE, layout="mono") if seen.sound is not None else None
        for i, rgb in enumerate(seen.rgb):
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(rgb), format="rgb24")
            frame.pts, frame.time_base = i, 1 / rate
            file.mux(pictures.encode(frame.reformat(pictures.width, pictures.height, "yuv420p")))
        file.mux(pictures.encode())
        if sound is not None and seen.sound is not None:
            heard = av.AudioFrame.from_ndarray(seen.sound[None], format="fltp", layout="mono")
            heard.sample_rate, heard.pts, heard.time_base = SOUND_RATE, 0, Fraction(1, SOUND_RATE)
            file.mux(sound.encode(heard))
            file.mux(sound.encode())
    return seen.warning


def _rate(seen: Frames) -> Fraction:
    fps = 1 / STILL_S if len(seen.rgb) == 1 else min(max(seen.fps, 1.0), 60.0)
    return Fraction(fps).limit_denominator(1001)
