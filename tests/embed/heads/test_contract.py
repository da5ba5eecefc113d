"""What every head promises; the list is the folder's."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch

from tag2vec import plugins
from tag2vec.embed.clips import Clip
from tag2vec.embed.examples import Examples
from tag2vec.embed.features import Features
from tag2vec.embed.fitting import tags_of
from tag2vec.embed.heads import Head, Vectors, Wanted
from tag2vec.embed.newtags import with_composed
from tag2vec.embed.pooled import Poolings
from tag2vec.embed.targets import targets
from tag2vec.embed.training import TrainConfig
from tag2vec.embed.video import VideoEmbedder
from tests.spaces import TAGS, space

NAMES = plugins.names(Head)
SETS = [[0], [1, 3], [0], [4]]  # rows of tags that clips carry; nobody carries the tag of row 2
WIDE = 12


def _head(name: str, fixed: bool = True) -> Head:
    torch.manual_seed(0)
    return plugins.get(Head, name)(Vectors([WIDE - 4, 4], [256, 256], fixed), tags_of(space(), SETS)).eval()


def _wanted() -> Wanted:
    words, own = torch.tensor([own[0] for own in SETS]), targets(space(), SETS, len(TAGS))
    examples = Examples(torch.zeros(4, WIDE), own, len(TAGS), words, "abcd", torch.zeros(WIDE))
    return examples.wanted(torch.arange(4))


@pytest.mark.parametrize("fixed", [True, False])
@pytest.mark.parametrize("name", NAMES)
def test_shapes_and_gradients(name: str, fixed: bool) -> None:
    head, pooled = _head(name, fixed), torch.randn(4, WIDE)
    head.prepare(pooled, torch.zeros(WIDE))
    points = head(head.reduce(pooled))
    losses = head.loss(points, _wanted())
    assert losses.shape == (4,) and head.queries(points).shape[1] == head.items().shape[1]
    assert head.items().shape[0] == len(TAGS) and head.direct(points).shape == (4, len(head.carried))
    losses.sum().backward()  # type: ignore[no-untyped-call]
    grown = [float(p.grad.abs().sum()) for p in head.parameters() if p.grad is not None]
    assert np.isfinite(grown).all() and max(grown) > 0


@pytest.mark.parametrize("name", NAMES)
def test_one_clip_is_scored_as_in_a_batch(name: str) -> None:
    head, pooled = _head(name), torch.randn(4, WIDE)
    head.prepare(pooled, torch.zeros(WIDE))
    with torch.no_grad():
        together = head(head.reduce(pooled))
        alone = torch.cat([head(head.reduce(one[None])) for one in pooled])
    torch.testing.assert_close(alone, together, atol=1e-5, rtol=1e-5)


@dataclass(frozen=True)
class _Given(Features):
    dim: int = WIDE


@pytest.mark.parametrize("name", NAMES)
def test_it_learns_what_clips_carry(name: str) -> None:
    draw = np.random.default_rng(0)
    middles = 3 * draw.normal(size=(3, WIDE)).astype(np.float32)
    kinds = [("skate",), ("newyork", "new"), ("longisland",)]
    which = np.arange(60) % 3
    seen = middles[which] + draw.normal(size=(60, WIDE)).astype(np.float32)
    clips = [Clip(Path(f"{i}.mp4"), kinds[k], str(i)) for i, k in enumerate(which)]
    video = VideoEmbedder.fit_seen(
        space(), clips, torch.from_numpy(seen), Poolings((_Given(),), "mean"), name, None, TrainConfig(batch=16)
    )
    scores = video.scores(middles)
    firsts = [video.space.rows[tags[0]] for tags in kinds]
    assert scores[:, firsts].argmax(axis=1).tolist() == [0, 1, 2]
    if video.mixture is not None or name == "groups":
        assert ((scores >= 0) & (scores <= 1)).all()
        assert scores[0, firsts[0]] > 0.6 and scores[0, firsts[2]] < 0.2


@pytest.mark.parametrize("name", NAMES)
def test_tags_can_come_after_those_it_learnt(name: str) -> None:
    draw = np.random.default_rng(0)
    seen = draw.normal(size=(20, WIDE)).astype(np.float32)
    seen[:, 0] += np.where(np.arange(20) % 2, 4, -4)
    clips = [Clip(_path(i), ("skate", "own") if i % 2 else ("beach",), str(i)) for i in range(20)]
    video = VideoEmbedder.fit_seen(
        space(), clips, torch.from_numpy(seen), Poolings((_Given(),), "mean"), name, None, TrainConfig(batch=16)
    )
    grown = video.grown(with_composed(video.space, ["#NewYorkNewYork", "LongIslandNew"]))
    assert grown.space.forms == [*video.space.forms, "NewYorkNewYork", "LongIslandNew"]
    np.testing.assert_array_equal(grown.items[:-2], video.items)
    assert grown.rows.tolist() == [*video.rows, len(video.space), len(video.space) + 1]
    before, after = video.place_pooled(seen[0]), grown.place_pooled(seen[0])
    np.testing.assert_array_equal(before.query, after.query)
    # Products with a matrix of more rows may be added up in another order.
    np.testing.assert_allclose(video.scores(seen), grown.scores(seen)[:, : len(video.space)], rtol=1e-5, atol=1e-7)
    new = grown.scores_of(after, np.array([len(video.space)]))
    assert np.isfinite(new).all() and (not grown.probable or 0 <= new[0] < 1)


@pytest.mark.parametrize("name", NAMES)
def test_clips_that_look_alike_speak_for_their_tags(name: str) -> None:
    seen = np.random.default_rng(0).normal(size=(20, WIDE)).astype(np.float32)
    seen[:, 0] += np.where(np.arange(20) % 2, 9, -9)
    clips = [Clip(_path(i), ("skate",) if i % 2 else ("beach",), str(i)) for i in range(20)]
    video = VideoEmbedder.fit_seen(
        space(), clips, torch.from_numpy(seen), Poolings((_Given(),), "mean"), name, None, TrainConfig(epochs=1)
    )
    rows = np.array([video.space.rows[stem] for stem in ("skate", "beach", "new")])
    skate, beach, other = video.evidence([seen[1]], rows, 2)
    assert len(skate.clips) == 2 and skate.clips[0] == ("1.mp4", 1.0) and not other.clips
    assert all(int(Path(path).stem) % 2 for path, _ in skate.clips)
    assert not any(int(Path(path).stem) % 2 for path, _ in beach.clips)


def _path(number: int) -> Path:
    return Path(f"{number}.mp4")
