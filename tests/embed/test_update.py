"""A model learns what came to its corpus, and its video embedder goes on working."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tag2vec import Corpus, Suggester, TagSpace, VideoEmbedder, artifact, files
from tag2vec.embed.update import updated
from tag2vec.errors import ArtifactError, UsageError
from tests.conftest import Home
from tests.scraping.test_corpus import write_posts

NEW = "Glowyoyo"  # a tag that comes up beside those of yoyo clips


@pytest.fixture(scope="module")
def grown(home: Home, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the model of `home` and its corpus, to which posts with a new tag came."""
    folder = tmp_path_factory.mktemp("grown")
    for name in ("corpus", "model"):
        shutil.copytree(home.folder / name, folder / name)
    posts = [
        {"id": f"new{i}", "author": f"new{i}", "tags": ["yoyo", NEW, ("stringtricks", "bindtrick", "sleeper")[i % 3]]}
        for i in range(12)
    ]
    Corpus.build(write_posts(folder / "new.jsonl", posts), folder / "corpus", update=True)
    return folder


@pytest.fixture(scope="module")
def space(grown: Path) -> TagSpace:
    return updated(TagSpace.load(grown / "model"), Corpus.load(grown / "corpus"))


def test_new_tags_come_in_and_old_vectors_stay_aligned(grown: Path, space: TagSpace) -> None:
    before = TagSpace.load(grown / "model")
    assert NEW in space and NEW not in before and before.rows.keys() < space.rows.keys()
    assert [e.count for e in space.entries] == sorted((e.count for e in space.entries), reverse=True)
    assert space.entries[space.rows["yoyo"]].count == before.entries[before.rows["yoyo"]].count + 12
    assert "yoyo" in {r.stem for r in space.related(NEW, 5)}
    assert NEW in {r.tag for r in space.complete(["yoyo"], 10)}
    rows = [space.rows[entry.stem] for entry in before.entries]
    for old, new in ((before.inputs, space.inputs[rows]), (before.outputs, space.outputs[rows])):
        cosines = (old * new).sum(1) / np.linalg.norm(old, axis=1) / np.linalg.norm(new, axis=1)
        assert cosines.mean() > 0.95


def test_the_same_corpora_give_the_same_bytes_and_no_news_change_nothing(grown: Path, space: TagSpace) -> None:
    before, corpus = TagSpace.load(grown / "model"), Corpus.load(grown / "corpus")
    again = updated(before, corpus)
    assert np.array_equal(space.inputs, again.inputs) and np.array_equal(space.bias, again.bias)
    assert updated(space, corpus) is space


def test_a_video_embedder_fitted_before_suggests_as_before_and_the_new_tag_too(
    home: Home, grown: Path, space: TagSpace, tmp_path: Path
) -> None:
    shutil.copytree(grown / "model", tmp_path / "model")
    clips = [home.folder / "clips" / name / "09.mp4" for name in ("yoyo", "piano", "biking")]
    old = Suggester.load(tmp_path / "model", cache=home.cache)
    answers = [old.suggest(clip, 5) for clip in clips]
    space.save(tmp_path / "model")
    new = Suggester.load(tmp_path / "model", cache=home.cache)
    assert len(new.space) == len(old.space) + 1
    for clip, then in zip(clips, answers, strict=True):
        now = new.suggest(clip, 5)
        assert now[0].stem == then[0].stem
        assert len({s.stem for s in now} & {s.stem for s in then}) >= 3
    places = [[s.tag for s in new.suggest(clip, len(new.space))].index(NEW) for clip in clips]
    assert places[0] < len(new.space) / 4 and places[0] < min(places[1:])
    new.video.save(tmp_path / "model")  # fitted on the old space, it belongs to the new one now
    assert [s.stem for s in Suggester.load(tmp_path / "model", cache=home.cache).suggest(clips[0], 5)] == [
        s.stem for s in new.suggest(clips[0], 5)
    ]


def test_a_tag_that_only_clips_carried_gets_its_vectors_from_posts(
    home: Home, grown: Path, space: TagSpace, tmp_path: Path
) -> None:
    text = (home.folder / "clips.csv").read_text().replace(",Yoyo ", f",Other {NEW} ")
    (tmp_path / "clips.csv").write_text(text.replace("\nclips/", f"\n{home.folder}/clips/"))
    shutil.copytree(grown / "model", tmp_path / "model")
    before = TagSpace.load(tmp_path / "model")
    video = VideoEmbedder.fit(before, tmp_path / "clips.csv", cache=home.cache)
    video.save(tmp_path / "model")
    assert [e.stem for e in video.space.entries[len(before) :]] == [space.stems.stem(NEW), "other"]
    space.save(tmp_path / "model")
    suggester = Suggester.load(tmp_path / "model", cache=home.cache)
    row = suggester.space.rows[space.stems.stem(NEW)]
    assert np.array_equal(suggester.space.outputs[row], space.outputs[row])
    tags = {s.tag for s in suggester.suggest(home.folder / "clips" / "yoyo" / "10.mp4", 5)}
    assert {NEW, "Other"} <= tags


def test_what_is_no_grown_corpus_is_refused_and_names_both(grown: Path, tmp_path: Path) -> None:
    before, corpus = TagSpace.load(grown / "model"), Corpus.load(grown / "corpus")
    other = Corpus.build(grown / "new.jsonl", tmp_path / "other")
    with pytest.raises(UsageError, match=f"checksum {other.folder.digest[:12]}.*{before.parents['corpus'][:12]}"):
        updated(before, other)
    unstemmed = Corpus.build(grown / "new.jsonl", tmp_path / "unstemmed", stemmer="none")
    with pytest.raises(UsageError, match="stemmer 'english'.*stemmer 'none'"):
        updated(before, unstemmed)
    with pytest.raises(UsageError, match="without the second stage"):
        updated(TagSpace.fit(other, refine=0, dim=4), other)
    shutil.copytree(grown / "model", tmp_path / "model")
    TagSpace.fit(corpus, dim=8, epochs=1, refine=1).save(tmp_path / "model")
    with pytest.raises(ArtifactError, match="was fitted on another tag space"):
        VideoEmbedder.load(tmp_path / "model")


def test_the_command_writes_the_space_alone_and_keeps_all_settings(grown: Path, tmp_path: Path) -> None:
    model, corpus = tmp_path / "model", grown / "corpus"
    shutil.copytree(grown / "model", model)

    def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "tag2vec", "fit-embedding", *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    before = artifact.read(model / "space").digest
    for arguments, message in {
        (corpus,): "Give --out MODEL for a new model, or --update MODEL",
        (corpus, "--update", model, "-o", model): "Give --out MODEL for a new model, or --update MODEL",
        (corpus, "--update", model, "--dim", "50"): f"dim is 50, the model {model} was fitted with 100",
        (corpus, "--update", tmp_path / "absent"): "There is no folder",
        (corpus, "--update", corpus): f"There is no folder {corpus}/space",
    }.items():
        failed = run(*arguments)
        assert failed.returncode in (1, 2) and message in " ".join(failed.stderr.split()), failed.stderr
        assert "Traceback" not in failed.stderr
    assert artifact.read(model / "space").digest == before
    video = (model / "video" / artifact.MANIFEST).read_bytes()
    done = run(corpus, "--update", model, "--dim", "100")
    assert done.returncode == 0 and "1 new tags" in done.stderr, done.stderr
    assert TagSpace.load(model).earlier == [before]
    assert (model / "video" / artifact.MANIFEST).read_bytes() == video
    assert json.loads(video)["parents"]["space"] == before


def test_a_run_that_cannot_write_leaves_the_model_whole(
    grown: Path, space: TagSpace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(grown / "model", tmp_path / "model")

    def stopped(*arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(files, "swap", stopped)
    with pytest.raises(KeyboardInterrupt):
        space.save(tmp_path / "model")
    before = TagSpace.load(tmp_path / "model")
    assert NEW not in before and VideoEmbedder.load(tmp_path / "model", before).space.rows
    assert sorted(path.name for path in (tmp_path / "model").iterdir()) == ["space", "video"]
