"""Languages of posts: their codes, and a guess where a post names none."""

from __future__ import annotations

LETTERS = 20  # letters that a language is guessed from at the least
NONE = {"und", "zxx", "mul", "mis", "xx"}  # said where there is no language, or none is known


def code_of(language: str | None) -> str:
    """The language of a tag as in BCP 47, in lower case: `pt` for `pt-BR`; "" where it names none."""
    code = (language or "").strip().lower().replace("_", "-").split("-")[0]
    return code if len(code) in (2, 3) and code.isascii() and code.isalpha() and code not in NONE else ""


def guess(text: str) -> str:
    """The language that `text` looks like, by py3langid; "" when it has too few letters.

    Raises ImportError when that package is not installed.
    """
    if sum(map(str.isalpha, text)) < LETTERS:
        return ""
    from py3langid.langid import classify

    return str(classify(text)[0])
