"""Tags that begin as somebody types."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from heapq import nsmallest
from itertools import islice

from tag2vec.embed.space import TagSpace

LAST = "\U0010ffff"  # no letter comes after it


@dataclass(frozen=True, slots=True)
class Typed:
    """A form of a tag and the posts of the tag, in all its forms."""

    tag: str
    stem: str
    count: int


class Prefixes:
    """All forms of the tags of `space`, in alphabetical order without their case."""

    def __init__(self, space: TagSpace) -> None:
        self.space = space
        forms = ((form.lower(), row, form) for row, entry in enumerate(space.entries) for form in entry.forms)
        self._forms = sorted(forms)

    def find(self, prefix: str, k: int = 10) -> list[Typed]:
        """At most k tags one of whose forms begins with `prefix`, in any case, those of most posts first; each in its
        most frequent form that does. "#" before it is no part of it."""
        start = prefix.strip().lstrip("#").lower()
        first = bisect_left(self._forms, (start,))
        end = bisect_left(self._forms, (start + LAST,))
        best: dict[int, str] = {}
        for _, row, form in islice(self._forms, first, end):
            uses = self.space.entries[row].forms
            if row not in best or uses[form] > uses[best[row]]:
                best[row] = form
        entries = self.space.entries
        rows = nsmallest(max(k, 0), best, key=lambda row: (-entries[row].count, row))
        return [Typed(best[row], entries[row].stem, entries[row].count) for row in rows]
