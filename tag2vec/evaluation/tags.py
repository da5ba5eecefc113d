"""Tag completion: hide one tag of each post and rank all tags given the others.

Protocol: posts with at least 2 distinct stems; of those stems the ones in the space are kept; posts that keep 2 or
more give one query each, in file order, the hidden stem drawn by `random.Random(1).choice` over the post's stems in
order. All tags of the space but the given ones are ranked, ties at their middle rank.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tag2vec.embed.skipgram import SEED_RECIPE
from tag2vec.embed.space import TagSpace
from tag2vec.errors import ArtifactError, SourceError
from tag2vec.evaluation.metrics import hits_and_mrr, middle_ranks
from tag2vec.scraping.corpus import Corpus
from tag2vec.scraping.find import find
from tag2vec.scraping.sources import Skip

BATCH = 256  # queries scored at a time: bounds memory at BATCH x vocabulary

Scorer = Callable[[Sequence[list[int]]], NDArray[np.float32]]
"""(m lists of given rows) -> scores (m, v), higher is better."""


@dataclass(frozen=True)
class Queries:
    """`given[i]` are the rows that stay of post i, `hidden[i]` the row to find."""

    given: list[list[int]]
    hidden: NDArray[np.intp]


def evaluate_tags(
    model: str | Path,
    posts: str | Path,
    corpus: str | Path | None = None,
    skip: Skip = lambda where, reason: None,
    tick: Callable[[int], None] | None = None,
) -> dict[str, Any]:
    """The protocol on the space of `model`, with baselines fitted on the corpus the space was fitted on.

    `corpus` is needed when that corpus is no longer where it was. Raises SourceError when `posts` give no query.
    """
    space = TagSpace.load(model)
    queries = make_queries(space, posts, skip)
    training = _training_corpus(space, corpus)
    stages = {"own": lambda: space_scorer(space), **baselines(space, training)}
    results: dict[str, dict[str, float]] = {}
    for done, (name, make) in enumerate(stages.items()):
        if tick:
            tick(done)
        results[name] = hits_and_mrr(rank(queries, make()))
    own = results.pop("own")
    return {"queries": len(queries.given), "vocabulary": len(space), **own, "baselines": results}


def make_queries(space: TagSpace, posts: str | Path, skip: Skip) -> Queries:
    """Hide one tag of each post."""
    draw = random.Random(1)
    given: list[list[int]] = []
    hidden: list[int] = []
    for source, query in find(str(posts), skip, {}):
        for post in source.posts(query):
            rows = [space.rows[stem] for stem in space.stems.of(post) if stem in space.rows]
            if len(rows) < 2:
                continue
            target = draw.choice(rows)
            given.append([row for row in rows if row != target])
            hidden.append(target)
    if not given:
        raise SourceError(f"No post in {posts} has two tags that the space knows; nothing to evaluate.")
    return Queries(given, np.array(hidden, dtype=np.intp))


def rank(queries: Queries, scorer: Scorer) -> NDArray[np.float64]:
    """Rank of each hidden tag (m,), 1 is best."""
    ranks = []
    for start in range(0, len(queries.given), BATCH):
        given = queries.given[start : start + BATCH]
        scores = scorer(given)
        for row, taken in enumerate(given):
            scores[row, taken] = -np.inf
        ranks.append(middle_ranks(scores, queries.hidden[start : start + BATCH]))
    return np.concatenate(ranks)


def space_scorer(space: TagSpace) -> Scorer:
    """Ours: mean input vector of the given tags times all output vectors."""

    def score(given: Sequence[list[int]]) -> NDArray[np.float32]:
        means = np.stack([space.inputs[rows].mean(axis=0) for rows in given])
        scores: NDArray[np.float32] = means @ space.outputs.T
        return scores

    return score


def baselines(space: TagSpace, corpus: Corpus) -> dict[str, Callable[[], Scorer]]:
    """The simple ways, and the way of Singh et al. 2016; each is fitted when called."""
    return {
        "popularity": lambda: _popularity(space),
        "item_item": lambda: _item_item(space, corpus),
        "seed": lambda: _seed(space, corpus),
    }


def _popularity(space: TagSpace) -> Scorer:
    counts = space.counts.astype(np.float32)
    return lambda given: np.tile(counts, (len(given), 1))


def _item_item(space: TagSpace, corpus: Corpus) -> Scorer:
    """Cosine of two tags' sets of posts, summed over the given tags."""
    from scipy.sparse import csr_matrix, diags

    posts = [[space.rows[stem] for stem in sentence if stem in space.rows] for sentence in corpus]
    indptr = np.cumsum([0, *map(len, posts)])
    columns = np.concatenate([np.array(rows, dtype=np.int64) for rows in posts])
    carries = csr_matrix((np.ones(len(columns), np.float32), columns, indptr), shape=(len(posts), len(space)))
    together = (carries.T @ carries).tocsr()
    scale = diags(1 / np.sqrt(np.maximum(together.diagonal(), 1)))
    cosine = (scale @ together @ scale).tocsr()

    def score(given: Sequence[list[int]]) -> NDArray[np.float32]:
        return np.stack([np.asarray(cosine[rows].sum(axis=0), np.float32).ravel() for rows in given])

    return score


def _seed(space: TagSpace, corpus: Corpus) -> Scorer:
    """gensim's defaults, nearest to the mean of the given tags by L2 distance."""
    settings = {name: space.config[name] for name in ("dim", "min_count", "seed")}
    seed = TagSpace.fit(corpus, **settings, **SEED_RECIPE)
    order = [seed.rows[entry.stem] for entry in space.entries]
    vectors = seed.inputs[order]
    squares = (vectors**2).sum(axis=1)

    def score(given: Sequence[list[int]]) -> NDArray[np.float32]:
        means = np.stack([vectors[rows].mean(axis=0) for rows in given])
        scores: NDArray[np.float32] = 2 * means @ vectors.T - squares
        return scores

    return score


def _training_corpus(space: TagSpace, corpus: str | Path | None) -> Corpus:
    try:
        found = Corpus.load(corpus or space.config["corpus"])
    except ArtifactError as error:
        raise ArtifactError(
            f"The baselines need the corpus that the model was fitted on. {error} Name it with --corpus."
        ) from error
    if found.folder.digest != space.parents.get("corpus", ""):
        raise ArtifactError(
            f"{found.folder.folder} is not the corpus that the model was fitted on: its checksum is "
            f"{found.folder.digest[:12]}, the model's is {space.parents.get('corpus', 'unknown')[:12]}. "
            "Name the right one with --corpus."
        )
    return found
