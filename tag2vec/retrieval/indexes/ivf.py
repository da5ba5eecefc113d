"""Inverted lists of whole vectors, by FAISS: what millions of tags want."""

from __future__ import annotations

from dataclasses import dataclass

from tag2vec.retrieval.indexes import Allowed, Found, Vectors
from tag2vec.retrieval.indexes._faiss import on_gpus
from tag2vec.retrieval.indexes._ivf import Lists, whole
from tag2vec.retrieval.indexes.flat import GPU_K


@dataclass(eq=False)
class Ivf(Lists):
    gpu: bool = False  # search on NVIDIA GPUs; searches among some rows stay with the processor

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.gpu:
            self._balls = (0.0,)  # the GPU's own choice of lists knows no spread

    def _nearest(self, queries: Vectors, k: int, allowed: Allowed | None, everywhere: bool = False) -> Found:
        if self._gpu_index is None or allowed is not None or everywhere or k > GPU_K:
            return super()._nearest(queries, k, allowed, everywhere)
        scores, rows = self._gpu_index.search(queries, k)
        return scores + (queries @ self._centre)[:, None], rows

    def _ready(self) -> None:
        self._gpu_index = None
        if self.gpu:
            chooser = self._faiss.IndexFlatIP(self._dim)
            chooser.add(self._centroids)
            same = whole(self._faiss, chooser, self._index.nlist)
            same.replace_invlists(self._index.invlists, False)
            same.ntotal, same.nprobe = self._index.ntotal, self._probes
            self._gpu_index = on_gpus(self._faiss, same)
