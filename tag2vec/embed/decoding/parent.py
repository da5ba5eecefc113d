"""Has a child decode a file, and reads what it writes with a bound on the amount."""

from __future__ import annotations

import json
import math
import signal
import struct
import threading
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from tag2vec.embed.decoding import SOUND_RATE, starting
from tag2vec.embed.limits import FrameLimits
from tag2vec.embed.motion import VECTOR_BYTES, Motion
from tag2vec.errors import VideoError

MAX_CHANNELS = 64


@dataclass(frozen=True)
class Part:
    """What the child is to decode: `seconds` from the key frame before `seek_s` on, but nothing before `start_s`.

    Of a clip that is longer it is the first of `parts` that share the seconds.
    """

    seek_s: float
    start_s: float
    seconds: float
    parts: int
    wants: tuple[str, ...]
    stills: bool = False  # the child is given a list of pictures and not a clip


@dataclass
class Pictures:
    """What the child wrote before its last line: pictures, and the sound that goes with them."""

    width: int = 0
    height: int = 0
    rotation: int = 0  # degrees, anticlockwise, that make the pictures upright
    rgb: bytearray = field(default_factory=bytearray)
    times_s: list[float] = field(default_factory=list)
    sound: list[NDArray[np.float32]] = field(default_factory=list)  # pieces (n,)
    motion: Motion | None = None


def run(path: Path, file: BinaryIO, limits: FrameLimits, part: Part, until: float) -> tuple[Pictures, dict[str, Any]]:
    """Decode `file` in a child; its pictures and how it ended. The child is gone when this returns.

    Raises VideoError when that is later than `until`, by time.monotonic: all parts share the time of a clip.
    """
    child = starting.given(asdict(limits) | asdict(part), file)
    late = threading.Event()

    def stop() -> None:
        late.set()
        child.kill()

    clock = threading.Timer(max(until - time.monotonic(), 0.001), stop)
    clock.daemon = True
    clock.start()
    assert child.stdout is not None
    pictures = Pictures()
    end = None
    try:
        end = _read(child.stdout, pictures, limits, part)
    except (ValueError, KeyError, TypeError):
        child.kill()  # it wrote what our decoder never writes
    except BaseException:
        child.kill()
        raise
    finally:
        child.stdout.close()
        code = child.wait()
        clock.cancel()
        clock.join()
        starting.prepare()
    if end is None and (late.is_set() or code == -getattr(signal, "SIGXCPU", 24)):
        raise VideoError(
            f"{path} was not decoded within {limits.timeout_s:g} seconds and was given up: it is damaged or "
            "too large. Convert it to a small MP4 (H.264), or allow more time."
        )
    if end is None:
        killed = code == -getattr(signal, "SIGKILL", 9)
        reason = "used up the machine's memory" if killed else f"crashed the decoder (exit code {code})"
        end = {"refused": reason, "problem": reason, "stopped": False, "sound": None}
    return pictures, end


def _read(pipe: Any, pictures: Pictures, limits: FrameLimits, part: Part) -> dict[str, Any] | None:
    """Fill `pictures` from the child; how it ended, or None when it was killed before it said so."""
    most = math.ceil(part.seconds * limits.max_fps) + 2
    kind = pipe.read(1)
    if kind == b"{":
        head = json.loads(kind + pipe.readline(1000))
        pictures.width, pictures.height = int(head["width"]), int(head["height"])
        pictures.rotation = int(head["rotation"] or 0)
        if not (1 <= pictures.width <= limits.max_side and 1 <= pictures.height <= limits.max_side):
            raise ValueError("larger than asked for")
        pictures.motion = Motion(pictures.width, pictures.height)
        kind = pipe.read(1)
    size = pictures.width * pictures.height * 3
    while kind in {b"F", b"M"} and pictures.motion and len(pictures.times_s) < most:
        if kind == b"M":
            _read_vectors(pipe, pictures.motion, limits)
            kind = pipe.read(1)
            continue
        record = pipe.read(8 + size)
        if len(record) < 8 + size:
            return None
        pictures.times_s.append(struct.unpack_from("<d", record)[0])
        pictures.rgb += memoryview(record)[8:]
        pictures.motion.show()
        kind = pipe.read(1)
    left = math.ceil(part.seconds * SOUND_RATE)
    while kind == b"S" and left > 0:
        channels, samples = struct.unpack("<BI", pipe.read(5).ljust(5, b"\0"))
        if not (1 <= channels <= MAX_CHANNELS and samples <= left):
            raise ValueError("more than asked for")
        piece = pipe.read(4 * channels * samples)
        if len(piece) < 4 * channels * samples:
            return None
        sound = np.clip(np.nan_to_num(np.frombuffer(piece, "<f4")), -1, 1)  # a float file may hold anything
        pictures.sound.append(sound.reshape(samples, channels).mean(axis=1, dtype=np.float32))
        left -= samples
        kind = pipe.read(1)
    if kind != b"E":
        return None
    line = pipe.readline(10_000)
    end: dict[str, Any] | None = json.loads(line) if line.endswith(b"\n") else None
    return end


def _read_vectors(pipe: Any, motion: Motion, limits: FrameLimits) -> None:
    width, height, early, late, vectors = struct.unpack("<IIddI", pipe.read(28))
    if not (0 < width * height <= limits.max_pixels and vectors <= limits.max_pixels):
        raise ValueError("more than asked for")
    raw = pipe.read(vectors * VECTOR_BYTES)
    if len(raw) == vectors * VECTOR_BYTES:  # else the child was killed, and the next read says so
        motion.add(width, height, early, late, raw)
