"""The second stage of a tag space."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from tag2vec.embed import refine as stage
from tag2vec.embed.posts import Posts
from tag2vec.embed.refine import DECAY, RATE, _Rows, refine

DIM = 12
GROUPS = 8  # groups of six tags that stand together


@pytest.fixture(scope="module")
def posts() -> Posts:
    draw = np.random.default_rng(0)
    known = {f"t{row}": row for row in range(6 * GROUPS)}
    sentences = [[f"t{6 * (i % GROUPS) + j}" for j in draw.choice(6, 3, replace=False)] for i in range(2000)]
    return Posts.of(((i, [*stems, "unknown"]) for i, stems in enumerate(sentences)), known)


def hits(inputs: np.ndarray, outputs: np.ndarray, bias: np.ndarray) -> float:
    """Share of the five best tags for each tag alone that are of its group."""
    scores = inputs @ outputs.T + bias
    np.fill_diagonal(scores, -np.inf)
    best = np.argsort(-scores, axis=1)[:, :5]
    return float((best // 6 == np.arange(6 * GROUPS)[:, None] // 6).mean())


@pytest.mark.parametrize("sampled", [stage.SAMPLED, 16])
def test_groups_are_learnt_with_all_rivals_and_with_some(
    posts: Posts, sampled: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stage, "SAMPLED", sampled)
    draw = np.random.default_rng(1)
    start = [draw.normal(size=(6 * GROUPS, DIM)).astype(np.float32) * 0.1 for _ in range(2)]
    counts = np.bincount(posts.rows)
    done: list[int] = []
    found = refine(posts, *start, counts, 15, 1, done.append)
    assert hits(*start, np.zeros(6 * GROUPS)) < 0.3 and hits(*found) > 0.95
    assert done == list(range(1, 16))
    assert all(np.array_equal(a, b) for a, b in zip(found, refine(posts, *start, counts, 15, 1), strict=True))
    assert not np.array_equal(found[0], refine(posts, *start, counts, 15, 2)[0])


def test_posts_keep_known_tags_and_authors_share_their_weight() -> None:
    posts = Posts.of(
        [(7, ["a", "b", "x"]), (7, ["b", "c"]), (7, ["c", "x"]), (8, ["c", "a"]), (9, [])], {"a": 0, "b": 1, "c": 2}
    )
    assert posts.rows.tolist() == [0, 1, 1, 2, 2, 0] and posts.start.tolist() == [0, 2, 4, 6]
    assert posts.weight.mean() == pytest.approx(1)
    assert posts.weight[2] / posts.weight[0] == pytest.approx(math.sqrt(2))
    assert len(Posts.of([(1, ["x"])], {"a": 0})) == 0


def test_rows_that_are_touched_learn_as_adam_does() -> None:
    start = np.random.default_rng(0).normal(size=(5, 3)).astype(np.float32)
    ours, theirs = _Rows(start, 0.0), torch.nn.Parameter(torch.tensor(start[:3]))
    adam = torch.optim.Adam([theirs], lr=RATE)
    for step in range(1, 11):
        (ours.take(torch.arange(3)) ** 3).sum().backward()
        ours.step(step / 10)
        adam.param_groups[0]["lr"] = RATE * (1 + math.cos(math.pi * step / 10)) / 2
        adam.zero_grad()
        (theirs**3).sum().backward()
        adam.step()
    assert np.allclose(ours.numpy()[:3], theirs.detach().numpy(), atol=1e-6)
    assert np.array_equal(ours.numpy()[3:], start[3:])


def test_decay_that_a_row_missed_is_made_up_for() -> None:
    start = np.ones((2, 4), np.float32)
    rows = _Rows(start, DECAY)
    for step in range(1, 21):
        (rows.take(torch.tensor([0])) * 0).sum().backward()
        rows.step(step / 20)
    assert np.allclose(rows.numpy(), math.exp(-DECAY), atol=1e-5)
    assert start.min() == 1


def test_vectors_decay_towards_where_they_started_when_they_are_anchored() -> None:
    start, far = np.ones((2, 4), np.float32), {}
    for decay in (0.01, 50.0):
        rows = _Rows(start, decay, anchored=True)
        for step in range(1, 21):
            rows.take(torch.tensor([0])).sum().backward()
            rows.step(step / 20)
        far[decay] = float(np.abs(rows.numpy()[0] - 1).max())
        assert np.array_equal(rows.numpy()[1], start[1])
    assert 0 < far[50.0] < far[0.01] / 5
