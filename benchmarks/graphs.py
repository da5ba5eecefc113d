"""Other libraries' graphs as indexes, to be measured beside ours: usearch and hnswlib, each as it comes and lifted."""

from __future__ import annotations

from abc import abstractmethod
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from tag2vec.retrieval.indexes import Allowed, Found, Index, Vectors
from tag2vec.retrieval.indexes._faiss import enough, exactly, sample, shares
from tag2vec.retrieval.indexes.hnsw import MOST, lifted


class Graph(Index):
    """A graph with its library's defaults, on the vectors as they are, by its own inner product. One thread."""

    _graph: Any

    def _build(self, vectors: Vectors, queries: Vectors | None) -> None:
        self._open(*vectors.shape)
        self._add(vectors)

    @abstractmethod
    def _open(self, n: int, dim: int) -> None:
        """Make an empty graph for n vectors."""

    @abstractmethod
    def look(self, looks: int) -> None:
        """So many vectors are kept in sight while searching."""

    def _save(self, folder: Path) -> dict[str, Any]:
        self._graph.save_index(str(folder / "graph"))
        return {}

    def _load(self, folder: Path, state: dict[str, Any]) -> None:
        raise NotImplementedError


class Usearch(Graph):
    @classmethod
    def needs(cls, n: int, dim: int) -> int:
        return n * (4 * dim + 4 * 3 * 16)

    def _open(self, n: int, dim: int) -> None:
        from usearch.index import Index as Library

        self._graph = Library(ndim=dim, metric="ip", dtype="f32")

    def look(self, looks: int) -> None:
        self._graph.expansion_search = looks  # its type does not say so, but it can be set

    def _nearest(self, queries: Vectors, k: int, allowed: Allowed | None, everywhere: bool = False) -> Found:
        found = self._graph.search(queries, k, threads=1)
        shape = (len(queries), k)
        return 1 - np.reshape(found.distances, shape), np.reshape(found.keys, shape).astype(np.int64)

    def _add(self, vectors: Vectors) -> None:
        self._graph.add(np.arange(len(self._graph), len(self._graph) + len(vectors)), vectors, threads=1)

    def _save(self, folder: Path) -> dict[str, Any]:
        self._graph.save(str(folder / "graph"))
        return {}


class Hnswlib(Graph):
    @classmethod
    def needs(cls, n: int, dim: int) -> int:
        return n * (4 * dim + 4 * 2 * 16)

    def _open(self, n: int, dim: int) -> None:
        from hnswlib import Index as Library

        self._graph = Library("ip", dim)
        self._graph.init_index(max_elements=n)

    def look(self, looks: int) -> None:
        self._graph.set_ef(looks)

    def _nearest(self, queries: Vectors, k: int, allowed: Allowed | None, everywhere: bool = False) -> Found:
        rows, distances = self._graph.knn_query(queries, k, num_threads=1)
        return 1 - distances, rows.astype(np.int64)

    def _add(self, vectors: Vectors) -> None:
        self._graph.add_items(vectors, num_threads=1)


class Lifted(Graph):
    """Before a library in the order of bases: its graph of vectors made equally long, as ours, and tuned to 0.99."""

    def _build(self, vectors: Vectors, queries: Vectors | None) -> None:
        centre = vectors.mean(axis=0, dtype=np.float64).astype(np.float32)
        longest = float((np.linalg.norm(vectors - centre, axis=1) ** 2).max())
        super()._build(lifted(vectors, centre, longest), None)
        tuning = sample(vectors, queries)
        wanted = exactly(vectors, tuning)

        def recall(looks: int) -> Vectors:
            self.look(looks)
            return shares(self._nearest(tuning, wanted.shape[1], None)[1], wanted)

        self.look(enough(recall, 0.99, MOST))

    def _nearest(self, queries: Vectors, k: int, allowed: Allowed | None, everywhere: bool = False) -> Found:
        return super()._nearest(np.pad(queries, ((0, 0), (0, 1))), k, allowed)  # type: ignore[safe-super]


class LiftedUsearch(Lifted, Usearch): ...


class LiftedHnswlib(Lifted, Hnswlib): ...


GRAPHS = {
    "usearch": Usearch,
    "usearch-lifted": LiftedUsearch,
    "hnswlib": Hnswlib,
    "hnswlib-lifted": LiftedHnswlib,
}
LIBRARIES = [name for name in ("usearch", "hnswlib") if find_spec(name)]
HERE = {name: kind for name, kind in GRAPHS.items() if name.partition("-")[0] in LIBRARIES}
