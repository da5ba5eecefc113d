"""The planted truth: clips whose motion encodes their category get the category's own tags."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tag2vec import Corpus, Suggester, TagSpace, VideoEmbedder
from tag2vec.demo.run import own_share, shuffled, suggest_all
from tag2vec.embed.clips import read_clips
from tag2vec.errors import ArtifactError, SourceError, Tag2VecError, UsageError, VideoError
from tag2vec.evaluation.video import evaluate_video
from tests.conftest import Home, bare


def run(home: Home, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tag2vec", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=bare(home.cache))


def test_held_out_clips_get_their_own_tags_and_a_shuffled_control_does_not(home: Home, suggester: Suggester) -> None:
    held_out = read_clips(home.folder / "held_out.csv")
    space = TagSpace.load(home.model)
    results = suggest_all(suggester, held_out, None, lambda done: None)
    assert own_share(space, held_out, results) >= 0.95
    control = shuffled(space, suggester.video, home.cache)
    assert own_share(space, held_out, suggest_all(control, held_out, None, lambda done: None)) <= 0.4


def test_one_clip_and_a_batch_agree_for_every_index_and_number_of_workers(home: Home, clip: Path) -> None:
    others = [home.folder / "clips" / "piano" / "09.mp4", clip]
    space = TagSpace.load(home.model)
    video = VideoEmbedder.load(home.model, space)
    answers = []
    for index in ("exact", "flat"):
        one = Suggester(space, video, index)
        alone = one.suggest(clip)
        for workers in (0, 2):
            batch = [result for _, result in one.suggest_many(others, workers=workers)]
            assert not isinstance(batch[1], Tag2VecError)
            assert batch[1].suggestions == alone.suggestions
        answers.append([s.tag for s in alone])
    assert answers[0] == answers[1]


def test_answers_are_forms_people_write_best_first(suggester: Suggester, clip: Path) -> None:
    result = suggester.suggest(clip, k=8)
    assert len(result) == 8 and result[0].stem == "yoyo"
    assert [s.score for s in result] == sorted((s.score for s in result), reverse=True)
    assert all(s.tag == suggester.space.forms[suggester.space.rows[s.stem]] for s in result)
    assert result.line().startswith("#Yoyo ") or result.line().startswith("#yoyo ")
    assert result.duration_s == pytest.approx(2.0, abs=0.05)
    everything = suggester.suggest(clip, k=10_000, show=["noise", "sensitive"], variants=True)
    assert len(everything) == len(suggester.space)
    with pytest.raises(UsageError, match="k is 0"):
        suggester.suggest(clip, k=0)


def test_the_same_seed_gives_the_same_bytes(home: Home, tmp_path: Path) -> None:
    space = TagSpace.load(home.model)
    for name in ("a", "b"):
        shutil.copytree(home.model / "space", tmp_path / name / "space")
        VideoEmbedder.fit(space, home.folder / "clips.csv", cache=home.cache).save(tmp_path / name)
    for file in ("network.safetensors", "curve.json"):
        assert (tmp_path / "a/video" / file).read_bytes() == (tmp_path / "b/video" / file).read_bytes()


def test_clips_may_carry_tags_that_the_space_lacks(home: Home, tmp_path: Path) -> None:
    text = (home.folder / "clips.csv").read_text().replace(",Yoyo ", ",SleeperTrick ")
    (tmp_path / "renamed.csv").write_text(text.replace("\nclips/", f"\n{home.folder}/clips/"))
    space = TagSpace.load(home.model)
    video = VideoEmbedder.fit(space, tmp_path / "renamed.csv", cache=home.cache)
    shutil.copytree(home.model / "space", tmp_path / "space")
    video.save(tmp_path)
    result = Suggester.load(tmp_path, cache=home.cache).suggest(home.folder / "clips" / "yoyo" / "10.mp4", 5)
    assert "SleeperTrick" in [s.tag for s in result]


def test_the_seed_recipe_is_there_and_ours_beats_it(home: Home) -> None:
    report = evaluate_video(home.model, home.folder / "clips.csv", folds=3, repeats=1, cache=home.cache)
    assert set(report["baselines"]) == {"popularity", "nearest_clips", "class_names", "seed", "shuffled_labels"}
    assert report["clips"] == 54 and report["failed"] == 0
    assert report["top1"] >= 0.9 and report["baselines"]["class_names"]["top1"] >= 0.9
    assert report["baselines"]["seed"]["top1"] >= 0.6
    assert report["baselines"]["popularity"]["top1"] <= 0.2 and report["baselines"]["shuffled_labels"]["top1"] <= 0.5
    for metric in ("hit@1", "precision@5", "recall@15"):
        assert report[metric] >= report["baselines"]["popularity"][metric]
    fitted = evaluate_video(home.model, read_clips(home.folder / "held_out.csv"), cache=home.cache)
    assert fitted["clips"] == 12 and fitted["top1"] >= 0.9 and fitted["of_trained_groups"] == 0
    for folds in (0, 60):
        with pytest.raises(UsageError, match=f"{folds} folds were asked of 54 groups"):
            evaluate_video(home.model, home.folder / "clips.csv", folds=folds, cache=home.cache)


def test_the_commands_print_what_they_promise(home: Home, clip: Path) -> None:
    one = run(home, "suggest", clip, "-m", home.model, "-k", "3", "--json")
    assert one.returncode == 0, one.stderr
    answer = json.loads(one.stdout)
    assert set(answer) == {"clip", "duration_s", "suggestions", "hidden", "timing_s"}
    assert (
        set(answer["suggestions"][0]) == {"tag", "stem", "score", "count", "group"} and len(answer["suggestions"]) == 3
    )
    many = run(home, "suggest", home.folder / "clips" / "yoyo", "-m", home.model, "--json")
    assert len([json.loads(line) for line in many.stdout.splitlines()]) == 11
    table = run(home, "suggest", clip, "-m", home.model, "--csv", "-k", "2")
    assert table.stdout.splitlines()[0] == "clip,rank,tag,stem,score,count" and len(table.stdout.splitlines()) == 3
    plain = run(home, "suggest", clip, "-m", home.model, "-k", "3")
    assert plain.stdout.splitlines()[-1] == " ".join(f"#{s['tag']}" for s in answer["suggestions"])
    related = run(home, "related", "yoyoes", "-m", home.model, "--json")
    assert json.loads(related.stdout)["query"][0]["found"] in {"Yoyo", "yoyo"}
    placed = run(home, "complete", "PianoNeverBasketball", "-m", home.model, "--json")
    assert "placed by the words inside it: #" in placed.stderr and len(json.loads(placed.stdout)["tags"]) == 10
    assert {"piano", "basketball"} <= set(json.loads(placed.stdout)["query"][0]["found"].lower().split())
    info = run(home, "info", home.model)
    assert info.returncode == 0 and "space, format 1" in info.stdout and "network.safetensors" in info.stdout


def test_tags_that_no_post_has_are_named_when_they_are_learnt(home: Home, tmp_path: Path) -> None:
    shutil.copytree(home.model / "space", tmp_path / "model" / "space")
    rows = (home.folder / "clips.csv").read_text().replace("\nclips/", f"\n{home.folder}/clips/").splitlines()
    (tmp_path / "clips.csv").write_text("\n".join([*rows[:9], f"{home.folder}/clips/yoyo/09.mp4,Yoyo Qwxzk Zzyx,g,t"]))
    done = run(home, "fit-video", tmp_path / "model", tmp_path / "clips.csv", "--epochs", "1")
    assert done.returncode == 0, done.stderr
    assert "video embedder: 9 clips\n" in done.stderr
    assert "no post has #Qwxzk, #Zzyx: learnt from the clips alone" in done.stderr


def test_a_bad_clip_costs_nothing_but_itself(home: Home, clip: Path, tmp_path: Path) -> None:
    (tmp_path / "text.mp4").write_text("not a video")
    (tmp_path / "empty.mp4").touch()
    shutil.copy(clip, tmp_path / "good.mp4")
    done = run(home, "suggest", tmp_path, "-m", home.model, "--json")
    assert done.returncode == 1 and "Traceback" not in done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert ["error" in line for line in lines] == [True, False, True]
    assert "2 of 3 clips failed" in done.stderr
    alone = run(home, "suggest", tmp_path / "text.mp4", "-m", home.model)
    assert alone.returncode == 1 and "text.mp4" in alone.stderr and "Traceback" not in alone.stderr
    assert run(home, "suggest", tmp_path / "absent.mp4", "-m", home.model).returncode == 1


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (
            ["suggest", "{clip}", "-m", "{home}/corpus"],
            1,
            "is a corpus folder; wanted a model folder",
        ),
        (["suggest", "{clip}", "-m", "{home}/absent"], 1, "There is no folder"),
        (["suggest", "{clip}", "-m", "{model}", "--index", "exakt"], 2, "Did you mean 'exact'"),
        (["suggest", "{clip}", "-m", "{model}", "--json", "--csv"], 2, "Both --json and --csv"),
        (["suggest", "{clip}"], 2, "--model"),
        (["fit-embedding", "{model}/space", "-o", "{home}/x"], 1, "is a space folder; wanted a corpus folder"),
        (["fit-embedding", "{home}/corpus", "-o", "{home}/x", "--clips", "{home}/no.csv"], 1, "There is no clips list"),
        (["build-corpus", "{home}/absent.jsonl", "-o", "{home}/x"], 1, "There is no file or folder"),
        (["build-corpus", "{home}/posts.jsonl", "-o", "{home}/x", "--stemmer", "elvish"], 2, "no stemmer named"),
        (["related", "qqqqqqqq", "-m", "{model}"], 2, "none is spelt like it"),
        (
            ["evaluate", "tags", "{model}", "--posts", "{home}/clips.csv", "--corpus", "{model}/space"],
            1,
            "wanted a corpus",
        ),
        (["info", "{home}/clips"], 1, "not a tag2vec folder"),
    ],
)
def test_bad_input_is_one_clear_error(home: Home, clip: Path, arguments: list[str], code: int, message: str) -> None:
    import re

    filled = [a.format(clip=clip, home=home.folder, model=home.model) for a in arguments]
    done = run(home, *filled)
    assert done.returncode == code, done.stderr
    assert re.search(message, re.sub(r"\s+", " ", done.stderr)), done.stderr
    assert "Traceback" not in done.stderr and not (home.folder / "x").exists()


def test_parts_that_do_not_belong_together_are_refused(home: Home, tmp_path: Path) -> None:
    video = VideoEmbedder.load(home.model)
    with pytest.raises(UsageError, match="have 7 dimensions; the model was fitted with 426"):
        video.place([np.zeros((3, 7), np.float32)])
    other = TagSpace.fit(Corpus.load(home.folder / "corpus"), dim=8, epochs=1)
    with pytest.raises(UsageError, match="another tag space"):
        Suggester(other, video)
    with pytest.raises(ArtifactError, match="was not saved"):
        VideoEmbedder.fit(other, home.folder / "clips.csv", cache=home.cache).save(tmp_path)
    other.save(tmp_path)
    with pytest.raises(ArtifactError, match="has a tag space but no video embedder"):
        Suggester.load(tmp_path)
    shutil.copytree(home.model / "video", tmp_path / "video")
    with pytest.raises(ArtifactError, match="fitted on another tag space"):
        Suggester.load(tmp_path)


def test_clips_that_cannot_be_used_are_listed_or_an_error(home: Home, tmp_path: Path) -> None:
    space = TagSpace.load(home.model)
    (tmp_path / "broken.mp4").write_text("no video")
    rows = (home.folder / "clips.csv").read_text().splitlines()
    full = [rows[0], *(f"{home.folder}/{row}" for row in rows[1:])]
    (tmp_path / "clips.csv").write_text("\n".join([*full, "broken.mp4,Yoyo,b,t"]))
    video = VideoEmbedder.fit(space, tmp_path / "clips.csv", cache=home.cache)
    assert [path.name for path, _ in video.failed] == ["broken.mp4"] and isinstance(video.failed[0][1], VideoError)
    (tmp_path / "clips.csv").write_text("path,tags\nbroken.mp4,Yoyo\n")
    with pytest.raises(SourceError, match="None of the 1 clips could be used"):
        VideoEmbedder.fit(space, tmp_path / "clips.csv", cache=home.cache)
    (tmp_path / "clips.csv").write_text("path,label\nbroken.mp4,Yoyo\n")
    with pytest.raises(SourceError, match="has no column tags; its columns are path, label"):
        VideoEmbedder.fit(space, tmp_path / "clips.csv")
    untagged = [f"{home.folder}/clips/yoyo/0{i}.mp4,,g,t" for i in range(2)]
    (tmp_path / "clips.csv").write_text("\n".join(["path,tags,group,title", *untagged]))
    with pytest.raises(SourceError, match="None of the 2 clips carries a tag"):
        VideoEmbedder.fit(space, tmp_path / "clips.csv", cache=home.cache)
