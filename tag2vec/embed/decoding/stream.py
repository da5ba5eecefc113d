"""A stream of a file: opening, seeking, decoding past damage, and times that rise."""

from __future__ import annotations

import math
import os
from collections import deque
from collections.abc import Iterator
from typing import Any

import av

# No playlists, manifests, scripts, image sequences, text or devices: those name other files or are no clips.
CONTAINERS = (
    "3g2,3gp,amv,apng,asf,av1,avi,avif,avs,avs2,avs3,bink,cavsvideo,dhav,dirac,dnxhd,dv,evc,flic,flv,gif,gxf,h261,"
    "h263,h264,hevc,ivf,ivr,jpegxl_anim,kux,live_flv,m4v,matroska,webm,mjpeg,mjpeg_2000,mlv,mov,mp4,m4a,mj2,mpeg,"
    "mpegts,mpegvideo,mpjpeg,mxf,nsv,nut,nuv,obu,ogg,pva,rm,roq,smk,swf,thp,ty,vc1,vc1test,viv,vivo,vmd,vvc,webp,"
    "wtv,yuv4mpegpipe,"
    "bmp_pipe,gif_pipe,jpeg_pipe,jpegxl_pipe,png_pipe,tiff_pipe,webp_pipe,"  # one picture is a short clip
    "aac,ac3,aiff,amr,ape,au,caf,dts,eac3,flac,mp3,wav,w64,wv"  # to tell sound from rubbish
)
# Words in a file that are no UTF-8 are no reason to refuse it. From 19 on PyAV thinks so too, and takes no argument.
LENIENT: dict[str, Any] = {"metadata_errors": "replace"} if int(av.__version__.partition(".")[0]) < 19 else {}
MAX_ERRORS = 200  # damaged packets in all after which a file is given up


class CannotSeek(Exception):
    """The file has no way to a time in the middle; what was tried has moved it to anywhere."""


class Refused(Exception):
    """Why there is nothing to decode: a sentence for the user that begins after the file's name."""


def opened() -> Any:
    options = {"fd": "0", "protocol_whitelist": "fd", "format_whitelist": CONTAINERS}
    os.lseek(0, 0, os.SEEK_SET)
    try:
        return av.open("fd:", options=options, **LENIENT)
    except (av.InvalidDataError, av.EOFError, av.ArgumentError) as error:
        raise Refused("is not a video, or its beginning is damaged or missing") from error


def length_s(container: Any, stream: Any) -> float | None:
    if stream.duration and stream.time_base and stream.duration > 0:
        return float(stream.duration * stream.time_base)
    return container.duration / av.time_base if container.duration and container.duration > 0 else None


def parts_of(limits: dict[str, Any], duration: float | None) -> int:
    """How many parts share the seconds that are looked at: one of a clip that is not longer."""
    long = duration and duration > limits["start_s"] + limits["seconds"]
    return int(limits["parts"]) if long else 1


def decoded(container: Any, stream: Any, end: dict[str, Any], sent: deque[Any] | None = None) -> Iterator[Any]:
    """Decoded frames in the order they are shown; damaged packets are skipped, counted, and told in `end`.

    `sent` gets the times of the packets, in the order they are decoded.
    """
    errors = damaged = 0
    packets = container.demux(stream)
    while errors < MAX_ERRORS:
        try:
            packet = next(packets)
        except StopIteration:
            break
        except av.FFmpegError as error:
            if isinstance(error, MemoryError):
                raise
            end["problem"] = f"cannot be read on: {reason(error)}"
            break
        try:
            if packet.is_corrupt:
                damaged += 1
            if sent is not None:
                sent.append(packet.pts)
            for frame in packet.decode():
                damaged += frame.is_corrupt
                yield frame
        except av.FFmpegError as error:
            if isinstance(error, MemoryError):
                raise
            errors += 1
            end["problem"] = f"has {errors} damaged packets ({reason(error)})"
    if damaged and not end["problem"]:
        end["problem"] = f"has {damaged} damaged packets or {'pictures' if stream.type == 'video' else 'frames'}"


def sought(container: Any, stream: Any, seek_s: float) -> tuple[float, float | None]:
    """Go to the last key frame before `seek_s`. Raises CannotSeek.

    The time of the first frame there if it has none of its own, and what is added to stated times so that the clip
    begins at 0; None for what makes the first frame begin so.
    """
    if seek_s > 0 and stream.time_base:
        begin = float((stream.start_time or 0) * stream.time_base)
        try:
            container.seek(round((begin + seek_s) / stream.time_base), stream=stream)
        except (av.FFmpegError, OverflowError) as error:
            raise CannotSeek from error
        return seek_s, -begin
    return 0.0, None


def timed(frames: Iterator[Any], rate: float, first: float, shift: float | None) -> Iterator[tuple[float, Any]]:
    """Each frame with its time in seconds from the clip's first: strictly rising, whatever the file says."""
    after = -math.inf
    for frame in frames:
        stated = float(frame.pts * frame.time_base) if frame.pts is not None and frame.time_base else None
        if stated is not None and shift is not None and stated + shift > after:
            time = stated + shift
        else:
            time = max(first, after + 1.0 / rate)
            shift = shift if stated is None else time - stated
        after = time
        yield time, frame


def window(
    frames: Iterator[tuple[float, Any]], start_s: float, seconds: float, end: dict[str, Any]
) -> Iterator[tuple[float, Any]]:
    """The frames of `seconds` from the first on that is not before `start_s`."""
    until = None
    for time, frame in frames:
        if time < start_s - 1e-6:
            continue
        end["last_s"] = time
        if until is None:
            end["first_s"], until = time, time + seconds
        if time >= until:
            end["stopped"] = True
            return
        yield time, frame


def reason(error: Exception) -> str:
    return (getattr(error, "strerror", None) or str(error) or type(error).__name__).lower()
