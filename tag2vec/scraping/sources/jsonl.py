"""Posts as JSON lines: `{"id", "tags": [...], "text", "title", "author", "date", ...}`, one a line, also .gz."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, ClassVar

from tag2vec.scraping.post import Post
from tag2vec.scraping.sources import Source, lines


@dataclass(frozen=True)
class JsonLines(Source):
    suffixes: ClassVar[tuple[str, ...]] = (".jsonl", ".jsonl.gz", ".ndjson", ".ndjson.gz")

    def posts(self, query: str, limit: int | None = None) -> Iterator[Post]:
        return islice(self._posts(Path(query)), limit)

    def _posts(self, path: Path) -> Iterator[Post]:
        for where, line in lines(path, self.skip):
            if not line or line.isspace():
                continue
            try:
                value = json.loads(line)
            except (ValueError, RecursionError) as error:
                self.skip(where, f"not JSON ({error})")
                continue
            if problem := _problem(value):
                self.skip(where, problem)
                continue
            yield Post(
                id=str(value.get("id") or where),
                tags=tuple(value.get("tags") or ()),
                **{name: _text(value.get(name)) for name in _TEXTS},
            )


_TEXTS = ("text", "title", "author", "date", "source", "category", "language")


def _problem(value: Any) -> str | None:
    if not isinstance(value, dict):
        return f"a JSON {type(value).__name__}; wanted an object"
    tags = value.get("tags")
    if tags is None and not (value.get("text") or value.get("title")):
        return 'no "tags", "title" or "text"'
    if tags is not None and not (isinstance(tags, list) and all(isinstance(tag, str) for tag in tags)):
        return '"tags" is not a list of strings'
    return None


def _text(value: Any) -> str | None:
    return None if value is None or value == "" else str(value)
