"""Each baseline against a small case worked out another way."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tag2vec import Corpus, TagSpace
from tag2vec.errors import UsageError
from tag2vec.evaluation import baselines
from tag2vec.evaluation.baselines import BASELINES, ease, implicit_mf
from tests.scraping.test_corpus import write_posts

POSTS = ["sea sun sand", "sea sun", "sea sand boat", "snow ski", "snow ski sun", "boat sea"] * 100


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    folder = tmp_path_factory.mktemp("baselines")
    posts = [{"id": str(i), "tags": tags.split()} for i, tags in enumerate(POSTS)]
    return Corpus.build(write_posts(folder / "posts.jsonl", posts), folder / "corpus", stemmer="none")


@pytest.fixture(scope="module")
def space(corpus: Corpus) -> TagSpace:
    return TagSpace.fit(corpus, dim=3, min_count=1, epochs=1)


def _carried(space: TagSpace, corpus: Corpus) -> NDArray[np.float64]:
    table = np.zeros((len(corpus), len(space)))
    for i, post in enumerate(corpus):
        table[i, [space.rows[stem] for stem in post]] = 1
    return table


@pytest.mark.parametrize("name", BASELINES)
def test_scores_are_one_row_a_query_and_repeat(name: str, space: TagSpace, corpus: Corpus) -> None:
    given = [[0, 2], [1], [3, 4, 5]]
    scores = BASELINES[name](space, corpus)(given)
    assert scores.shape == (3, len(space)) and np.isfinite(scores).all()
    np.testing.assert_allclose(scores, BASELINES[name](space, corpus)(given), atol=1e-5)
    np.testing.assert_allclose(scores[1:2], BASELINES[name](space, corpus)(given[1:2]), atol=1e-5)


def test_ease_is_each_tag_s_ridge_regression_on_the_others(space: TagSpace, corpus: Corpus) -> None:
    table = _carried(space, corpus)
    scores = ease(space, corpus)([[row] for row in range(len(space))])
    for tag in range(len(space)):
        others = [row for row in range(len(space)) if row != tag]
        x, y = table[:, others], table[:, tag]
        by_hand = np.linalg.solve(x.T @ x + baselines.EASE_WEIGHT * np.eye(len(others)), x.T @ y)
        np.testing.assert_allclose(scores[others, tag], by_hand, rtol=1e-3, atol=1e-6)
        assert scores[tag, tag] == 0


def test_ease_of_two_tags(tmp_path: Path) -> None:
    posts = [{"id": str(i), "tags": ["aa", "bb"] if i < 3 else ["aa", "rare"]} for i in range(4)]
    corpus = Corpus.build(write_posts(tmp_path / "posts.jsonl", posts), tmp_path / "corpus", stemmer="none")
    space = TagSpace.fit(corpus, dim=2, min_count=2, epochs=1)
    a, b = space.rows["aa"], space.rows["bb"]
    scores = ease(space, corpus)([[a], [b]])
    weight = baselines.EASE_WEIGHT  # aa stands in 4 posts, bb in 3, both together in 3
    assert scores[0, b] == pytest.approx(3 / (4 + weight)) and scores[1, a] == pytest.approx(3 / (3 + weight))


def test_ease_is_not_tried_on_more_tags_than_memory_holds(
    space: TagSpace, corpus: Corpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(baselines, "EASE_MOST", 5)
    with pytest.raises(UsageError, match="of 6 tags here; wanted 5 or fewer.*--min-count"):
        ease(space, corpus)


def test_factorisation_keeps_apart_what_never_stands_together(space: TagSpace, corpus: Corpus) -> None:
    scores = implicit_mf(space, corpus)([[space.rows["sand"]], [space.rows["ski"]]])
    assert scores[0, space.rows["sea"]] > scores[0, space.rows["snow"]]
    assert scores[1, space.rows["snow"]] > scores[1, space.rows["sea"]]
