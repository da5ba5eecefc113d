"""Posts as arrays, for what learns from them again and again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

SHARED = 0.5  # a post weighs (posts of its author) to the power of -SHARED

Places = NDArray[np.int64]


@dataclass(frozen=True)
class Posts:
    """Posts of two tags or more: post i has the rows `rows[start[i] : start[i + 1]]` and the weight `weight[i]`."""

    rows: NDArray[np.int32]
    start: NDArray[np.int64]
    weight: NDArray[np.float32]  # 1 on average

    @classmethod
    def of(cls, posts: Iterable[tuple[int, list[str]]], known: dict[str, int]) -> Posts:
        """From the author and the stems of each post; stems that are not in `known` (stem -> row) are left out."""
        authors: list[int] = []
        rows = np.fromiter(_rows(posts, known, authors), np.int32)
        ends = np.flatnonzero(rows < 0)
        lengths = np.diff(ends, prepend=-1) - 1
        enough = lengths > 1
        _, author, theirs = np.unique(np.array(authors)[enough], return_inverse=True, return_counts=True)
        weight = theirs[author] ** -SHARED
        return cls(
            rows[rows >= 0][np.repeat(enough, lengths)],
            np.concatenate([[0], np.cumsum(lengths[enough])]),
            (weight / max(weight.mean(), 1e-12)).astype(np.float32) if len(weight) else weight.astype(np.float32),
        )

    def __len__(self) -> int:
        return len(self.weight)


def members(start: NDArray[np.int64], groups: NDArray[Any]) -> tuple[Places, Places, Places]:
    """Of `groups` (n,), where group i has the places from `start[i]` to `start[i + 1]`: how many places each has (n,),
    and of all of them, one group after the other, the number of its group (m,) and the place (m,)."""
    lengths = start[groups + 1] - start[groups]
    number = np.repeat(np.arange(len(groups)), lengths)
    return lengths, number, np.arange(len(number)) + np.repeat(start[groups] + lengths - np.cumsum(lengths), lengths)


def _rows(posts: Iterable[tuple[int, list[str]]], known: dict[str, int], authors: list[int]) -> Iterator[int]:
    """The rows of each post, then -1; the authors go to `authors`."""
    for author, stems in posts:
        authors.append(author)
        for stem in stems:
            if (row := known.get(stem)) is not None:
                yield row
        yield -1
