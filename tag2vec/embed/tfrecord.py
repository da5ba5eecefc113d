"""TFRecord files: their framing with both checksums, and the videos of YouTube-8M in them.

A record is its length (uint64), the checksum of that, its content, and the checksum of that; a checksum is a masked
CRC-32C. The tfrecord package reads records too, but checks neither.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from tag2vec.errors import MissingExtra, SourceError

SUFFIX = ".tfrecord"
PARTS = {"rgb": "mean_rgb", "audio": "mean_audio"}  # YouTube-8M: names of one row a second, and of their means
LOW, HIGH = -2.0, 2.0  # between which YouTube-8M quantised

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Video:
    """One video of YouTube-8M."""

    id: str
    labels: tuple[int, ...]
    parts: dict[str, Floats]  # rgb (1024,) or (seconds, 1024), audio (128,) or (seconds, 128)


def tfrecord_files(path: Path) -> list[Path]:
    """`path` when it is a TFRecord file, those in it when it is a folder, sorted; else none."""
    if path.is_dir():
        return sorted(path.glob(f"*{SUFFIX}"))
    return [path] if path.suffix == SUFFIX else []


def records(path: Path) -> Iterator[tuple[str, int, bytes]]:
    """(name for messages, offset, content) of each record, in order; all before a damaged one come.

    Raises SourceError that names the damaged record, counted from 1; MissingExtra.
    """
    number = 0
    try:
        with path.open("rb") as file:
            while file.peek(1):
                number += 1
                offset, name = file.tell(), f"{path}: record {number}"
                yield name, offset, _record(file, path.stat().st_size - offset, name)
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {error}.") from error


def record_at(path: Path, offset: int, name: str) -> bytes:
    """The content of the record at `offset`. Raises SourceError as `records` does."""
    try:
        with path.open("rb") as file:
            file.seek(offset)
            return _record(file, path.stat().st_size - offset, name)
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {error}.") from error


def _record(file: BinaryIO, left: int, name: str) -> bytes:
    def damaged(what: str) -> SourceError:
        return SourceError(f"{name} is damaged: {what}. Get the file again, or leave it out.")

    head = file.read(12)
    if len(head) < 12:
        raise damaged("the file ends inside it")
    length, check = struct.unpack("<QI", head)
    if _masked(head[:8]) != check:
        raise damaged("its length has the wrong checksum")
    if length + 16 > left:
        raise damaged("the file ends inside it")
    content = file.read(length)
    if struct.pack("<I", _masked(content)) != file.read(4):
        raise damaged("its content has the wrong checksum")
    return content


def _masked(content: bytes) -> int:
    try:
        from crc32c import crc32c
    except ImportError as error:
        raise MissingExtra("Reading TFRecord files", "crc32c", "tfrecord") from error
    crc = crc32c(content)
    return (((crc >> 15) | (crc << 17)) + 0xA282EAD8) & 0xFFFFFFFF


def video(content: bytes, name: str) -> Video:
    """A record of YouTube-8M, video level or frame level. Raises SourceError when it is none; MissingExtra."""
    try:
        from google.protobuf.message import DecodeError
        from tfrecord.example_pb2 import SequenceExample
    except ImportError as error:
        raise MissingExtra("Reading TFRecord files", "tfrecord", "tfrecord") from error
    try:
        # An Example is a SequenceExample without lists: both have their features in the first field.
        example = SequenceExample.FromString(content)
    except DecodeError as error:
        raise SourceError(f"{name} is no tf.train.Example ({error}); wanted records of YouTube-8M.") from error
    facts, lists = example.context.feature, example.feature_lists.feature_list
    ids = [one for key in ("id", "video_id") if key in facts for one in facts[key].bytes_list.value]
    means = {part: facts[mean].float_list.value for part, mean in PARTS.items() if mean in facts}
    if not ids or not (means or any(part in lists for part in PARTS)):
        known = ", ".join(sorted([*facts, *lists])) or "nothing"
        raise SourceError(f"{name} has {known}; wanted YouTube-8M's id with mean_rgb, mean_audio, rgb or audio.")
    found = {part: np.array(values, np.float32) for part, values in means.items()}
    found |= {part: _seconds(lists[part].feature, f"{name}: {part}") for part in PARTS if part in lists}
    if len({len(rows) for rows in found.values() if rows.ndim == 2}) > 1:
        raise SourceError(f"{name} has {' and '.join(f'{len(r)} rows of {p}' for p, r in found.items())}.")
    return Video(ids[0].decode("utf-8", "replace"), tuple(facts["labels"].int64_list.value), found)


def _seconds(features: Any, name: str) -> Floats:
    """Bytes, a string a second -> (seconds, dim), as `Dequantize` in YouTube-8M's starter code has it."""
    rows = [b"".join(feature.bytes_list.value) for feature in features]
    if len({len(row) for row in rows}) != 1:
        raise SourceError(f"{name} has rows of {sorted({len(row) for row in rows})} bytes; wanted rows of one width.")
    quantised = np.frombuffer(b"".join(rows), np.uint8).reshape(len(rows), -1)
    step = (HIGH - LOW) / 255
    return np.asarray(quantised * np.float32(step) + np.float32((HIGH - LOW) / 512 + LOW), np.float32)
