"""The whole of build-corpus on files: growing, days, clusters, big and odd input, and an account of every post."""

from __future__ import annotations

import csv
import gzip
import json
import random
from collections import Counter
from pathlib import Path
from typing import Any

import duckdb
import pytest
from distributed import LocalCluster

from tag2vec import Corpus, cluster
from tag2vec.errors import ArtifactError, SourceError, UnknownName, UsageError
from tag2vec.scraping import sources, tally
from tests.scraping.test_corpus import write_posts

NAMES = ("sentences.txt", "vocabulary.jsonl", "days.parquet", "posts.parquet")


def _posts(count: int, seed: int = 0) -> list[dict[str, Any]]:
    """Posts with repeated ids, blocks pasted by one author, several forms of a stem, some without date or author."""
    chance = random.Random(seed)
    posts = []
    for number in range(count):
        words = chance.sample(["Skating", "skates", "SKATE", "Ollie", "ollies", "beach", "日本", "2024"], 4)
        posts.append(
            {
                "id": f"{seed}-{chance.randrange(count)}",
                "tags": [*words, f"rare{chance.randrange(count)}"],
                "author": chance.choice(["ann", "bob", None, f"user{number}"]),
                "date": chance.choice([f"2026-05-{1 + number % 28:02}T08:00:00Z", "2026-13-77", None]),
            }
        )
    return posts


def _bytes(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in NAMES}


def _table(path: Path) -> list[tuple[Any, ...]]:
    return duckdb.sql(f"SELECT * FROM read_parquet('{path}')").fetchall()


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "BLOCK", 4096)


def test_an_update_is_the_corpus_of_both_byte_for_byte(tmp_path: Path, small_blocks: None) -> None:
    old, new = write_posts(tmp_path / "old.jsonl", _posts(400)), write_posts(tmp_path / "new.jsonl", _posts(300, 1))
    for settings in ({}, {"min_authors": 3}, {"keep_same_tags": True}):
        Corpus.build([old, new], tmp_path / "both", **settings)
        Corpus.build(old, tmp_path / "grown", **settings)
        for read in (new, new):
            grown = Corpus.build(read, tmp_path / "grown", update=True, **settings)
            report = grown.report
            assert report["before"] + report["read"] == report["kept"] + sum(report["left_out"].values())
            sentences = _bytes(tmp_path / "both")["sentences.txt"]
            if not settings.get("keep_same_tags"):
                assert _bytes(tmp_path / "grown") == _bytes(tmp_path / "both")
            else:  # those without id come again
                assert _bytes(tmp_path / "grown")["sentences.txt"].startswith(sentences)


def test_a_cluster_gives_the_same_bytes(tmp_path: Path, small_blocks: None) -> None:
    path = write_posts(tmp_path / "p.jsonl", [*_posts(600), {"tags": "broken"}])
    more = write_posts(tmp_path / "q.jsonl", _posts(300, 1))
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as workers:
        for settings in ({}, {"min_authors": 2}):
            for read, update in ((path, False), (more, True)):
                found = [
                    Corpus.build(read, tmp_path / name, update=update, dask=dask, warn=lambda line: None, **settings)
                    for name, dask in (("here", None), ("there", workers.scheduler_address))
                ]
                assert _bytes(tmp_path / "here") == _bytes(tmp_path / "there")
                assert found[0].report == found[1].report
    assert len(Corpus.build(more, dask="local:1")) > 0


def test_a_cluster_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "PATIENCE_S", 0.3)
    with (
        pytest.raises(SourceError, match="No Dask scheduler answers at tcp://127.0.0.1:9"),
        cluster.running("tcp://127.0.0.1:9"),
    ):
        pass
    for wrong in ("local:none", "local:0", "local"):
        with pytest.raises(UsageError, match="wanted local:N"), cluster.running(wrong):
            pass


@pytest.mark.parametrize("settings", [{}, {"min_authors": 2}])
def test_counting_in_parts_gives_the_same_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: dict[str, Any]
) -> None:
    path = write_posts(tmp_path / "p.jsonl", _posts(500))
    Corpus.build(path, tmp_path / "whole", **settings)
    monkeypatch.setattr(tally, "PART", 90)
    monkeypatch.setattr(tally, "SPAN", 70)
    Corpus.build(path, tmp_path / "parts", **settings)
    assert _bytes(tmp_path / "whole") == _bytes(tmp_path / "parts")


def test_days_count_posts_and_authors(tmp_path: Path) -> None:
    posts = [{"tags": ["a", "b"], "author": "spam", "date": "2026-05-01", "id": str(i)} for i in range(5)]
    posts += [{"tags": ["a", "c"], "author": f"p{i}", "date": f"2026-05-0{1 + i % 2}T23:59:00Z"} for i in range(4)]
    posts += [{"tags": ["a", "b"]}, {"tags": ["a", "c"], "date": "yesterday"}]
    corpus = Corpus.build(write_posts(tmp_path / "p.jsonl", posts), tmp_path / "c", keep_same_tags=True)
    days = {(str(day), stem): (count, authors) for day, stem, count, authors in _table(tmp_path / "c" / "days.parquet")}
    assert days == {
        ("2026-05-01", "a"): (7, 3),
        ("2026-05-01", "b"): (5, 1),
        ("2026-05-01", "c"): (2, 2),
        ("2026-05-02", "a"): (2, 2),
        ("2026-05-02", "c"): (2, 2),
    }
    assert corpus.report["days"] == 2


def test_authors_and_ids_are_kept_as_digests_only(tmp_path: Path) -> None:
    post = {"id": "id-secret", "author": "ann-secret", "tags": ["a", "b"], "text": "text-secret"}
    Corpus.build(write_posts(tmp_path / "p.jsonl", [post]), tmp_path / "c")
    assert not any(b"secret" in path.read_bytes() for path in (tmp_path / "c").iterdir())


def test_every_post_of_every_format_is_accounted_for(tmp_path: Path) -> None:
    folder = tmp_path / "export"
    folder.mkdir()
    posts = _posts(50)
    write_posts(folder / "a.jsonl", posts)
    with (folder / "b.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "tags", "author"])
        writer.writerows([f"csv{i}", "|".join(post["tags"]), "zed"] for i, post in enumerate(posts))
    for i in range(20):
        info = {
            "id": f"v{i}",
            "title": f"clip #{i}",
            "tags": ["ski", f"snow{i}"],
            "extractor": "youtube",
            "uploader": "u",
        }
        (folder / f"{i}.info.json").write_text(json.dumps(info if i else {"no": "video"}))
    (folder / "notes.txt").write_text("not posts")
    said: list[str] = []
    report = Corpus.build(folder, tmp_path / "c", warn=said.append).report
    assert report["read"] == 120 == report["kept"] + sum(report["left_out"].values())
    assert report["left_out"]["unreadable"] == 1 == len(said)


def test_odd_ids_and_authors_stay_apart(tmp_path: Path) -> None:
    odd = ["a\tb", "a\\tb", "a\nb", '"', "'", "\ud83d", "", "a" * 5000, "\x1e", "🛹", "null"]
    posts = [{"id": name, "author": name, "tags": ["a", "b"]} for name in odd]
    corpus = Corpus.build(write_posts(tmp_path / "p.jsonl", posts), tmp_path / "c")
    assert len(corpus) == len(odd)


def test_a_post_of_a_million_tags_does_not_stop_the_others(tmp_path: Path) -> None:
    posts = [{"id": "big", "tags": [f"t{i}" for i in range(1_000_000)]}, {"tags": ["a", "b"]}]
    said: list[str] = []
    corpus = Corpus.build(write_posts(tmp_path / "p.jsonl", posts), tmp_path / "c", warn=said.append)
    assert len(corpus) == 1 and corpus.report["left_out"] == {"unreadable": 1} and "1,000,000 tags" in said[0]


def test_a_folder_of_many_small_files_goes_in_few_blocks(tmp_path: Path) -> None:
    blocks = [sources.Block(f"{i}", 0, b"{}") for i in range(1000)]
    assert len([*sources.merged(blocks)]) == 1
    lines = [sources.Block("x.jsonl", 1 + i, b"{}") for i in range(3)]
    assert [*sources.merged([*blocks, *lines, *blocks])][1:4] == lines


def test_wrong_names_and_folders(tmp_path: Path) -> None:
    path = write_posts(tmp_path / "p.jsonl", _posts(20))
    with pytest.raises(UnknownName, match="no source named 'peertub'. Did you mean 'peertube'"):
        Corpus.build("peertub:example.org", tmp_path / "c")
    with pytest.raises(SourceError, match="no file or folder youtub.*Did you mean the source 'youtube'"):
        Corpus.build("youtub", tmp_path / "c", warn=lambda line: None)
    with pytest.raises(UnknownName, match="stemmer"):
        Corpus.build(path, tmp_path / "c", stemmer="klingon")
    with pytest.raises(ArtifactError, match="no folder"):
        Corpus.build(path, tmp_path / "c", update=True)
    Corpus.build(path, tmp_path / "c")
    with pytest.raises(UsageError, match="built with the stemmer 'english', not 'none'"):
        Corpus.build(path, tmp_path / "c", update=True, stemmer="none")


def test_counts_are_those_of_a_plain_loop(tmp_path: Path, small_blocks: None) -> None:
    from tag2vec.scraping.normalise import Stems
    from tag2vec.scraping.post import Post

    posts = [{**post, "author": None, "id": ""} for post in _posts(500)]
    corpus = Corpus.build(write_posts(tmp_path / "p.jsonl", posts), tmp_path / "c", max_length=0)
    stems = Stems("english")
    sentences = [stems.of(Post("", tuple(post["tags"]))) for post in posts]
    forms = Counter(item for sentence in sentences for item in sentence.items())
    assert [*corpus] == [list(sentence) for sentence in sentences]
    found = {(entry.stem, form): n for entry in corpus.vocabulary() for form, n in entry.forms.items()}
    assert found == forms
    counts = [(-entry.count, entry.stem) for entry in corpus.vocabulary()]
    assert counts == sorted(counts) and all(e.count == sum(e.forms.values()) for e in corpus.vocabulary())
    assert all(list(e.forms.values()) == sorted(e.forms.values(), reverse=True) for e in corpus.vocabulary())


def test_every_file_of_real_posts_is_accounted_for(shared_data: Path, tmp_path: Path) -> None:
    files = sorted((shared_data / "tags").glob("*.jsonl.gz"))
    assert files
    for file in files:
        report = Corpus.build(file, tmp_path / file.stem, warn=lambda line: None).report
        with gzip.open(file) as lines:
            assert report["read"] == sum(1 for _ in lines) == report["kept"] + sum(report["left_out"].values())
        assert report["kept"] > 0.6 * report["read"], report
