"""Queries such as a model really asks: what its index is tuned on and measured with."""

from __future__ import annotations

import random
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np

from tag2vec.embed.embedder import Embedder
from tag2vec.embed.space import TagSpace
from tag2vec.embed.video import VideoEmbedder
from tag2vec.embed.videofiles import has_video
from tag2vec.embed.zeroshot import class_items, class_query
from tag2vec.errors import ArtifactError
from tag2vec.retrieval.indexes import Vectors
from tag2vec.retrieval.indexes._faiss import drawn

MOST = 2000
TAGS = 5  # of a post that is drawn from the counts alone


@dataclass(frozen=True)
class Asked:
    """`items` (n, d) are searched with `queries` (m, d), which come from `source`; `parents` are the checksums of the
    artifacts that the items are made from."""

    items: Vectors
    queries: Vectors
    source: str
    parents: dict[str, str]


def asked(model: str | Path, corpus: str | Path | None = None) -> Asked:
    """What the video embedder of a model asks of its items for the clips that it was fitted on.

    Without one, what a network that names classes asks (`--zero-shot`), with posts of the corpus in place of names; and
    where the corpus is not found, with tags drawn by their counts. Raises ArtifactError.
    """
    space = TagSpace.load(model)
    if has_video(model):
        video = VideoEmbedder.load(model, space)
        pooled = drawn(video.learnt.vectors.astype(np.float32), MOST)
        return Asked(video.items, video.queries(pooled), "training clips", parents(video))
    try:
        posts = [
            [space.rows[stem] for stem in stems if stem in space.rows]
            for stems in islice(space.corpus(corpus), 10 * MOST)
        ]
        source = "posts"
    except ArtifactError:
        if corpus is not None:
            raise
        posts, source = _drawn(space), "tags drawn by their counts"
    draw = random.Random(0)
    known = [rows for rows in posts if rows]
    some = draw.sample(known, min(MOST, len(known)))
    queries = [class_query(space.inputs[rows].mean(axis=0)) for rows in some]
    return Asked(class_items(space), np.stack(queries), source, {"space": space.digest})


def halves(queries: Vectors) -> tuple[Vectors, Vectors]:
    """Those to tune on and those to measure with: every other one."""
    return (queries[::2], queries[1::2]) if len(queries) > 1 else (queries, queries)


def parents(embedder: Embedder) -> dict[str, str]:
    """Checksums of what the items of `embedder` are made from; empty when that is not on disk alone."""
    named = dict(embedder.origin)
    return named if all(named.values()) else {}


def _drawn(space: TagSpace) -> list[list[int]]:
    draw = np.random.default_rng(0)
    chances = space.counts / space.counts.sum()
    return [draw.choice(len(space), 1 + i % TAGS, p=chances).tolist() for i in range(MOST)]
