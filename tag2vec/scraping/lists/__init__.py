"""Lists of tags: those that come with tag2vec, one .txt file here is one list, and those that users write."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from fnmatch import translate
from importlib.resources import files
from pathlib import Path

import regex

from tag2vec.errors import SourceError, unknown
from tag2vec.scraping.normalise import normalise

_WILD = ("*", "?")


def names() -> list[str]:
    """The lists that come with tag2vec."""
    return sorted(one.name.removesuffix(".txt") for one in files(__name__).iterdir() if one.name.endswith(".txt"))


def own(name: str) -> TagList:
    """The list `name` of those that come with tag2vec. Raises UnknownName."""
    if name not in names():
        raise unknown("list of tags", name, names())
    return TagList(_lines(files(__name__).joinpath(f"{name}.txt").read_text(encoding="utf-8")))


def read(path: str | Path, what: str = "tags") -> TagList:
    """A file with a tag or a pattern a line; lines that start with "# " are comments. Raises SourceError."""
    try:
        return TagList(_lines(Path(path).read_text(encoding="utf-8-sig")))
    except (OSError, UnicodeDecodeError) as error:
        raise SourceError(f"Cannot read the list of {what} {path}: {error}.") from error


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("# ")]


class TagList:
    """Tags, and patterns with `*` (any letters) and `?` (one letter). Case and signs do not matter."""

    def __init__(self, lines: Iterable[str]) -> None:
        self.lines = list(lines)
        wild = [line for line in self.lines if any(sign in line for sign in _WILD)]
        self.tags = [line for line in self.lines if not any(sign in line for sign in _WILD)]
        self._normals = frozenset(filter(None, map(_normal, self.tags)))
        patterns = [translate("".join(c if c in _WILD else _normal(c) for c in line)) for line in wild]
        self._wild = regex.compile("|".join(patterns)) if patterns else None

    def __contains__(self, normal: str) -> bool:
        """Whether a normal form is one of the tags or fits a pattern."""
        return normal in self._normals or (self._wild is not None and self._wild.match(normal) is not None)

    def stemmed(self, stem_all: Callable[[Sequence[str]], list[str]]) -> frozenset[str]:
        """The stems of the tags."""
        return frozenset(stem_all(sorted(self._normals)))


def _normal(text: str) -> str:
    return normalise(text) or "".join(filter(str.isdigit, text))
