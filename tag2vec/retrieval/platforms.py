"""What the places where clips are posted allow: `platforms.json`, each rule with the time it is known from."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import regex

from tag2vec.errors import unknown
from tag2vec.scraping.normalise import has_letter

_GRAPHEME = regex.compile(r"\X")


@dataclass(frozen=True)
class Platform:
    """Rules of one platform; `since` is the month or year that they are known from."""

    name: str
    tags: int | None  # that a post may have; None: no limit is known
    since: str
    note: str = ""
    warn_above: int | None = None  # more are allowed and do no good
    least_letters: int = 1
    most_letters: int | None = None
    most_bytes: int | None = None  # in UTF-8
    characters: int | None = None  # of the text that hashtags stand in

    def refuses(self, form: str) -> bool:
        """Whether `form`, without '#', is no hashtag there."""
        letters = len(_GRAPHEME.findall(form))
        return (
            not has_letter(form)  # digits alone link nowhere
            or letters < self.least_letters
            or letters > (self.most_letters or letters)
            or len(form.encode()) > (self.most_bytes or len(form.encode()))
        )


@cache
def platforms() -> dict[str, Platform]:
    """All that are known, by name."""
    listed = json.loads(files("tag2vec.retrieval").joinpath("platforms.json").read_text(encoding="utf-8"))
    return {one["name"]: Platform(**one) for one in listed}


def platform(name: str) -> Platform:
    """The platform `name`. Raises UnknownName."""
    if name not in platforms():
        raise unknown("platform", name, platforms())
    return platforms()[name]
