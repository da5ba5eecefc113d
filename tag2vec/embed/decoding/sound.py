"""The first sound stream of a file, as samples at one rate."""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator
from typing import Any, BinaryIO

import av

from tag2vec.embed.decoding import SOUND_RATE
from tag2vec.embed.decoding.stream import Refused, decoded, length_s, opened, parts_of, reason, sought


def hear(limits: dict[str, Any], out: BinaryIO, end: dict[str, Any], seek: bool = True) -> None:
    """Write the first sound stream in pieces; what is wrong with it is told in `end["sound"]` and refuses nothing."""
    told: dict[str, Any] = {"problem": None}
    try:
        with opened() as container:
            streams = [*container.streams.audio, *container.streams.video]
            if not streams:
                raise Refused("has neither pictures nor sound")
            stream: Any = streams[0]
            end.setdefault("duration_s", length_s(container, stream))
            if not container.streams.audio:
                return
            if stream.codec_context is None:
                told["problem"] = "is in a codec that this FFmpeg does not know"
                return
            stream.codec_context.thread_count = 1
            seconds = limits["seconds"] / end.setdefault("parts", parts_of(limits, end["duration_s"]))
            left = math.ceil(seconds * SOUND_RATE)
            begin = end.get("first_s", max(limits["seek_s"], limits["start_s"]))
            if seek:
                sought(container, stream, begin)
            for piece in _resampled(_from(begin, decoded(container, stream, told), stream)):
                channels, samples = len(piece.layout.channels), min(piece.samples, left)
                out.write(b"S" + struct.pack("<BI", channels, samples))
                out.write(memoryview(piece.planes[0])[: samples * channels * 4])
                left -= samples
                if not left:
                    break
    except (av.FFmpegError, ValueError) as error:
        told["problem"] = f"cannot be decoded ({reason(error)})"
    finally:
        end["sound"] = told["problem"]


def _from(begin: float, frames: Iterator[Any], stream: Any) -> Iterator[Any]:
    """The frames of sound that end after `begin` seconds; where the file states no time, it is counted."""
    start, time = float((stream.start_time or 0) * (stream.time_base or 0)), 0.0
    for frame in frames:
        if frame.pts is not None and frame.time_base:
            time = float(frame.pts * frame.time_base) - start
        time += frame.samples / max(frame.sample_rate, 1)
        if begin <= 0 or time > begin:
            yield frame


def _resampled(frames: Iterator[Any]) -> Iterator[Any]:
    """Packed float32 at SOUND_RATE. All channels are kept: FFmpeg's own mono is louder than their mean."""
    setting, resampler = None, av.AudioResampler()
    for frame in frames:
        if setting != (setting := (frame.format.name, frame.layout.name, frame.sample_rate)):
            yield from resampler.resample(None)
            resampler = av.AudioResampler("flt", frame.layout, SOUND_RATE)
        frame.pts = None  # a gap in the times is no silence to be made up
        yield from resampler.resample(frame)
    yield from resampler.resample(None)
