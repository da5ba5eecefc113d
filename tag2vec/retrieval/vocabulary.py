"""The only tags to choose from, as a file names them: those of the space, and others by the words inside."""

from __future__ import annotations

from dataclasses import dataclass

from tag2vec.embed.lookup import spellings
from tag2vec.embed.newtags import with_composed
from tag2vec.embed.space import TagSpace
from tag2vec.errors import UsageError
from tag2vec.retrieval.wanted import Wanted
from tag2vec.scraping import lists


@dataclass(frozen=True)
class Vocabulary:
    """`rows` of `space`, which has one more for each of the `composed` tags; `unknown` are tags that have no place."""

    space: TagSpace
    rows: tuple[int, ...]
    composed: tuple[str, ...]
    unknown: tuple[str, ...]


def vocabulary(space: TagSpace, wanted: Wanted) -> Vocabulary | None:
    """What `wanted` lets choose from; None when that is everything. Raises UsageError when no tag of it has a place."""
    if wanted.vocabulary is None:
        return None
    tags = lists.read(wanted.vocabulary, "tags to choose from").tags
    full = with_composed(space, tags)
    if not (rows := full.known_rows(tags)):
        raise UsageError(f"{wanted.vocabulary} has no tag that is known here. {_nearest(space, tags)}")
    composed = tuple(full.forms[len(space) :])
    return Vocabulary(full, tuple(rows), composed, tuple(tag for tag in tags if tag not in full))


def _nearest(space: TagSpace, tags: list[str]) -> str:
    found = [f"#{spellings(space, tag)[0]} (for {tag})" for tag in tags[:5]]
    return f"The nearest spellings are {', '.join(found)}." if found else "It names no tag."
