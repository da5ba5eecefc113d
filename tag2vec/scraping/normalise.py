"""From what people write to what is counted: hashtags in running text, forms, normal forms, stems.

`written` keeps the case (a form), `normalise` folds it, a stemmer maps what is left to its stem. Letters, marks and
digits of every script count; Python's own `\\w` would cut Hindi and Thai words apart at their vowel signs.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache

import regex

from tag2vec.errors import unknown
from tag2vec.scraping.post import Post

Stem = Callable[[str], str]

_NOT_FORM = regex.compile(r"[^\p{L}\p{M}\p{N}_]+")
_NOT_NORMAL = regex.compile(r"[^\p{L}\p{M}\p{N}]+")
_LETTER = regex.compile(r"\p{L}")
# Not after a letter (a#b), a slash (a link's fragment) or an ampersand (&#39;).
_HASHTAG = regex.compile(r"(?<![\p{L}\p{M}\p{N}_&/])[#＃]([\p{L}\p{M}\p{N}_]+)")


def written(tag: str) -> str:
    """The form of a tag: NFKC, without '#', spaces and signs, in its own case (`# Street-Skating`: `StreetSkating`)."""
    form: str = _NOT_FORM.sub("", unicodedata.normalize("NFKC", tag))
    return form.strip("_")


def normalise(tag: str) -> str:
    """NFKC, casefolded, letters, marks and digits only; `""` when no letter is left (digits-only tags do not link)."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", tag).casefold())
    # Once more: a letter and a mark that a sign kept apart may now be one.
    normal = unicodedata.normalize("NFKC", _NOT_NORMAL.sub("", folded))
    return normal if _LETTER.search(normal) else ""


def hashtags(text: str) -> list[str]:
    """Hashtags in running text, in order, without their '#'."""
    return _HASHTAG.findall(text) if "#" in text or "＃" in text else []


def stemmer_names() -> list[str]:
    """Names that `stemmer` takes: `none`, the languages of Snowball, and `lancaster`."""
    import Stemmer

    return sorted(["none", "lancaster", *Stemmer.algorithms()])


def stemmer(name: str) -> Stem:
    """The function normal form -> stem. `none` leaves words as they are. Raises UnknownName.

    Snowball stems come from PyStemmer: nltk's agree on all but a few words in a thousand, but importing nltk alone
    takes longer than suggesting tags for a clip. `lancaster` (nltk) cuts words shorter still.
    """
    if name == "none":
        return str
    if name not in stemmer_names():
        raise unknown("stemmer", name, stemmer_names())
    stem: Stem
    if name == "lancaster":
        from nltk.stem.lancaster import LancasterStemmer

        stem = LancasterStemmer().stem
    else:
        import Stemmer

        stem = Stemmer.Stemmer(name).stemWord
    return stem


class Stems:
    """The stems of posts, and the form each was written in. Remembers words it has seen: stemming is slow."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._stem = lru_cache(maxsize=1 << 20)(stemmer(name))
        self._both = lru_cache(maxsize=1 << 20)(self._look)

    def stem(self, tag: str) -> str:
        """The stem of one tag; `""` when nothing is left of it."""
        return self._both(tag)[0]

    def of(self, post: Post) -> dict[str, str]:
        """{stem: form} of a post, each stem once with its first form, in order of appearance."""
        found: dict[str, str] = {}
        for tag in _tags(post):
            stem, form = self._both(tag)
            if stem:
                found.setdefault(stem, form)
        return found

    def many(self, tags: Iterable[str]) -> list[str]:
        """The distinct stems of some tags, in order."""
        return list(dict.fromkeys(stem for tag in tags if (stem := self.stem(tag))))

    def _look(self, tag: str) -> tuple[str, str]:
        normal = normalise(tag)
        return (self._stem(normal), written(tag)) if normal else ("", "")


def _tags(post: Post) -> Iterator[str]:
    yield from post.tags
    for text in (post.title, post.text):
        if text:
            yield from hashtags(text)
