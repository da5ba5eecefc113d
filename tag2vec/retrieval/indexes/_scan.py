"""Exact search with numpy: block after block, only scores above the worst of those kept are looked at again.

So no block is sorted, and a search costs hardly more than reading the vectors once.
"""

from __future__ import annotations

import numpy as np

from tag2vec.retrieval.indexes import Allowed, Found, Rows, Vectors

QUERIES = 64  # scored at a time: bounds memory at QUERIES x ROWS
ROWS = 65_536
SPARSE = 0.1  # share of allowed rows below which they are picked out instead of scoring all


def scan(vectors: Vectors, queries: Vectors, k: int, allowed: Allowed | None = None) -> Found:
    """The k highest inner products of each of queries (m, d) with vectors (n, d): scores and rows (m, k), falling.

    Of equal scores the lower row is first. At least k rows must be allowed.
    """
    kept = [_Kept(k) for _ in queries]
    for first in range(0, len(queries), QUERIES):
        some = queries[first : first + QUERIES]
        picked = allowed is not None and allowed.share < SPARSE
        rows = allowed.rows if picked and allowed is not None else None
        for start in range(0, len(vectors) if rows is None else len(rows), ROWS):
            stop = start + ROWS
            scores = some @ (vectors[start:stop] if rows is None else vectors[rows[start:stop]]).T
            if allowed is not None and not picked:
                scores[:, ~allowed.mask[start:stop]] = -np.inf
            for one, own in zip(kept[first:], scores, strict=False):
                one.take(own, np.arange(start, start + len(own)) if rows is None else rows[start:stop])
    found = [one.falling() for one in kept]
    return np.stack([scores for scores, _ in found]), np.stack([rows for _, rows in found])


class _Kept:
    """The k best so far, in the order of their rows."""

    def __init__(self, k: int) -> None:
        self.k = k
        self.worst = np.float32(-np.inf)
        self.scores = np.empty(0, np.float32)
        self.rows = np.empty(0, np.int64)

    def take(self, scores: Vectors, rows: Rows) -> None:
        """Those of later rows: an equal score is no better."""
        if not len(above := np.flatnonzero(scores > self.worst)):
            return
        above = above[best_of(scores[above], self.k)]
        self.scores = np.concatenate([self.scores, scores[above]])
        self.rows = np.concatenate([self.rows, rows[above]])
        best = best_of(self.scores, self.k)
        self.scores, self.rows = self.scores[best], self.rows[best]
        if len(best) == self.k:
            self.worst = self.scores.min()

    def falling(self) -> Found:
        order = np.argsort(-self.scores, kind="stable")
        return self.scores[order], self.rows[order]


def best_of(scores: Vectors, k: int) -> Rows:
    """Places of the k highest, rising; of equal ones the first."""
    if len(scores) <= k:
        return np.arange(len(scores))
    least = np.partition(scores, len(scores) - k)[len(scores) - k]
    above = np.flatnonzero(scores > least)
    return np.sort(np.concatenate([above, np.flatnonzero(scores == least)[: k - len(above)]]))
