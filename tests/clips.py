"""Real clips for the tests, made on the fly with PyAV, and pictures to put into them."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
from numpy.typing import NDArray

PIXELS = {"libx264": "yuv420p", "mpeg4": "yuv420p", "gif": "rgb8", "ffv1": "bgr0", "mjpeg": "yuvj420p"}


def write_clip(
    path: str | Path,
    frames: Iterable[NDArray[np.uint8]],
    fps: float = 30.0,
    codec: str = "libx264",
    pix_fmt: str | None = None,
    times_s: Iterable[float] | None = None,
    options: dict[str, str] | None = None,
) -> Path:
    """Encode `frames`, each (h, w, 3) uint8 RGB of one size, into `path`; its suffix names the container.

    `times_s` gives each frame its own time in seconds (variable frame rate) instead of `fps`. x264 and mpeg4
    with yuv420p want even sides. `options` go to the encoder, e.g. {"crf": "0"}.
    """
    frames = iter(frames)
    first = next(frames)
    rate = Fraction(fps).limit_denominator(1001)
    times = iter(times_s) if times_s is not None else None
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=rate, options=options or {})
        stream.height, stream.width = first.shape[:2]
        stream.pix_fmt = pix_fmt or PIXELS[codec]
        if times is not None:
            stream.codec_context.time_base = Fraction(1, 1000)
        for i, picture in enumerate([first, *frames]):
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
            frame.pts = i if times is None else round(next(times) * 1000)
            frame.time_base = 1 / rate if times is None else Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return Path(path)


def tone(hertz: float, seconds: float, rate: int = 16_000, level: float = 0.5) -> NDArray[np.float32]:
    """(n,) float32: a sine."""
    return (level * np.sin(2 * np.pi * hertz * np.arange(int(rate * seconds)) / rate)).astype(np.float32)


def write_sound(path: str | Path, seconds: float = 0.5) -> Path:
    """A file with a tone and no picture; its suffix names the container."""
    return write_wave(path, tone(127, seconds), codec="aac")


def write_wave(path: str | Path, sound: NDArray[np.float32], rate: int = 16_000, codec: str = "pcm_f32le") -> Path:
    """`sound` (n,) or (channels, n), -1..1, and no picture; the suffix of `path` names the container."""
    with av.open(str(path), "w") as container:
        _mux(container, _add_stream(container, sound, rate, codec), sound)
    return Path(path)


def add_sound(clip: Path, path: str | Path, sound: NDArray[np.float32], rate: int = 44_100, codec: str = "aac") -> Path:
    """The pictures of `clip` with `sound` (n,) or (channels, n), -1..1, in `path`."""
    with av.open(str(clip)) as source, av.open(str(path), "w") as container:
        pictures = container.add_stream_from_template(source.streams.video[0])
        sounds = _add_stream(container, sound, rate, codec)
        for packet in source.demux(video=0):
            if packet.dts is not None:
                packet.stream = pictures
                container.mux(packet)
        _mux(container, sounds, sound)
    return Path(path)


def _add_stream(container: Any, sound: NDArray[np.float32], rate: int, codec: str) -> Any:
    return container.add_stream(codec, rate=rate, layout={1: "mono", 2: "stereo", 6: "5.1"}[len(np.atleast_2d(sound))])


def _mux(container: Any, stream: Any, sound: NDArray[np.float32]) -> None:
    sound = np.atleast_2d(sound)
    for start in range(0, sound.shape[1], 1024):
        piece = np.ascontiguousarray(sound[:, start : start + 1024], np.float32)
        frame = av.AudioFrame.from_ndarray(piece, format="fltp", layout=stream.layout.name)
        frame.sample_rate, frame.pts = stream.rate, start
        container.mux(stream.encode(frame))
    container.mux(stream.encode())


def texture(h: int, w: int, seed: int = 0) -> NDArray[np.uint8]:
    """(h, w, 3) uint8: blobs of a few pixels in random colours, which corners and flow can hold on to."""
    coarse = np.random.default_rng(seed).integers(0, 256, (h // 6 + 2, w // 6 + 2, 3))
    rows, columns = np.arange(h) // 6, np.arange(w) // 6
    return coarse[rows[:, None], columns].astype(np.uint8)


def moving(
    n: int, h: int = 96, w: int = 128, step: tuple[float, float] = (2.0, 0.0), seed: int = 0
) -> NDArray[np.uint8]:
    """(n, h, w, 3) uint8: a texture that moves by `step` = (right, down) pixels a frame."""
    far = int(np.ceil(max(abs(step[0]), abs(step[1])) * n)) + 1
    big = texture(h + 2 * far, w + 2 * far, seed)
    starts = [(far - round(step[1] * i), far - round(step[0] * i)) for i in range(n)]
    return np.stack([big[y : y + h, x : x + w] for y, x in starts])


def still(n: int, h: int = 96, w: int = 128, seed: int = 0) -> NDArray[np.uint8]:
    """(n, h, w, 3) uint8: the same texture n times."""
    return moving(n, h, w, (0.0, 0.0), seed)


def warped(n: int, motion: NDArray[np.float64], h: int = 240, w: int = 320, seed: int = 0) -> NDArray[np.uint8]:
    """(n, h, w, 3) uint8: a smooth texture whose points (x, y, 1) go to `motion` (3, 3) times them in each frame."""
    big = cv2.GaussianBlur(texture(3 * h, 3 * w, seed), (0, 0), 1.5)
    whole = np.array([[1, 0, -w], [0, 1, -h], [0, 0, 1]], np.float64)  # the picture is the middle of a larger one
    frames = np.empty((n, h, w, 3), np.uint8)
    for frame in frames:
        cv2.warpPerspective(big, whole, (w, h), dst=frame, flags=cv2.INTER_LINEAR)
        whole = motion @ whole
    return frames


def with_patch(frames: NDArray[np.uint8], x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.uint8]:
    """`frames` (n, h, w, 3) with a patch of 80x80 in front; its left upper corner is at (x[i], y[i]) in frame i."""
    patch = cv2.GaussianBlur(texture(80, 80, 5), (0, 0), 1.5)
    h, w = frames.shape[1:3]
    shown = []
    for frame, dx, dy in zip(frames, x, y, strict=True):
        shift = np.array([[1, 0, dx], [0, 1, dy]], np.float64)
        mask = cv2.warpAffine(np.ones((80, 80, 1), np.float32), shift, (w, h))[:, :, None]
        shown.append(frame * (1 - mask) + cv2.warpAffine(patch, shift, (w, h)) * mask)
    return np.stack(shown).round().astype(np.uint8)
