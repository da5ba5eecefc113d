"""What the tests of importers share: files written in one line, and read by one source."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

from tag2vec import plugins
from tag2vec.scraping.post import Post
from tag2vec.scraping.sources import Source


def read(name: str, path: Path, limit: int | None = None, **options: Any) -> tuple[list[Post], list[str]]:
    """(posts, what was skipped as `where: reason`, where without the folder)."""
    skipped: list[str] = []

    def skip(where: str, reason: str) -> None:
        skipped.append(f"{where.removeprefix(str(path.parent))[1:]}: {reason}")

    source = plugins.make(Source, name, {"skip": skip, **options})
    return list(source.posts(str(path), limit)), skipped


def written(path: Path, value: Any) -> Path:
    """`path`, with `value` in it: bytes, text or what JSON can say, packed when its name ends in .gz."""
    if not isinstance(value, bytes):
        value = (value if isinstance(value, str) else json.dumps(value)).encode()
    path.write_bytes(gzip.compress(value) if path.suffix == ".gz" else value)
    return path
