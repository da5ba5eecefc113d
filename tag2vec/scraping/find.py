"""What a SOURCE on the command line means: a file, a folder of files, or NAME:WHERE."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tag2vec import plugins
from tag2vec.errors import SourceError, unknown
from tag2vec.scraping.sources import Skip, Source


def find(where: str, skip: Skip, settings: dict[str, Any]) -> Iterator[tuple[Source, str]]:
    """(source, query) pairs that `where` stands for; a folder gives one for each file that some source can read.

    `settings` go to the sources that have them. Raises SourceError when nothing can be read there, UnknownName for
    NAME:WHERE with a NAME that is no source.
    """
    path = Path(where)
    if path.is_dir():
        files = [p for p in sorted(path.rglob("*")) if p.is_file() and _reader(p)]
        if not files:
            raise SourceError(f"{path} holds no file that can be read; wanted one of {', '.join(_suffixes())}.")
        for file in files:
            yield from find(str(file), skip, settings)
    elif path.is_file():
        name = _reader(path)
        if name is None:
            raise SourceError(f"{path} is not a file of posts; wanted one of {', '.join(_suffixes())}.")
        yield _make(name, skip, settings), where
    elif ":" in where and not path.exists():
        name, query = where.split(":", 1)
        if name not in plugins.names(Source):
            raise unknown("source", name, plugins.names(Source))
        yield _make(name, skip, settings), query
    elif path.exists():
        raise SourceError(f"{path} is neither a file nor a folder.")
    else:
        raise SourceError(f"There is no file or folder {path}.")


def _make(name: str, skip: Skip, settings: dict[str, Any]) -> Source:
    has = plugins.get(Source, name).__dataclass_fields__
    return plugins.make(Source, name, {k: v for k, v in settings.items() if k in has} | {"skip": skip})


def _reader(path: Path) -> str | None:
    """Name of the source that reads files of this name."""
    lower = path.name.lower()
    for name in plugins.names(Source):
        if lower.endswith(plugins.get(Source, name).suffixes or ("\0",)):
            return name
    return None


def _suffixes() -> list[str]:
    return sorted({s for name in plugins.names(Source) for s in plugins.get(Source, name).suffixes})
