"""The tag completion protocol, step by step."""

from __future__ import annotations

import random
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from tag2vec import Corpus, TagSpace
from tag2vec.errors import ArtifactError, SourceError
from tag2vec.evaluation.baselines import BASELINES
from tag2vec.evaluation.tags import evaluate_tags, make_queries, table
from tests.scraping.test_corpus import write_posts


def _posts(seed: int, n: int) -> list[dict[str, Any]]:
    draw = random.Random(seed)
    groups = [[f"{chr(97 + g)}x{chr(97 + i)}" for i in range(6)] for g in range(8)]
    return [{"id": str(i), "tags": draw.sample(draw.choice(groups), 3)} for i in range(n)]


def _group(post: dict[str, Any]) -> str:
    return str(post["tags"][0][0])


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tags")
    corpus = Corpus.build(write_posts(folder / "train.jsonl", _posts(0, 900)), folder / "corpus", stemmer="none")
    TagSpace.fit(corpus, dim=16).save(folder / "model")
    write_posts(folder / "test.jsonl", _posts(1, 200))
    return folder


def test_planted_groups_are_found_and_popularity_is_not_enough(home: Path) -> None:
    report = evaluate_tags(home / "model", home / "test.jsonl")
    assert report["queries"] == 200 and report["vocabulary"] == 48
    assert {"hit@5", "hit@10", "hit@15", "mrr"} <= set(report)
    assert set(report["baselines"]) == {"popularity", "item_item", "ease", "implicit_mf", "skipgram", "seed"}
    assert report["hit@5"] > 0.95 and report["left_out"] == {}
    assert all(report["baselines"][name]["hit@5"] > 0.95 for name in ("item_item", "ease", "implicit_mf"))
    assert report["baselines"]["popularity"]["hit@5"] < 0.35
    assert report == evaluate_tags(home / "model", home / "test.jsonl")


def test_intervals_hold_the_figures_and_the_difference(home: Path) -> None:
    report = evaluate_tags(home / "model", home / "test.jsonl", baselines={"popularity": BASELINES["popularity"]})
    other = report["baselines"]["popularity"]
    for metric in ("hit@5", "hit@10", "hit@15", "mrr"):
        for row in (report, other):
            low, high = row["intervals"][metric]
            assert 0 <= low <= row[metric] <= high <= 1
        low, high = other["difference"][metric]
        assert 0 < low <= report[metric] - other[metric] <= high
    header, rows = table(report)
    assert all(len(row) == len(header) for row in rows) and [row[0] for row in rows] == ["ours", "popularity"]
    low, high = other["difference"]["hit@10"]
    assert rows[0][-1] == "" and rows[1][-1] == f"[{low:+.3f}, {high:+.3f}]"


def test_posts_of_one_author_are_drawn_together(home: Path, tmp_path: Path) -> None:
    def report(author: Callable[[int], str | None]) -> dict[str, Any]:
        posts = [post | {"author": author(i)} for i, post in enumerate(sorted(_posts(1, 200), key=_group))]
        write_posts(tmp_path / "test.jsonl", posts)
        return evaluate_tags(home / "model", tmp_path / "test.jsonl", baselines={})

    alone, groups, one = report(lambda i: None), report(lambda i: str(i // 25)), report(lambda i: "one")
    assert (alone["groups"], groups["groups"], one["groups"]) == (200, 8, 1)
    assert alone["mrr"] == groups["mrr"] == one["mrr"]
    assert alone["intervals"]["mrr"] != groups["intervals"]["mrr"] and one["intervals"] == {}
    assert table(one)[1][0][-2:] == ["", ""]


def test_a_baseline_that_cannot_be_fitted_is_left_out_with_the_reason(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tag2vec.cli import app, evaluate

    assert evaluate  # its commands are those of the app once it is imported
    monkeypatch.setitem(sys.modules, "implicit.cpu.als", None)
    report = evaluate_tags(home / "model", home / "test.jsonl")
    assert set(report["left_out"]) == {"implicit_mf"} and "implicit_mf" not in report["baselines"]
    done = CliRunner().invoke(app, ["evaluate", "tags", str(home / "model"), "--posts", str(home / "test.jsonl")])
    assert done.exit_code == 0 and 'pip install "tag2vec[baselines]"' in done.stderr
    assert [line.split("\t")[0] for line in done.stdout.splitlines()] == ["ours", *report["baselines"]]


def test_hidden_tags_are_drawn_as_the_protocol_says(home: Path) -> None:
    space = TagSpace.load(home / "model")
    posts = [["axa", "axb", "unknown"], ["axa", "unknown"], ["bxa", "bxb", "bxa", "bxc"]]
    write_posts(home / "few.jsonl", [{"tags": tags} for tags in posts])
    queries = make_queries(space, home / "few.jsonl", lambda where, reason: None)
    draw = random.Random(1)
    first, second = draw.choice(["axa", "axb"]), draw.choice(["bxa", "bxb", "bxc"])
    assert queries.hidden.tolist() == [space.rows[first], space.rows[second]]
    assert [len(given) for given in queries.given] == [1, 2]
    assert not set(queries.given[1]) & {space.rows[second]}
    assert queries.hidden.dtype == np.intp


def test_what_is_missing_is_named(home: Path, tmp_path: Path) -> None:
    write_posts(tmp_path / "other.jsonl", [{"tags": ["foreign", "words"]}])
    with pytest.raises(SourceError, match="has two tags that the space knows"):
        evaluate_tags(home / "model", tmp_path / "other.jsonl")
    shutil.copytree(home / "model", tmp_path / "model")
    with pytest.raises(ArtifactError, match="There is no folder.*Name it with --corpus"):
        evaluate_tags(tmp_path / "model", home / "test.jsonl")
    assert evaluate_tags(tmp_path / "model", home / "test.jsonl", home / "corpus")["queries"] == 200
    Corpus.build(home / "test.jsonl", tmp_path / "corpus")
    with pytest.raises(ArtifactError, match="not the corpus that the model was fitted on"):
        evaluate_tags(tmp_path / "model", home / "test.jsonl", tmp_path / "corpus")
