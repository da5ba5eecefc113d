"""The card of a model says what the model's own files say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tag2vec import TagSpace, VideoEmbedder
from tag2vec.embed.clips import Clip
from tag2vec.errors import UsageError
from tag2vec.evaluation.card import card
from tests.conftest import Home, Run
from tests.spaces import space


def test_it_says_what_the_files_hold(home: Home) -> None:
    space, video = TagSpace.load(home.model), VideoEmbedder.load(home.model)
    text = card(home.model)
    assert f"{len(space):,} tags in {space.dim} dimensions" in text
    assert f"{len(video.learnt.clips):,} clips of" in text
    assert f"`posts.jsonl` {space.corpus().report['read']:,}" in text
    assert all(f"`#{form}`" in text for form in space.forms[:10])
    assert [one[:12] for one in (space.digest, video.digest)] == re.findall(r"`([0-9a-f]{12})`", text)
    assert re.findall("^## (.*)$", text, re.M)[:3] == ["Posts", "Tags", "Clips"]


def test_scores_are_those_of_the_thresholds(home: Home) -> None:
    known = VideoEmbedder.load(home.model).thresholds[49]
    assert f"| 50% | {f'{known:.3f}' if known is not None else 'no score'} |" in card(home.model)


def test_a_clip_counts_once_for_a_tag(tmp_path: Path) -> None:
    own = space()
    own.save(tmp_path)
    clips = [Clip(Path(f"{i}.mp4"), ("skate", "skates", "beach"), str(i), "a beach") for i in range(4)]
    VideoEmbedder.fit(own, clips, "text", patience=1, epochs=1).save(tmp_path)
    text = card(tmp_path)
    assert "4 clips of 4 groups, 2 tags" in text and "Tags of fewer than 5 clips, hardly learnt: 2\n" in text


def test_without_clips_and_without_the_corpus(home: Home, tmp_path: Path) -> None:
    space = TagSpace.load(home.model)
    space.config = space.config | {"corpus": str(tmp_path / "gone")}
    space.save(tmp_path / "model")
    text = card(tmp_path / "model")
    assert "is not where it was" in text
    assert "## Clips" not in text
    assert text.startswith("# model\n")


def test_the_command_prints_it(home: Home, run: Run) -> None:
    assert run("info", "--card", home.model) == (0, card(home.model), "")


def test_another_folder_has_none(home: Home, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="holds corpus; a card is of a model folder"):
        card(home.folder / "corpus")
    with pytest.raises(UsageError, match="holds nothing that tag2vec wrote"):
        card(tmp_path)
