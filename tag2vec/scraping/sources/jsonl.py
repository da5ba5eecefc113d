"""Posts as JSON lines: `{"id", "tags": [...], "text", "title", "author", "date", ...}`, one a line, also .gz."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import msgspec

from tag2vec.scraping.post import Post
from tag2vec.scraping.sources import Block, FileSource, line_blocks
from tag2vec.scraping.sources._json import loaded


@dataclass(frozen=True)
class JsonLines(FileSource):
    suffixes: ClassVar[tuple[str, ...]] = (".jsonl", ".jsonl.gz", ".ndjson", ".ndjson.gz")

    def blocks(self, path: str) -> Iterator[Block]:
        return line_blocks(Path(path), self.skip)

    def read(self, path: Path) -> Iterator[Post]:
        for block in line_blocks(path, self.skip):
            for number, line in block.lines():
                if line and not line.isspace():
                    post = parse(line)
                    if isinstance(post, Post):
                        yield post
                    else:
                        self.skip(f"{path}:{number}", post)


class _Line(msgspec.Struct, gc=False):
    tags: list[str] | None = None
    id: str | int | None = None
    text: str | None = None
    title: str | None = None
    author: str | None = None
    date: str | None = None
    source: str | None = None
    category: str | None = None
    language: str | None = None
    created_at: str | None = None  # other names that dumps use
    lang: str | None = None


_decode = msgspec.json.Decoder(_Line).decode


def parse(line: bytes) -> Post | str:
    """The post of one line, or why it is none. The usual line is read whole by msgspec; the rest is looked at twice."""
    try:
        found = _decode(line)
    except (ValueError, RecursionError):
        looked = _looked_at(line)
        if isinstance(looked, str):
            return looked
        found = looked
    if found.tags is None and not (found.text or found.title):
        return 'no "tags", "title" or "text"'
    return Post(
        "" if found.id is None else str(found.id),
        tuple(found.tags or ()),
        found.text or None,
        found.title or None,
        found.author or None,
        found.date or found.created_at or None,
        found.source or None,
        found.category or None,
        found.language or found.lang or None,
    )


def _looked_at(line: bytes) -> _Line | str:
    """A line whose fields are of other types, as text; or why it holds no post."""
    try:
        value = loaded(line.decode())
    except UnicodeDecodeError:
        return "not UTF-8 text"
    except (ValueError, RecursionError) as error:
        return f"not JSON ({error})"
    if not isinstance(value, dict):
        return f"a JSON {type(value).__name__}; wanted an object"
    tags = value.pop("tags", None)
    if tags is not None and not (isinstance(tags, list) and all(isinstance(tag, str) for tag in tags)):
        return '"tags" is not a list of strings'
    texts = {name: str(value[name]) for name in _Line.__struct_fields__ if value.get(name) is not None}
    return _Line(tags, **texts)
