"""How the title of a clip is written: its words, signs, pairs of them, and runs of characters.

Nothing has to be known of a word beforehand, so names, spellings, CAPITALS and "(Official Video)" count, which a tag
space does not know. Which gram it is says a hash (Weinberger et al. 2009, Feature Hashing for Large Scale Multitask
Learning): CRC-32, which needs no import, where scikit-learn's takes half a second of a first suggestion.
"""

from __future__ import annotations

import math
import zlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain, pairwise
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import regex
from numpy.typing import NDArray

from tag2vec.embed.features import Features

if TYPE_CHECKING:
    from tag2vec.embed.clips import Clip
    from tag2vec.embed.frames import Frames

KINDS = ("words", "characters")
CODES = 2**20  # of each kind of grams
DIGIT = 2**10  # a code is kept as two digits, which half precision holds exactly
RUNS = range(2, 6)  # characters of a run, the space before and after a word counting as one

_TOKEN = regex.compile(r"[\p{L}\p{M}\p{N}_]+|[^\p{L}\p{M}\p{N}_\s]")


@dataclass(frozen=True)
class Words(Features):
    """A row a gram: the two digits of its code, and 1 + log n if it stands n times; no row without a title.

    Words are compared in small letters; runs of characters lie within a word and keep their case.
    """

    dim: int = 3
    pooling: ClassVar[str] = "terms"
    reads: ClassVar[bool] = True
    wants = frozenset[str]()

    def of(self, clip: Clip, seen: Frames) -> NDArray[np.float32]:
        """(grams, 3)."""
        return _rows(_words(clip.title or ""), _runs(clip.title or ""))

    def told(self, clip: Clip) -> NDArray[np.float32]:
        """The words and pairs (n, 3) of all that is written of a training clip: title, tags, and what is told of it."""
        return _rows(_words(" ".join(filter(None, [clip.title, *clip.tags, clip.about]))))


def _rows(*kinds: Iterable[str]) -> NDArray[np.float32]:
    rows = [
        (*divmod(number * CODES + zlib.crc32(gram.encode("utf-8", "surrogatepass")) % CODES, DIGIT), 1 + math.log(n))
        for number, grams in enumerate(kinds)
        for gram, n in Counter(grams).items()
    ]
    return np.asarray(rows, np.float32).reshape(-1, 3)


def _words(text: str) -> Iterable[str]:
    words = _TOKEN.findall(text.casefold())
    return chain(words, map(" ".join, pairwise(words)))


def _runs(text: str) -> Iterable[str]:
    padded = [f" {word} " for word in text.split()]
    return (word[i : i + n] for word in padded for n in RUNS for i in range(len(word) - n + 1))
