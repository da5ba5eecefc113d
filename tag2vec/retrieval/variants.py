"""Spellings of one tag: #colour and #color, #women and #woman, #café and #cafe."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable

from rapidfuzz import process
from rapidfuzz.distance import OSA

LEAST = 5  # letters from which on one letter more or less is no other word
ALIKE = 0.5  # cosine that two tags a letter apart must have: #beach is no variant of #bench


class Variants:
    """Tags that are no variants of each other. `cosine` is that of two rows in the tag space."""

    def __init__(self, cosine: Callable[[int, int], float]) -> None:
        self._cosine = cosine
        self._plain: dict[str, int] = {}  # spelling without accents -> row

    def of(self, row: int, normal: str) -> int | None:
        """The row of the first tag before that is written like this one, `normal` being its normal form. Where there is
        none, later tags can be variants of this one."""
        plain = _plain(normal)
        if plain in self._plain:
            return self._plain[plain]
        known = list(self._plain) if len(plain) >= LEAST else []
        for other, _, _ in process.extract_iter(plain, known, scorer=OSA.distance, score_cutoff=1):
            same = _digits(other) == _digits(plain) and len(other) >= LEAST
            if same and self._cosine(row, self._plain[other]) >= ALIKE:
                return self._plain[other]
        self._plain[plain] = row
        return None


def _plain(normal: str) -> str:
    apart = unicodedata.normalize("NFKD", normal)
    return "".join(sign for sign in apart if not unicodedata.combining(sign)) or normal


def _digits(text: str) -> str:
    return "".join(filter(str.isdigit, text))
