"""Indexes beside each other: `python -m benchmarks.retrieval --posts POSTS --test POSTS [--sizes N ...]`.

The vectors are those that stand for tags where posts are completed: output vectors with the bias as one more dimension,
99 + 1, of a space fitted on the posts. To have more of them, tags are drawn with replacement and each is moved in a
random direction by JITTER of its length, which is further than most tags lie from the nearest other one; its bias
stays. So norms and clusters are those of a real space. Queries complete the test posts, one tag hidden; a half of them
tunes the indexes, the other half measures. Times are of single queries on one thread, the median.

`numpy` is a matrix product and argpartition, `usearch` and `hnswlib` graphs of other libraries with their defaults
(their inner product on the vectors as they are), `usearch-lifted` and `hnswlib-lifted` the same tuned to our recall and
given the vectors as our own graph gets them, all of one length. A library that is not installed is left out: hnswlib is
in no extra, for it comes as source and needs a C++ compiler. Graphs take long to build: above --graphs vectors they are
left out too. Of 7,000,000 vectors it needs about 10 GB of memory and 7 GB of disk.
"""

from __future__ import annotations

import argparse
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import graphs
from benchmarks.common import header, keep, table
from tag2vec import Corpus, TagSpace, plugins
from tag2vec.embed.space import query
from tag2vec.embed.units import units
from tag2vec.evaluation.indexes import Measured, measure
from tag2vec.evaluation.tags import make_queries
from tag2vec.retrieval.asked import halves
from tag2vec.retrieval.indexes import Allowed, Found, Index, Vectors
from tag2vec.retrieval.indexes._faiss import K, exactly
from tag2vec.retrieval.indexes.exact import Exact

JITTER = 0.5  # of the length of a vector
QUERIES = 2000
FIRST = ("numpy", "exact", "flat")  # these are what others are compared with


class Numpy(Exact):
    def _nearest(self, queries: Vectors, k: int, allowed: Allowed | None, everywhere: bool = False) -> Found:
        found = [self._one(one, k) for one in queries]
        return np.stack([scores for scores, _ in found]), np.stack([rows for _, rows in found])

    def _one(self, one: Vectors, k: int) -> Found:
        scores = self._vectors @ one
        rows = np.argpartition(-scores, k - 1)[:k].copy()  # or the whole stays in memory
        return scores[rows], rows


OTHERS: dict[str, type[Index]] = {"numpy": Numpy, **graphs.HERE}


def main() -> None:
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("--posts", type=Path, required=True, help="real posts that the space is fitted on")
    ask.add_argument("--test", type=Path, required=True, help="other posts, which are completed")
    ask.add_argument("--model", type=Path, help="a model fitted on the posts, in place of a new one")
    ask.add_argument("--sizes", type=int, nargs="+", default=[100_000])
    ask.add_argument("--graphs", type=int, default=1_000_000, help="vectors up to which graphs are built")
    ask.add_argument("--index", nargs="+", help="these, with settings or without; all when not given")
    ask.add_argument("--name", default="retrieval", help="name of the result")
    given = ask.parse_args()
    names = list(dict.fromkeys([*FIRST, *(given.index or [*plugins.names(Index), *graphs.HERE])]))
    space = _space(given.posts, given.model)
    tags = np.ascontiguousarray(np.hstack([space.outputs, space.bias[:, None]]), dtype=np.float32)
    asked = _queries(space, given.test)
    versions = ", ".join(f"{name} {version(name)}" for name in ("faiss-cpu", *graphs.LIBRARIES))
    apart = f"a tag's nearest other is {_apart(tags[:, :-1]):.2f} of its length away (median), a copy {JITTER}"
    facts = f"{len(space):,} tags, {apart}; {len(asked):,} queries; one thread"
    lines = ["# Search", "", *header([given.posts, given.test]), versions, "", facts]
    for size in given.sizes:
        late = [name for name in names if name.partition(":")[0] in ("hnsw", *graphs.HERE) and size > given.graphs]
        lines += ["", *_sized(jittered(tags, size), asked, [name for name in names if name not in late])]
        lines += ["", f"Left out, too long to build: {', '.join(late)}"] if late else []
        keep(given.name, lines)


def _sized(vectors: Vectors, asked: Vectors, names: list[str]) -> list[str]:
    tuning, queries = halves(asked)
    truth = exactly(vectors, queries)
    done: dict[str, Measured] = {}
    for name in names:
        done[name] = measure(name, _made(name), vectors, tuning, queries, truth)
        print(done[name], flush=True)
    rows = [_row(one, done, vectors.nbytes) for one in done.values()]
    columns = ["index", f"recall@{K}", "ms", "p99 ms", "numpy / it", "flat / it", "build s", "file / vectors"]
    return [f"## {len(vectors):,} x {vectors.shape[1]}", "", *table(columns, rows)]


def _row(one: Measured, done: dict[str, Measured], size: int) -> list[Any]:
    faster = [f"{done[base].p50_ms / one.p50_ms:.1f}" for base in ("numpy", "flat")]
    return [one.index, f"{one.recall:.4f}", one.p50_ms, one.p99_ms, *faster, one.build_s, 1e6 * one.disk_mb / size]


def _made(name: str) -> Index:
    return OTHERS[name]() if name in OTHERS else plugins.spelled(Index, name)


def _space(posts: Path, model: Path | None) -> TagSpace:
    if model:
        return TagSpace.load(model)
    with tempfile.TemporaryDirectory() as scratch:
        return TagSpace.fit(Corpus.build(posts, Path(scratch) / "corpus"), dim=99, epochs=5, refine=2)


def _queries(space: TagSpace, posts: Path) -> Vectors:
    given = make_queries(space, posts, lambda where, reason: None).given
    picked = np.random.default_rng(0).permutation(len(given))[:QUERIES]
    return np.stack([np.append(query(space.inputs[given[i]]), 1) for i in picked]).astype(np.float32)


def jittered(tags: Vectors, size: int) -> Vectors:
    """`size` vectors made from those of tags (n, d), as above."""
    draw = np.random.default_rng(0)
    made = np.empty((size, tags.shape[1]), np.float32)
    for start in range(0, size, 100_000):
        own = tags[draw.integers(0, len(tags), min(100_000, size - start))]
        lengths = np.linalg.norm(own[:, :-1], axis=1, keepdims=True)
        own[:, :-1] += JITTER * lengths * units(draw.standard_normal(own[:, :-1].shape, np.float32))
        made[start : start + len(own)] = own
    return made


def _apart(tags: Vectors) -> float:
    """The median distance of a tag to the nearest other one, over its length."""
    some = np.random.default_rng(0).permutation(len(tags))[:1000]
    squares = (tags**2).sum(axis=1)
    apart = squares[some][:, None] + squares - 2 * tags[some] @ tags.T
    apart[np.arange(len(some)), some] = np.inf
    return float(np.median(np.sqrt(np.maximum(apart.min(axis=1), 0) / squares[some])))


if __name__ == "__main__":
    main()
