"""The pictures of a folder, one file after the other, as the frames of a clip."""

from __future__ import annotations

import json
import os
import stat
import sys
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any, BinaryIO

import av

from tag2vec.embed.decoding.pictures import prepared, thinned, write
from tag2vec.embed.decoding.stream import Refused, decoded, opened, reason

NAMED = 3  # pictures that are told of by name; the others are counted
TURNS = {90: ("cclock",), 180: ("clock", "clock"), 270: ("clock",)}  # degrees anticlockwise


def see_stills(limits: dict[str, Any], out: BinaryIO, end: dict[str, Any]) -> None:
    """Standard input has a JSON list of [seconds, path]; what is wrong with a picture is told in `end`."""
    listed = json.load(sys.stdin.buffer)
    end |= {"unusable": 0, "damaged": 0, "others": 0, "told": []}
    frames = _stills(thinned(iter(listed), limits["max_fps"]), limits, end)
    if not write(frames, limits, lambda: None, out, []):
        raise Refused(f"holds no picture that can be decoded: {'; '.join(end['told'])}")


def _stills(listed: Iterator[tuple[float, str]], limits: dict[str, Any], end: dict[str, Any]) -> Iterator[Any]:
    """Each picture that can be used, turned as much as the first is still to be turned, with its time."""
    first: tuple[int, tuple[int, int]] | None = None
    for time, path in listed:
        try:
            frame, damaged = _read(path, limits)
        except (Refused, OSError, MemoryError) as error:
            why = f"needs more than the {limits['memory_mb']} MB of memory allowed"
            _tell(end, "unusable", path, why if isinstance(error, MemoryError) else str(error))
            continue
        if damaged:
            _tell(end, "damaged", path, "is damaged, and used as far as it goes")
        rotation = int(getattr(frame, "rotation", 0) or 0)
        first = first or (rotation, (frame.width, frame.height))
        frame = _turned(frame, rotation - first[0])
        end["others"] += (frame.width, frame.height) != first[1]
        yield time, frame


def _tell(end: dict[str, Any], what: str, path: str, why: str) -> None:
    end[what] += 1
    if len(end["told"]) < NAMED:
        end["told"].append(f"{Path(path).name[:100]} {why[:200]}")


def _read(path: str, limits: dict[str, Any]) -> tuple[Any, bool]:
    """The picture in a file, and whether it is damaged. FFmpeg sees the same descriptor as ever."""
    file = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    try:
        if not stat.S_ISREG(os.fstat(file).st_mode):
            raise Refused("is no file")
        os.dup2(file, 0)
    finally:
        os.close(file)
    try:
        return _first(limits, {"err_detect": "explode"}), False
    except Refused:  # of a JPEG that was cut off FFmpeg says nothing unless it is to be strict
        return _first(limits, {}), True


def _first(limits: dict[str, Any], options: dict[str, str]) -> Any:
    end: dict[str, Any] = {"problem": None}
    try:
        with opened() as container:
            stream, context = prepared(container, limits)
            strict = context.name == "mjpeg"  # being strict with others refuses good pictures
            context.options |= options if strict else {}
            for frame in decoded(container, stream, end):
                if end["problem"] is None:
                    return frame
    except av.FFmpegError as error:
        if isinstance(error, MemoryError):
            raise
        raise Refused(f"cannot be decoded ({reason(error)})") from error
    raise Refused("cannot be decoded" if end["problem"] else "holds no picture")


def _turned(frame: Any, degrees: int) -> Any:
    """`frame`, turned anticlockwise."""
    if not (turns := TURNS.get(degrees % 360)):
        return frame
    graph = av.filter.Graph()
    last = graph.add_buffer(
        width=frame.width, height=frame.height, format=frame.format, time_base=frame.time_base or Fraction(1, 25)
    )
    source = last
    for turn in turns:
        step = graph.add("transpose", turn)
        last.link_to(step)
        last = step
    last.link_to(sink := graph.add("buffersink"))
    graph.configure()
    source.push(frame)
    return sink.pull()
