"""Why a tag is not suggested: rules that look at one tag alone."""

from __future__ import annotations

from functools import lru_cache

from tag2vec.embed.lookup import nearest
from tag2vec.embed.space import TagSpace
from tag2vec.errors import UsageError
from tag2vec.retrieval.wanted import Wanted, excluded
from tag2vec.scraping import lists
from tag2vec.scraping.normalise import Stems, normalise, spell


class Hiding:
    """`rule` says which rule hides a tag: `exclude`, the name of a list, or that of the platform."""

    def __init__(self, wanted: Wanted, stems: Stems) -> None:
        named = {"exclude": excluded(wanted.exclude)} if wanted.exclude else {}
        named |= {name: lists.own(name) for name in lists.names() if name not in wanted.show}
        self._lists = {name: (one, one.stemmed(stems.stem_all)) for name, one in named.items()}
        self._place = wanted.place
        if wanted.exclude:
            for tag in wanted.include:
                if self._listed("exclude", normalise(tag), stems.stem(tag)):
                    raise UsageError(f"#{tag.lstrip('#')} is both to be included and to be excluded; leave one out.")
        self.rule = lru_cache(maxsize=1 << 16)(self._rule)

    def _rule(self, form: str, stem: str) -> str | None:
        """The rule that hides the tag with this form and stem, None when none does."""
        normal = spell([form])[2][0]
        for name in self._lists:
            if self._listed(name, normal, stem):
                return name
        return self._place.name if self._place and self._place.refuses(form) else None

    def _listed(self, name: str, normal: str, stem: str) -> bool:
        tags, stemmed = self._lists[name]
        return normal in tags or stem in stemmed


def vocabulary(space: TagSpace, wanted: Wanted) -> tuple[list[int] | None, list[str]]:
    """Rows of the only tags to choose from, None when all may be, and those of them that the space lacks.

    Raises UsageError when it knows none of them.
    """
    if wanted.vocabulary is None:
        return None, []
    tags = lists.read(wanted.vocabulary, "tags to choose from").tags
    if not (rows := space.known_rows(tags)):
        raise UsageError(f"{wanted.vocabulary} has no tag that is known here. {_nearest(space, tags)}")
    return rows, [tag for tag in tags if tag not in space]


def _nearest(space: TagSpace, tags: list[str]) -> str:
    found = [f"#{space.forms[nearest(space, tag)[0]]} (for {tag})" for tag in tags[:5]]
    return f"The nearest spellings are {', '.join(found)}." if found else "It names no tag."
