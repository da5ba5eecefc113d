"""The tag completion protocol, step by step."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import numpy as np
import pytest

from tag2vec import Corpus, TagSpace
from tag2vec.errors import ArtifactError, SourceError
from tag2vec.evaluation.tags import evaluate_tags, make_queries
from tests.scraping.test_corpus import write_posts


def _posts(seed: int, n: int) -> list[dict[str, object]]:
    draw = random.Random(seed)
    groups = [[f"{chr(97 + g)}x{chr(97 + i)}" for i in range(6)] for g in range(8)]
    return [{"id": str(i), "tags": draw.sample(draw.choice(groups), 3)} for i in range(n)]


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
    assert set(report["baselines"]) == {"popularity", "item_item", "seed"}
    assert report["hit@5"] > 0.95 and report["baselines"]["item_item"]["hit@5"] > 0.95
    assert report["baselines"]["popularity"]["hit@5"] < 0.35
    assert report == evaluate_tags(home / "model", home / "test.jsonl")


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
