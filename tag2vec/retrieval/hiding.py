"""Why a tag is not suggested: rules that look at one tag alone."""

from __future__ import annotations

from functools import lru_cache

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
        self.normal = lru_cache(maxsize=1 << 16)(_normal)  # of a form

    def _rule(self, form: str, stem: str) -> str | None:
        """The rule that hides the tag with this form and stem, None when none does."""
        normal = self.normal(form)
        for name in self._lists:
            if self._listed(name, normal, stem):
                return name
        return self._place.name if self._place and self._place.refuses(form) else None

    def _listed(self, name: str, normal: str, stem: str) -> bool:
        tags, stemmed = self._lists[name]
        return normal in tags or stem in stemmed


def _normal(form: str) -> str:
    return spell([form])[2][0]
