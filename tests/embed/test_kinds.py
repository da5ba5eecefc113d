"""Several kinds of features at once: how they are named, extracted, kept, pooled and learnt from."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from benchmarks.fuzz import Colours
from tag2vec import Suggester, TagSpace, VideoEmbedder
from tag2vec.embed.clips import Clip, read_clips
from tag2vec.embed.extract import Cache, extract
from tag2vec.embed.features import Features
from tag2vec.embed.features.trajectories import DenseTrajectories
from tag2vec.embed.frames import Frames
from tag2vec.embed.kinds import kinds_of, poolings_of, with_flow
from tag2vec.embed.pooled import Poolings
from tag2vec.errors import UnknownName, UsageError, VideoError
from tests.clips import moving, write_clip
from tests.conftest import Home


@dataclass(frozen=True)
class Letters(Features):
    """How long the title is: nothing of the file is wanted."""

    dim: int = 2
    wants = frozenset[str]()

    def of(self, clip: Clip, seen: Frames) -> NDArray[np.float32]:
        return np.array([[len(clip.title), 1.0]], np.float32) if clip.title else np.zeros((0, 2), np.float32)


def test_names() -> None:
    (one,) = kinds_of("trajectories")
    assert one == DenseTrajectories()
    assert kinds_of("trajectories+trajectories:stride=8,min_std=0.5") == (one, DenseTrajectories(stride=8, min_std=0.5))
    with pytest.raises(UnknownName, match="no features named 'trajectory'"):
        kinds_of("trajectories+trajectory")
    with pytest.raises(UsageError, match="no setting strid"):
        kinds_of("trajectories:strid=8")


def test_poolings_are_the_kinds_own_or_named() -> None:
    kinds = (DenseTrajectories(), Colours())
    assert poolings_of(None, kinds) == ["fisher", "mean"]
    assert poolings_of("mean", kinds) == ["mean", "mean"]
    assert poolings_of("fisher:components=8+mean", kinds) == ["fisher:components=8", "mean"]
    with pytest.raises(UsageError, match="names 3 poolings for 2 kinds"):
        poolings_of("mean+mean+mean", kinds)
    with pytest.raises(UsageError, match="width"):
        Poolings(kinds, "mean+mean:7")


def test_the_file_is_read_for_what_is_missing_only(tmp_path: Path) -> None:
    cache, path = Cache(tmp_path / "cache"), write_clip(tmp_path / "a.mp4", moving(8))
    clip = Clip(path, (), "a", "A title")
    both = extract(clip, [Colours(), Letters()], cache=cache)
    assert [a.shape for a in both.arrays] == [(8, 3), (1, 2)] and both.arrays[1].tolist() == [[7.0, 1.0]]
    assert extract(clip, [Colours()], cache=cache).cached
    # What is kept of one kind is used beside another one's, and the text is not kept: it is no part of the file.
    assert extract(replace(clip, title=None), [Letters(), Colours()], cache=cache).arrays[0].shape == (0, 2)
    path.unlink()
    assert extract(clip, Letters()).arrays[0].tolist() == [[7.0, 1.0]]
    with pytest.raises(VideoError, match="no such file"):
        extract(clip, [Colours(), Letters()], cache=cache)


def test_each_kind_weighs_the_same_and_nothing_is_a_vector_too() -> None:
    """Colours tell these clips apart less than letters do: 200 is in all of them."""
    poolings = Poolings((Colours(), Letters()))
    colours = [(200.0, 200.0, red) for red in (0.0, 60.0, 120.0, 180.0)]
    letters = [np.zeros((0, 2)), np.eye(2)[1:], np.eye(2)[:1], np.eye(2)[1:]]
    rows = [[np.full((4, 3), colour), letter] for colour, letter in zip(colours, letters, strict=True)]
    found = poolings.fit(rows, seed=0).many(rows)
    assert found.shape == (4, 5)
    for part in (found[:, :3], found[:, 3:]):
        np.testing.assert_allclose(part.mean(axis=0), 0, atol=1e-6)
        np.testing.assert_allclose((part**2).sum(axis=1).mean(), 1, rtol=1e-5)


def test_a_kind_that_is_the_same_for_all_clips_stays_small() -> None:
    rows = [[np.full((4, 3), 7.0), np.full((1, 2), i)] for i in (-1.0, 1.0)]
    poolings = Poolings((Colours(), Letters())).fit(rows, seed=0)
    np.testing.assert_allclose(poolings.many(rows)[:, :3], 0, atol=1e-6)
    other = poolings.one([np.array([[7.0, 7.0, 0.0]]), np.ones((1, 2))])
    assert 1 < np.linalg.norm(other[:3]) < 10


def test_the_flow_of_trajectories() -> None:
    assert with_flow("audio", None) == "audio"
    assert with_flow(None, "codec") == "trajectories:flow=codec"
    named = with_flow("audio+trajectories:stride=6", "codec")
    assert kinds_of(named)[1] == DenseTrajectories(scales=1, stride=6, max_tracks=800, flow="codec")
    with pytest.raises(UsageError, match="wanted trajectories among them"):
        with_flow("audio", "codec")
    with pytest.raises(UsageError, match="flow=fast; wanted one of dis, farneback, codec"):
        kinds_of(with_flow(None, "fast"))


def test_tags_written_together_are_apart(tmp_path: Path) -> None:
    (tmp_path / "clips.csv").write_text("path,tags\na.mp4,#one#two three\nb.mp4,#c c#d\n")
    assert [clip.tags for clip in read_clips(tmp_path / "clips.csv")] == [("one", "two", "three"), ("#c", "c#d")]


def test_a_model_of_two_kinds(home: Home, tmp_path: Path) -> None:
    space = TagSpace.load(home.model)
    clips = read_clips(home.folder / "clips.csv")
    spelled = "trajectories+trajectories:stride=12,max_tracks=200"
    space.save(tmp_path / "model")
    VideoEmbedder.fit(space, clips, spelled, cache=home.cache, pooling="fisher:components=4+mean").save(
        tmp_path / "model"
    )
    video = VideoEmbedder.load(tmp_path / "model")
    assert video.config.pooling == ["fisher:components=4", "mean"]
    assert video.poolings.kinds[1] == DenseTrajectories(stride=12, max_tracks=200)
    suggester = Suggester(video.base, video, cache=home.cache)
    assert set(clips[0].tags) & {s.tag for s in suggester.suggest(clips[0].path, k=5)}
    with pytest.raises(UsageError, match="looks at no titles"):
        suggester.suggest(clips[0].path, title="A title")
    with pytest.raises(UsageError, match=r"fitted on trajectories\+trajectories; wanted a model with given:PATH"):
        VideoEmbedder.load(tmp_path / "model", given=tmp_path)
