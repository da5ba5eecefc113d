"""Hashtags in the manner of given ones, with a clip and without."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

from tag2vec.cli import main
from tag2vec.embed.like import Given, Like, TagsAlone
from tag2vec.embed.space import TagSpace
from tag2vec.embed.zeroshot import ClassNames
from tag2vec.errors import UnknownName, UsageError
from tag2vec.retrieval.suggest import Suggester
from tests.conftest import Home
from tests.embed.test_zeroshot import Sure


@pytest.fixture(scope="module")
def space(home: Home) -> TagSpace:
    return TagSpace.load(home.model)


@pytest.fixture(scope="module")
def tags_alone(home: Home, tmp_path_factory: pytest.TempPathFactory) -> Suggester:
    """From a model folder without a video embedder."""
    model = tmp_path_factory.mktemp("model")
    for part in ("space", "forms"):
        if (home.model / part).is_dir():
            shutil.copytree(home.model / part, model / part)
    return Suggester.of_tags(model)


def test_tags_alone_are_answered_as_complete_does(tags_alone: Suggester, space: TagSpace) -> None:
    found = tags_alone.suggest_like("#yoyo, #Juggling", 8, variants=True, show=["noise", "sensitive"])
    wanted = space.complete(["yoyo", "juggling"], 8)
    assert [(one.stem, one.score, one.count) for one in found] == [(one.stem, one.score, one.count) for one in wanted]
    assert (found.clip, found.like, found.json()["clip"]) == ("", ("yoyo", "Juggling"), None)


def test_tags_alone_are_chosen_as_for_a_clip(tags_alone: Suggester) -> None:
    plain = tags_alone.suggest_like(["yoyo"], 4)
    assert "yoyo" not in {one.stem for one in plain}
    chosen = tags_alone.suggest_like(["yoyo"], platform="instagram", include=["yoyo"], exclude=[plain[0].tag])
    assert len(chosen) == 5 and chosen[0].tag == "yoyo" and chosen[0].score is not None
    assert [one.stem for one in chosen[1:4]] == [one.stem for one in plain[1:]]
    assert (chosen.hidden[0].stem, chosen.hidden[0].rule) == (plain[0].stem, "exclude")


def test_a_suggester_of_clips_answers_the_same_for_tags_alone(suggester: Suggester, tags_alone: Suggester) -> None:
    ours, theirs = suggester.suggest_like(["piano"], 5), tags_alone.suggest_like(["piano"], 5)
    assert [one.stem for one in ours] == [one.stem for one in theirs]


def test_the_log_odds_of_clip_and_tags_add_up(suggester: Suggester, clip: Path) -> None:
    """The equation of the module, computed here from what the library says of clip and tags each on their own."""
    space = suggester.video.space
    plain = {one.stem: one.score for one in suggester.suggest(clip, len(space), variants=True)}
    drawn = {one.stem: one.score for one in suggester.suggest(clip, len(space), like="#piano", variants=True)}
    beside = np.array([space.beside([space.rows["piano"]])[row] for row in range(len(space))], np.float64)
    said = np.exp(beside) / np.exp(beside).sum()
    assert "piano" in plain and "piano" not in drawn and len(drawn) > 20
    for stem, score in drawn.items():
        before, row = plain[stem], space.rows[stem]
        assert before is not None
        lift = said[row] / (space.counts[row] / space.counts.sum())
        odds = before / (1 - before) * lift
        assert score == pytest.approx(odds / (1 + odds), rel=2e-3)


def test_a_clip_is_drawn_towards_the_tags(suggester: Suggester, clip: Path) -> None:
    kin = {one.stem for one in suggester.suggest_like("piano", 10)}
    plain, drawn = suggester.suggest(clip, 15), suggester.suggest(clip, 15, like=["piano"])
    assert drawn[0].stem == "yoyo"  # what is seen is not forgotten
    assert len(kin & {one.stem for one in drawn}) > len(kin & {one.stem for one in plain})
    ((_, one),) = suggester.suggest_many([clip], 15, like=["piano"])
    assert list(one) == list(drawn)  # type: ignore[arg-type]
    ((_, _, part),) = suggester.suggest_segments(clip, 60.0, 15, like=["piano"])
    assert [one.stem for one in part] == [one.stem for one in drawn]  # type: ignore[union-attr]


def test_what_is_asked_for_is_said_of_each_tag(suggester: Suggester, clip: Path) -> None:
    found = suggester.suggest(clip, 15, like="piano yoyo", explain=True)
    near = {one.stem for one in suggester.suggest_like("piano", 5)}
    whys = [one.why for one in found if one.stem in near]
    assert whys and all(why and "Piano" in why.beside for why in whys)
    assert found[0].why and found[0].why.clips and found[0].why.seconds


def test_scores_that_only_rank_get_a_lift_of_their_spread(space: TagSpace) -> None:
    names = ClassNames(space, Sure(names=("yoyo", "piano", "biking")))
    like = Like(names, Given.of(space, ["juggling"]))
    arrays = [np.array([[1.0, 0.0, 0.0]], np.float32)]
    plain, drawn = names.items @ names.place(arrays).query, like.place(arrays).direct
    lift = (drawn - plain).astype(np.float64)
    assert not like.probable and lift.std() == pytest.approx(plain.std(), rel=1e-3)
    beside = space.beside([space.rows["juggl"]]) - np.log(space.counts)
    assert np.corrcoef(lift, beside)[0, 1] == pytest.approx(1, abs=1e-4)


def test_a_tag_that_the_space_lacks_is_named_with_its_nearest_spellings(space: TagSpace) -> None:
    with pytest.raises(UnknownName, match=r"no #yoyoo, no #zzzz .* for #yoyoo #Yoyo #.*; for #zzzz #"):
        Given.of(space, ["yoyoo", "#piano #zzzz"])
    for nothing in ("", "#", [" , "]):
        with pytest.raises(UsageError, match="names no tag to be like"):
            Given.of(space, nothing)


def test_what_cannot_be_together_is_refused(suggester: Suggester, tags_alone: Suggester, clip: Path) -> None:
    with pytest.raises(UsageError, match="Leave one out"):
        suggester.suggest(clip, like="piano", min_precision=0.5)
    with pytest.raises(UsageError, match="knows no clips"):
        tags_alone.suggest(clip)
    with pytest.raises(UsageError, match="knows no clips"):
        TagsAlone(tags_alone.space).place([])


def _run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *words: str) -> tuple[object, str, str]:
    monkeypatch.setattr(sys, "argv", ["tag2vec", "suggest", *words])
    with pytest.raises(SystemExit) as end:
        main()
    return end.value.code, *capsys.readouterr()


def test_the_command(home: Home, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    model = ("-m", str(home.model))
    code, out, err = _run(capsys, monkeypatch, *model, "--like", "#yoyo #piano", "--for", "instagram")
    assert code == 0 and len(out.split()) == 5 and "instagram: 5 tags" in err
    code, out, _ = _run(capsys, monkeypatch, *model, "--like", "yoyo", "--like", "piano", "--json", "-k", "3")
    answer = json.loads(out)
    assert (code, answer["clip"], answer["like"], len(answer["suggestions"])) == (0, None, ["yoyo", "piano"], 3)
    code, _, err = _run(capsys, monkeypatch, *model)
    assert code == 2 and "Neither a clip nor --like" in err
    code, _, err = _run(capsys, monkeypatch, *model, "--like", "yoyo", "--sidecar")
    assert code == 2 and "--sidecar is about clips" in err
    code, _, err = _run(capsys, monkeypatch, *model, "--like", "yoyoo")
    assert code == 2 and "#Yoyo" in err
