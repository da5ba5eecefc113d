"""What a SOURCE on the command line means: a file, a folder of files, NAME:FILE, or NAME[:SERVER]."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from tag2vec import plugins
from tag2vec.endings import VIDEOS
from tag2vec.errors import SourceError, unknown
from tag2vec.scraping.post import Post
from tag2vec.scraping.sources import Skip, Source


def find(where: str, skip: Skip, settings: dict[str, Any]) -> Iterator[tuple[Source, str]]:
    """(source, path) pairs that `where` (PATH or NAME:PATH) stands for: one for each file that some source can read.

    `settings` go to the sources that have them. Raises SourceError when nothing can be read there, UnknownName for
    NAME:PATH with a NAME that is no source.
    """
    name, path = _split(where)
    readers = {name: plugins.get(Source, name)} if name else _file_sources()
    if path.is_dir():
        files = [(file, reader) for file in _files(path) if (reader := _reader(file, readers))]
        if not files:
            raise SourceError(f"{path} holds no file that can be read; wanted one of {', '.join(_suffixes(readers))}.")
    elif path.is_file():
        if not (named := name or _reader(path, readers)):
            not_packed(path)
            raise SourceError(
                f"{path} is not a file of posts that is known; wanted one of {', '.join(_suffixes(readers))}, or its "
                f"format in front: NAME:{path} with one of {', '.join(readers)}."
            )
        files = [(path, named)]
    elif path.exists():
        raise SourceError(f"{path} is neither a file nor a folder.")
    else:
        near = get_close_matches(where, plugins.names(Source), n=1)
        hint = f" Did you mean the source '{near[0]}'?" if near else ""
        raise SourceError(f"There is no file or folder {path}, and no source of that name.{hint}")
    sources = {}
    for reader in {reader for _, reader in files}:
        known = plugins.parameters(readers[reader]).keys() & settings.keys()
        sources[reader] = plugins.make(Source, reader, {key: settings[key] for key in known} | {"skip": skip})
    yield from ((sources[reader], str(file)) for file, reader in files)


def not_packed(path: Path) -> None:
    """Raises SourceError for a .zip, .tar.gz or the like: exports come so."""
    packed = [ending for _, endings, _ in shutil.get_unpack_formats() for ending in endings]
    if path.name.lower().endswith(tuple(packed)):
        raise SourceError(f"{path} is an archive of files. Unpack it, and name the folder.")


def with_videos(folder: Path) -> Iterator[tuple[Path, Post]]:
    """(file, post) for the video files below `folder` that posts, read from other files there, have beside them.

    What is no post has no file, and is told of when a corpus is built. Raises SourceError for a file that is damaged.
    """
    readers = {name: reader for name, reader in _file_sources().items() if reader.media is not Source.media}
    for path in _files(folder):
        if name := _reader(path, readers):
            source = plugins.make(Source, name, {"skip": lambda where, reason: None})
            for post in source.posts(str(path)):
                for file in source.media(path, post):
                    inside = file.is_relative_to(folder) and ".." not in file.relative_to(folder).parts
                    if inside and file.suffix.lower() in VIDEOS and _there(file):
                        yield file, post


def is_live(where: str) -> bool:
    """Whether `where` is NAME or NAME:SERVER of a source that asks servers."""
    name = where.partition(":")[0]
    return not Path(where).exists() and name in plugins.names(Source) and not plugins.get(Source, name).suffixes


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.is_file())


def _there(file: Path) -> bool:
    try:
        return file.is_file()
    except OSError:  # a name that is longer than names can be
        return False


def _split(where: str) -> tuple[str | None, Path]:
    name, colon, rest = where.partition(":")
    if not colon or Path(where).exists():
        return None, Path(where)
    if name not in plugins.names(Source):
        raise unknown("source", name, plugins.names(Source))
    return name, Path(rest)


def _reader(path: Path, readers: dict[str, type[Source]]) -> str | None:
    """Name of the source that reads this file most surely; None when none does."""
    sure, name = max((reader.reads(path), name) for name, reader in readers.items())
    return name if sure else None


def _file_sources() -> dict[str, type[Source]]:
    found = {name: plugins.get(Source, name) for name in plugins.names(Source)}
    return {name: reader for name, reader in found.items() if reader.suffixes}


def _suffixes(readers: dict[str, type[Source]]) -> list[str]:
    return sorted({suffix for reader in readers.values() for suffix in reader.suffixes})
