"""What the indexes of FAISS share (Douze et al., The Faiss library, 2024; faiss-cpu and faiss-gpu import alike)."""

from __future__ import annotations

from abc import abstractmethod
from bisect import bisect_left
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from tag2vec import plugins
from tag2vec.errors import ArtifactError, UsageError, importing
from tag2vec.retrieval.indexes import Allowed, Index, Rows, Vectors
from tag2vec.retrieval.indexes._scan import scan

FILE = "index.faiss"
HEADER = 37  # bytes that every file of FAISS begins with
K = 15  # as many hashtags as are suggested: what approximate search is tuned for
SAMPLE = 1000  # queries that it is tuned on


class Faiss(Index):
    """`_index` is FAISS's own, `_mapped` the file that it lies in when it was not read into memory."""

    _index: Any = None
    _mapped: Path | None = None
    _flags: ClassVar[tuple[str, ...]] = ("IO_FLAG_MMAP_IFC",)  # how its files are mapped

    @cached_property
    def _faiss(self) -> Any:
        return faiss_for(plugins.name_of(self))

    def _selected(self, allowed: Allowed | None) -> dict[str, Any]:
        """Search parameters that keep to the allowed rows; the bitmap must live as long as they do."""
        return {} if allowed is None else {"sel": self._faiss.IDSelectorBitmap(allowed.bits)}

    def _save(self, folder: Path) -> dict[str, Any]:
        with (folder / FILE).open("wb") as file:  # FAISS itself would not notice when it cannot be closed
            self._faiss.write_index(self._index, self._faiss.PyCallbackIOWriter(file.write))
        return {}

    def _load(self, folder: Path, state: dict[str, Any]) -> None:
        self._mapped = folder / FILE
        self._index = self._read(sum(getattr(self._faiss, name, 0) for name in self._flags))

    def _add(self, vectors: Vectors) -> None:
        if self._mapped:
            self._index = self._read(0)  # what is mapped cannot grow
            self._mapped = None
        self._append(vectors)

    @abstractmethod
    def _append(self, vectors: Vectors) -> None:
        """Add to an index that lies in memory."""

    def _read(self, flags: int) -> Any:
        assert self._mapped
        try:
            if self._mapped.stat().st_size < HEADER:  # FAISS would read on where nothing is mapped
                raise RuntimeError("shorter than a header")
            return self._faiss.read_index(str(self._mapped), flags)
        except RuntimeError as error:
            raise ArtifactError(
                f"{self._mapped} cannot be read by FAISS {self._faiss.__version__}. Make it again with: "
                "tag2vec fit-index MODEL"
            ) from error


def faiss_for(name: str) -> Any:
    """FAISS for the index `name`. Raises MissingExtra."""
    with importing(f"The index '{name}'", "faiss-cpu", "cpu"):
        import faiss
    return faiss


def on_gpus(faiss: Any, index: Any) -> Any:
    """A copy of `index` on the GPU, or spread over all where there are several. Raises UsageError where none is."""
    count = faiss.get_num_gpus() if hasattr(faiss, "get_num_gpus") else 0
    if not count:
        raise UsageError(
            f"gpu=true was given, and FAISS {faiss.__version__} finds no GPU here. It wants an NVIDIA GPU with its "
            'driver and faiss-gpu in place of faiss-cpu: pip install "tag2vec[gpu]". Or leave gpu=true out.'
        )
    options = faiss.GpuMultipleClonerOptions()
    options.shard = True
    return faiss.index_cpu_to_all_gpus(index, co=options)


def sample(vectors: Vectors, queries: Vectors | None) -> Vectors:
    """Queries (m, d) to tune on."""
    return drawn(vectors if queries is None else queries, SAMPLE)


def exactly(vectors: Vectors, asked: Vectors) -> Rows:
    """The rows (m, K at most) of what an exact search finds for the queries `asked`."""
    return scan(vectors, asked, min(K, len(vectors)))[1]


def drawn(vectors: Vectors, count: int) -> Vectors:
    """At most `count` of the vectors, in their order, the same ones always."""
    if len(vectors) <= count:
        return vectors
    picked: Vectors = vectors[np.sort(np.random.default_rng(0).choice(len(vectors), count, replace=False))]
    return picked


def enough(recall: Callable[[int], Vectors], aim: float, most: int) -> int:
    """The least effort from 1 to `most` at which the mean of the recall of each query (m,) is `aim` or more.

    Two standard errors more, in fact: other queries than those tuned on should reach it too.
    """

    def surely(effort: int) -> float:
        each = recall(effort)
        return float(each.mean() - 2 * each.std() / np.sqrt(len(each)))

    return 1 + bisect_left(range(1, most), aim, key=surely)


def check_recall(recall: float) -> None:
    if not 0 < recall < 1:
        raise UsageError(f"recall is {recall}; wanted a share above 0 and below 1, as 0.99 (exact search: flat).")


def shares(found: Rows, wanted: Rows) -> Vectors:
    """(m,) the share of `wanted` (m, k) that is among `found` (m, any)."""
    pairs = zip(found, wanted, strict=True)
    return np.array([np.isin(right, left).mean() for left, right in pairs], np.float32)


def counted(value: Any) -> int:
    """A number of things, read from a file: 1 or more. Raises TypeError or ValueError for what is none."""
    if (number := int(value)) < 1:
        raise ValueError(f"{value} is no number of things")
    return number
