"""Sources of posts. One file in this folder is one source."""

from __future__ import annotations

import codecs
import gzip
import zlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import groupby, islice
from pathlib import Path
from typing import BinaryIO, ClassVar

import msgspec
from msgspec.structs import replace

from tag2vec.errors import SourceError
from tag2vec.scraping.post import Post

MAX_LINE = 16 * 1024 * 1024  # bytes: a longer line is not a post
FILE = "file "  # begins the `source` of posts that came without one, before their file's path
BLOCK = 4 * 1024 * 1024  # bytes of lines that are handled together
HEAD = 64 * 1024  # bytes that say what format a file has
_BROKEN_OFF = (EOFError, zlib.error, gzip.BadGzipFile)
Skip = Callable[[str, str], None]


def refuse(where: str, reason: str) -> None:
    """The strict way to skip: do not."""
    raise SourceError(f"{where}: {reason}.")


@dataclass(frozen=True)
class Block:
    """Some posts as JSON lines: what goes to another process in one piece.

    `first` is the number of the first line in the file `where`; 0 for posts that we wrote as lines ourselves.
    """

    where: str
    first: int
    data: bytes

    def lines(self) -> Iterator[tuple[int, bytes]]:
        """(number, line) of each line, without its end."""
        return enumerate(self.data.removesuffix(b"\n").split(b"\n"), self.first)


@dataclass(frozen=True)
class Source(ABC):
    """Base of all sources. A subclass is a frozen dataclass: its fields are its settings.

    `suffixes` are the endings of the files it reads, empty for sources that ask a server. What cannot be read is
    passed to `skip(where, reason)`, which counts it or raises.
    """

    suffixes: ClassVar[tuple[str, ...]] = ()
    skip: Skip = field(default=refuse, kw_only=True)

    @classmethod
    def reads(cls, path: Path) -> int:
        """How surely this source reads the file `path`: 0 not at all; the surest source takes it.

        By default the length of the longest of `suffixes` that ends its name. A format that shares its suffix with
        others looks into the file, see `head`.
        """
        name = path.name.lower()
        return max((len(suffix) for suffix in cls.suffixes if name.endswith(suffix)), default=0)

    @abstractmethod
    def posts(self, query: str, limit: int | None = None) -> Iterator[Post]:
        """Posts for `query` (a path for sources that read files), at most `limit`."""

    def media(self, path: Path, post: Post) -> Iterator[Path]:
        """Where files of `post`, which was read from `path`, may lie; nowhere for a format that comes without them."""
        return iter(())

    def blocks(self, path: str) -> Iterator[Block]:
        """All posts of `path` in blocks. A post that names no source is one of this file."""
        lines = (_encode(post if post.source else replace(post, source=f"{FILE}{path}")) for post in self.posts(path))
        return in_blocks(path, lines)


class FileSource(Source):
    """Base of the sources that read files: a subclass says which posts a file holds."""

    @abstractmethod
    def read(self, path: Path) -> Iterator[Post]:
        """The posts of one file."""

    def posts(self, query: str, limit: int | None = None) -> Iterator[Post]:
        return islice(self.read(Path(query)), limit)


_encode = msgspec.json.Encoder().encode


def in_blocks(where: str, lines: Iterable[bytes]) -> Iterator[Block]:
    """Encoded posts in blocks of about BLOCK bytes."""
    held: list[bytes] = []
    size = 0
    for line in lines:
        held.append(line)
        size += len(line)
        if size >= BLOCK:
            yield Block(where, 0, b"\n".join(held))
            held, size = [], 0
    if held:
        yield Block(where, 0, b"\n".join(held))


def merged(blocks: Iterable[Block]) -> Iterator[Block]:
    """Blocks of posts that know where they are from, small ones put together: a folder may hold a file a post."""
    for small, some in groupby(blocks, key=lambda block: block.first == 0 and len(block.data) < BLOCK // 2):
        if small:
            yield from in_blocks("", (block.data for block in some))
        else:
            yield from some


def line_blocks(path: Path, skip: Skip, charset: str | None = None) -> Iterator[Block]:
    """The lines of a file in blocks of about BLOCK bytes, in UTF-8 if they are in `charset`. A line of over MAX_LINE
    bytes and the end of a file that breaks off are skipped, a byte order mark is dropped. Raises SourceError when the
    file cannot be opened."""
    number, rest, skipping = 1, b"", False
    broken: list[str] = []
    with opened(path) as file:
        chunks = _chunks(file, broken)
        if charset:
            chunks = (text.encode(errors="replace") for text in codecs.iterdecode(chunks, charset, "replace"))
        for chunk in chunks:
            data = rest + chunk
            if number == 1:
                data = data.removeprefix(codecs.BOM_UTF8)
            first_end = data.find(b"\n")
            if skipping or max(first_end, len(data) if first_end < 0 else 0) > MAX_LINE:
                if not skipping:
                    skip(f"{path}:{number}", f"a line of over {MAX_LINE >> 20} MiB")
                skipping = first_end < 0
                data = b"" if skipping else data[first_end + 1 :]
                number += not skipping
            end = data.rfind(b"\n") + 1
            if end:
                yield Block(str(path), number, data[:end])
                number += data.count(b"\n")
            rest = data[end:]
    if rest and not broken:
        yield Block(str(path), number, rest)
    for reason in broken:
        skip(f"{path}:{number}", reason)


def _chunks(file: BinaryIO, broken: list[str]) -> Iterator[bytes]:
    """The file in chunks of about BLOCK bytes; of one that breaks off all that can be read, and why in `broken`."""
    parts, size = [], 0
    try:
        while part := file.read1(BLOCK):  # type: ignore[attr-defined]
            parts.append(part)
            size += len(part)
            if size >= BLOCK:
                yield b"".join(parts)
                parts, size = [], 0
    except _BROKEN_OFF as error:
        broken.append(f"the packed file is damaged or cut off ({error})")
    yield b"".join(parts)


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """The bytes of a file, unpacked when its name ends in .gz. Raises SourceError when it cannot be opened."""
    try:
        raw = path.open("rb")
    except OSError as error:
        raise SourceError(f"Cannot open {path}: {error.strerror}.") from error
    with raw, gzip.open(raw) if path.suffix.lower() == ".gz" else raw as file:
        yield file  # type: ignore[misc]


def head(path: Path, size: int = HEAD) -> bytes:
    """The first `size` bytes of a file, unpacked; none of one that cannot be read."""
    try:
        with opened(path) as file:
            return file.read(size)
    except (SourceError, EOFError, zlib.error, OSError):
        return b""


def lines(path: Path, skip: Skip, charset: str | None = None) -> Iterator[tuple[str, str]]:
    """(where, text) of every line of a text file: `where` names file and line number, text is without line end.

    A byte order mark is dropped; a line that is no UTF-8 or over MAX_LINE bytes, and the end of a file that breaks off,
    are skipped. With another `charset`, what is none of its letters is a replacement sign.
    """
    for block in line_blocks(path, skip, charset):
        for number, raw in block.lines():
            where = f"{path}:{number}"
            try:
                yield where, raw.decode().rstrip("\r")
            except UnicodeDecodeError:
                skip(where, "not UTF-8 text")
