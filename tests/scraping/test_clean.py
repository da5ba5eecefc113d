"""Every cleaning rule by its name: what it leaves out, what it counts, and its switch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tag2vec import Corpus
from tag2vec.errors import SourceError, UsageError
from tag2vec.scraping.clean import RULES, Cleaning
from tests.scraping.test_corpus import write_posts

LONG = "a whole title pasted as one single tag because nobody ever reads the help text of an upload form"


def _build(tmp_path: Path, posts: list[dict[str, Any]], **settings: Any) -> Corpus:
    return Corpus.build(write_posts(tmp_path / "p.jsonl", posts), tmp_path / "c", warn=lambda line: None, **settings)


@pytest.mark.parametrize(
    ("rule", "posts", "settings", "off"),
    [
        ("near-empty", [{"tags": ["a"]}], {}, {"min_tags": 1}),
        (
            "duplicate-id",
            [{"id": "7", "tags": ["a", "b"]}, {"id": "7", "tags": ["c", "d"]}],
            {},
            {"keep_same_id": True},
        ),
        (
            "duplicate-block",
            [{"author": "x", "tags": ["a", "b"]}, {"author": "x", "tags": ["#B", "A"]}],
            {},
            {"keep_same_tags": True},
        ),
        (
            "language",
            [{"tags": ["lundi", "mardi"], "title": "Une petite promenade dans la forêt avec mes amis"}],
            {"languages": ("en",)},
            {"languages": ("en", "fr")},
        ),
        ("language", [{"tags": ["a", "b"], "language": "pt-BR"}], {"languages": ("en",)}, {"languages": ("en", "pt")}),
        ("digits-only", [{"tags": ["a", "b", "2024", "١٢٣"]}], {}, {"keep_digits": True}),
        ("over-long", [{"tags": ["a", "b", LONG]}], {}, {"max_length": 0}),
        ("noise", [{"tags": ["a", "b", "#FYP", "Follow4Follow"]}], {"noise": "default"}, {"noise": ""}),
        ("few-authors", [{"tags": ["a", "b", "mine"], "author": "z"}], {"min_authors": 2}, {"min_authors": 1}),
    ],
)
def test_a_rule_counts_what_it_leaves_out_and_has_a_switch(
    tmp_path: Path, rule: str, posts: list[dict[str, Any]], settings: dict[str, Any], off: dict[str, Any]
) -> None:
    base = [{"tags": ["a", "b"], "author": name, "language": "en"} for name in "xyz"]
    base = [{**post, "tags": [*post["tags"], f"own{i}"][: 2 + (rule != "few-authors")]} for i, post in enumerate(base)]
    with_rule = _build(tmp_path, [*base, *posts], **settings).report
    without = _build(tmp_path, [*base, *posts], **(settings | off)).report
    counted = with_rule["left_out"] | with_rule["dropped_tags"]
    expected = {"digits-only": 2, "noise": 2}.get(rule, 1)
    assert counted.get(rule) == expected, with_rule
    assert rule not in without["left_out"] and rule not in without["dropped_tags"], without
    assert rule in RULES
    for report in (with_rule, without):
        assert report["read"] == report["kept"] + sum(report["left_out"].values())
    assert without["tags"] > with_rule["tags"]


def test_a_post_left_without_common_tags_is_near_empty(tmp_path: Path) -> None:
    posts = [{"tags": ["a", "b", "c"], "author": name} for name in "xy"] + [{"tags": ["a", "q", "r"], "author": "z"}]
    corpus = _build(tmp_path, posts, min_authors=2)
    assert [*corpus] == [["a", "b", "c"]] * 2
    assert corpus.report["left_out"] == {"near-empty": 1} and corpus.report["dropped_tags"] == {"few-authors": 2}


def test_a_post_that_is_gone_does_not_hide_another(tmp_path: Path) -> None:
    posts = [
        {"id": "1", "author": "x", "tags": ["a", "b"]},
        {"id": "1", "author": "x", "tags": ["c", "d"]},  # the first again, edited
        {"id": "2", "author": "x", "tags": ["c", "d"]},
    ]
    assert [*_build(tmp_path, posts)] == [["a", "b"], ["c", "d"]]


def test_the_same_numbers_in_two_files_are_other_posts_and_the_same_posts_are_not(tmp_path: Path) -> None:
    first = write_posts(tmp_path / "1.jsonl", [{"id": i, "tags": [f"a{i}", "x"]} for i in range(3)])
    second = write_posts(tmp_path / "2.jsonl", [{"id": i, "tags": [f"b{i}", "x"]} for i in range(3)])
    copied = write_posts(tmp_path / "3.jsonl", [{"id": i, "tags": [f"a{i}", "x"]} for i in range(3)])
    corpus = Corpus.build([first, second, copied], tmp_path / "c")
    assert len(corpus) == 6 and corpus.report["left_out"] == {"duplicate-id": 3}


def test_tags_of_every_script_come_through_whole(tmp_path: Path) -> None:
    tags = ["हिन्दीगाने", "ภาษาไทย", "الرياضة_اليوم", "スケボー", "街头滑板", "Español", "🛹Skate🛹", "한국어"]
    corpus = _build(tmp_path, [{"tags": tags}], stemmer="none")
    assert [*corpus] == [["हिन्दीगाने", "ภาษาไทย", "الرياضةاليوم", "スケボー", "街头滑板", "español", "skate", "한국어"]]
    forms = {form for entry in corpus.vocabulary() for form in entry.forms}
    assert forms == {"हिन्दीगाने", "ภาษาไทย", "الرياضة_اليوم", "スケボー", "街头滑板", "Español", "Skate", "한국어"}


def test_settings_that_cannot_be(tmp_path: Path) -> None:
    for wrong in ({"min_tags": 0}, {"min_authors": 0}, {"max_length": -1}, {"languages": ("english",)}):
        with pytest.raises(UsageError, match="wanted"):
            Cleaning(**wrong)
    with pytest.raises(SourceError, match="Cannot read the list of noise tags"):
        _build(tmp_path, [{"tags": ["a", "b"]}], noise=str(tmp_path / "absent.txt"))
    (tmp_path / "mine.txt").write_text("# ours\nB\n", encoding="utf-8")
    assert [*_build(tmp_path, [{"tags": ["a", "b", "c"]}], noise=str(tmp_path / "mine.txt"))] == [["a", "c"]]
