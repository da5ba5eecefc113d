"""What a clip sounds like: statistics of its log-mel spectrogram, a row a second or so.

The spectrogram is that of VGGish (Hershey et al.: CNN Architectures for Large-Scale Audio Classification, ICASSP 2017,
section 3.1): windows of 25 ms every 10 ms, 64 mel bands from 125 to 7500 Hz, log(mel + 0.01), in examples of 0.96 s. No
weights are needed; YouTube-8M's audio vectors are as wide.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.fft import rfft
from scipy.signal import get_window

from tag2vec.embed.decoding import SOUND_RATE
from tag2vec.embed.features import Features
from tag2vec.embed.frames import Frames

if TYPE_CHECKING:
    from tag2vec.embed.clips import Clip

Floats = NDArray[np.float32]

WINDOW, HOP, POINTS = 400, 160, 512  # samples of a window, from one to the next, and of its Fourier transform
BANDS, LOWEST, HIGHEST = 64, 125.0, 7500.0  # Hz
EXAMPLE = 96  # windows of one row: 0.96 s
OFFSET = 0.01  # so that silence has a logarithm


@dataclass(frozen=True)
class LogMel(Features):
    """The mean and the standard deviation of the log energy in 64 mel bands: one row each 0.96 s."""

    dim: int = field(default=2 * BANDS, init=False)
    wants = frozenset({"sound"})

    @property
    def blocks(self) -> dict[str, int]:
        return {"mean": BANDS, "std": BANDS}

    def of(self, clip: Clip, seen: Frames) -> Floats:
        """(n, 128); n is 0 without sound. What is left at the end is a row when it is half as long, or the only one."""
        if seen.sound is None:
            return np.zeros((0, self.dim), np.float32)
        mel = log_mel(seen.sound)
        starts = range(0, max(1, len(mel) - EXAMPLE // 2 + 1), EXAMPLE)
        rows = [mel[start : start + EXAMPLE] for start in starts]
        return np.stack([np.concatenate([row.mean(axis=0), row.std(axis=0)]) for row in rows])


def log_mel(sound: Floats) -> Floats:
    """sound (n,) at SOUND_RATE -> (windows, BANDS) float32; one shorter than a window is followed by silence."""
    padded = np.pad(sound, (0, max(0, WINDOW - len(sound))))
    windows = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[::HOP]
    hann = get_window("hann", WINDOW).astype(np.float32)
    energy: Floats = np.log(np.abs(rfft(windows * hann, POINTS)) @ _bands() + np.float32(OFFSET))
    return energy


@cache
def _bands() -> Floats:
    """(POINTS / 2 + 1, BANDS): triangles of equal width on the mel scale, as the HTK book has it (section 5.4)."""
    mel = 1127 * np.log1p(np.arange(POINTS // 2 + 1) * SOUND_RATE / POINTS / 700)
    first, last = 1127 * np.log1p(np.array([LOWEST, HIGHEST]) / 700)
    edges = np.linspace(first, last, BANDS + 2)
    low, middle, high = edges[:-2], edges[1:-1], edges[2:]
    rising, falling = (mel[:, None] - low) / (middle - low), (high - mel[:, None]) / (high - middle)
    bands: Floats = np.maximum(0, np.minimum(rising, falling)).astype(np.float32)
    return bands
