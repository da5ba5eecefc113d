"""Clips found by hashtags and by clips: the planted truth, bad input, and that nothing is computed twice."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from tag2vec import Suggester, TagSpace, VideoEmbedder, artifact
from tag2vec.embed import placed
from tag2vec.embed.cache import Cache
from tag2vec.embed.clips import Clip, any_clips
from tag2vec.embed.folder import extract_to
from tag2vec.errors import ArtifactError, SourceError, UnknownName, UsageError
from tag2vec.retrieval.clips import ClipIndex
from tests.conftest import CATEGORIES, Home, Run
from tests.spaces import space


@pytest.fixture(scope="module")
def video(home: Home) -> VideoEmbedder:
    return VideoEmbedder.load(home.model)


@pytest.fixture(scope="module")
def held_out(home: Home) -> list[Clip]:
    return any_clips([home.folder / "held_out.csv"])


@pytest.fixture(scope="module")
def clips(home: Home, video: VideoEmbedder, held_out: list[Clip]) -> ClipIndex:
    return ClipIndex.build(video, held_out, cache=home.cache)


def names(found: list) -> list[str]:
    return ["/".join(Path(one.path).parts[-2:]) for one in found]


def test_hashtags_and_clips_find_those_of_their_category(clips: ClipIndex, held_out: list[Clip]) -> None:
    assert len(clips) == len(held_out) == 2 * len(CATEGORIES)
    for category in CATEGORIES:
        found = clips.search_tags([f"#{category}"], 2)
        assert [Path(one.path).parent.name for one in found] == [category] * 2, category
    near = [clips.search_clip(clip, 1)[0] for clip in held_out]
    same = [Path(one.path).parent == clip.path.parent for one, clip in zip(near, held_out, strict=True)]
    assert np.mean(same) >= 0.9


def test_scores_are_those_of_suggestions(home: Home, clips: ClipIndex, held_out: list[Clip]) -> None:
    suggester = Suggester.load(home.model, "exact", home.cache)
    tags = [suggester.space.forms[row] for row in range(len(suggester.space))]
    assert 0 < len(clips.video.rows) < len(tags)  # of those that clips carry, and of the others
    said = {}
    for path, result in suggester.suggest_many(held_out, len(tags), show=["noise", "sensitive"], variants=True):
        said[str(path.absolute())] = {one.stem: one.score for one in result}  # type: ignore[union-attr]
    for row, tag in enumerate(tags):
        stem = suggester.space.entries[row].stem
        found = clips.search_tags([tag], 100)
        assert [one.score for one in found] == sorted((one.score for one in found), reverse=True)
        np.testing.assert_allclose([one.score for one in found], [said[one.path][stem] for one in found], rtol=1e-4)


def test_all_of_several_tags_have_to_fit(clips: ClipIndex) -> None:
    yoyo, piano = ({one.path: one.score for one in clips.search_tags([tag], 100)} for tag in ("yoyo", "piano"))
    both = clips.search_tags(["#yoyo", "piano", "#Yoyo"], 100)
    for one in both:
        assert one.score == pytest.approx(np.sqrt(yoyo[one.path] * piano[one.path]), rel=1e-4)
    assert [one.score for one in both] == sorted((one.score for one in both), reverse=True)


def test_a_tag_is_found_by_stem_and_spelling_or_refused(clips: ClipIndex, run: Run) -> None:
    assert names(clips.search_tags(["juggled"], 2)) == names(clips.search_tags(["juggling"], 2))
    assert names(clips.search_tags(["baskettball"], 2)) == names(clips.search_tags(["basketball"], 2))
    with pytest.raises(UnknownName, match="#xyzzyqwv is not among the .* tags"):
        clips.search_tags(["xyzzyqwv"])
    for call in (lambda: clips.search_tags([]), lambda: clips.search_tags(["yoyo"], 0)):
        with pytest.raises(UsageError, match="wanted"):
            call()


def test_the_clip_itself_is_left_out_and_a_copy_comes_first(
    home: Home, clips: ClipIndex, held_out: list[Clip], tmp_path: Path
) -> None:
    own = held_out[0].path
    near = clips.search_clip(own, 100)
    assert len(near) == len(clips) - 1 and str(own) not in [one.path for one in near]
    assert all(-1.001 <= one.score <= 1.001 for one in near)
    copy = Path(shutil.copy(own, tmp_path / "copy.mp4"))
    found = clips.search_clip(copy, 3, cache=home.cache)
    assert found[0].path == str(own) and found[0].score == pytest.approx(1, abs=2e-3)
    assert [one.path for one in found[1:]] == [one.path for one in near[:2]]


def test_one_clip_and_a_batch_lie_at_the_same_place(
    home: Home, video: VideoEmbedder, clips: ClipIndex, held_out: list[Clip]
) -> None:
    for row in (0, 7):
        alone = ClipIndex.build(video, [held_out[row]], cache=home.cache, workers=0).placed
        np.testing.assert_array_equal(alone.direct[:, 0], clips.placed.direct[:, row])
        np.testing.assert_array_equal(alone.queries[0], clips.placed.queries[row])
        np.testing.assert_array_equal(alone.points[0], clips.placed.points[row])


def test_what_is_known_is_not_computed_again(
    home: Home, video: VideoEmbedder, held_out: list[Clip], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "clips"
    shutil.copytree(home.folder / "clips" / "yoyo", folder)
    for path in (folder / "00.mp4", folder / "01.mp4"):
        path.unlink()
    first = ClipIndex.build(video, any_clips([folder]), cache=home.cache)
    first.save(tmp_path / "found")
    known = ClipIndex.load(tmp_path / "found", video)

    shutil.copy(home.folder / "clips" / "piano" / "09.mp4", folder / "00.mp4")  # new
    shutil.copy(home.folder / "clips" / "piano" / "10.mp4", folder / "03.mp4")  # another one by now
    (folder / "02.mp4").unlink()
    placed_anew = []
    one = placed._point
    monkeypatch.setattr(placed, "_point", lambda *given: placed_anew.append(given) or one(*given))
    now = known.update(any_clips([folder]), cache=home.cache)
    assert len(placed_anew) == 2 and (now.changes.known, now.changes.gone) == (len(first) - 2, 1)
    fresh = ClipIndex.build(video, any_clips([folder]), cache=home.cache)
    assert now.placed.clips == fresh.placed.clips and now.placed.stamps == fresh.placed.stamps
    for name in ("queries", "direct", "points"):
        np.testing.assert_array_equal(getattr(now.placed, name), getattr(fresh.placed, name))
    for where, built in (("a", now), ("b", fresh)):
        built.save(tmp_path / where)
    assert artifact.read(tmp_path / "a").digest == artifact.read(tmp_path / "b").digest


def test_broken_and_lost_clips_cost_only_themselves(home: Home, held_out: list[Clip], tmp_path: Path, run: Run) -> None:
    folder, found = tmp_path / "mine", tmp_path / "found"
    shutil.copytree(home.folder / "clips" / "yoyo", folder)
    (folder / "broken.mp4").write_bytes(b"no clip at all")
    (folder / "empty.mp4").write_bytes(b"")
    code, out, err = run("index-clips", folder, tmp_path / "lost.mp4", "-m", home.model, "-o", found)
    assert code == 1 and out == f"{found}\n" and err.count("failed: ") == 3
    assert "11 clips, 0 of them were there already, 0 are gone, 3 failed" in err
    for name in ("broken.mp4", "empty.mp4", "lost.mp4"):
        assert name in err
    (folder / "broken.mp4").unlink()
    (folder / "empty.mp4").unlink()
    (folder / "00.mp4").unlink()
    code, _, err = run("index-clips", folder, "-m", home.model, "-o", found)
    assert code == 0 and "10 clips, 10 of them were there already, 1 are gone, 0 failed" in err

    (tmp_path / "nothing").mkdir()
    code, _, err = run("index-clips", tmp_path / "nothing", "-m", home.model, "-o", found)
    assert code == 1 and "holds no video files" in err
    (folder / "broken.mp4").write_bytes(b"no clip at all")
    code, _, err = run("index-clips", folder / "broken.mp4", "-m", home.model, "-o", found)
    assert code == 1 and "None of the 1 clips could be used" in err
    assert artifact.read(found, "clips").config["clips"] == 10  # what was there before stays
    (folder / "broken.mp4").replace(folder / "01.mp4")
    code, _, err = run("index-clips", folder, "-m", home.model, "-o", found)
    assert code == 1 and "9 clips, 9 of them were there already, 0 are gone, 1 failed" in err
    code, _, err = run("index-clips", folder, "-m", home.model, "-o", home.model)
    assert code == 1 and "a clips is not written over it" in err


def test_the_commands_print_what_they_promise(home: Home, held_out: list[Clip], tmp_path: Path, run: Run) -> None:
    found, model = tmp_path / "found", home.model
    assert run("index-clips", home.folder / "held_out.csv", "-m", model, "-o", found)[0] == 0
    code, out, err = run("search", found, "#yoyo", "-m", model, "-k", "3")
    lines = [line.split("\t") for line in out.splitlines()]
    assert code == 0 and len(lines) == 3 and "/yoyo/" in lines[0][0] and lines[0][2].lower().startswith("#yoyo")
    code, out, err = run("search", found, "juggled", "piano", "-m", model, "--json")
    answer = json.loads(out)
    assert code == 0 and [one["step"] for one in answer["tags"]] == ["stem", "exact"] and "its stem is that of" in err
    assert len(answer["clips"]) == 10 and set(answer["clips"][0]) == {"path", "score", "tags", "title"}
    own = held_out[3].path
    code, out, _ = run("search", found, own, "-m", model, "--json", "-k", "2")
    answer = json.loads(out)
    assert code == 0 and answer["clip"] == str(own) and len(answer["clips"]) == 2
    assert Path(answer["clips"][0]["path"]).parent == own.parent

    for arguments, message in (
        (["#yoyo", own], "ask for one clip, or for hashtags"),
        (["#yoyo", "--title", "a"], "without a clip"),
        ([own, "--title", "a"], "looks at no titles"),
        (["#xyzzyqwv"], "is not among"),
        (["#yoyo", "-k", "0"], "k is 0; wanted 1 or more"),
    ):
        code, out, err = run("search", found, *arguments, "-m", model)
        assert (code, out) == (2, "") and message in err
    code, _, err = run("search", found, tmp_path / "nowhere.mp4", "-m", model)
    assert code == 1 and "nowhere.mp4" in err
    code, _, err = run("search", model, "#yoyo", "-m", model)
    assert code == 1 and "not a tag2vec folder" in err


def test_clips_of_another_model_are_refused_and_placed_anew(
    home: Home, clips: ClipIndex, held_out: list[Clip], tmp_path: Path, run: Run
) -> None:
    clips.save(tmp_path / "found")
    model = tmp_path / "model"
    shutil.copytree(home.model, model)
    other = VideoEmbedder.fit(TagSpace.load(model), home.folder / "clips.csv", cache=home.cache, seed=2)
    with pytest.raises(ArtifactError, match="was not saved"):
        ClipIndex.load(tmp_path / "found", other)
    other.save(model)
    named = clips.video.digest
    with pytest.raises(ArtifactError, match=f"the video {named[:12]}, this one is {other.digest[:12]}.*index-clips"):
        ClipIndex.load(tmp_path / "found", other)
    code, _, err = run("index-clips", home.folder / "held_out.csv", "-m", model, "-o", tmp_path / "found")
    assert code == 0 and "12 clips, 0 of them were there already" in err
    assert len(ClipIndex.load(tmp_path / "found", other)) == len(held_out)


def test_a_run_that_was_killed_goes_on(home: Home, tmp_path: Path) -> None:
    """Killed once it has features of a clip; they are not computed again."""
    mine = tmp_path / "mine"
    shutil.copytree(home.folder / "clips" / "yoyo", mine)
    cache = Cache(tmp_path / "cache")
    command = [sys.executable, "-m", "tag2vec", "index-clips", mine, "-m", home.model, "-o", tmp_path / "found"]
    settings = {**os.environ, "TAG2VEC_CACHE": str(cache.folder)}
    with subprocess.Popen([*map(str, command), "--workers", "1"], env=settings, start_new_session=True) as process:
        while process.poll() is None and len(list(cache.folder.rglob("*.safetensors"))) < 2:
            time.sleep(0.05)
        os.killpg(process.pid, signal.SIGKILL)
    kept = {path: path.stat().st_mtime_ns for path in cache.folder.rglob("*.safetensors") if path.name[0] != "."}
    assert 2 <= len(kept) < 11 and not (tmp_path / "found").exists()
    done = subprocess.run([*map(str, command)], env=settings, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "11 clips" in done.stderr and {path: path.stat().st_mtime_ns for path in kept} == kept


def test_features_folders_are_clips_too(
    home: Home, video: VideoEmbedder, clips: ClipIndex, held_out: list[Clip], tmp_path: Path, run: Run
) -> None:
    lost = [Clip(tmp_path / clip.path.parent.name / clip.path.name, clip.tags, clip.group) for clip in held_out]
    for clip, there in zip(lost, held_out, strict=True):
        clip.path.parent.mkdir(exist_ok=True)
        shutil.copy(there.path, clip.path)
    extract_to(tmp_path / "features", lost)
    for clip in lost:
        clip.path.unlink()
    found = ClipIndex.build(video, tmp_path / "features")
    np.testing.assert_array_equal(found.placed.direct, clips.placed.direct)
    near, wanted = found.search_clip(lost[0].path, 5), clips.search_clip(held_out[0], 5)
    assert names(near) == names(wanted) and [one.score for one in near] == [one.score for one in wanted]
    assert found.update(tmp_path / "features").changes.known == len(lost)

    code, _, err = run("index-clips", tmp_path / "features", held_out[0].path, "-m", home.model, "-o", tmp_path / "no")
    assert code == 2 and "give it alone" in err
    with pytest.raises(SourceError, match="no features folder"):
        ClipIndex.build(video, tmp_path)
    extract_to(tmp_path / "pooled", held_out, pooling="fisher")
    with pytest.raises(UsageError, match="other poolings"):
        ClipIndex.build(video, tmp_path / "pooled")


def test_titles_count_where_the_model_has_them() -> None:
    own = space()
    known = [
        Clip(Path(f"{tag}-{i}.mp4"), (tag,), f"{tag}{i}", f"{tag} {i}") for i in range(6) for tag in ("skate", "beach")
    ]
    video = VideoEmbedder.fit(own, known, "text", patience=1, lr=0.02)
    here = [Clip(Path(f"{i}.mp4"), (), str(i), title) for i, title in enumerate(("a skate", "my beach", "new skate"))]
    clips = ClipIndex.build(video, here)
    assert {Path(one.path).name for one in clips.search_tags(["skate"], 2)} == {"0.mp4", "2.mp4"}
    assert [one.title for one in clips.search_clip("a.mp4", 1, title="beach")] == ["my beach"]
    assert clips.search_clip("0.mp4", 1)[0].title == "new skate"  # by the title that its list gave it
    renamed = [here[0], Clip(Path("1.mp4"), (), "1", "one skate"), here[2]]
    assert clips.update(renamed).changes.known == 2


def test_scores_that_only_rank_can_be_searched(home: Home, held_out: list[Clip]) -> None:
    base = TagSpace.load(home.model)
    seed = VideoEmbedder.fit(base, home.folder / "clips.csv", recipe="seed", cache=home.cache)
    clips = ClipIndex.build(seed, held_out, cache=home.cache)
    assert [Path(one.path).parent.name for one in clips.search_tags(["piano"], 2)] == ["piano"] * 2
    one, other = ({f.path: f.score for f in clips.search_tags([tag], 99)} for tag in ("piano", "yoyo"))
    for found in clips.search_tags(["piano", "yoyo"], 99):
        assert found.score == pytest.approx((one[found.path] + other[found.path]) / 2, rel=1e-4, abs=1e-4)


@pytest.mark.parametrize("index", ["exact", "flat", "ivf:lists=2,probes=2", "hnsw"])
def test_any_index_finds_and_is_kept(
    home: Home, video: VideoEmbedder, clips: ClipIndex, held_out: list[Clip], tmp_path: Path, index: str
) -> None:
    ClipIndex(video, clips.placed, index).save(tmp_path / "found")
    kept = ClipIndex.load(tmp_path / "found", video)
    assert artifact.read(tmp_path / "found", "clips").config["index"] == index.partition(":")[0]
    assert names(kept.search_clip(held_out[5], 3)) == names(clips.search_clip(held_out[5], 3))
    assert names(kept.search_tags(["yoyo"])) == names(clips.search_tags(["yoyo"]))
