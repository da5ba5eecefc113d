"""From what people write to what is counted: hashtags in running text, forms, normal forms, stems.

A form keeps the case of a tag, a normal form folds it, a stemmer maps what is left to its stem. Letters, marks and
digits of every script count; Python's own `\\w` would cut Hindi and Thai words apart at their vowel signs.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache

import regex

from tag2vec.errors import unknown
from tag2vec.scraping.post import Post

Stem = Callable[[Sequence[str]], list[str]]
"""Stems of many normal forms."""

_NOT_FORM = regex.compile(r"[^\p{L}\p{M}\p{N}_\n]+")
_ASCII_NOT_FORM = bytes(code for code in range(128) if not (chr(code).isalnum() or chr(code) in "_\n"))
_LETTER = regex.compile(r"\p{L}")
# Not after a letter (a#b), a slash (a link's fragment) or an ampersand (&#39;).
_HASHTAG = regex.compile(r"(?<![\p{L}\p{M}\p{N}_&/])[#＃]([\p{L}\p{M}\p{N}_]+)")


def spell(tags: Iterable[str]) -> tuple[list[str], list[str], list[str]]:
    """Tags (in another order), the form of each, and the normal form of each.

    The form is NFKC without '#', spaces and signs, in its own case (`# Street-Skating`: `StreetSkating`). The normal
    form is casefolded and has letters, marks and digits only. Many tags are one long text with a tag a line: that is
    ten times faster than one by one.
    """
    tags = list(tags)
    plain = [tag for tag in tags if tag.isascii()]
    other = [tag for tag in tags if not tag.isascii()] if len(plain) < len(tags) else []
    forms: list[str] = []
    normals: list[str] = []
    if plain:
        raw = _lines(plain).encode().translate(None, _ASCII_NOT_FORM)
        forms = raw.decode().split("\n")
        normals = raw.lower().replace(b"_", b"").decode().split("\n")
    if other:
        text = _NOT_FORM.sub("", unicodedata.normalize("NFKC", _lines(other)))
        forms += text.split("\n")
        # Twice: where a sign is gone, a letter and a mark may now be one; and folding may part them.
        whole = unicodedata.normalize("NFKC", text.replace("_", ""))
        normals += unicodedata.normalize("NFKC", whole.casefold()).split("\n")
    return plain + other, [form.strip("_") for form in forms], normals


def _lines(tags: Sequence[str]) -> str:
    text = "\n".join(tags)
    return text if text.count("\n") < len(tags) else "\n".join(tag.replace("\n", " ") for tag in tags)


def written(tag: str) -> str:
    """The form of one tag, see `spell`."""
    return spell([tag])[1][0]


def normalise(tag: str) -> str:
    """The normal form of one tag; `""` when no letter is left (digits-only tags do not link)."""
    normal = spell([tag])[2][0]
    return normal if has_letter(normal) else ""


def has_letter(normal: str) -> bool:
    """Whether a normal form has a letter of any script."""
    return not normal.isdigit() if normal.isascii() and normal else bool(_LETTER.search(normal))


def hashtags(text: str) -> list[str]:
    """Hashtags in running text, in order, without their '#'."""
    return _HASHTAG.findall(text) if "#" in text or "＃" in text else []


def stemmer_names() -> list[str]:
    """Names that `stemmer` takes: `none`, the languages of Snowball, and `lancaster`."""
    import Stemmer

    return sorted(["none", "lancaster", *Stemmer.algorithms()])


def stemmer(name: str) -> Stem:
    """The function normal forms -> stems. `none` leaves words as they are. Raises UnknownName.

    Snowball stems come from PyStemmer: nltk's agree on all but a few words in a thousand, but importing nltk alone
    takes longer than suggesting tags for a clip. `lancaster` (nltk) cuts words shorter still.
    """
    if name == "none":
        return list
    if name not in stemmer_names():
        raise unknown("stemmer", name, stemmer_names())
    if name == "lancaster":
        from nltk.stem.lancaster import LancasterStemmer

        one = lru_cache(maxsize=1 << 18)(LancasterStemmer().stem)
        return lambda words: [one(word) for word in words]
    import Stemmer

    many: Stem = Stemmer.Stemmer(name, 0).stemWords  # 0: its own cache costs more than stemming again
    return many


class Stems:
    """The stems of tags and the form each is written in. With `digits`, tags without a letter have a stem too."""

    def __init__(self, name: str, digits: bool = False) -> None:
        self.name = name
        self.digits = digits
        self.stem_all = stemmer(name)
        self._one = lru_cache(maxsize=1 << 18)(self._look)

    def stem(self, tag: str) -> str:
        """The stem of one tag; `""` when nothing is left of it."""
        return self._one(tag)[0]

    def of(self, post: Post) -> dict[str, str]:
        """{stem: form} of a post, each stem once with its first form, in order of appearance."""
        found: dict[str, str] = {}
        for tag in tags_of(post):
            stem, form = self._one(tag)
            if stem:
                found.setdefault(stem, form)
        return found

    def many(self, tags: Iterable[str]) -> list[str]:
        """The distinct stems of some tags, in order."""
        return list(dict.fromkeys(stem for tag in tags if (stem := self.stem(tag))))

    def _look(self, tag: str) -> tuple[str, str]:
        _, (form,), (normal,) = spell([tag])
        return (self.stem_all([normal])[0] if self.digits or has_letter(normal) else "", form)


def tags_of(post: Post) -> Sequence[str]:
    """All tags of a post as written: its list, then the hashtags of its title and its text."""
    tags: Sequence[str] = post.tags
    if "#" in "".join(tags):
        tags = [part for tag in tags for part in _apart(tag)]
    found = hashtags(post.title or "") + hashtags(post.text or "")
    return (*tags, *found) if found else tags


def _apart(tag: str) -> list[str]:
    """`#one#two` is two tags, `c# tutorial` is one."""
    return tag.split("#")[1:] if tag.lstrip().startswith("#") and tag.count("#") > 1 else [tag]
