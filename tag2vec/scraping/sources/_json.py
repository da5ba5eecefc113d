"""What the sources of JSON files share: one way to load a file, to take it apart and to check what is in it."""

from __future__ import annotations

import json
import re
import zlib
from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import msgspec

from tag2vec.errors import SourceError
from tag2vec.scraping.post import Post
from tag2vec.scraping.sources import FileSource, Skip, head, lines, opened, refuse

MAX_FILE = 256 * 1024 * 1024  # bytes, unpacked: Python holds several times as much in memory
_HALF = re.compile(r"\\u[dD][89a-fA-F]")  # escapes half a character; the other half may be missing
_LINES = (".jsonl", ".ndjson", ".jsonl.gz", ".ndjson.gz")


@dataclass(frozen=True)
class JsonFile(FileSource):
    """Base of the sources that read JSON files. A subclass says what is wrapped around posts and what a post is.

    Lists are taken apart here, and a file of JSON lines is read line by line when the user names the source.
    """

    suffixes: ClassVar[tuple[str, ...]] = (".json", ".json.gz")
    keys: ClassVar[tuple[bytes, ...]] = ()  # one of them stands early in such a file; none: its name is enough
    one_each: ClassVar[bool] = False  # a file is one post: a damaged one is skipped, as a damaged line would be

    @abstractmethod
    def post(self, record: Any) -> Post:
        """The post that `record` describes. Raises SourceError or msgspec.ValidationError where it is none."""

    def inside(self, record: dict[str, Any]) -> Any:
        """The list of records that `record` is wrapped around, anything else when it is a record itself."""
        return None

    @classmethod
    def reads(cls, path: Path) -> int:
        sure = super().reads(path)
        if sure and cls.keys:
            begins = head(path)
            return sure if any(key in begins for key in cls.keys) else 0
        return sure

    def read(self, path: Path) -> Iterator[Post]:
        for place, value in self._values(path):
            for number, record in enumerate(self._records(value), 1):
                try:
                    post = self.post(record)
                except (SourceError, msgspec.ValidationError) as error:
                    self.skip(place if record is value else f"{place}, post {number}", str(error))
                else:
                    yield post

    def _values(self, path: Path) -> Iterator[tuple[str, Any]]:
        if path.name.lower().endswith(_LINES):
            for where, line in lines(path, self.skip):
                if line.strip():
                    yield from _parsed(where, line, self.skip)
        else:
            skip = self.skip if self.one_each else refuse
            for raw in _content(path, skip):
                yield from _parsed(str(path), raw, skip)

    def _records(self, value: Any) -> Iterator[Any]:
        pending = [value]
        while pending:  # no recursion: a list in a list in a list is as deep as its writer likes
            record = pending.pop()
            held = self.inside(record) if isinstance(record, dict) else record
            if isinstance(held, list):
                pending.extend(reversed(held))
            else:
                yield record


def whole(text: str) -> str:
    """`text` without half characters: an emoji cut in two is a replacement sign, since it cannot be written."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def loaded(raw: bytes | str) -> Any:
    """What a JSON text says, without half characters. Raises ValueError and RecursionError."""
    text = raw if isinstance(raw, str) else raw.decode(json.detect_encoding(raw))
    value = json.loads(text)
    return json.loads(whole(json.dumps(value, ensure_ascii=False))) if _HALF.search(text) else value


def _content(path: Path, skip: Skip) -> Iterator[bytes]:
    """The bytes of a file, or nothing when it is skipped. Raises SourceError when it cannot be opened."""
    try:
        with opened(path) as file:
            raw = file.read(MAX_FILE + 1)
    except (EOFError, zlib.error, OSError) as error:
        skip(str(path), f"the file is damaged or cut off ({error})")
        return
    if len(raw) > MAX_FILE:
        skip(str(path), f"over {MAX_FILE >> 20} MiB of JSON; cut it into smaller files or write it as JSON lines")
    else:
        yield raw


def _parsed(where: str, raw: bytes | str, skip: Skip) -> Iterator[tuple[str, Any]]:
    try:
        value = loaded(raw)
    except (ValueError, RecursionError) as error:
        skip(where, f"not JSON ({error})")
    else:
        yield where, value
