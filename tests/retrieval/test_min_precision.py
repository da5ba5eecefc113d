"""`suggest --min-precision`: tags that are probable enough, and a word when there are none."""

from __future__ import annotations

import csv
import io
import json
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tag2vec import Suggester, TagSpace, VideoEmbedder
from tag2vec.artifact import MANIFEST
from tag2vec.cli import main
from tag2vec.embed.precision import highest, least_score
from tag2vec.errors import UsageError
from tests.conftest import Home


@dataclass(frozen=True)
class Done:
    code: object
    out: str
    err: str


Run = Callable[..., Done]


@pytest.fixture
def run(home: Home, clip: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """`tag2vec suggest CLIP --model HOME` with more arguments, in this process: starting one takes seconds."""
    monkeypatch.setenv("TAG2VEC_CACHE", str(home.cache.folder))

    def run(*arguments: str) -> Done:
        monkeypatch.setattr(sys, "argv", ["tag2vec", "suggest", str(clip), "-m", str(home.model), *arguments])
        with pytest.raises(SystemExit) as end:
            main()
        return Done(end.value.code, *capsys.readouterr())

    return run


def test_the_best_that_are_probable_enough_are_left(suggester: Suggester, clip: Path) -> None:
    every, known = suggester.suggest(clip, k=50), suggester.video.thresholds
    for asked in (0.1, 0.3, 0.5):
        found = suggester.suggest(clip, k=50, min_precision=asked)
        least = least_score(known, asked)
        assert found.suggestions == tuple(s for s in every if s.score >= least) and 0 < len(found) < 50
        assert suggester.suggest(clip, k=2, min_precision=asked).suggestions == found.suggestions[:2]
        assert found.warning is None
    (_, batch), *_ = suggester.suggest_many([clip], 50, min_precision=0.5)
    ((_, _, part),) = suggester.suggest_segments(clip, 60.0, 50, min_precision=0.5)
    assert not isinstance(batch, Exception) and not isinstance(part, Exception)
    assert batch.suggestions == found.suggestions and min(s.score for s in part) >= least


def test_none_is_an_answer_that_says_why(suggester: Suggester, clip: Path, run: Run) -> None:
    found = suggester.suggest(clip, min_precision=0.99)
    assert len(found) == 0 and found.line() == ""
    assert found.warning and f"the highest share is {highest(suggester.video.thresholds):g}" in found.warning
    text = run("--min-precision", "0.99")
    assert (text.code, text.out) == (0, "\n") and found.warning in text.err
    answer = json.loads(run("--min-precision", "0.99", "--json").out)
    assert answer["suggestions"] == [] and answer["warning"] == found.warning
    table = run("--min-precision", "0.99", "--csv")
    assert list(csv.reader(io.StringIO(table.out))) == [["clip", "rank", "tag", "stem", "score", "count"]]
    parts = run("--min-precision", "0.99", "--segments", "60")
    assert parts.out.split() == ["0:00-0:02"] and "the highest share is" in parts.err


def test_a_clip_without_a_probable_tag_is_told_the_score_that_was_wanted(
    suggester: Suggester, clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = [2.0] * 50 + [None] * 50
    monkeypatch.setattr(VideoEmbedder, "thresholds", known)
    found = suggester.suggest(clip, min_precision=0.5)
    assert (
        found.warning
        == "No tag is suggested: 0.5 of suggestions were right from a score of 2.000 on, and this clip has none."
    )


@pytest.mark.parametrize("asked", [0.0, 1.0, -1.0, 80.0, float("nan")])
def test_a_precision_is_a_share(suggester: Suggester, clip: Path, asked: float) -> None:
    with pytest.raises(UsageError, match="wanted a share above 0 and below 1"):
        suggester.suggest(clip, min_precision=asked)
    with pytest.raises(UsageError, match="wanted a share above 0 and below 1"):
        next(suggester.suggest_segments(clip, 60.0, min_precision=asked))


def test_the_command_says_what_is_wrong(run: Run) -> None:
    done = run("--min-precision", "80")
    assert done.code == 2 and "least precision is 80" in done.err and not done.out


def test_models_that_cannot_tell_say_so_and_go_on_without(home: Home, clip: Path, tmp_path: Path) -> None:
    """Those of earlier versions, whose settings lack the thresholds, and recipes whose scores only rank."""
    space = TagSpace.load(home.model)
    old = VideoEmbedder.load(home.model, space)
    assert old.config.mixture
    del old.config.mixture["thresholds"]
    shutil.copytree(home.model / "space", tmp_path / "space")
    old.save(tmp_path)
    assert "thresholds" not in (tmp_path / "video" / MANIFEST).read_text()
    loaded = Suggester.load(tmp_path, cache=home.cache)
    seed = VideoEmbedder.fit(space, home.folder / "clips.csv", recipe="seed", epochs=1, cache=home.cache)
    for one in (loaded, Suggester(space, seed, cache=home.cache)):
        assert len(one.suggest(clip, k=3)) == 3
        with pytest.raises(UsageError, match="cannot tell how often its suggestions are right.*fit-video"):
            one.suggest(clip, min_precision=0.5)
