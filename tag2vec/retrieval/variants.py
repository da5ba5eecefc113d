"""Spellings of one tag: #colour and #color, #women and #woman, #café and #cafe."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable

from rapidfuzz import process
from rapidfuzz.distance import OSA

LEAST = 5  # letters from which on one letter more or less is no other word
ALIKE = 0.5  # cosine that two tags a letter apart must have: #beach is no variant of #bench


class Variants:
    """Tags, and which of them a further one is a variant of. `cosine` is that of two rows in the tag space."""

    def __init__(self, cosine: Callable[[int, int], float]) -> None:
        self._cosine = cosine
        self._plain: dict[str, int] = {}  # spelling without accents -> row

    def of(self, row: int, normal: str) -> int | None:
        """The row of the first tag added that is written like this one, `normal` being its normal form."""
        plain = _plain(normal)
        if plain in self._plain:
            return self._plain[plain]
        if len(plain) < LEAST:
            return None
        for other, _, _ in process.extract_iter(plain, list(self._plain), scorer=OSA.distance, score_cutoff=1):
            same = _digits(other) == _digits(plain) and len(other) >= LEAST
            if same and self._cosine(row, self._plain[other]) >= ALIKE:
                return self._plain[other]
        return None

    def add(self, row: int, normal: str) -> None:
        """Let later tags be variants of this one."""
        self._plain.setdefault(_plain(normal), row)


def _plain(normal: str) -> str:
    apart = unicodedata.normalize("NFKD", normal)
    return "".join(sign for sign in apart if not unicodedata.combining(sign)) or normal


def _digits(text: str) -> str:
    return "".join(filter(str.isdigit, text))
