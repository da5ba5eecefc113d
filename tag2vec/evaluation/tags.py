"""Tag completion: hide one tag of each post and rank all tags given the others.

Protocol: posts with at least 2 distinct stems; of those stems the ones in the space are kept; posts that keep 2 or
more give one query each, in file order, the hidden stem drawn by `random.Random(1).choice` over the post's stems in
order. All tags of the space but the given ones are ranked, ties at their middle rank.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tag2vec.embed.space import TagSpace
from tag2vec.errors import MissingExtra, SourceError, UsageError
from tag2vec.evaluation.baselines import BASELINES, Baseline, Scorer, space_scorer
from tag2vec.evaluation.intervals import LEVEL, interval, resample
from tag2vec.evaluation.metrics import COMPLETION, hits_and_mrr, middle_ranks
from tag2vec.scraping.find import find
from tag2vec.scraping.sources import Skip

BATCH = 256  # queries scored at a time: bounds memory at BATCH x vocabulary
SHOWN = "hit@10"  # the metric whose intervals a table has room for


@dataclass(frozen=True)
class Queries:
    """`given[i]` are the rows that stay of post i, `hidden[i]` the row to find, `groups[i]` the number of its group.

    Groups count from 0: the posts of one author, or one post that names none.
    """

    given: list[list[int]]
    hidden: NDArray[np.intp]
    groups: NDArray[np.intp]


def evaluate_tags(
    model: str | Path,
    posts: str | Path,
    corpus: str | Path | None = None,
    skip: Skip = lambda where, reason: None,
    tick: Callable[[int], None] | None = None,
    baselines: Mapping[str, Baseline] = BASELINES,
) -> dict[str, Any]:
    """The protocol on the space of `model`, with baselines fitted on the corpus the space was fitted on.

    `corpus` is needed when that corpus is no longer where it was. Every metric (higher is better) has a 95 % interval
    under "intervals", and a baseline's "difference" has those of ours minus it, on the same resampled groups of posts;
    both are empty when there is only one group, see Queries. "left_out" has the reason of each baseline that
    cannot be fitted here. Raises SourceError when `posts` give no query.
    """
    space = TagSpace.load(model)
    queries = make_queries(space, posts, skip)
    training = space.corpus(corpus)
    values = [hits_and_mrr(rank(queries, space_scorer(space)))]
    fitted: list[str] = []
    left_out: dict[str, str] = {}
    for done, (name, baseline) in enumerate(baselines.items(), start=1):
        if tick:
            tick(done)
        try:
            scorer = baseline(space, training)
        except (MissingExtra, UsageError) as error:
            left_out[name] = str(error)
            continue
        values.append(hits_and_mrr(rank(queries, scorer)))
        fitted.append(name)
    own, *others = _with_intervals(np.stack(values), queries.groups)
    return {
        "queries": len(queries.given),
        "groups": int(queries.groups.max()) + 1,
        "vocabulary": len(space),
        **own,
        "baselines": dict(zip(fitted, others, strict=True)),
        "left_out": left_out,
    }


def table(report: dict[str, Any]) -> tuple[list[str], list[list[object]]]:
    """Header and rows of what evaluate_tags gives: all metrics, and the intervals of one."""
    header = ["", *COMPLETION, f"{SHOWN}, {LEVEL} %", f"ours - it, {LEVEL} %"]
    rows: list[list[object]] = []
    for name, row in [("ours", report), *report["baselines"].items()]:
        ends = [_ends(row["intervals"], ".3f"), _ends(row.get("difference", {}), "+.3f")]
        rows.append([name, *(row[metric] for metric in COMPLETION), *ends])
    return header, rows


def make_queries(space: TagSpace, posts: str | Path, skip: Skip) -> Queries:
    """Hide one tag of each post."""
    draw = random.Random(1)
    given: list[list[int]] = []
    hidden: list[int] = []
    numbers: dict[str | int, int] = {}
    groups: list[int] = []
    for source, query in find(str(posts), skip, {}):
        for post in source.posts(query):
            rows = [space.rows[stem] for stem in space.stems.of(post) if stem in space.rows]
            if len(rows) < 2:
                continue
            target = draw.choice(rows)
            given.append([row for row in rows if row != target])
            groups.append(numbers.setdefault(post.author or len(hidden), len(numbers)))
            hidden.append(target)
    if not given:
        raise SourceError(f"No post in {posts} has two tags that the space knows; nothing to evaluate.")
    return Queries(given, np.array(hidden, dtype=np.intp), np.array(groups, dtype=np.intp))


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


def _with_intervals(values: NDArray[np.float64], groups: NDArray[np.intp]) -> list[dict[str, Any]]:
    """values (n, m, metrics) of n ways, ours first -> each one's metrics with their intervals."""
    n, m, metrics = values.shape
    means = resample(values.swapaxes(0, 1).reshape(m, -1), groups).reshape(-1, n, metrics)

    def spread(of: NDArray[np.float64]) -> dict[str, Any]:
        # One author says nothing of others, and the same resample a thousand times would look like certainty.
        return _named(interval(of).T) if groups.max() else {}

    rows = [{**_named(values[i].mean(axis=0)), "intervals": spread(means[:, i])} for i in range(n)]
    for i in range(1, n):
        rows[i]["difference"] = spread(means[:, 0] - means[:, i])
    return rows


def _named(figures: NDArray[np.float64]) -> dict[str, Any]:
    """figures (metrics, ...) by the names of their metrics, rounded."""
    return dict(zip(COMPLETION, figures.round(4).tolist(), strict=True))


def _ends(intervals: dict[str, list[float]], form: str) -> str:
    return f"[{', '.join(format(end, form) for end in intervals[SHOWN])}]" if intervals else ""
