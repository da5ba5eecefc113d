"""Cleaning rules: what is left out of a corpus. Each has a name, a switch in `Cleaning` and a count in the report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from tag2vec.errors import UsageError, at_least, importing
from tag2vec.scraping import lists
from tag2vec.scraping.language import code_of, guess
from tag2vec.scraping.lists import TagList
from tag2vec.scraping.normalise import has_letter
from tag2vec.scraping.post import Post

RULES = {
    # of posts
    "unreadable": "a line or record that is no post",
    "language": "posts in another language (--language)",
    "near-empty": "posts with too few tags (--min-tags)",
    "duplicate-id": "a post that was read before (--keep-same-id)",
    "duplicate-block": "the same tags by the same author (--keep-same-tags)",
    # of tags
    "digits-only": "tags without a letter (--keep-digits)",
    "over-long": "tags that are sentences (--max-length)",
    "noise": "engagement bait (--noise)",
    "few-authors": "tags of too few authors (--min-authors)",
}


@dataclass(frozen=True)
class Cleaning:
    """Settings of all rules."""

    min_tags: int = 2  # near-empty: posts with fewer distinct stems tell nothing about tags that go together
    min_authors: int = 1  # few-authors: tags used by fewer authors; a post without author is an author of its own
    max_length: int = 64  # over-long: signs a tag may have; no platform takes longer ones. 0: any
    languages: tuple[str, ...] = ()  # language: ISO 639-1 codes to keep; none: all
    noise: str = ""  # noise: "default" or a file with a tag a line; empty: bait stays, suggestions hide it
    keep_digits: bool = False  # digits-only
    keep_same_id: bool = False  # duplicate-id
    keep_same_tags: bool = False  # duplicate-block

    def __post_init__(self) -> None:
        at_least(self, min_tags=1, min_authors=1, max_length=0)
        if wrong := [code for code in self.languages if not (code.isascii() and code.isalpha() and len(code) == 2)]:
            raise UsageError(f"'{wrong[0]}' is no language code; wanted two letters such as en or pt (ISO 639-1).")

    def screen(self, forms: Sequence[str], normals: Sequence[str]) -> dict[int, str]:
        """{number of a tag: rule that leaves it out} for those of many tags, by their forms and normal forms.

        Of several rules the last one here; a tag of signs alone is `digits-only` too.
        """
        found: dict[int, str] = {}
        if self._bait:
            found |= {i: "noise" for i, normal in enumerate(normals) if normal in self._bait}
        if self.max_length:
            found |= {i: "over-long" for i, form in enumerate(forms) if len(form) > self.max_length}
        letterless = (i for i, normal in enumerate(normals) if not normal.isalpha() and not has_letter(normal))
        return found | {i: "digits-only" for i in letterless if not (self.keep_digits and normals[i])}

    def other_language(self, post: Post) -> bool:
        """Whether a post is in none of `languages`. One whose language nobody can tell is not."""
        if not self.languages:
            return False
        code = code_of(post.language) or _guess(post)
        return bool(code) and code not in self.languages

    @cached_property
    def _bait(self) -> TagList | None:
        if not self.noise:
            return None
        return lists.own("noise") if self.noise == "default" else lists.read(self.noise, "noise tags")


def _guess(post: Post) -> str:
    with importing("--language", "py3langid", "text"):
        return guess(" ".join(filter(None, (post.title, post.text, *post.tags))))
