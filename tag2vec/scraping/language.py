"""Languages of posts: their codes, and a guess where a post names none."""

from __future__ import annotations

import math
from collections.abc import Sequence

LETTERS = 20  # letters that a language is guessed from at the least
ROUNDS = 20  # of expectation maximisation
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


def guess_all(texts: Sequence[str]) -> list[str]:
    """The language that each of `texts` of one community looks like: how common each is in them
    is learnt too, by expectation maximisation, and tips the balance where letters say little. "" where even so none
    is more probable than all others together. Raises ImportError when py3langid is not installed.

    Only languages of ISO 639-1: rarer ones would take in whatever looks like none.
    """
    import numpy as np
    from py3langid.langid import rank

    known = sorted(code for code, _ in rank("") if len(code) == 2)
    told = [i for i, text in enumerate(texts) if sum(map(str.isalpha, text)) >= LETTERS]
    likely = np.empty((len(told), len(known)))
    for row, i in zip(likely, told, strict=True):
        scores = dict(rank(texts[i]))
        row[:] = [scores[code] for code in known]
        row -= row.max()
        row /= math.sqrt(len(texts[i].encode()))  # letters repeat each other: py3langid's own probabilities do the same
    np.exp(likely, out=likely)
    prior = np.full(len(known), 1 / len(known))
    found = [""] * len(texts)
    for _ in range(ROUNDS if told else 0):
        shares = likely * prior
        shares /= shares.sum(axis=1, keepdims=True)
        prior = shares.mean(axis=0)
    for i, own in zip(told, shares if told else (), strict=True):
        if own.max() > 0.5:
            found[i] = known[int(own.argmax())]
    return found
