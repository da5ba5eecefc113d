"""Inverted lists: vectors lie in the list of their nearest centroid, and a query looks into a few lists only.

FAISS assigns and chooses lists alike, by the inner product, where that is the nearness: then the longest centroids get
everything. Here vectors go to the nearest centroid by distance, around their mean, and a query chooses the lists that
may hold the highest products: the product with the centroid plus what the spread of the list may add to it,
q.c + ball |q| r with r the root of the mean squared distance to the centroid (a list is a ball, as in Ram and Gray
2012, of a radius that is tuned). For 0.99 of the 15 nearest of 1,000,000 x 101 in 4,096 lists it looks at 0.25 %,
without the spread at 0.37 %, with the reduction of Bachrach et al. 2014 at 0.31 %, and as FAISS does it (measured on
300,000, where the bias makes all vectors alike) at all of them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from tag2vec.errors import UsageError
from tag2vec.files import save_array
from tag2vec.retrieval.indexes import Allowed, Found, Index, Rows, Vectors
from tag2vec.retrieval.indexes._faiss import Faiss, check_recall, counted, drawn, enough, exactly, sample
from tag2vec.retrieval.indexes.flat import Flat

MANY = 500_000  # from here on lists are small and found by lists of their own
FEW = 1000  # so few vectors lie in one list, whole
PER_LIST = 50  # vectors a list that k-means learns from
ROUNDS = 10  # of k-means
BALLS = (0.0, 0.25, 0.5, 0.75, 1.0)  # tried when tuned
BALL = 0.5  # else
MANY_LISTS = 4096  # more are learnt in two steps, and found by lists of them
CHOSEN = 0.995  # share of the right ones that those find at least
ASSIGNED = 8  # of those lists, when a vector is put where it belongs
CHOOSER = "lists"


@dataclass(eq=False)
class Lists(Faiss):
    """`lists` about 4 sqrt(n); `probes` of them are looked into, tuned for `recall` when not given."""

    lists: int | None = None
    probes: int | None = None
    recall: float = 0.99  # share of the 15 nearest whose lists are looked into

    _flags: ClassVar[tuple[str, ...]] = ("IO_FLAG_MMAP", "IO_FLAG_READ_ONLY")
    _balls: tuple[float, ...] = field(default=BALLS, init=False, repr=False)
    _multiple: ClassVar[int] = 1  # of which the number of dimensions is made, with zeros

    def __post_init__(self) -> None:
        check_recall(self.recall)
        for name in ("lists", "probes"):
            if (value := getattr(self, name)) is not None and (not isinstance(value, int) or value < 1):
                raise UsageError(f"{name} is {value}; wanted 1 or more.")

    @classmethod
    def needs(cls, n: int, dim: int) -> int:
        return n * (4 * dim + 8) + 12 * usual(n) * dim

    def _layout(self, quantizer: Any, lists: int) -> Any:
        """An untrained index of FAISS."""
        return whole(self._faiss, quantizer, lists)

    def _build(self, vectors: Vectors, queries: Vectors | None) -> None:
        lists = self.lists or usual(len(vectors))
        if lists > len(vectors):
            raise UsageError(f"lists is {lists:,} for {len(vectors):,} vectors; wanted at most as many.")
        self._mapped = None
        self._centre = vectors.mean(axis=0, dtype=np.float64).astype(np.float32)
        learnt = self._moved(drawn(vectors, PER_LIST * max(lists, FEW)))
        centroids = means(self._faiss, learnt, lists)
        layout = self._layout if len(vectors) >= FEW else partial(whole, self._faiss)
        self._index = layout(assigner(self._faiss, centroids), len(centroids))
        self._index.train(learnt)  # what is left of it: the centroids are there
        self._keep_centroids(self._spread(learnt))
        self._append(vectors)
        asked = sample(vectors, queries)
        self._ball, self._probes = (BALL, self.probes) if self.probes else self._tuned(vectors, asked)
        self._chooser = self._new_chooser()
        self._chooser.build(np.hstack([self._centroids, self._spreads[:, None]]), self._choosing(self._wide(asked)))

    def _append(self, vectors: Vectors) -> None:
        for start in range(0, len(vectors), 100_000):
            piece = self._moved(vectors[start : start + 100_000])
            lists = np.ascontiguousarray(self._index.quantizer.search(piece, 1)[1][:, 0])
            pointers = [self._faiss.swig_ptr(array) for array in (piece, lists)]
            self._index.add_core(len(piece), pointers[0], None, pointers[1])
            self._appended(piece, lists)

    def _appended(self, piece: Vectors, lists: Rows) -> None:
        """What else is to be kept of vectors, as the lists hold them, that were added to their `lists` (n,)."""

    def _moved(self, vectors: Vectors) -> Vectors:
        return self._wide(vectors - self._centre)

    def _wide(self, vectors: Vectors) -> Vectors:
        more = -self._dim % self._multiple
        return np.pad(vectors, ((0, 0), (0, more))) if more else vectors

    def _spread(self, learnt: Vectors) -> Vectors:
        squared, nearest = self._index.quantizer.search(learnt, 1)
        sums = np.bincount(nearest[:, 0], squared[:, 0], self._index.nlist)
        counts = np.bincount(nearest[:, 0], minlength=self._index.nlist)
        return np.sqrt(sums / np.maximum(counts, 1)).astype(np.float32)

    def _keep_centroids(self, spread: Vectors) -> None:
        self._spreads = spread
        self._centroids = self._index.quantizer.reconstruct_n(0, self._index.nlist)

    def _new_chooser(self) -> Index:
        """Finds the lists of a query, themselves in lists when there are many."""
        return Lists(recall=max(self.recall, CHOSEN)) if self._index.nlist > MANY_LISTS else Flat()

    def _choosing(self, queries: Vectors) -> Vectors:
        """What the chooser is asked: the product with a centroid, and what the spread of its list may add."""
        return np.hstack([queries, self._ball * np.linalg.norm(queries, axis=1, keepdims=True)])

    def _tuned(self, vectors: Vectors, asked: Vectors) -> tuple[float, int]:
        """The ball for which the fewest lists are enough, and their number."""
        if self._index.nlist == 1:
            return BALL, 1
        wanted = exactly(vectors, asked)
        nearest = self._index.quantizer.search(self._moved(vectors[wanted.ravel()]), 1)[1].reshape(wanted.shape)
        best = []
        for ball in self._balls:
            places = self._places(self._wide(asked), nearest, ball)
            count = enough(lambda p: (places < p).mean(axis=1), self.recall, self._index.nlist)  # noqa: B023
            best.append((count, ball))
        count, ball = min(best)
        return ball, count

    def _places(self, queries: Vectors, lists: Rows, ball: float) -> Rows:
        """(m, k): at which place a query looks into each of its `lists` (m, k)."""
        lengths = np.linalg.norm(queries, axis=1)
        places = np.empty_like(lists)
        for i, query in enumerate(queries):
            scores = self._centroids @ query + ball * lengths[i] * self._spreads
            places[i] = (scores > scores[lists[i]][:, None]).sum(axis=1)
        return places

    def _nearest(self, queries: Vectors, k: int, allowed: Allowed | None, everywhere: bool = False) -> Found:
        added = (queries @ self._centre)[:, None]
        queries, count = self._wide(queries), self._index.nlist
        # Where few rows are allowed, more lists: as many allowed rows are looked at as else all rows.
        probes = count if everywhere else min(count, math.ceil(self._probes / (allowed.share if allowed else 1)))
        if count == probes == 1:
            chosen, products = np.zeros((len(queries), 1), np.int64), np.ascontiguousarray(queries @ self._centroids.T)
        else:
            choosing = self._choosing(queries)
            # More lists than it was tuned to find: all of them are compared.
            highest, chosen = self._chooser._nearest(choosing, probes, None, everywhere=probes > self._probes)
            products = highest - choosing[:, -1:] * self._spreads[chosen]
        params = self._faiss.SearchParametersIVF(nprobe=probes, **self._selected(allowed))
        scores, rows = np.empty((len(queries), k), np.float32), np.empty((len(queries), k), np.int64)
        arrays = [self._faiss.swig_ptr(array) for array in (chosen, products, scores, rows)]
        # Not the method of Python: it takes no parameters.
        self._index.search_preassigned_c(len(queries), self._faiss.swig_ptr(queries), k, *arrays, False, params)
        return scores + added, rows

    def _save(self, folder: Path) -> dict[str, Any]:
        save_array(folder / "centre.npy", self._centre)
        save_array(folder / "spreads.npy", self._spreads)
        (folder / CHOOSER).mkdir(exist_ok=True)
        self._chooser.save(folder / CHOOSER)
        return super()._save(folder) | {"ball": self._ball, "probes": self._probes}

    def _load(self, folder: Path, state: dict[str, Any]) -> None:
        super()._load(folder, state)
        self._centre = np.load(folder / "centre.npy", allow_pickle=False)
        self._keep_centroids(np.load(folder / "spreads.npy", allow_pickle=False))
        self._ball, self._probes = float(state["ball"]), counted(state["probes"])
        self._chooser = self._new_chooser()
        self._chooser.load(folder / CHOOSER)


def usual(n: int) -> int:
    """Lists for n vectors: the power of two nearest to 4 sqrt(n), of many to 12 sqrt(n).

    Of 7,000,000 x 100 a query looks at 9,800 vectors in 8,281 lists and at 2,450 in 32,761, for the same recall.
    """
    times = 4 if n < MANY else 12
    return 1 if n < FEW else min(2 ** round(math.log2(times * math.sqrt(n))), n // 40)


def means(faiss: Any, vectors: Vectors, count: int) -> Vectors:
    """About `count` centroids of k-means; many in two steps, which takes 2 / sqrt(count) of the time: groups, then the
    centroids of each, as many as its share of the vectors."""
    if count <= MANY_LISTS:
        learnt = faiss.Kmeans(vectors.shape[1], count, niter=ROUNDS, min_points_per_centroid=1)
        learnt.train(vectors)
        found: Vectors = learnt.centroids
        return found
    groups = faiss.IndexFlatL2(vectors.shape[1])
    groups.add(means(faiss, vectors, round(math.sqrt(count))))
    group = groups.search(vectors, 1)[1][:, 0]
    order, sizes = np.argsort(group, kind="stable"), np.bincount(group)
    pieces = np.split(vectors[order], np.cumsum(sizes)[:-1])
    return np.vstack([means(faiss, piece, -(-len(piece) * count // len(vectors))) for piece in pieces if len(piece)])


def assigner(faiss: Any, centroids: Vectors) -> Any:
    """Finds the nearest of the centroids by distance, exactly; of many nearly always."""
    flat = faiss.IndexFlatL2(centroids.shape[1])
    if len(centroids) <= MANY_LISTS:
        flat.add(centroids)
        return flat
    found = faiss.IndexIVFFlat(flat, flat.d, usual(len(centroids)), faiss.METRIC_L2)
    found.cp.niter, found.cp.min_points_per_centroid = ROUNDS, 1
    found.train(centroids)
    found.add(centroids)
    found.nprobe = ASSIGNED
    found.make_direct_map()  # so that a centroid can be had by its number
    return found


def whole(faiss: Any, quantizer: Any, lists: int) -> Any:
    """Lists of the vectors themselves."""
    return faiss.IndexIVFFlat(quantizer, quantizer.d, lists, faiss.METRIC_INNER_PRODUCT)
