"""Tags that a space lacks: completion where the hidden tag has too few training posts, or none.

Protocol: the stems of the test posts that the space lacks are *rare* (they stand in training posts, fewer than the
space asks for) or *new* (in none). Each post with such a stem and a known one gives a query, in file order: one of its
rare (new) stems is hidden, drawn by `random.Random(1).choice` over them in order, and all known stems of the post are
given. The known tags and all rare (new) ones are ranked, ties at their middle rank. A new tag's vector comes from its
spelling alone, that of a rare one also from its training posts.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tag2vec.embed.compose import composed, words_inside
from tag2vec.embed.newtags import extended
from tag2vec.embed.space import TagSpace, Vectors
from tag2vec.errors import SourceError, UnknownName
from tag2vec.evaluation.baselines import Scorer, space_scorer
from tag2vec.evaluation.metrics import middle_ranks
from tag2vec.evaluation.tags import BATCH, Queries, make_queries, rank
from tag2vec.scraping.corpus import Corpus, Entry
from tag2vec.scraping.find import find
from tag2vec.scraping.normalise import normalise
from tag2vec.scraping.sources import Skip

RARE = ("hit@10", "hit@50", "mrr")
GIVEN = 1000  # queries of the protocol turned round, each of which looks through all spellings
NEIGHBOURS = 10  # known tags that the comparison `spelling` averages


@dataclass(frozen=True)
class Lacking:
    """Tags that a space lacks: what they are, and the rows that stand beside them in each of their training posts."""

    entries: list[Entry]
    beside: list[list[list[int]]]


def evaluate_rare(
    model: str | Path,
    posts: str | Path,
    corpus: str | Path | None = None,
    skip: Skip = lambda where, reason: None,
) -> dict[str, Any]:
    """The protocol on the space of `model`, for "rare" and for "new" tags.

    Each has its number of "queries" and of "tags" ranked beside the known ones, and metrics (RARE, higher is better):
    "ways" of ours and of its parts alone; "known" of the queries of `evaluate_tags`, whose hidden tags are known ones,
    with these tags of ours among those ranked (the report's own "known": without). "given" turns the protocol round,
    for GIVEN queries at most: the rare (new) tag is given alone, as it is written, and a known one of its post is
    found among the known ones. Raises SourceError when no post has a query.
    """
    space = TagSpace.load(model)
    known = make_queries(space, posts, skip)
    report: dict[str, Any] = {"known": _metrics(rank(known, space_scorer(space)))}
    stems = [space.stems.of(post) for source, query in find(str(posts), skip, {}) for post in source.posts(query)]
    for kind, lacking in _lacking(space, space.corpus(corpus), stems).items():
        queries = _queries(space, lacking, stems)
        if queries is None:
            continue
        ways = dict(_ways(space, lacking))
        report[kind] = {
            "queries": len(queries.given),
            "tags": len(lacking.entries),
            "ways": {name: _metrics(rank(queries, scorer)) for name, scorer in ways.items()},
            "known": _metrics(rank(known, ways["ours"])),
            "given": {name: _metrics(ranks) for name, ranks in _given(space, lacking, queries)},
        }
    if len(report) == 1:
        raise SourceError(f"No post in {posts} has a tag that the space lacks beside a known one; nothing to evaluate.")
    return report


def _lacking(space: TagSpace, corpus: Corpus, posts: Sequence[Mapping[str, str]]) -> dict[str, Lacking]:
    forms = {stem: form for post in posts for stem, form in post.items() if stem not in space.rows}
    rare = {entry.stem: entry for entry in corpus.vocabulary() if entry.stem in forms}
    beside: dict[str, list[list[int]]] = {stem: [] for stem in rare}
    for sentence in corpus:
        for stem in beside.keys() & sentence:
            beside[stem].append([space.rows[other] for other in sentence if other in space.rows])
    new = [Entry(stem, 0, {form: 1}) for stem, form in sorted(forms.items()) if stem not in rare]
    return {"rare": Lacking(list(rare.values()), list(beside.values())), "new": Lacking(new, [[] for _ in new])}


def _queries(space: TagSpace, lacking: Lacking, posts: Iterable[Iterable[str]]) -> Queries | None:
    rows = {entry.stem: len(space) + i for i, entry in enumerate(lacking.entries)}
    draw = random.Random(1)
    given: list[list[int]] = []
    hidden: list[int] = []
    for post in posts:
        known, wanted = ([of[stem] for stem in post if stem in of] for of in (space.rows, rows))
        if known and wanted:
            given.append(known)
            hidden.append(draw.choice(wanted))
    return Queries(given, np.array(hidden, dtype=np.intp), np.arange(len(given))) if given else None


def _ways(space: TagSpace, lacking: Lacking) -> Iterable[tuple[str, Scorer]]:
    """Ours, and its parts alone: ways to score the known tags and, after them, those that the space lacks."""
    no_words: list[dict[int, float]] = [{} for _ in lacking.entries]
    inside = [words_inside(space, _form(entry)) for entry in lacking.entries]
    yield "ours", space_scorer(_extended(space, lacking.entries, inside, lacking.beside))
    yield "words inside", space_scorer(_extended(space, lacking.entries, inside))
    yield "tags beside", space_scorer(_extended(space, lacking.entries, no_words, lacking.beside))
    yield "spelling", space_scorer(_extended(space, lacking.entries, _spelling(space, lacking.entries)))
    counts = np.append(space.counts, [entry.count for entry in lacking.entries]).astype(np.float32)
    yield "popularity", lambda given: np.tile(counts, (len(given), 1))


def _extended(
    space: TagSpace,
    entries: Sequence[Entry],
    words: Sequence[Mapping[int, float]],
    beside: Sequence[list[list[int]]] = (),
) -> TagSpace:
    inputs, outputs = (composed(known, words, beside) for known in (space.inputs, space.outputs))
    return extended(space, [*space.entries, *entries], inputs, outputs)


def _spelling(space: TagSpace, entries: Sequence[Entry]) -> list[dict[int, float]]:
    """The known tags nearest by the cosine of the TF-IDF of their runs of 3 to 5 letters: {row: cosine squared}."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    grams = TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 5), dtype=np.float32)
    known = grams.fit_transform(map(normalise, space.forms)).T.tocsr()
    asked = grams.transform(map(_form, entries))
    found: list[dict[int, float]] = []
    for start in range(0, len(entries), BATCH):
        near = (asked[start : start + BATCH] @ known).tocsr()
        for i in range(near.shape[0]):
            part = slice(near.indptr[i], near.indptr[i + 1])
            best = np.argsort(-near.data[part], kind="stable")[:NEIGHBOURS]
            squares = (near.data[part][best] ** 2).tolist()
            found.append(dict(zip(near.indices[part][best].tolist(), squares, strict=True)))
    return found


def _given(space: TagSpace, lacking: Lacking, queries: Queries) -> Iterable[tuple[str, NDArray[np.float64]]]:
    """Ranks of a known tag of each post among all known ones, given the tag that the space lacks, by its spelling."""
    draw = random.Random(1)
    every = -(-len(queries.given) // GIVEN)
    hidden = np.array([draw.choice(rows) for rows in queries.given[::every]], dtype=np.intp)
    tags = [_form(lacking.entries[row - len(space)]) for row in queries.hidden[::every]]

    def ranks(vector: Callable[[str], Vectors]) -> NDArray[np.float64]:
        scores = (space.beside_vectors(vector(tag)[None])[None] for tag in tags)
        return np.concatenate([middle_ranks(s, hidden[i : i + 1]) for i, s in enumerate(scores)])

    def ours(tag: str) -> Vectors:
        return space.vector(space.place(tag))

    def inside(tag: str) -> Vectors:
        vector: Vectors = composed(space.inputs, [words_inside(space, tag)])[0]
        return vector

    yield "ours", ranks(_or_nothing(space, ours))
    yield "nearest spelling", ranks(_or_nothing(space, lambda tag: space.inputs[space.resolve(tag).row]))
    yield "words inside", ranks(inside)
    yield "popularity", middle_ranks(np.tile(space.counts.astype(np.float32), (len(hidden), 1)), hidden)


def _or_nothing(space: TagSpace, vector: Callable[[str], Vectors]) -> Callable[[str], Vectors]:
    """`vector`, or zeros, which rank all tags alike, where the space has no answer."""

    def answer(tag: str) -> Vectors:
        try:
            return vector(tag)
        except UnknownName:
            return np.zeros(space.dim, np.float32)

    return answer


def _form(entry: Entry) -> str:
    return normalise(next(iter(entry.forms)))


def _metrics(ranks: NDArray[np.float64]) -> dict[str, float]:
    figures = ((ranks <= 10).mean(), (ranks <= 50).mean(), (1 / ranks).mean())
    return dict(zip(RARE, (round(float(figure), 4) for figure in figures), strict=True))
