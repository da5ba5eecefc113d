"""What a SOURCE on the command line means: a file, a folder of files, NAME:FILE, or NAME[:SERVER]."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tag2vec import plugins
from tag2vec.errors import SourceError, unknown
from tag2vec.scraping.sources import Skip, Source


def find(where: str, skip: Skip, settings: dict[str, Any]) -> Iterator[tuple[Source, str]]:
    """(source, path) pairs that `where` stands for: one for each file that some source can read.

    `settings` go to the sources that have them. Raises SourceError when nothing can be read there, UnknownName for
    NAME:WHERE with a NAME that is no source.
    """
    name, path = split(where)
    if path.is_dir():
        readers = [(file, name or _reader(file)) for file in sorted(path.rglob("*")) if file.is_file()]
        if name:
            suffixes = plugins.get(Source, name).suffixes
            readers = [(file, name) for file, _ in readers if file.name.lower().endswith(suffixes)]
        known = [(file, reader) for file, reader in readers if reader]
        if not known:
            raise SourceError(f"{path} holds no file that can be read; wanted one of {', '.join(_suffixes())}.")
        for file, reader in known:
            yield _make(reader, skip, settings), str(file)
    elif path.is_file():
        reader = name or _reader(path)
        if reader is None:
            raise SourceError(
                f"{path} is not a file of posts that is known; wanted one of {', '.join(_suffixes())}, or its format "
                f"in front: NAME:{path} with one of {', '.join(_file_sources())}."
            )
        yield _make(reader, skip, settings), str(path)
    elif path.exists():
        raise SourceError(f"{path} is neither a file nor a folder.")
    else:
        raise SourceError(f"There is no file or folder {path}.")


def split(where: str) -> tuple[str | None, Path]:
    """(name of the source that reads it or None, path) of a SOURCE that is a file or folder.

    Raises UnknownName for NAME:WHERE with a NAME that is no source and no path.
    """
    head, colon, rest = where.partition(":")
    if not colon or Path(where).exists():
        return None, Path(where)
    if head not in plugins.names(Source):
        raise unknown("source", head, plugins.names(Source))
    return head, Path(rest)


def _make(name: str, skip: Skip, settings: dict[str, Any]) -> Source:
    has = plugins.get(Source, name).__dataclass_fields__
    return plugins.make(Source, name, {k: v for k, v in settings.items() if k in has} | {"skip": skip})


def _reader(path: Path) -> str | None:
    """Name of the source that reads this file most surely; None when none does."""
    sure = {name: plugins.get(Source, name).reads(path) for name in _file_sources()}
    best = max(sure, key=lambda name: sure[name])
    return best if sure[best] else None


def _file_sources() -> list[str]:
    return [name for name in plugins.names(Source) if plugins.get(Source, name).suffixes]


def _suffixes() -> list[str]:
    return sorted({s for name in _file_sources() for s in plugins.get(Source, name).suffixes})
