"""The protocol for tags that a space lacks, on posts whose rare and new tags are known."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from tag2vec import Corpus, TagSpace
from tag2vec.errors import SourceError
from tag2vec.evaluation.rare import RARE, evaluate_rare
from tests.scraping.test_corpus import write_posts

WORDS = ["kick", "skate", "board", "swim", "pool", "laps", "piano", "sonata", "etude"]
GROUPS = [[word + end for word in WORDS[start : start + 3] for end in ("er", "o")] for start in (0, 3, 6)]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Rare tags stand in one training post, beside their group; new ones hold a tag of their group."""
    draw = random.Random(0)
    folder = tmp_path_factory.mktemp("rare")
    posts: list[dict[str, Any]] = [{"tags": draw.sample(group, 4)} for _ in range(100) for group in GROUPS]
    tests: list[dict[str, Any]] = [{"tags": draw.sample(group, 3)} for group in GROUPS]
    for i, group in enumerate(GROUPS):
        posts.append({"tags": [*group, f"qzv{'jxw'[i]}"]})
        tests.append({"tags": [*draw.sample(group, 2), f"qzv{'jxw'[i]}"]})
        tests.append({"tags": [*group[:2], group[2] + "zz"]})
    tests.append({"tags": ["zzzalone"]})
    corpus = Corpus.build(write_posts(folder / "train.jsonl", posts), folder / "corpus", stemmer="none")
    TagSpace.fit(corpus, dim=8).save(folder / "model")
    write_posts(folder / "test.jsonl", tests)
    return folder


def test_rare_tags_are_found_by_their_posts_and_new_ones_by_the_words_inside(home: Path) -> None:
    report = evaluate_rare(home / "model", home / "test.jsonl")
    rare, new = report["rare"], report["new"]
    assert (rare["queries"], rare["tags"]) == (3, 3)
    assert (new["queries"], new["tags"]) == (3, 4)  # zzzalone is one to be mistaken for, and no query
    assert set(rare["ways"]) == {"ours", "words inside", "tags beside", "spelling", "popularity"}
    assert set(rare["known"]) == set(report["known"]) == set(RARE)
    assert rare["ways"]["ours"] == rare["ways"]["tags beside"] and rare["ways"]["ours"]["hit@10"] == 1
    assert rare["ways"]["ours"]["mrr"] > rare["ways"]["words inside"]["mrr"]
    assert new["ways"]["ours"] == new["ways"]["words inside"] and new["ways"]["ours"]["hit@10"] == 1
    assert new["ways"]["ours"]["mrr"] > new["ways"]["popularity"]["mrr"]
    assert new["given"]["words inside"]["mrr"] > new["given"]["popularity"]["mrr"]
    assert report == evaluate_rare(home / "model", home / "test.jsonl")


def test_posts_whose_tags_are_all_known_give_no_query(home: Path, tmp_path: Path) -> None:
    write_posts(tmp_path / "known.jsonl", [{"tags": GROUPS[0]}])
    with pytest.raises(SourceError, match="has a tag that the space lacks beside a known one"):
        evaluate_rare(home / "model", tmp_path / "known.jsonl")
