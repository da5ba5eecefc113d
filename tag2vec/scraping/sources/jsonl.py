"""Posts as JSON lines: `{"id", "tags": [...], "text", "title", "author", "date", ...}`, one a line, also .gz."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, ClassVar

import msgspec

from tag2vec.scraping.post import Post
from tag2vec.scraping.sources import Block, Source, line_blocks


@dataclass(frozen=True)
class JsonLines(Source):
    suffixes: ClassVar[tuple[str, ...]] = (".jsonl", ".jsonl.gz", ".ndjson", ".ndjson.gz")

    def posts(self, query: str, limit: int | None = None) -> Iterator[Post]:
        return islice(self._posts(Path(query)), limit)

    def blocks(self, path: str) -> Iterator[Block]:
        return line_blocks(Path(path), self.skip)

    def _posts(self, path: Path) -> Iterator[Post]:
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
        return _parse_slowly(line)
    if found.tags is None and not (found.text or found.title):
        return _NOTHING
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


def _parse_slowly(line: bytes) -> Post | str:
    try:
        value = json.loads(line.decode("utf-8"))
    except UnicodeDecodeError:
        return "not UTF-8 text"
    except (ValueError, RecursionError) as error:
        return f"not JSON ({error})"
    if not isinstance(value, dict):
        return f"a JSON {type(value).__name__}; wanted an object"
    tags = value.get("tags")
    if tags is None and not (value.get("text") or value.get("title")):
        return _NOTHING
    if tags is not None and not (isinstance(tags, list) and all(isinstance(tag, str) for tag in tags)):
        return '"tags" is not a list of strings'
    texts = {name: _text(value.get(name)) for name in ("text", "title", "author", "source", "category")}
    date = _text(value.get("date", value.get("created_at")))
    language = _text(value.get("language", value.get("lang")))
    return Post(id=_text(value.get("id")) or "", tags=tuple(tags or ()), date=date, language=language, **texts)


_NOTHING = 'no "tags", "title" or "text"'


def _text(value: Any) -> str | None:
    return None if value is None or value == "" else str(value)
