"""The frames of a clip: opening, limits and messages in one place.

FFmpeg runs in a child process (`decoder.py`) that may use only so much memory and time: a broken file hung a
decoder thread once, and a thread cannot be killed. This module starts that child, reads what it writes with a
bound on the amount, and turns whatever happened into frames or into a VideoError that a user understands.
"""

from __future__ import annotations

import json
import math
import os
import signal
import stat
import struct
import subprocess
import sys
import threading
import time
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

import numpy as np
from numpy.typing import NDArray

from tag2vec.embed.motion import VECTOR_BYTES, Motion, turned
from tag2vec.errors import UsageError, VideoError

DECODER = Path(__file__).with_name("decoder.py")
SOUND_ONLY = "has sound but no picture"  # as the decoder says it
SOUND_RATE = 16_000  # samples a second, as the decoder gives them
MAX_CHANNELS = 64
PICTURES = frozenset({"pictures"})
PLAYLISTS = (b"#EXTM3U", b"ffconcat", b"<?xml", b"<MPD", b"v=0", b"[playlist]")


@dataclass(frozen=True)
class FrameLimits:
    """How much of a clip is looked at, and how much a stranger's file may cost."""

    max_side: int = 320  # pixels of the longer side; larger pictures are scaled down, none is scaled up
    max_fps: float = 30.0  # frames a second; faster clips are thinned by their timestamps
    max_seconds: float = 10.0  # that are looked at
    windows: int = 4  # parts of a longer clip that these are spread over
    start_s: float = 0.0  # seconds of the clip that are passed over first
    timeout_s: float = 60.0  # wall clock for one clip
    memory_mb: int = 2048  # address space of the child; 4K H.264 takes about 250
    max_pixels: int = 36_000_000  # width x height of the source; 8K is 33 million

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            if not (math.isfinite(value) and (value > 0 or (name == "start_s" and value == 0))):
                raise UsageError(f"FrameLimits has {name}={value}; wanted a positive number.")


@dataclass(frozen=True)
class Frames:
    """What was decoded of a clip."""

    rgb: NDArray[np.uint8]  # (t, h, w, 3), full range, upright, no cut of our making; t >= 1 if pictures were wanted
    fps: float  # frames a second that `rgb` has on average
    duration_s: float  # seconds of the whole clip where the file says it, else of what was decoded
    warning: str | None  # what was wrong with a clip that could be used all the same
    sound: NDArray[np.float32] | None = None  # (n,) -1..1, SOUND_RATE a second, the mean of all channels; None: silent
    # (t, rows, columns, 2) right and down, pixels of `rgb` from picture i to i + 1, 0 for the last; a cell is an equal
    # part of the picture. None: not wanted, or the codec carries no motion vectors.
    motion: NDArray[np.float32] | None = None
    codec: str | None = None  # of the pictures, as FFmpeg calls it
    start_s: float = 0.0  # when the first of them is shown

    @classmethod
    def none(cls) -> Frames:
        """Those of a clip that was not looked at."""
        return cls(np.zeros((0, 0, 0, 3), np.uint8), 0.0, 0.0, None)


def read_frames(path: str | Path, limits: FrameLimits | None = None, wants: frozenset[str] = PICTURES) -> Frames:
    """The first `limits.max_seconds` of a clip: upright RGB of at most `limits.max_side` pixels a side, and its sound.

    `wants` has "pictures", "sound" or both; what is not wanted is not decoded. Beside "pictures" it may have "motion".
    A still picture is a clip of one frame, and a clip without sound or without motion vectors is none the worse. A
    file that breaks after some frames gives those and a warning.
    Raises VideoError when pictures are wanted and there is none, and when the file holds neither pictures nor sound;
    its message says why and what to do.
    """
    limits = limits or FrameLimits()
    part = _Part(limits.start_s, limits.start_s, limits.max_seconds, 1, tuple(sorted(wants)))
    return _part(Path(path), limits, part)[0]


def read_windows(path: str | Path, limits: FrameLimits | None = None, wants: frozenset[str] = PICTURES) -> list[Frames]:
    """The clip `path` as `read_frames` gives it; of one longer than `limits.max_seconds`, parts spread over its length.

    These are `limits.windows` parts that take `max_seconds` together, in order and without overlap. Each begins at a
    key frame; where the file has none to go to, at the end of the part before. Raises VideoError as `read_frames`.
    """
    path, limits = Path(path), limits or FrameLimits()
    before = time.monotonic()
    whole = _Part(limits.start_s, limits.start_s, limits.max_seconds, limits.windows, tuple(sorted(wants)))
    first, parts = _part(path, limits, whole)
    found, seconds, failed = [first], limits.max_seconds / parts, 0
    for number in range(1, parts):
        left = limits.timeout_s - (time.monotonic() - before)
        seek = limits.start_s + number * (first.duration_s - limits.start_s) / parts
        try:
            here = _Part(seek, found[-1].start_s + seconds, seconds, 1, whole.wants)
            found.append(_part(path, replace(limits, timeout_s=max(left, 0.001)), here)[0])
        except VideoError:
            if time.monotonic() - before > limits.timeout_s:
                raise
            failed += 1
    if failed:
        warning = f"{failed} of the {parts} parts to be looked at could not be decoded; the file may be cut off."
        found[0] = replace(first, warning=f"{first.warning or ''} {warning}".strip())
    elif parts > 1 and found[-1].start_s < limits.start_s + limits.max_seconds < 0.8 * first.duration_s:
        warning = f"The file has too few key frames to go to; its first {limits.max_seconds:g} s were used."
        found[0] = replace(first, warning=f"{first.warning or ''} {warning}".strip())
    return found


def check_file(path: str | Path) -> None:
    """Raise VideoError unless `path` is a file that can be read and is not empty."""
    _opened(Path(path)).close()


@dataclass(frozen=True)
class _Part:
    """What the child is to decode: `seconds` from the key frame before `seek_s` on, but nothing before `start_s`.

    Of a clip that is longer it is the first of `parts` that share the seconds.
    """

    seek_s: float
    start_s: float
    seconds: float
    parts: int
    wants: tuple[str, ...]


@dataclass
class _Pictures:
    """What the child wrote before its last line: pictures, and the sound that goes with them."""

    width: int = 0
    height: int = 0
    rotation: int = 0  # degrees, anticlockwise, that make the pictures upright
    rgb: bytearray = field(default_factory=bytearray)
    times_s: list[float] = field(default_factory=list)
    sound: list[NDArray[np.float32]] = field(default_factory=list)  # pieces (n,)
    motion: Motion | None = None


def _opened(path: Path) -> BinaryIO:
    """The file, opened, when it is one that has bytes. Raises VideoError on everything else."""
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            raise VideoError(f"{path} is a folder; wanted a video file.")
        if not stat.S_ISREG(mode):  # a pipe or device never ends, and opening one can wait for ever
            raise VideoError(f"{path} is a pipe or device; wanted a video file. Save it to a file first.")
        # Should a pipe take the file's place between the two calls, opening it must not wait.
        flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
        file = os.fdopen(os.open(path, flags), "rb")
    except (OSError, ValueError) as error:
        if isinstance(error, VideoError):
            raise
        reason = "there is no such file" if isinstance(error, FileNotFoundError) else str(error)
        raise VideoError(f"{path} cannot be opened: {reason}. Check the path and its permissions.") from error
    facts = os.fstat(file.fileno())
    if not stat.S_ISREG(facts.st_mode) or facts.st_size == 0:
        file.close()
        raise VideoError(f"{path} is empty; wanted a video file. Copy or download it again.")
    return file


def _part(path: Path, limits: FrameLimits, part: _Part) -> tuple[Frames, int]:
    """One part of a clip, and how many parts share the seconds to be looked at."""
    with _opened(path) as file:
        pictures, end = _run(path, file, limits, part)
        if not pictures.times_s and ("pictures" in part.wants or (end["refused"] and not pictures.sound)):
            _refuse(path, file, end)
    return _answer(limits, part, pictures, end), end.get("parts", 1)


def _run(path: Path, file: BinaryIO, limits: FrameLimits, part: _Part) -> tuple[_Pictures, dict[str, Any]]:
    """Decode `file` in a child; its pictures and how it ended. The child is gone when this returns."""
    # -P keeps the folder of decoder.py off the child's import path.
    command = [sys.executable, "-P", str(DECODER), json.dumps(asdict(limits) | asdict(part))]
    child = subprocess.Popen(command, stdin=file, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, pipesize=2**20)
    late = threading.Event()

    def stop() -> None:
        late.set()
        child.kill()

    clock = threading.Timer(limits.timeout_s, stop)
    clock.daemon = True
    clock.start()
    assert child.stdout is not None
    pictures = _Pictures()
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


def _read(pipe: Any, pictures: _Pictures, limits: FrameLimits, part: _Part) -> dict[str, Any] | None:
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


def _answer(limits: FrameLimits, part: _Part, pictures: _Pictures, end: dict[str, Any]) -> Frames:
    times = pictures.times_s
    rgb = np.frombuffer(pictures.rgb, np.uint8).reshape(len(times), pictures.height, pictures.width, 3)
    motion = pictures.motion.between() if pictures.motion else None
    if turns := round(pictures.rotation / 90) % 4:
        rgb = np.ascontiguousarray(np.rot90(rgb, turns, axes=(1, 2)))
        motion = None if motion is None else turned(motion, turns)
    sound = np.concatenate(pictures.sound) if pictures.sound else None
    stated = end.get("duration_s") or 0.0
    stated = stated if stated < 1e6 else 0.0  # more than a week is a damaged header
    heard = 0.0 if sound is None else len(sound) / SOUND_RATE
    fps, seen = 0.0, heard
    if times:
        rate = end.get("rate") or 25.0
        span = times[-1] - times[0]
        fps = (len(times) - 1) / span if span > 0 else min(rate, limits.max_fps)
        seen = end.get("last_s", times[-1]) + 1.0 / rate
    warnings = []
    if end["problem"]:
        warnings.append(f"The file {end['problem']}; what could be decoded was used ({len(times)} frames).")
    elif times and not end["stopped"] and seen - times[0] < 0.9 * min(stated - times[0], part.seconds) - 0.25:
        warnings.append(f"The file ends after {seen:.1f} s of the {stated:.1f} s that it states; it may be cut off.")
    if end["sound"]:
        warnings.append(f"The sound {end['sound']}; what could be decoded was used ({heard:.1f} s).")
    told, start = " ".join(warnings) or None, times[0] if times else max(part.seek_s, part.start_s)
    return Frames(rgb, float(fps), float(max(stated, seen)), told, sound, motion, end.get("codec"), start)


def _refuse(path: Path, file: BinaryIO, end: dict[str, Any]) -> NoReturn:
    """Raise the VideoError of a clip without pictures; only now is it worth looking for the reason."""
    file.seek(0)
    start = file.read(2**20)
    file.seek(max(0, os.fstat(file.fileno()).st_size - 2**20))
    advice = "Convert it to MP4 (H.264), or leave it out."
    if start.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(PLAYLISTS):
        reason = "is a playlist or text that names other files, which are not opened"
        advice = "Give the video file itself."
    elif start[4:8] in {b"ftyp", b"moov", b"styp"} and b"encv" in start + file.read():
        reason = "is encrypted (DRM)"
        advice = "Give a file without copy protection."
    elif end["refused"] == SOUND_ONLY:
        reason, advice = SOUND_ONLY, "Give the file that has the picture."
    else:
        reason = end["refused"] or "holds no picture that can be decoded"
        reason += f": it {end['problem']}" if end["problem"] and end["problem"] != reason else ""
    raise VideoError(f"{path} {reason}. {advice}")
