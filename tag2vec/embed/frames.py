"""The frames of a clip: opening, limits and messages in one place.

FFmpeg runs in a child process (`decoding/`) that may use only so much memory and time: a broken file hung a decoder
thread once, and a thread cannot be killed. This module turns whatever happened there into frames or into a VideoError
that a user understands.
"""

from __future__ import annotations

import json
import os
import stat
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

import numpy as np
from numpy.typing import NDArray

from tag2vec.embed.clips import pictures_in
from tag2vec.embed.decoding import SOUND_ONLY, SOUND_RATE
from tag2vec.embed.decoding.parent import Part, Pictures, run
from tag2vec.embed.limits import FrameLimits
from tag2vec.embed.motion import turned
from tag2vec.errors import VideoError

PICTURES = frozenset({"pictures"})
PLAYLISTS = (b"#EXTM3U", b"ffconcat", b"<?xml", b"<MPD", b"v=0", b"[playlist]")


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
    A still picture is a clip of one frame, a folder of pictures a clip of these, `limits.picture_fps` a second. A clip
    without sound or without motion vectors is none the worse. A file that breaks after some frames gives those and a
    warning; so does a folder with pictures that cannot be used, or of another size than the first.
    Raises VideoError when pictures are wanted and there is none, and when the file holds neither pictures nor sound;
    its message says why and what to do.
    """
    return read_windows(path, replace(limits or FrameLimits(), windows=1), wants)[0]


def read_windows(path: str | Path, limits: FrameLimits | None = None, wants: frozenset[str] = PICTURES) -> list[Frames]:
    """The clip `path` as `read_frames` gives it; of one longer than `limits.max_seconds`, parts spread over its length.

    These are `limits.windows` parts that take `max_seconds` together, in order and without overlap. Each begins at a
    key frame; where the file has none to go to, at the end of the part before. Raises VideoError as `read_frames`.
    """
    path, limits = Path(path), limits or FrameLimits()
    if path.is_dir():
        return _stills(path, limits, wants)
    until = time.monotonic() + limits.timeout_s
    whole = Part(limits.start_s, limits.start_s, limits.max_seconds, limits.windows, tuple(sorted(wants)))
    first, parts = _part(path, limits, whole, until)
    found, seconds, failed = [first], limits.max_seconds / parts, 0
    for number in range(1, parts):
        seek = limits.start_s + number * (first.duration_s - limits.start_s) / parts
        try:
            here = Part(seek, found[-1].start_s + seconds, seconds, 1, whole.wants)
            found.append(_part(path, limits, here, until)[0])
        except VideoError:
            if time.monotonic() > until:
                raise
            failed += 1
    told = None
    if failed:
        told = f"{failed} of the {parts} parts to be looked at could not be decoded; the file may be cut off."
    elif parts > 1 and found[-1].start_s < limits.start_s + limits.max_seconds < 0.8 * first.duration_s:
        told = f"The file has too few key frames to go to; its first {limits.max_seconds:g} s were used."
    return [replace(first, warning=together(first.warning, told)), *found[1:]]


def together(*told: str | None) -> str | None:
    """What is told of a clip in several places, each once; None when there is nothing."""
    return " ".join(dict.fromkeys(filter(None, told))) or None


def check_file(path: str | Path) -> None:
    """Raise VideoError unless `path` is a file that can be read and is not empty, or a folder with pictures."""
    path = Path(path)
    if path.is_dir():
        _pictures(path)
    else:
        _opened(path).close()


def _check_name(path: Path) -> None:
    """Raise VideoError for a name that could not be written to any of our files."""
    try:
        str(path).encode()
    except UnicodeEncodeError:
        raise VideoError(f"{path} has a name that is not UTF-8. Rename it.") from None


def _pictures(folder: Path) -> list[Path]:
    _check_name(folder)
    if found := pictures_in(folder):
        return found
    raise VideoError(f"{folder} is a folder without pictures; wanted a video file, or a folder of pictures.")


def _stills(folder: Path, limits: FrameLimits, wants: frozenset[str]) -> list[Frames]:
    """The pictures of a folder; of more than are looked at, parts as `read_windows` gives them."""
    paths, until = _pictures(folder), time.monotonic() + limits.timeout_s
    times = [i / limits.picture_fps for i in range(len(paths))]
    duration = len(paths) / limits.picture_fps
    if not wants & PICTURES:
        return [replace(Frames.none(), duration_s=duration)]
    parts = limits.windows if duration > limits.start_s + limits.max_seconds else 1
    found: list[Frames] = []
    refused = []
    for number in range(parts):
        start = limits.start_s + number * (duration - limits.start_s) / parts - 1e-6
        part = Part(start, start, limits.max_seconds / parts, 1, tuple(sorted(wants)), stills=True)
        listed = [(at, str(path)) for at, path in zip(times, paths, strict=True) if 0 <= at - start < part.seconds]
        with tempfile.TemporaryFile() as file:
            file.write(json.dumps(listed).encode())
            file.seek(0)
            pictures, end = run(folder, file, limits, part, until)
        if not pictures.times_s:
            refused.append(end["refused"] or "holds no picture that late")
            continue
        end |= {"stopped": True, "duration_s": duration, "rate": limits.picture_fps}
        found.append(_answer(limits, part, pictures, end))
    if not found:
        raise VideoError(f"{folder} {refused[0]}. Replace the pictures, or leave the folder out.")
    if refused:
        late = f"In {len(refused)} of the {parts} parts to be looked at, the folder {refused[0]}."
        found[0] = replace(found[0], warning=together(found[0].warning, late))
    return found


def _opened(path: Path) -> BinaryIO:
    """The file, opened, when it is one that has bytes. Raises VideoError on everything else."""
    _check_name(path)
    try:
        if not stat.S_ISREG(path.stat().st_mode):  # a pipe or device never ends, and opening one can wait for ever
            raise VideoError(f"{path} is a pipe or device; wanted a video file. Save it to a file first.")
        # Should a pipe take the file's place between the two calls, opening it must not wait.
        flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
        file = os.fdopen(os.open(path, flags), "rb")
    except (OSError, ValueError) as error:
        if isinstance(error, VideoError):
            raise
        reason = "there is no such file" if isinstance(error, FileNotFoundError) else str(error)
        if str(path).startswith(("http:/", "https:/")):
            reason = "a web address is looked up by suggest alone, where it is given as text and not as a Path"
        raise VideoError(f"{path} cannot be opened: {reason}. Check the path and its permissions.") from error
    facts = os.fstat(file.fileno())
    if not stat.S_ISREG(facts.st_mode) or facts.st_size == 0:
        file.close()
        raise VideoError(f"{path} is empty; wanted a video file. Copy or download it again.")
    return file


def _part(path: Path, limits: FrameLimits, part: Part, until: float) -> tuple[Frames, int]:
    """One part of a clip, and how many parts share the seconds to be looked at."""
    with _opened(path) as file:
        pictures, end = run(path, file, limits, part, until)
        if not pictures.times_s and ("pictures" in part.wants or (end["refused"] and not pictures.sound)):
            _refuse(path, file, end)
    return _answer(limits, part, pictures, end), end.get("parts", 1)


def _answer(limits: FrameLimits, part: Part, pictures: Pictures, end: dict[str, Any]) -> Frames:
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
    if bad := end.get("unusable", 0) + end.get("damaged", 0):  # of the pictures of a folder
        named = "; ".join(end["told"])
        warnings.append(f"{bad} of the pictures are broken: {named}{'; ...' if bad > len(end['told']) else ''}.")
    if others := end.get("others"):
        size = f"{rgb.shape[2]}x{rgb.shape[1]}"
        warnings.append(f"{others} of the pictures have another size than the first and were scaled to {size}.")
    start = times[0] if times else max(part.seek_s, part.start_s)
    warning = together(*warnings)
    return Frames(rgb, float(fps), float(max(stated, seen)), warning, sound, motion, end.get("codec"), start)


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
