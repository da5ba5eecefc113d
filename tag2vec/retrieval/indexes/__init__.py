"""Indexes: the nearest of many vectors. One file in this folder is one index (docs/indexes.md says which when)."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from tag2vec.errors import UsageError
from tag2vec.files import save_array

Vectors = NDArray[np.float32]
Rows = NDArray[np.int64]
Mask = NDArray[np.bool_]
Found = tuple[Vectors, Rows]

STATE = "index.json"
LIVE = "live.npy"


@dataclass(frozen=True)
class Allowed:
    """The rows that a search may find: `mask` (n,) bool."""

    mask: Mask

    @cached_property
    def rows(self) -> Rows:
        """Their numbers (count,), rising."""
        return np.flatnonzero(self.mask)

    @cached_property
    def count(self) -> int:
        """How many there are."""
        return int(np.count_nonzero(self.mask))

    @cached_property
    def bits(self) -> NDArray[np.uint8]:
        """A bit a row, as FAISS wants them."""
        return np.packbits(self.mask, bitorder="little")

    @property
    def share(self) -> float:
        """Of all rows, 0..1."""
        return self.count / len(self.mask)


class Index(ABC):
    """Base of all indexes: nearness is the inner product, higher is nearer. Every index is tested against `exact`.

    The settings of an index are those of its class. Searching changes nothing, and several threads may search at once.
    """

    exact: ClassVar[bool] = False  # whether it finds all of the nearest
    _dim = 0
    _live: Mask = np.ones(0, bool)
    _standing: Allowed | None = None  # all rows that were not removed; None: none was

    def build(self, vectors: Vectors, queries: Vectors | None = None) -> None:
        """Take vectors (n, d) float32; a second call replaces the first.

        `queries` (m, d) are such as will be asked: what approximate indexes are tuned on. Without them some of the
        vectors stand in. One thread gives the same bytes for the same vectors and queries.
        """
        vectors = np.ascontiguousarray(vectors, dtype=np.float32)
        self._set_live(np.ones(len(vectors), bool))
        self._dim = vectors.shape[1]
        if len(vectors):
            self._build(vectors, None if queries is None or not len(queries) else self._as_queries(queries))
            self._ready()

    def search(self, queries: Vectors, k: int, among: Mask | None = None) -> Found:
        """queries (m, d) -> scores (m, k') float32, falling, and rows of the vectors (m, k') int64.

        `among` (n,) has the rows that may be found, all without it. k' is k, or the number of such rows that were not
        removed where these are fewer: approximate indexes too find so many. Of equal scores the lower row is first.
        Raises UsageError for queries or a mask of another size.
        """
        queries = self._as_queries(queries)
        allowed = self._allowed(among)
        k = min(k, len(self) if allowed is None else allowed.count)
        if k < 1 or not len(queries):
            return np.empty((len(queries), max(k, 0)), np.float32), np.empty((len(queries), max(k, 0)), np.int64)
        scores, rows = self._nearest(queries, k, allowed)
        if len(short := np.flatnonzero((rows < 0).any(axis=1))):
            scores[short], rows[short] = self._nearest(queries[short], k, allowed, everywhere=True)
        order = np.lexsort((rows, -scores), axis=1)
        return np.take_along_axis(scores, order, axis=1), np.take_along_axis(rows, order, axis=1)

    def add(self, vectors: Vectors) -> Rows:
        """Take more vectors (m, d); their rows (m,) follow the last one. Not while another thread searches."""
        if not len(self):
            self.build(vectors)
            return np.arange(len(vectors))
        vectors = self._as_queries(vectors)
        first = len(self)
        if len(vectors):
            self._add(vectors)
            self._ready()
            self._set_live(np.concatenate([self._live, np.ones(len(vectors), bool)]))
        return np.arange(first, first + len(vectors))

    def remove(self, rows: Rows) -> None:
        """Never find these rows again; those of the others stay. Raises UsageError for rows that are not there."""
        rows = np.asarray(rows, np.int64)
        if len(wrong := rows[(rows < 0) | (rows >= len(self))]):
            raise UsageError(f"There is no row {wrong[0]} to remove; the index has {len(self):,} rows, from 0 on.")
        live = self._live.copy()
        live[rows] = False
        self._set_live(live)

    def save(self, folder: str | Path) -> None:
        """Write plain files into a folder that is there."""
        folder = Path(folder)
        save_array(folder / LIVE, np.packbits(self._live))
        state = {"dim": self._dim, "rows": len(self)} | (self._save(folder) if len(self) else {})
        (folder / STATE).write_text(json.dumps(state), encoding="utf-8")

    def load(self, folder: str | Path) -> None:
        """Read what an index of this class saved; vectors stay on disk, memory-mapped, where that is possible."""
        folder = Path(folder)
        state = json.loads((folder / STATE).read_text(encoding="utf-8"))
        self._dim = state["dim"]
        live = np.unpackbits(np.load(folder / LIVE, allow_pickle=False), count=state["rows"])
        self._set_live(live.astype(bool))
        if len(self):
            self._load(folder, state)
            self._ready()

    def __len__(self) -> int:
        """Rows, removed ones too."""
        return len(self._live)

    @property
    def nbytes(self) -> int:
        """About what it holds, in memory or mapped into it."""
        return self.needs(len(self), self._dim)

    @classmethod
    @abstractmethod
    def needs(cls, n: int, dim: int) -> int:
        """Bytes that an index of n vectors holds."""

    @abstractmethod
    def _build(self, vectors: Vectors, queries: Vectors | None) -> None:
        """As `build`; there is a vector."""

    @abstractmethod
    def _nearest(self, queries: Vectors, k: int, allowed: Allowed | None, everywhere: bool = False) -> Found:
        """As `search`, in any order, with row -1 where fewer than k were found; not so when it looks `everywhere`."""

    @abstractmethod
    def _add(self, vectors: Vectors) -> None:
        """As `add`; there are vectors already."""

    @abstractmethod
    def _save(self, folder: Path) -> dict[str, Any]:
        """Write files; what else `_load` needs to know is returned."""

    @abstractmethod
    def _load(self, folder: Path, state: dict[str, Any]) -> None: ...

    def _ready(self) -> None:  # noqa: B027  (most have nothing to do)
        """Called when there are other vectors than before."""

    def _set_live(self, live: Mask) -> None:
        self._live = live
        self._standing = None if live.all() else Allowed(live)

    def _allowed(self, among: Mask | None) -> Allowed | None:
        if among is None:
            return self._standing
        among = np.asarray(among)
        if among.dtype != bool or among.shape != (len(self),):
            raise UsageError(
                f"The rows to search among are {among.dtype} of shape {among.shape}; wanted bool of ({len(self)},)."
            )
        return Allowed(among & self._live)

    def _as_queries(self, vectors: Vectors) -> Vectors:
        vectors = np.ascontiguousarray(vectors, dtype=np.float32)
        if vectors.ndim != 2 or vectors.shape[1] != self._dim:
            raise UsageError(f"The vectors have shape {vectors.shape}; wanted (any, {self._dim}), as in the index.")
        return vectors
