"""Sources of posts. One file in this folder is one source."""

from __future__ import annotations

import gzip
import zlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, ClassVar

from tag2vec.errors import SourceError
from tag2vec.scraping.post import Post

MAX_LINE = 16 * 1024 * 1024  # bytes: a longer line is not a post
Skip = Callable[[str, str], None]


def refuse(where: str, reason: str) -> None:
    """The strict way to skip: do not."""
    raise SourceError(f"{where}: {reason}.")


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
        others looks into the file.
        """
        name = path.name.lower()
        return max((len(suffix) for suffix in cls.suffixes if name.endswith(suffix)), default=0)

    @abstractmethod
    def posts(self, query: str, limit: int | None = None) -> Iterator[Post]:
        """Posts for `query` (a path for sources that read files), at most `limit`."""


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """The bytes of a file, unpacked when its name ends in .gz. Raises SourceError when it cannot be opened."""
    try:
        raw = path.open("rb")
    except OSError as error:
        raise SourceError(f"Cannot open {path}: {error.strerror}.") from error
    with raw, gzip.open(raw) if path.suffix == ".gz" else raw as file:
        yield file  # type: ignore[misc]


def lines(path: Path, skip: Skip) -> Iterator[tuple[str, str]]:
    """(where, text) of every line of a text file: `where` names file and line number, text is without line end.

    A byte order mark is dropped; a line that is no UTF-8 or over MAX_LINE bytes, and a file that breaks off, are
    skipped.
    """
    number = 0
    with opened(path) as file:
        try:
            while raw := file.readline(MAX_LINE):
                number += 1
                where = f"{path}:{number}"
                if len(raw) == MAX_LINE and raw[-1:] != b"\n":
                    while (rest := file.readline(MAX_LINE)) and rest[-1:] != b"\n":
                        pass
                    skip(where, f"a line of over {MAX_LINE >> 20} MiB")
                    continue
                try:
                    yield where, raw.decode("utf-8-sig" if number == 1 else "utf-8").rstrip("\r\n")
                except UnicodeDecodeError:
                    skip(where, "not UTF-8 text")
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            skip(f"{path}:{number + 1}", f"the packed file is damaged or cut off ({error})")
