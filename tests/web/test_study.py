"""The rating study: made by the command line, marked over HTTP and in a browser, reported."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from tag2vec import Suggester
from tag2vec.errors import ArtifactError, UsageError
from tag2vec.web.study.making import CONTROL, Settings, new_study
from tag2vec.web.study.report import report, write_report
from tag2vec.web.study.store import RATINGS, Study
from tests.conftest import Home, Run
from tests.web.conftest import Server, started

K = 6


@pytest.fixture(scope="module")
def made(home: Home, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("study") / "study"
    models = {"ours": home.model}
    assert new_study(folder, home.folder / "held_out.csv", models, Settings(K, per_class=1)) == 0
    return folder


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "study"))


@pytest.fixture
def server(folder: Path) -> Iterator[Server]:
    with started("study", "serve", str(folder), "--port", "0") as found:
        yield found


def _mark(study: Study, rater: str, relevant: Any) -> None:
    """Answer every page of `rater`: `relevant` says of a clip's name and a tag whether it is."""
    key = study.rater(rater)
    for place in range(study.pages):
        asked = study.question(key, place)
        name = study.clips[asked.clip]["name"]
        study.answer(key, place, [number for number, tag in asked.tags if relevant(name, tag)])


def test_all_tags_are_asked_once_and_mixed(home: Home, made: Path, suggester: Suggester) -> None:
    study = Study(made)
    assert len(study.clips) == 6 and all(set(clip["lists"]) == {"ours", CONTROL} for clip in study.clips)
    for clip in study.clips:
        own = suggester.suggest(home.folder / "clips" / clip["name"], K)
        assert clip["lists"]["ours"] == [one.tag for one in own]
        every = [tag.casefold() for tags in clip["lists"].values() for tag in tags]
        assert sorted(map(str.casefold, clip["tags"])) == sorted(set(every))
    assert len({tuple(clip["lists"][CONTROL]) for clip in study.clips}) > 1
    first = [clip["tags"].index(tag) < len(clip["tags"]) / 2 for clip in study.clips for tag in clip["lists"]["ours"]]
    assert 0.2 < np.mean(first) < 0.8
    assert all(len(part) <= K for parts in study.parts for part in parts)
    with av.open(str(made / study.clips[0]["file"])) as file:
        assert file.streams.video[0].codec_context.name == "h264" and file.duration / 1e6 == pytest.approx(2, abs=0.1)


def test_the_same_seed_gives_the_same_study(home: Home, made: Path, tmp_path: Path) -> None:
    new_study(tmp_path / "again", home.folder / "held_out.csv", {"ours": home.model}, Settings(K, per_class=1))
    for path in made.iterdir():
        if path.name != RATINGS:
            assert path.read_bytes() == (tmp_path / "again" / path.name).read_bytes(), path.name


def test_the_report_counts_the_marks(folder: Path, tmp_path: Path) -> None:
    study = Study(folder)
    ours = {clip["name"]: clip["lists"]["ours"] for clip in study.clips}
    _mark(study, "Ada", lambda name, tag: tag in ours[name][:2])
    _mark(study, "=SUM(1)", lambda name, tag: tag in ours[name][:4] and not name.startswith("yoyo"))
    found = write_report(tmp_path / "report", study)
    arm = found["arms"]["ours"]
    assert arm["relevant"] == pytest.approx((2 * 6 + 4 * 5) / 12, abs=1e-4)
    assert arm["none"] == pytest.approx(1 / 12, abs=1e-4) and arm["clips_with_none"] == 0
    assert arm["classes"]["Yoyo"] == {"clips": 1, "relevant": 1.0, "none": 0.5}
    assert arm["interval"][0] < arm["relevant"] < arm["interval"][1]
    (difference,) = found["differences"]
    assert difference["interval"][0] > 0 and difference["to"] == CONTROL
    assert found["raters"] == {"=SUM(1)": 6, "Ada": 6} and 0 < found["alpha"] < 1
    assert json.loads((tmp_path / "report" / "report.json").read_text()) == found
    with (tmp_path / "report" / "marks.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert sum(int(row["relevant"]) for row in rows if row["suggested by"] == "ours") == 2 * 6 + 4 * 5
    assert {row["rater"] for row in rows} == {"Ada", "'=SUM(1)"}
    page = (tmp_path / "report" / "report.html").read_text()
    assert "=SUM(1)" in page and "Yoyo" in page and "<script" not in page


def test_a_clip_counts_once_it_is_marked_whole(folder: Path) -> None:
    study = Study(folder)
    with pytest.raises(UsageError, match="Nobody has marked"):
        report(study)
    key = study.rater("Ada")
    study.answer(key, 0, [])
    assert study.progress(key) == ("Ada", 1, 1)
    if len(study.parts[study.question(key, 0).clip]) > 1:
        with pytest.raises(UsageError, match="Nobody has marked"):
            report(study)
    study.answer(key, 1, [])
    assert report(study)["clips"] == 1


def test_an_answer_can_be_given_anew_and_only_for_what_was_asked(folder: Path) -> None:
    study = Study(folder)
    key = study.rater("  Ada\tLovelace ")
    asked = study.question(key, 0)
    assert asked.marked is None and study.raters() == [("Ada Lovelace", key, 0)]
    study.answer(key, 0, [asked.tags[0][0]])
    study.answer(key, 0, [asked.tags[1][0]])
    assert Study(folder).question(key, 0).marked == [asked.tags[1][0]]
    assert study.rater("ada lovelace") == key
    other = study.question(key, study.pages - 1).tags[0][0]
    if other not in [number for number, _ in asked.tags]:
        with pytest.raises(UsageError, match="does not ask for"):
            study.answer(key, 0, [other])


def test_a_study_with_raters_is_not_written_over(folder: Path, home: Home) -> None:
    again = [folder, home.folder / "held_out.csv", {"ours": home.model}, Settings(K, per_class=1)]
    new_study(*again)  # nobody has marked anything: the same command again is no loss
    _mark(Study(folder), "Ada", lambda name, tag: False)
    with pytest.raises(ArtifactError, match="has 1 raters"):
        new_study(*again)


def test_the_commands(run: Run, home: Home, tmp_path: Path) -> None:
    clips = tmp_path / "clips"
    clips.mkdir()
    shutil.copy(home.folder / "clips" / "yoyo" / "09.mp4", clips / "a.mp4")
    (clips / "b.mp4").write_bytes(b"no clip")
    two = ["-m", f"ours={home.model}", "-m", home.model]
    code, _, said = run("study", "new", clips, *two, "-o", tmp_path / "s", "-k", "4")
    assert code == 1 and "is not a video" in said and "1 clips could not be used" in said
    assert "Nobody has marked" in run("study", "report", tmp_path / "s")[2]
    _mark(Study(tmp_path / "s"), "Ada", lambda name, tag: True)
    lines = run("study", "report", tmp_path / "s")[1].splitlines()
    assert [line.split("\t")[:2] for line in lines] == [["ours", "4.000"], ["model", "4.000"], [CONTROL, "4.000"]]
    links = run("study", "link", tmp_path / "s", "Bob", "--address", "https://x.example/")[1]
    assert links.startswith("Bob\thttps://x.example/#rater=")
    code, _, said = run("study", "new", clips, "-m", home.model, "-m", home.model, "-o", tmp_path / "t")
    assert code == 2 and "Two models are named 'model'" in said
    code, _, _ = run("study", "new", clips / "b.mp4", "-m", home.model, "-o", tmp_path / "t")
    assert code == 1 and not (tmp_path / "t").exists()


def test_over_http(server: Server, folder: Path) -> None:
    assert server.get("/v1/study").json() == {"clips": 6, "pages": Study(folder).pages, "invited": False}
    key = server.post("/v1/raters", json={"name": "Ada"}).json()["key"]
    page = server.get(f"/v1/raters/{key}/pages/0").json()
    told = json.dumps(page)
    assert "ours" not in told and CONTROL not in told and ".mp4" not in told and "lists" not in told
    clip = server.get("/" + page["clip"], headers={"Range": "bytes=0-99"})
    assert clip.status_code == 206 and len(clip.content) == 100  # browsers play no clip that they cannot wind
    marked = {"relevant": [page["tags"][0]["number"]], "seconds": 2.5}
    assert server.put(f"/v1/raters/{key}/pages/0", json=marked).json()["done"] == 1
    bad = server.put(f"/v1/raters/{key}/pages/0", json={"relevant": [999]})
    assert bad.status_code == 422 and "does not ask for the tags [999]" in bad.json()["detail"]
    assert server.get("/v1/raters/nobody").status_code == 404
    assert server.get(f"/v1/raters/{key}/pages/99").status_code == 404
    assert server.get("/v1/clips/99").status_code == 404
    assert server.post("/v1/raters", json={"name": "\x00"}).status_code == 422
    crossed = server.post("/v1/raters", json={"name": "Eve"}, headers={"Origin": "http://evil.example"})
    assert crossed.status_code == 403


def test_invited_raters_only(folder: Path) -> None:
    key = Study(folder).rater("Ada")
    with started("study", "serve", str(folder), "--port", "0", "--invited") as server:
        assert server.post("/v1/raters", json={"name": "Bob"}).status_code == 403
        assert server.get(f"/v1/raters/{key}").json()["name"] == "Ada"


def test_a_damaged_file_of_ratings_says_so(folder: Path, run: Run) -> None:
    (folder / RATINGS).write_bytes(b"rubbish" * 1000)
    for command in (["report"], ["serve", "--port", "0"], ["link"]):
        code, _, said = run("study", command[0], folder, *command[1:])
        assert code == 1 and "cannot be used" in said
