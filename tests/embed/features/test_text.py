"""Titles through a tag space whose vectors are axes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tag2vec import Suggester, VideoEmbedder
from tag2vec.embed.clips import Clip
from tag2vec.embed.extract import extract, extract_many
from tag2vec.embed.features import describe
from tag2vec.embed.features.text import Title, tags_in
from tag2vec.embed.frames import Frames
from tag2vec.embed.kinds import kinds_of
from tag2vec.errors import ArtifactError, UsageError
from tests.clips import moving, write_clip
from tests.spaces import TAGS, space


def _of(title: str | None, features: Title | None = None) -> np.ndarray:
    return (features or Title().bound(space())).of(Clip(Path("absent.mp4"), (), "a", title), Frames.none())


def _known(title: str) -> list[str]:
    return [TAGS[i] for i in np.flatnonzero(_of(title).sum(axis=0))]


def test_words_stems_hashtags_and_runs_of_words_are_found() -> None:
    assert _known("Skating at the BEACH!") == ["skate", "beach"]
    assert _known("my #Skate clip") == ["skate"]
    assert _known("New York, again") == ["newyork", "new"]
    assert _known("Long-Island\u2019s summer") == ["longisland"]
    assert _known("LONG island") == ["longisland"]
    assert tags_in("it\u2019s a day") == ["its", "a", "day", "itsa", "aday", "itsaday"]
    assert tags_in("हिन्दी गाना") == ["हिन्दी", "गाना", "हिन्दीगाना"]


def test_rare_words_say_more_and_words_that_agree_add_up() -> None:
    (row,) = _of("skate beach")
    assert row[2] > row[0] > 0 and np.linalg.norm(row) == pytest.approx(1)
    counts = space().counts
    assert row[2] / row[0] == pytest.approx(np.log(counts.sum() / 30) / np.log(counts.sum() / 50))
    np.testing.assert_array_equal(_of("skate skates skating"), _of("skate"))


@pytest.mark.parametrize("title", [None, "", "  ", "unheard of", "123 !?"])
def test_no_title_and_no_known_word_give_no_row(title: str | None) -> None:
    found = _of(title)
    assert found.shape == (0, 5) and found.dtype == np.float32


def test_the_space_is_that_of_the_model_or_a_named_one(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="text:MODEL"):
        _of("skate", Title())
    space().save(tmp_path / "model")
    (named,) = kinds_of(f"text:{tmp_path / 'model'}")
    assert isinstance(named, Title) and named.dim == 5 and named.bound(space()) is named
    np.testing.assert_array_equal(_of("New York beach", named), _of("New York beach"))
    settings = describe(named)["settings"]
    assert Title(**settings) == named and describe(Title().bound(space()))["settings"] == {"model": "", "content": ""}
    with pytest.raises(ArtifactError, match="another tag space"):
        Title(settings["model"], "0" * 64)


def test_a_model_of_titles_needs_no_files(tmp_path: Path) -> None:
    own = space()
    own.save(tmp_path)
    clips = [
        Clip(Path(f"{tag}-{i}.mp4"), (tag,), f"{tag}{i}", f"{tag} {i}") for i in range(6) for tag in ("skate", "beach")
    ]
    VideoEmbedder.fit(own, clips, "text", patience=1, lr=0.02).save(tmp_path)
    suggester = Suggester.load(tmp_path)
    assert suggester.suggest("a.mp4", title="my beach")[0].tag == "beach"
    assert suggester.suggest(Clip(Path("a.mp4"), (), "a", "Skates"))[0].tag == "skate"
    assert len(suggester.suggest("a.mp4", k=3)) == 3


def test_workers_and_files_are_no_matter(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mp4", moving(20))
    clips = [Clip(path, (), "a", "skate"), Clip(path, (), "a", None), Clip(tmp_path / "absent.mp4", (), "b", "skate")]
    titles, *_ = kinds = (Title().bound(space()), *kinds_of("trajectories"))
    alone = [found.arrays[0].shape for _, found in extract_many(clips, titles, workers=2)]
    assert alone == [(1, 5), (0, 5), (1, 5)]
    both = [found for _, found in extract_many(clips, kinds, workers=1)]
    assert [len(found.arrays[0]) for found in both[:2]] == [1, 0] and "no such file" in str(both[2])
    for found, clip in zip(both, clips[:2], strict=False):
        for array, wanted in zip(found.arrays, extract(clip, kinds).arrays, strict=True):
            np.testing.assert_array_equal(array, wanted)
