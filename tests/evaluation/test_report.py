"""The report: the figures that are printed, whatever clips are called, and nothing that a tag can break."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Sequence
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from tag2vec.embed.clips import Clip
from tag2vec.errors import ArtifactError, MissingExtra
from tag2vec.evaluation.measures import Evaluation, document, measure
from tag2vec.evaluation.predictions import OURS, Labels, Shuffle
from tag2vec.evaluation.report import check_report, write_report
from tests.conftest import Home, bare
from tests.spaces import TAGS, space

EVIL = "<img src=x onerror=alert(1)>"


def _clip(number: int, *tags: str, title: str | None = None) -> Clip:
    return Clip(Path(f"/nowhere/{number}.mp4"), tags, str(number), title)


def _evaluation(clips: Sequence[Clip], probabilities: bool = True) -> Evaluation:
    """Of made-up scores, in which the tags of a clip stand out a little."""
    tags, draw = space(), np.random.default_rng(0)
    shuffle = Shuffle(Labels(tags, clips))
    own = np.array([[tag in clip.tags for tag in TAGS] for clip in clips])
    scores = (0.4 * own + 0.6 * draw.random(own.shape)).astype(np.float32)
    shuffle.row(OURS).add(np.arange(len(clips)), scores if probabilities else scores - 9, tags, clips)
    shuffle.row("popularity").add(np.arange(len(clips)), np.tile(scores[0], (len(clips), 1)), tags, clips)
    shuffle.place(np.arange(len(clips)), draw.normal(size=(len(clips), 5)).astype(np.float32))
    shuffle.curves.append([{"epoch": 1, "train": 2.0, "held_out": 2.5}, {"epoch": 2, "train": 1.0, "held_out": 2.0}])
    return Evaluation(document(shuffle, [measure(shuffle)], []), clips, shuffle, draw.random((len(clips), 70)))


MANY = [_clip(i, TAGS[i % 3], TAGS[3 + i % 2]) for i in range(60)]


class _Elements(HTMLParser):
    """Names of the elements, and of their attributes, as a browser sees them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.attributes: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.add(tag)
        self.attributes |= {name for name, _ in attrs}


def _page(found: Evaluation, folder: Path) -> str:
    write_report(folder, found)
    assert json.loads((folder / "report.json").read_text()) == found.document
    return (folder / "report.html").read_text(encoding="utf-8")


@pytest.fixture(autouse=True)
def _with_matplotlib() -> None:
    pytest.importorskip("matplotlib")


def test_the_page_has_every_part_and_is_the_same_each_time(tmp_path: Path) -> None:
    page = _page(_evaluation(MANY), tmp_path / "a")
    assert page == _page(_evaluation(MANY), tmp_path / "b")
    assert page.count("<svg") == 6 and "Not drawn" not in page and "calibration error 0." in page
    for title in ("Precision and recall", "Learning", "t-SNE", "taken for each other", "Tag by tag", "Tagged worst"):
        assert title in page
    assert "#000000" not in page and "currentColor" in page, "ink that is not read in the dark"
    assert not re.search(r"(src|href)=\"(?!data:|#)", page) and "url(http" not in page
    assert len(page) < 1_000_000
    write_report(tmp_path / "a", _evaluation(MANY[:30]))  # the next one takes its place
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a", "b"]


def test_tags_titles_and_paths_cannot_break_the_page(tmp_path: Path) -> None:
    clips = [_clip(i, *clip.tags, title=f"<script>{i}</script>") for i, clip in enumerate(MANY)]
    clips[0] = Clip(Path(f"/nowhere/{EVIL}.mp4"), clips[0].tags, "0")
    found = _evaluation(clips)
    found.ours.labels.forms[:2] = [EVIL, "a&b"]  # of a model that a stranger made
    page = _page(found, tmp_path / "r")
    seen = _Elements(page)
    assert not seen.names & {"script", "img"} and not [name for name in seen.attributes if name.startswith("on")]
    assert page.count("#&lt;img src=x") > 5 and "#a&amp;b" in page and "&lt;script&gt;" in page


def test_files_that_are_not_there_are_named(tmp_path: Path) -> None:
    page = _page(_evaluation(MANY[:6]), tmp_path / "r")
    assert page.count("No frames: /nowhere/") == 6 and "there is no such file" in page


@pytest.mark.parametrize(
    "clips",
    [[_clip(0, "skate")], [_clip(i, "skate") for i in range(7)], [_clip(i, *TAGS) for i in range(7)]],
    ids=["one clip", "one class", "all tags on all clips"],
)
def test_few_clips_and_one_class_are_a_report_too(clips: list[Clip], tmp_path: Path) -> None:
    found = _evaluation(clips)
    page = _page(found, tmp_path / "r")
    assert found.document["top1"] == 1 and found.document["map"] == 1
    assert page.count("Not drawn") == 1 + 2 * (len(clips) < 5)  # no clip is without a tag: no ROC
    assert page.count('class="clip"') == len(clips)


def test_a_tag_that_training_did_not_know_counts_and_is_missed(tmp_path: Path) -> None:
    clips = [_clip(0, "qwxzk"), *(_clip(i, "skate") for i in range(1, 7))]
    found = _evaluation(clips).document
    assert found["tags"]["qwxzk"] == {"clips": 1, "precision": 0, "recall": 0, "f1": 0, "ap": 0}
    assert found["map"] == 0.5 and found["top1"] == pytest.approx(6 / 7, abs=1e-4)
    assert found["recall@15"] == pytest.approx(6 / 7, abs=1e-4) and found["categories"]["qwxzk"]["top1"] == 0
    assert "#qwxzk" in _page(_evaluation(clips), tmp_path / "r")
    alone = _evaluation([_clip(i, "qwxzk") for i in range(3)]).document
    assert alone["best_f1"] == alone["map"] == alone["gap@20"] == 0


def test_scores_that_are_no_probabilities_are_not_called_so(tmp_path: Path) -> None:
    found = _evaluation(MANY, probabilities=False)
    assert found.document["ece"] is None and found.document["reliability"] == []
    assert "its scores are no probabilities" in _page(found, tmp_path / "r")


def test_thresholds_are_put_to_the_test(tmp_path: Path) -> None:
    """Over two shuffles, each with its own thresholds; where none reaches what was asked nothing is suggested."""
    tags = space()
    shuffles = []
    for bound in (0.5, 0.9):
        shuffle = Shuffle(Labels(tags, MANY[:6]))
        own = np.array([[tag in clip.tags for tag in TAGS] for clip in MANY[:6]])
        scores = np.where(own, 0.95, 0.1).astype(np.float32)
        scores[0] = 0.6  # 2 of its 5 tags are right
        shuffle.row(OURS).add(np.arange(6), scores, tags, MANY[:6])
        shuffle.row("popularity").add(np.arange(6), scores, tags, MANY[:6])
        shuffle.place(np.arange(6), np.zeros((6, 5), np.float32))
        shuffle.least[:2] = [[bound], [0.9]]
        shuffles.append(shuffle)
    found = document(shuffles[0], [measure(one) for one in shuffles], [])
    assert found["at_min_precision"] == {
        "0.5": {"precision": round(22 / 25, 4), "suggestions": round(25 / 12, 4)},
        "0.6": {"precision": 1.0, "suggestions": round(20 / 12, 4)},
        "0.8": {"precision": None, "suggestions": 0.0},
    }
    shuffles[0].curves.append([])
    page = _page(Evaluation(found, MANY[:6], shuffles[0], np.eye(6, 70)), tmp_path / "r")
    assert "<td>0.5</td>" in page and '<td class="number">0.880</td>' in page and "<td>none</td>" in page


def test_folds_with_other_new_tags_are_one_whole() -> None:
    """Rows of spaces differ from fold to fold; what is kept of their scores does not."""
    from tag2vec.embed.newtags import with_tags_of

    clips, base = [_clip(0, "aaa", "skate"), _clip(1, "zzz"), _clip(2, "zzz", "aaa")], space()
    labels = Labels(base, clips)
    shuffle = Shuffle(labels)
    for clip, known in enumerate((["zzz"], ["aaa", "mmm", "zzz"], ["zzz", "aaa"])):
        full = with_tags_of(base, [known])
        scores = np.array([[float(stem == "zzz") + 0.5 * (stem == "aaa") for stem in full.rows]], np.float32)
        shuffle.row(OURS).add(np.array([clip]), scores, full, [_clip(9, *known)])
    ours = shuffle.predictions[OURS]
    assert [labels.stems[code] for code in ours.tags[:, 0]] == ["zzz"] * 3
    column = dict(zip((labels.stems[code] for code in labels.measured), ours.columns.T.tolist(), strict=True))
    assert column["aaa"] == [-np.inf, 0.5, 0.5] and column["zzz"] == [1, 1, 1]
    assert ours.by_clip()["hit@1"].tolist() == [0, 1, 1]


def test_what_cannot_be_written_is_refused_before_the_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "own.txt").write_text("mine")
    with pytest.raises(ArtifactError, match="folder with other files; a report is not written over it"):
        check_report(tmp_path)
    with pytest.raises(ArtifactError, match="is a file; wanted a folder"):
        check_report(tmp_path / "own.txt")
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(MissingExtra, match=r"tag2vec\[plots\]"):
        check_report(tmp_path / "new")


def test_the_command_prints_what_the_report_keeps(home: Home, tmp_path: Path) -> None:
    every = (home.folder / "clips.csv").read_text().replace("\nclips/", f"\n{home.folder}/clips/").splitlines()
    rows = [every[0], *every[1::4][:12]]  # seen in training, so that their features are there
    rows += [f"{tmp_path}/gone.mp4,Yoyo,g,t", f"{home.folder}/clips/yoyo/09.mp4,qwxzk,g,<b>odd</b>"]
    (tmp_path / "clips.csv").write_text("\n".join(rows))
    command = ["evaluate", "video", home.model, tmp_path / "clips.csv", "--json", "--report", tmp_path / "r"]
    done = subprocess.run(
        [sys.executable, "-m", "tag2vec", *map(str, command)],
        capture_output=True,
        text=True,
        check=False,
        env=bare(home.cache),
    )
    assert done.returncode == 1 and "gone.mp4 cannot be opened" in done.stderr and "wrote " in done.stderr
    assert (tmp_path / "r" / "report.json").read_text() == done.stdout
    found = json.loads(done.stdout)
    assert found["clips"] == 13 and found["failed"] == 1 and found["top1"] > 0.8 and found["top5"] >= found["top1"]
    assert found["of_trained_groups"] == 12 and "warning: 12 of the 13 clips are of groups" in done.stderr
    assert found["best_f1"] == found["at_best_f1"]["f1"]
    for metric in ("map", "gap@20", "relevant@15", "perr", "best_f1"):
        assert found[metric] > found["baselines"]["popularity"][metric]
    assert found["at_min_precision"]["0.5"]["precision"] >= 0.5 and found["at_min_precision"]["0.5"]["suggestions"] > 0
    page = (tmp_path / "r" / "report.html").read_text(encoding="utf-8")
    assert page.count("data:image/jpeg;base64,") == 36 and "&lt;b&gt;odd" in page and "No frames" not in page
    assert "12 of the 13 clips are of groups" in page
