"""Vectors for a tag that a space lacks: from the known tags inside it, and from those beside it in a few posts.

Nothing is stored or learnt: a new tag lies in the direction in which its parts lie, seen from the mean of the rarest
half of the tags, and nearly as far from it as those do. A plain mean of its parts would be shorter than any tag's own
vector, and its scores not comparable. Each matrix of a space is composed alike, from its own rows.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tag2vec.scraping.normalise import normalise

if TYPE_CHECKING:
    from tag2vec.embed.space import TagSpace, Vectors

SHORTEST, LONGEST = 4, 32  # letters of a word inside
ENOUGH = 0.4  # share of a tag's letters that the words inside hold, or they say too little of it
# Below 1 a new tag needs more agreement than a known one to be ranked alike: at 1 those that stand beside a post by
# chance push known ones out of its first ten.
LENGTH = 0.9


def words_inside(space: TagSpace, tag: str) -> dict[int, int]:
    """The best split of `tag` into tags of the space: {row: letters it holds}, in order; the rest is left over."""
    words: dict[int, int] = {}
    for row, letters in split(space, tag):
        if row is not None:
            words[row] = words.get(row, 0) + letters
    return words


def split(space: TagSpace, tag: str, apart: bool = False) -> list[tuple[int | None, int]]:
    """The best split of the normal form of `tag`: (row, letters) of each tag of the space inside it, in order.

    A letter left over is (None, 1). With `apart` the whole is no part of itself. Least cost: a word costs minus the log
    of its share of all counts, as in a unigram language model; a letter left over costs as much as a tag seen once.
    Words are found by their stems; a tag that stands in no post, as one that was composed, is none.
    """
    text = normalise(tag)
    spans = [(i, j) for i in range(len(text)) for j in range(i + SHORTEST, min(i + LONGEST, len(text)) + 1)]
    if apart:
        spans = [span for span in spans if span != (0, len(text))]
    ending: dict[int, list[tuple[int, int]]] = {}
    for (start, end), stem in zip(spans, space.stems.stem_all([text[i:j] for i, j in spans]), strict=True):
        if (row := space.rows.get(stem)) is not None and space.counts[row]:
            ending.setdefault(end, []).append((start, row))
    total = math.log(space.counts.sum())
    best: list[tuple[float, int, int | None]] = [(0.0, 0, None)]  # cost of the text so far, where its end starts, row
    for end in range(1, len(text) + 1):
        ways: list[tuple[float, int, int | None]] = [(best[end - 1][0] + total, end - 1, None)]
        for start, row in ending.get(end, ()):
            ways.append((best[start][0] + total - math.log(space.counts[row]), start, row))
        best.append(min(ways, key=lambda way: way[:2]))
    parts: list[tuple[int | None, int]] = []
    end = len(text)
    while end:
        _, start, at = best[end]
        parts.append((at, end - start))
        end = start
    return parts[::-1]


def telling(words: Mapping[int, int], tag: str) -> bool:
    """Whether `words` inside `tag` hold enough of it to say what it means."""
    return sum(words.values()) >= max(1, ENOUGH * len(normalise(tag)))


def composed(
    vectors: Vectors, inside: Sequence[Mapping[int, float]], beside: Sequence[Sequence[Sequence[int]]] = ()
) -> Vectors:
    """Vectors (n, dim) float32 of new tags among `vectors` (v, dim), see `directions` and `vectors_at`."""
    return vectors_at(vectors, directions(vectors, inside, beside))


def directions(
    vectors: Vectors, inside: Sequence[Mapping[int, float]], beside: Sequence[Sequence[Sequence[int]]] = ()
) -> NDArray[np.float64]:
    """Where n new tags lie, seen from the mean of the rarest half of `vectors` (v, dim): (n, dim) of length 1, or 0.

    Each of `inside` has the words inside a tag {row: letters, or another weight}; each of `beside` a list a post, of
    the rows that stand beside the tag in it. With m posts, these count m times as much as the words; without `beside`
    the words are all there is.
    """
    mean = rarest(vectors).mean(axis=0, dtype=np.float64)
    aims = np.zeros((len(inside), vectors.shape[1]))
    for i, (words, posts) in enumerate(zip(inside, beside or [()] * len(inside), strict=True)):
        if words:
            aims[i] += _unit(np.average(vectors[list(words)], axis=0, weights=list(words.values())) - mean)
        if told := [vectors[list(rows)].mean(axis=0) for rows in posts if rows]:
            aims[i] += len(told) * _unit(np.mean(told, axis=0) - mean)
        aims[i] = _unit(aims[i])
    return aims


def vectors_at(vectors: Vectors, aims: NDArray[np.float64]) -> Vectors:
    """aims (n, dim), see `directions` -> vectors (n, dim) float32 of new tags. One with no direction gets the mean."""
    rare = rarest(vectors)
    mean = rare.mean(axis=0, dtype=np.float64)
    far = float(np.linalg.norm(rare - mean, axis=1).mean())
    return np.asarray(mean + LENGTH * far * aims, dtype=np.float32)


def rarest(vectors: Vectors) -> Vectors:
    """The rarest half of the rows (v, dim), which are in the order of counts: those a new tag is most like."""
    return vectors[len(vectors) // 2 :]


def _unit(vector: NDArray[np.float64]) -> NDArray[np.float64]:
    length = float(np.linalg.norm(vector))
    return np.asarray(vector / length if length > 1e-12 else np.zeros_like(vector), dtype=np.float64)
