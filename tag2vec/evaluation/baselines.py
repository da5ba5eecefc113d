"""Other ways to complete tags, which ours is measured beside.

Each is fitted on the corpus of the space and scores the tags of the space. A new one is a function and its line in
BASELINES; it raises MissingExtra or UsageError where it cannot be fitted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tag2vec.embed.skipgram import SEED_RECIPE
from tag2vec.embed.space import TagSpace, query
from tag2vec.embed.threads import one_thread
from tag2vec.errors import UsageError, importing
from tag2vec.scraping.corpus import Corpus

# EASE holds two dense v x v matrices of 4 bytes a number: 0.8 GB at 10,000 tags. Its time grows with v cubed.
EASE_MOST = 10_000
# Added to the diagonal of the co-occurrence matrix, in posts (lambda of the paper).
EASE_WEIGHT = 100.0
# A post has few tags and the space many: the library's own alpha of 1 loses a third of the hits and more.
MF_SETTINGS: dict[str, Any] = {"alpha": 300.0, "regularization": 300.0, "iterations": 15}

Scorer = Callable[[Sequence[list[int]]], NDArray[np.float32]]
"""(m lists of given rows) -> scores (m, v), higher is better."""

Baseline = Callable[[TagSpace, Corpus], Scorer]


def space_scorer(space: TagSpace) -> Scorer:
    """A space's own way, see `TagSpace.beside`."""

    def score(given: Sequence[list[int]]) -> NDArray[np.float32]:
        scores: NDArray[np.float32] = (
            np.stack([query(space.inputs[rows]) for rows in given]) @ space.outputs.T + space.bias
        )
        return scores

    return score


def popularity(space: TagSpace, corpus: Corpus) -> Scorer:
    """The number of posts of each tag, whatever is given."""
    counts = space.counts.astype(np.float32)
    return lambda given: np.tile(counts, (len(given), 1))


def item_item(space: TagSpace, corpus: Corpus) -> Scorer:
    """Cosine of two tags' sets of posts, summed over the given tags."""
    from scipy.sparse import diags

    together = _together(space, corpus)
    scale = diags(1 / np.sqrt(np.maximum(together.diagonal(), 1)))
    cosine = (scale @ together @ scale).tocsr()

    def score(given: Sequence[list[int]]) -> NDArray[np.float32]:
        return np.stack([np.asarray(cosine[rows].sum(axis=0), np.float32).ravel() for rows in given])

    return score


def ease(space: TagSpace, corpus: Corpus) -> Scorer:
    """EASE (Steck 2019, "Embarrassingly Shallow Autoencoders for Sparse Data", eq. 8).

    The linear map from a post's tags to themselves with a zero diagonal and the least squared error, in closed form.
    Raises UsageError when there are more than EASE_MOST tags.
    """
    from scipy.linalg import cho_factor, cho_solve

    if len(space) > EASE_MOST:
        raise UsageError(
            f"ease inverts the whole co-occurrence matrix, of {len(space):,} tags here; wanted {EASE_MOST:,} or fewer. "
            "Fit the space with a larger --min-count."
        )
    gram = _together(space, corpus).toarray(order="F")  # as LAPACK wants it, or it makes copies
    gram[np.diag_indices_from(gram)] += EASE_WEIGHT
    unit = np.eye(len(gram), dtype=gram.dtype, order="F")
    weights = cho_solve(cho_factor(gram, overwrite_a=True), unit, overwrite_b=True)
    weights /= -weights.diagonal().copy()
    np.fill_diagonal(weights, 0)
    return lambda given: np.stack([weights[rows].sum(axis=0) for rows in given])


def implicit_mf(space: TagSpace, corpus: Corpus) -> Scorer:
    """Matrix factorisation for implicit feedback (Hu, Koren and Volinsky 2008), with as many factors as the space.

    The given tags are folded in as a new post (their eq. 4). Raises MissingExtra.
    """
    with importing("The baseline implicit_mf", "implicit", "baselines"):
        from implicit.cpu.als import AlternatingLeastSquares

    with one_thread():
        model = AlternatingLeastSquares(space.dim, num_threads=1, random_state=space.config["seed"], **MF_SETTINGS)
        model.fit(_posts(space, corpus), show_progress=False)

    def score(given: Sequence[list[int]]) -> NDArray[np.float32]:
        with one_thread():
            posts = model.recalculate_user(np.arange(len(given)), carries(given, len(space)))
        scores: NDArray[np.float32] = posts @ model.item_factors.T
        return scores

    return score


def skipgram(space: TagSpace, corpus: Corpus) -> Scorer:
    """The first stage of ours alone: word2vec with our settings."""
    kept = {name: space.config[name] for name in ("dim", "min_count", "seed")}
    return space_scorer(TagSpace.fit(corpus, **kept, refine=0))


def seed(space: TagSpace, corpus: Corpus) -> Scorer:
    """The recipe of Singh et al. 2016: gensim's defaults, nearest to the mean of the given tags by L2 distance."""
    settings = {name: space.config[name] for name in ("dim", "min_count", "seed")}
    vectors = TagSpace.fit(corpus, **settings, **SEED_RECIPE).inputs
    squares = (vectors**2).sum(axis=1)

    def score(given: Sequence[list[int]]) -> NDArray[np.float32]:
        means = np.stack([vectors[rows].mean(axis=0) for rows in given])
        scores: NDArray[np.float32] = 2 * means @ vectors.T - squares
        return scores

    return score


BASELINES: Mapping[str, Baseline] = {
    "popularity": popularity,
    "item_item": item_item,
    "ease": ease,
    "implicit_mf": implicit_mf,
    "skipgram": skipgram,
    "seed": seed,
}


def _together(space: TagSpace, corpus: Corpus) -> Any:
    """In how many posts two tags stand together: scipy matrix (v, v) float32, the diagonal is each tag's posts."""
    posts = _posts(space, corpus)
    return (posts.T @ posts).tocsr()


def _posts(space: TagSpace, corpus: Corpus) -> Any:
    """The tags of the space in each post of the corpus."""
    return carries(([space.rows[stem] for stem in post if stem in space.rows] for post in corpus), len(space))


def carries(posts: Iterable[list[int]], tags: int) -> Any:
    """Lists of rows -> scipy matrix (m, tags) float32, 1 where a post carries a tag."""
    from scipy.sparse import csr_matrix

    posts = list(posts)
    indptr = np.cumsum([0, *map(len, posts)])
    columns = np.concatenate([np.array(rows, dtype=np.int32) for rows in posts])
    return csr_matrix((np.ones(len(columns), np.float32), columns, indptr), shape=(len(posts), tags))
