"""What speaks for a suggestion: clips that carry it, words of the title, classes, and the seconds where it is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tag2vec import Suggester, TagSpace, VideoEmbedder
from tag2vec.embed.cache import Cache
from tag2vec.embed.clips import Clip
from tag2vec.embed.frames import read_frames
from tag2vec.embed.zeroshot import ClassNames
from tag2vec.errors import UsageError
from tests.clips import write_clip
from tests.conftest import Home
from tests.embed.test_zeroshot import Sure
from tests.spaces import space


def test_training_clips_speak_for_the_tags_that_they_carry(suggester: Suggester, clip: Path) -> None:
    found = suggester.suggest(clip, explain=True, include=["MyBrand"])
    assert found[0].why is None and found.json()["suggestions"][1]["why"]["seconds"]
    plain = suggester.suggest(clip, include=["MyBrand"])
    assert [(one.tag, one.score) for one in plain] == [(one.tag, one.score) for one in found]
    assert all("why" not in one for one in plain.json()["suggestions"])
    carried = {str(one.path): one.tags for one in suggester.video.trained_clips}  # type: ignore[attr-defined]
    first = found[1].why
    assert first and found[1].stem == "yoyo" and first.clips[0][0].split("/")[-2] == "yoyo"
    for one in found[1:]:
        assert one.why is not None and len(one.why.clips) <= 3
        cosines = [cosine for _, cosine in one.why.clips]
        assert cosines == sorted(cosines, reverse=True) and all(-1 <= cosine <= 1 for cosine in cosines)
        for path, _ in one.why.clips:
            assert one.stem in suggester.space.stems.many(carried[path])
    with pytest.raises(UsageError, match="not explained"):
        next(suggester.suggest_segments(clip, 1, explain=True))


def test_the_seconds_are_those_that_show_it(home: Home, tmp_path: Path) -> None:
    """Two held-out clips, one after the other."""
    two = [read_frames(home.folder / "clips" / name / "09.mp4").rgb for name in ("yoyo", "piano")]
    path = write_clip(tmp_path / "a.mp4", np.concatenate(two), options={"crf": "10"})
    middle = len(two[0]) / 30
    found = {one.stem: one.why for one in Suggester.load(home.model).suggest(path, 60, explain=True)}
    yoyo, piano = found["yoyo"], found["piano"]
    assert yoyo and piano and yoyo.seconds and piano.seconds
    assert yoyo.seconds[1] <= middle + 0.5 and piano.seconds[0] >= middle - 0.5


def test_parts_are_kept_in_the_cache_that_a_suggester_has_now(home: Home, clip: Path, tmp_path: Path) -> None:
    """A server has one for each clip: to explain again takes no time."""
    suggester = Suggester.load(home.model)
    suggester.cache = Cache(tmp_path)
    suggester.suggest(clip)
    whole = [path for path in tmp_path.rglob("*") if path.is_file()]
    suggester.suggest(clip, explain=True)
    assert len([path for path in tmp_path.rglob("*") if path.is_file()]) > len(whole) > 0


def test_the_words_of_a_title_that_call_for_a_tag(tmp_path: Path) -> None:
    own = space()
    clips = [
        Clip(Path(f"{tag}-{i}.mp4"), (tag,), f"{tag}{i}", f"{tag} {i}") for i in range(6) for tag in ("skate", "beach")
    ]
    video = VideoEmbedder.fit(own, clips, "text", patience=1, lr=0.02)
    found = {one.tag: one.why for one in Suggester(own, video).suggest("a.mp4", title="my beach a skate", explain=True)}
    beach, skate = found["beach"], found["skate"]
    assert beach and beach.words == ("beach",) and beach.seconds is None
    assert skate and skate.words == ("skate",)


def test_the_classes_that_call_for_a_tag(home: Home) -> None:
    tags = TagSpace.load(home.model)
    names = ClassNames(tags, Sure(names=("yoyo", "piano", "biking")))
    seen = [np.array([[0.5, 0.3, 0.2]], np.float32)]
    rows = np.array([tags.rows[tags.stems.stem(tag)] for tag in ("piano", "yoyo")])
    found = names.evidence(seen, rows, 2)
    assert found[0].names[0] == "piano" and found[1].names[0] == "yoyo" and all(len(one.names) <= 2 for one in found)
    assert not found[0].clips
