"""The process that decodes one clip: standard input is the file, standard output gets what was asked for.

`tag2vec.embed.frames` starts it with its limits as JSON and reads what it writes. Files come from strangers,
so all that FFmpeg touches happens here: memory and processor time are bounded, the only protocol that FFmpeg
may use is the descriptor that is already open, and only containers that cannot name other files are read. It
imports nothing of tag2vec and no numpy, because every clip pays for its start.

What is written, in this order. For pictures: one JSON line with their size; for each a letter F, its time in
seconds (float64) and its rows (height, width, 3) uint8. Where motion is wanted too, before each letter F, for all
pictures that were decoded since the last: a letter M, width and height (uint32), two shares (float64, see
`_References`), how many vectors there are (uint32), and these as FFmpeg's AVMotionVector, 40 bytes each. For sound, a
piece at a time: a letter S, the number of channels (uint8) and of samples (uint32), and the samples (samples, channels)
float32 at SOUND_RATE. At the end a letter E and a JSON line that says how it ended; without E the process was killed.
"""

from __future__ import annotations

import json
import math
import os
import struct
import sys
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, BinaryIO

import av
from av.video.frame import PictureType
from av.video.reformatter import ColorRange, Colorspace, VideoReformatter

# No playlists, manifests, scripts, image sequences, text or devices: those name other files or are no clips.
CONTAINERS = (
    "3g2,3gp,amv,apng,asf,av1,avi,avif,avs,avs2,avs3,bink,cavsvideo,dhav,dirac,dnxhd,dv,evc,flic,flv,gif,gxf,h261,"
    "h263,h264,hevc,ivf,ivr,jpegxl_anim,kux,live_flv,m4v,matroska,webm,mjpeg,mjpeg_2000,mlv,mov,mp4,m4a,mj2,mpeg,"
    "mpegts,mpegvideo,mpjpeg,mxf,nsv,nut,nuv,obu,ogg,pva,rm,roq,smk,swf,thp,ty,vc1,vc1test,viv,vivo,vmd,vvc,webp,"
    "wtv,yuv4mpegpipe,"
    "bmp_pipe,gif_pipe,jpeg_pipe,jpegxl_pipe,png_pipe,tiff_pipe,webp_pipe,"  # one picture is a short clip
    "aac,ac3,aiff,amr,ape,au,caf,dts,eac3,flac,mp3,wav,w64,wv"  # to tell sound from rubbish
)
MAX_ERRORS = 200  # damaged packets in all after which a file is given up
SOUND_RATE = 16_000  # samples a second
PICTURES_BACK = 64  # that are remembered: no codec here looks for references further away


class CannotSeek(Exception):
    """The file has no way to a time in the middle; what was tried has moved it to anywhere."""


class Refused(Exception):
    """Why there is nothing to decode: a sentence for the user that begins after the file's name."""


def main() -> None:
    limits = json.loads(sys.argv[1])
    out = sys.stdout.buffer
    end: dict[str, Any] = {"refused": None, "problem": None, "stopped": False, "last_s": 0.0, "sound": None}
    try:
        _confine(limits)
        av.logging.set_level(av.logging.PANIC)
        if "pictures" in limits["wants"]:
            try:
                _see(limits, out, end)
            except CannotSeek:
                _see(limits | {"seek_s": 0.0}, out, end)
        if "sound" in limits["wants"]:
            try:
                _hear(limits, out, end)
            except CannotSeek:
                _hear(limits, out, end, seek=False)
    except Refused as error:
        end["refused"] = str(error)
    except MemoryError:
        end["refused"] = end["problem"] = f"needs more than the {limits['memory_mb']} MB of memory allowed"
    except av.FFmpegError as error:
        end["refused"] = end["problem"] = f"cannot be decoded ({_reason(error)})"
    out.write(b"E" + json.dumps(end).encode() + b"\n")
    out.flush()


def _confine(limits: dict[str, Any]) -> None:
    """Bound this process. Windows has no such limits; there the parent's clock alone bounds it."""
    try:
        import resource
    except ImportError:
        return
    memory, seconds = limits["memory_mb"] * 2**20, math.ceil(limits["timeout_s"]) + 1
    for kind, wanted in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
    ):
        hard = resource.getrlimit(kind)[1]
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        # The signal of the soft limit says which limit it was; that of a hard one does not.
        with suppress(ValueError, OSError):  # macOS refuses some
            resource.setrlimit(kind, (soft, hard if kind == resource.RLIMIT_CPU else soft))


def _see(limits: dict[str, Any], out: BinaryIO, end: dict[str, Any]) -> None:
    with _open() as container:
        if not container.streams.video:
            raise Refused("has sound but no picture" if container.streams.audio else "has no video stream")
        stream = container.streams.best("video") or container.streams.video[0]
        context: Any = stream.codec_context
        if context is None:
            raise Refused("holds video in a codec that this FFmpeg does not know")
        _check_size(context.width, context.height, limits)
        # One thread: damaged data must not decode differently by chance, and clips are read side by side.
        context.thread_count = 1
        context.options = {"max_pixels": str(limits["max_pixels"])}
        if "motion" in limits["wants"]:
            context.options |= {"flags2": "+export_mvs"}
        rate = float(stream.average_rate or stream.guessed_rate or 0) or 25.0
        duration = _duration(container, stream)
        end |= {"rate": rate, "duration_s": duration, "codec": context.name, "parts": _parts(limits, duration)}
        sent: deque[Any] = deque(maxlen=PICTURES_BACK)
        moves: list[bytes] = []
        times = _timed(_decoded(container, stream, end, sent), rate, *_sought(container, stream, limits["seek_s"]))
        frames = _window(times, limits["start_s"], limits["seconds"] / end["parts"], end)
        if "motion" in limits["wants"]:
            frames = _moved(frames, sent, context.name, moves)
        _write(_thinned(frames, limits["max_fps"]), limits, stream, out, moves)


def _parts(limits: dict[str, Any], duration: float | None) -> int:
    """How many parts share the seconds that are looked at: one of a clip that is not longer."""
    long = duration and duration > limits["start_s"] + limits["seconds"]
    return int(limits["parts"]) if long else 1


def _hear(limits: dict[str, Any], out: BinaryIO, end: dict[str, Any], seek: bool = True) -> None:
    """Write the first sound stream in pieces; what is wrong with it is told in `end["sound"]` and refuses nothing."""
    told: dict[str, Any] = {"problem": None}
    try:
        with _open() as container:
            streams = [*container.streams.audio, *container.streams.video]
            if not streams:
                raise Refused("has neither pictures nor sound")
            stream: Any = streams[0]
            end.setdefault("duration_s", _duration(container, stream))
            if not container.streams.audio:
                return
            if stream.codec_context is None:
                told["problem"] = "is in a codec that this FFmpeg does not know"
                return
            stream.codec_context.thread_count = 1
            seconds = limits["seconds"] / end.setdefault("parts", _parts(limits, end["duration_s"]))
            left = math.ceil(seconds * SOUND_RATE)
            begin = end.get("first_s", max(limits["seek_s"], limits["start_s"]))
            if seek:
                _sought(container, stream, begin)
            for piece in _resampled(_from(begin, _decoded(container, stream, told), stream)):
                channels, samples = len(piece.layout.channels), min(piece.samples, left)
                out.write(b"S" + struct.pack("<BI", channels, samples))
                out.write(memoryview(piece.planes[0])[: samples * channels * 4])
                left -= samples
                if not left:
                    break
    except (av.FFmpegError, ValueError) as error:
        told["problem"] = f"cannot be decoded ({_reason(error)})"
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


def _open() -> Any:
    options = {"fd": "0", "protocol_whitelist": "fd", "format_whitelist": CONTAINERS}
    os.lseek(0, 0, os.SEEK_SET)
    try:
        return av.open("fd:", options=options, metadata_errors="replace")
    except (av.InvalidDataError, av.EOFError, av.ArgumentError) as error:
        raise Refused("is not a video, or its beginning is damaged or missing") from error


def _duration(container: Any, stream: Any) -> float | None:
    if stream.duration and stream.time_base and stream.duration > 0:
        return float(stream.duration * stream.time_base)
    return container.duration / av.time_base if container.duration and container.duration > 0 else None


def _check_size(width: int, height: int, limits: dict[str, Any]) -> None:
    if width * height > limits["max_pixels"]:
        raise Refused(f"has pictures of {width}x{height} pixels, more than the {limits['max_pixels']} pixels allowed")


def _decoded(container: Any, stream: Any, end: dict[str, Any], sent: deque[Any] | None = None) -> Iterator[Any]:
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
            end["problem"] = f"cannot be read on: {_reason(error)}"
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
            end["problem"] = f"has {errors} damaged packets ({_reason(error)})"
    if damaged and not end["problem"]:
        end["problem"] = f"has {damaged} damaged packets or {'pictures' if stream.type == 'video' else 'frames'}"


def _sought(container: Any, stream: Any, seek_s: float) -> tuple[float, float | None]:
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


def _timed(frames: Iterator[Any], rate: float, first: float, shift: float | None) -> Iterator[tuple[float, Any]]:
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


def _window(
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


def _thinned(frames: Iterator[tuple[float, Any]], max_fps: float) -> Iterator[tuple[float, Any]]:
    """At most one frame in each slot of 1 / max_fps seconds."""
    begin, slot = None, -1
    for time, frame in frames:
        begin = time if begin is None else begin
        # A little slack: rounded and jittering times must not drop frames of a 30 fps clip.
        if (now := math.floor((time - begin) * max_fps + 0.2)) > slot:
            slot = now
            yield time, frame


def _moved(
    frames: Iterator[tuple[float, Any]], sent: deque[Any], codec: str, moves: list[bytes]
) -> Iterator[tuple[float, Any]]:
    """The same frames; `moves` gets the record of the motion vectors of each."""
    references = _References(sent)
    for time, frame in frames:
        vectors = frame.side_data.get("MOTION_VECTORS")
        # FFmpeg does not note the vectors of MPEG-4's B pictures: it gives zeros.
        lost = frame.pict_type == PictureType.B and codec == "mpeg4"
        raw = b"" if vectors is None or lost else bytes(vectors)
        shares = references.shares(frame.pts, frame.pict_type)
        moves.append(b"M" + struct.pack("<IIddI", frame.width, frame.height, *shares, len(raw) // 40) + raw)
        yield time, frame


class _References:
    """How far a picture is from those that its vectors come from: FFmpeg says no more than earlier or later.

    Taken are the nearest on either side that were decoded before it and that others may be predicted from: those that
    are no B pictures, and B pictures that were decoded before one that is shown earlier (a pyramid).
    """

    def __init__(self, sent: deque[Any]) -> None:
        self.sent = sent  # times in the order of decoding
        self.shown: deque[tuple[Any, bool]] = deque(maxlen=PICTURES_BACK)  # times, and whether it is a B picture
        self.away = 0  # pictures since the last that is no B picture
        self.told = True  # whether times still say in which order pictures are shown: an AVI with B pictures does not

    def shares(self, at: Any, kind: Any) -> tuple[float, float]:
        """The time since the picture shown before, as a share of that from the earlier reference, and to the later."""
        self.away += 1
        found = 1.0 / self.away, 0.0
        sent = list(self.sent)
        self.told &= at in sent and at is not None and (not self.shown or at > self.shown[-1][0])
        if self.told and self.shown:
            known = sent[: sent.index(at)]
            early = [t for t, b in self.shown if t in known and t < at and not (b and self._in_order(t, sent))]
            late = [t for t in known if t is not None and t > at]
            step = at - self.shown[-1][0]
            found = (step / (at - early[-1]) if early else 0.0, step / (min(late) - at) if late else 0.0)
        b = kind == PictureType.B
        self.away = self.away if b else 0
        self.shown.append((at, b))
        return found

    @staticmethod
    def _in_order(at: Any, sent: list[Any]) -> bool:
        return all(t is None or t > at for t in sent[sent.index(at) + 1 :])


def _write(
    frames: Iterator[tuple[float, Any]], limits: dict[str, Any], stream: Any, out: BinaryIO, moves: list[bytes]
) -> None:
    scaler = VideoReformatter()  # one for all frames: making one a frame costs more than decoding
    size: tuple[int, int] | None = None
    for time, frame in frames:
        if size is None:
            _check_size(frame.width, frame.height, limits)
            size = _shown_size(frame.width, frame.height, stream.sample_aspect_ratio, limits["max_side"])
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
    if size is None:
        late = f" after {limits['start_s']:g} s" if limits["start_s"] else ""
        # FFmpeg has a bound of its own (16384 x 16384) beyond which it says nothing of the size.
        large = "" if stream.codec_context.width else ", or one that is too large"
        raise Refused(f"holds no picture that can be decoded{late}{large}")


def _shown_size(width: int, height: int, aspect: Any, max_side: int) -> tuple[int, int]:
    """Width and height with square pixels and no side above max_side; nothing is made larger."""
    ratio = float(aspect or 1.0)
    ratio = ratio if 0.25 <= ratio <= 4.0 else 1.0  # beyond that it is a damaged header
    wide, high = (width * ratio, float(height)) if ratio < 1 else (float(width), height / ratio)
    scale = min(1.0, max_side / max(wide, high))
    return max(1, round(wide * scale)), max(1, round(high * scale))


def _reason(error: Exception) -> str:
    return (getattr(error, "strerror", None) or str(error) or type(error).__name__).lower()


if __name__ == "__main__":
    main()
