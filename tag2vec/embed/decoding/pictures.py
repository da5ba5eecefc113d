"""The pictures of a file, upright sizes and colours, and the motion vectors between them."""

from __future__ import annotations

import json
import math
import struct
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO

from av.video.reformatter import ColorRange, Colorspace, VideoReformatter

from tag2vec.embed.decoding import SOUND_ONLY
from tag2vec.embed.decoding.references import PICTURES_BACK, moved
from tag2vec.embed.decoding.stream import Refused, decoded, length_s, opened, parts_of, sought, timed, window


def see(limits: dict[str, Any], out: BinaryIO, end: dict[str, Any]) -> None:
    with opened() as container:
        stream, context = prepared(container, limits)
        if "motion" in limits["wants"]:
            context.options |= {"flags2": "+export_mvs"}
        rate = float(stream.average_rate or stream.guessed_rate or 0) or 25.0
        duration = length_s(container, stream)
        end |= {"rate": rate, "duration_s": duration, "codec": context.name, "parts": parts_of(limits, duration)}
        sent: deque[Any] = deque(maxlen=PICTURES_BACK)
        moves: list[bytes] = []
        times = timed(decoded(container, stream, end, sent), rate, *sought(container, stream, limits["seek_s"]))
        frames = window(times, limits["start_s"], limits["seconds"] / end["parts"], end)
        if "motion" in limits["wants"]:
            frames = moved(frames, sent, context.name, moves)
        if not write(thinned(frames, limits["max_fps"]), limits, lambda: stream.sample_aspect_ratio, out, moves):
            late = f" after {limits['start_s']:g} s" if limits["start_s"] else ""
            # FFmpeg has a bound of its own (16384 x 16384) beyond which it says nothing of the size.
            large = "" if context.width else ", or one that is too large"
            raise Refused(f"holds no picture that can be decoded{late}{large}")


def prepared(container: Any, limits: dict[str, Any]) -> tuple[Any, Any]:
    """The stream of pictures, and what decodes it. Raises Refused."""
    if not container.streams.video:
        raise Refused(SOUND_ONLY if container.streams.audio else "has no video stream")
    stream = container.streams.best("video") or container.streams.video[0]
    context: Any = stream.codec_context
    if context is None:
        raise Refused("holds video in a codec that this FFmpeg does not know")
    _check_size(context.width, context.height, limits)
    # One thread: damaged data must not decode differently by chance, and clips are read side by side.
    context.thread_count = 1
    context.options = {"max_pixels": str(limits["max_pixels"])}
    return stream, context


def thinned(frames: Iterator[tuple[float, Any]], max_fps: float) -> Iterator[tuple[float, Any]]:
    """At most one frame in each slot of 1 / max_fps seconds."""
    begin, slot = None, -1
    for time, frame in frames:
        begin = time if begin is None else begin
        # A little slack: rounded and jittering times must not drop frames of a 30 fps clip.
        if (now := math.floor((time - begin) * max_fps + 0.2)) > slot:
            slot = now
            yield time, frame


def write(
    frames: Iterator[tuple[float, Any]],
    limits: dict[str, Any],
    aspect: Callable[[], Any],
    out: BinaryIO,
    moves: list[bytes],
) -> bool:
    """Whether there was a frame to write. All are brought to the size of the first; `aspect` is that of its pixels."""
    scaler = VideoReformatter()  # one for all frames: making one a frame costs more than decoding
    size: tuple[int, int] | None = None
    for time, frame in frames:
        if size is None:
            _check_size(frame.width, frame.height, limits)
            size = _shown_size(frame.width, frame.height, aspect(), limits["max_side"])
            head = {"width": size[0], "height": size[1], "rotation": getattr(frame, "rotation", 0)}
            out.write(json.dumps(head).encode() + b"\n")
        # Unlabelled colours follow the players' rule: BT.709 for high definition, BT.601 below.
        unknown = int(frame.colorspace) == 2
        matrix = (Colorspace.ITU709 if frame.height >= 720 else Colorspace.ITU601) if unknown else None
        plane = scaler.reformat(
            frame, *size, format="rgb24", src_colorspace=matrix, dst_color_range=ColorRange.JPEG
        ).planes[0]
        out.write(b"".join(moves))
        moves.clear()
        rows, step, wanted = memoryview(plane), plane.line_size, size[0] * 3
        out.write(b"F" + struct.pack("<d", time))
        for start in range(0, step * size[1], step if step != wanted else step * size[1]):
            out.write(rows[start : start + (wanted if step != wanted else step * size[1])])
    return size is not None


def _shown_size(width: int, height: int, aspect: Any, max_side: int) -> tuple[int, int]:
    """Width and height with square pixels and no side above max_side; nothing is made larger."""
    ratio = float(aspect or 1.0)
    ratio = ratio if 0.25 <= ratio <= 4.0 else 1.0  # beyond that it is a damaged header
    wide, high = (width * ratio, float(height)) if ratio < 1 else (float(width), height / ratio)
    scale = min(1.0, max_side / max(wide, high))
    return max(1, round(wide * scale)), max(1, round(high * scale))


def _check_size(width: int, height: int, limits: dict[str, Any]) -> None:
    if width * height > limits["max_pixels"]:
        raise Refused(f"has pictures of {width}x{height} pixels, more than the {limits['max_pixels']} pixels allowed")
