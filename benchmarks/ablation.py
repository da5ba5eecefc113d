"""What each choice in the tag space is worth: `python -m benchmarks.ablation --train POSTS --test POSTS`.

Tag completion as in `evaluate tags`, with one setting of the second stage changed at a time. "Alike" looks at
`related`: of the ten nearest tags of each of the 2,000 most frequent ones, the share that have four letters in a row
in common with it.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.common import header, keep, table
from tag2vec import Corpus, TagSpace
from tag2vec.embed import posts as read
from tag2vec.embed import refine as stage
from tag2vec.evaluation.baselines import space_scorer
from tag2vec.evaluation.metrics import COMPLETION, hits_and_mrr
from tag2vec.evaluation.tags import make_queries, rank
from tag2vec.scraping.normalise import normalise

FREQUENT = 2000
LETTERS = 4
NEAREST = 10
RANDOM = 0.1  # standard deviation of a start that is not word2vec's

CHANGES: dict[str, dict[str, Any]] = {
    "ours": {},
    "from random vectors": {},
    "5 epochs": {"epochs": 5},
    "30 epochs": {"epochs": 30},
    "half the rate": {"RATE": stage.RATE / 2},
    "no decay": {"DECAY": 0.0},
    "twice the decay": {"DECAY": 2 * stage.DECAY},
    "three quarters given": {"GIVEN": 0.75},
    "one vote a post": {"EACH": 1.0},
    "one vote a hidden tag": {"EACH": 0.0},
    "authors not weighed": {"SHARED": 0.0},
    "a quarter of the rivals": {"SAMPLED": stage.SAMPLED // 4},
    "rivals drawn alike": {"POWER": 0.0},
}


def main() -> None:
    ask = argparse.ArgumentParser(description=__doc__)
    ask.add_argument("--train", type=Path, required=True)
    ask.add_argument("--test", type=Path, required=True)
    ask.add_argument("--rows", nargs="+", default=list(CHANGES), choices=list(CHANGES), metavar="ROW")
    ask.add_argument("--name", default="ablation")
    given = ask.parse_args()
    run(given.train, given.test, given.rows, given.name)


def run(train: Path, test: Path, names: list[str], name: str) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        corpus = Corpus.build(train, Path(scratch) / "corpus")
        start = time.perf_counter()
        space = TagSpace.fit(corpus, refine=0)
        rows = [["word2vec alone", *_figures(space, test), time.perf_counter() - start]]
        for change in names:
            start = time.perf_counter()
            changed = _refined(space, corpus, change)
            rows.append([change, *_figures(changed, test), time.perf_counter() - start])
            print(rows[-1], flush=True)
    columns = ["", *COMPLETION, "alike", "seconds"]
    keep(name, ["# What each choice is worth", "", *header([train, test]), "", *table(columns, rows)])


def _refined(space: TagSpace, corpus: Corpus, change: str) -> TagSpace:
    settings = dict(CHANGES[change])
    epochs = settings.pop("epochs", 15)
    inputs, outputs = space.inputs, space.outputs
    if change == "from random vectors":
        draw = np.random.default_rng(1)
        inputs, outputs = (draw.normal(0, RANDOM, inputs.shape).astype(np.float32) for _ in range(2))
    with _changed(settings):
        posts = read.Posts.of(corpus.authored(), space.rows)
        inputs, outputs, bias = stage.refine(posts, inputs, outputs, space.counts, epochs, seed=1)
    return TagSpace(space.entries, inputs, outputs, space.config, bias=bias)


@contextmanager
def _changed(settings: dict[str, Any]) -> Iterator[None]:
    where = {name: stage if hasattr(stage, name) else read for name in settings}
    before = {name: getattr(module, name) for name, module in where.items()}
    for name, value in settings.items():
        setattr(where[name], name, value)
    try:
        yield
    finally:
        for name, value in before.items():
            setattr(where[name], name, value)


def _figures(space: TagSpace, test: Path) -> list[float]:
    queries = make_queries(space, test, lambda where, reason: None)
    return [*map(float, hits_and_mrr(rank(queries, space_scorer(space))).mean(axis=0)), _alike(space)]


def _alike(space: TagSpace) -> float:
    words = [normalise(form) for form in space.forms]
    runs = [{word[i : i + LETTERS] for i in range(len(word) - LETTERS + 1)} for word in words]
    units = space.inputs / np.maximum(np.linalg.norm(space.inputs, axis=1, keepdims=True), 1e-12)
    shares = []
    for row in range(min(FREQUENT, len(space))):
        cosines = units @ units[row]
        cosines[row] = -np.inf
        shares.append(np.mean([bool(runs[row] & runs[near]) for near in np.argsort(-cosines)[:NEAREST]]))
    return float(np.mean(shares))


if __name__ == "__main__":
    main()
