"""The training of `Forms`: a softmax over the forms of each stem, by AdaGrad, a few posts at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from tag2vec.embed.forms import SHAPE, Floats, Rows, count_cases, evidence
from tag2vec.embed.posts import SHARED, members
from tag2vec.embed.space import TagSpace, Vectors
from tag2vec.embed.style import CASES, case_of
from tag2vec.embed.units import units
from tag2vec.scraping.corpus import Corpus

EPOCHS = 4
RATE = 0.1  # of AdaGrad
BATCH = 256  # posts a step at most,
STEPS = 50  # and steps an epoch at least, which small corpora need
HELD = 1.0  # precision of the Gaussian at 0 that holds the vector of a form
KNOWN = 0.5  # chance of a post to be learnt with the cases beside each tag: both with and without is asked later
UNSEEN = 0.3  # added to the authors of a form


@dataclass(frozen=True)
class _Posts:
    """The tags of post i that the space knows are `rows[start[i] : start[i + 1]]`; `forms` (t,) -1 where not chosen."""

    rows: NDArray[np.int32]
    forms: NDArray[np.int32]
    own: NDArray[np.int8]  # (t,) case of the tag as it is written
    start: NDArray[np.int64]
    cases: NDArray[np.int32]  # (posts, 5) tags in each case but `none`
    author: NDArray[np.int64]  # (posts,) counted from 0

    @property
    def post(self) -> NDArray[np.int64]:
        return np.repeat(np.arange(len(self.author)), np.diff(self.start))


def train(
    corpus: Corpus, space: TagSpace, names: list[str], rows: Rows, seed: int
) -> tuple[Vectors, NDArray[np.float16], Vectors]:
    """-> prior (f,), vectors (f, dim) and cases (6, 5) of the forms `names` (f,) of the tags in `rows` (f,)."""
    posts = _read(corpus.written(), space, names, rows)
    weight = np.asarray(np.bincount(posts.author)[posts.author] ** -SHARED, np.float64)
    chosen = posts.forms >= 0
    weight /= max(weight[posts.post[chosen]].mean(), 1e-12) if chosen.any() else 1.0
    authors = np.unique(np.stack([posts.author[posts.post[chosen]], posts.forms[chosen]]), axis=1)[1]
    prior = np.log(np.bincount(authors, minlength=len(names)) + UNSEEN)
    fit = _Fit(space, prior, rows, np.array([CASES.index(case_of(name)) for name in names], np.intp))
    fit.learn(posts, weight, seed)
    return prior.astype(np.float32), fit.vectors.astype(np.float16), fit.cases.astype(np.float32)


def _read(written: Iterable[tuple[int, dict[str, str]]], space: TagSpace, names: list[str], rows: Rows) -> _Posts:
    place = {(int(row), name): i for i, (row, name) in enumerate(zip(rows, names, strict=True))}
    cases: list[Floats] = []
    authors: list[int] = []
    lengths: list[int] = []

    def tags() -> Iterator[tuple[int, int, int]]:
        for author, forms in written:
            known = [(space.rows[stem], form) for stem, form in forms.items() if stem in space.rows]
            if len(known) > 1:
                cases.append(count_cases(forms.values()))
                authors.append(author)
                lengths.append(len(known))
                for row, form in known:
                    yield row, place.get((row, form), -1), CASES.index(case_of(form))

    found: NDArray[np.int32] = np.fromiter(tags(), np.dtype((np.int32, 3)))
    start = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    _, author = np.unique(np.array(authors, np.uint64), return_inverse=True)
    table = np.array(cases, np.int32).reshape(-1, SHAPE[1])
    return _Posts(found[:, 0], found[:, 1], found[:, 2].astype(np.int8), start, table, author.astype(np.int64))


class _Fit:
    """`vectors` (f, dim) and `cases` (6, 5), and the sums of their squared gradients."""

    def __init__(self, space: TagSpace, prior: Floats, rows: Rows, case: NDArray[np.intp]) -> None:
        self.space, self.prior, self.case = space, prior, case
        self.begin = np.searchsorted(rows, np.arange(len(space) + 1))
        self.vectors, self.squares = (np.zeros((len(prior), space.dim), np.float32) for _ in range(2))
        self.cases, self.case_squares = (np.zeros(SHAPE) for _ in range(2))

    def learn(self, posts: _Posts, weight: Floats, seed: int) -> None:
        draw = np.random.default_rng(seed)
        chosen = posts.forms >= 0
        by_post = weight[posts.post[chosen]]
        seen = np.asarray(np.bincount(posts.rows[chosen], by_post, minlength=len(self.space)), np.float64)
        size = min(BATCH, max(1, len(weight) // STEPS))
        for _ in range(EPOCHS):
            order = draw.permutation(len(weight))
            for first in range(0, len(order), size):
                some = order[first : first + size]
                self._step(posts, some, weight[some], draw.random(len(some)) < KNOWN, seen)

    def _step(
        self, posts: _Posts, some: NDArray[np.int64], weight: Floats, known: NDArray[np.bool_], seen: Floats
    ) -> None:
        _, post, tags = members(posts.start, some)
        inputs = self.space.inputs[posts.rows[tags]]
        whole = (
            csr_array((np.ones(len(post), np.float32), (post, np.arange(len(post)))), (len(some), len(post))) @ inputs
        )
        asked = posts.forms[tags] >= 0
        tags, post = tags[asked], post[asked]
        if not len(tags):
            return
        context = units(whole[post] - inputs[asked])
        beside = posts.cases[some[post]].astype(np.float64)
        cased = np.flatnonzero(posts.own[tags])
        beside[cased, posts.own[tags[cased]] - 1] -= 1
        beside[~known[post]] = 0

        # The forms of each tag lie one after another: (c,) forms, and the tag `of` each.
        row = posts.rows[tags]
        many, of, forms = members(self.begin, row)
        heads = np.cumsum(many) - many
        told = evidence(beside)
        scores = self.prior[forms] + np.einsum("cd,cd->c", self.vectors[forms], context[of])
        scores = scores + np.einsum("cd,cd->c", self.cases[self.case[forms]], told[of])
        chance = np.exp(scores - np.maximum.reduceat(scores, heads)[of])
        chance /= np.add.reduceat(chance, heads)[of]
        wrong = weight[post][of] * (chance - (forms == posts.forms[tags][of]))
        held = HELD * weight[post][of] / seen[row][of]  # each post of a tag takes its share of holding its forms

        touched, at = np.unique(forms, return_inverse=True)
        into = csr_array((wrong.astype(np.float32), (at, of)), (len(touched), len(tags)))
        pull = np.bincount(at, held).astype(np.float32)[:, None]
        slope = into @ context + pull * self.vectors[touched]
        self.squares[touched] += slope**2
        self.vectors[touched] -= RATE * slope / (np.sqrt(self.squares[touched]) + 1e-10)
        by_case = csr_array((wrong, (self.case[forms], of)), (len(CASES), len(tags))) @ told
        self.case_squares += by_case**2
        self.cases -= RATE * by_case / (np.sqrt(self.case_squares) + 1e-10)
