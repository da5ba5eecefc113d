"""From posts to tag sentences and forms."""

from __future__ import annotations

import gc
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tag2vec import Corpus
from tag2vec.errors import ArtifactError, SourceError


def write_posts(path: Path, posts: Sequence[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(post) + "\n" for post in posts), encoding="utf-8")
    return path


def test_sentences_forms_and_report(tmp_path: Path) -> None:
    posts = [
        {"id": "1", "tags": ["Skateboarding", "#Kickflip"], "author": "a"},
        {"id": "2", "tags": ["skateboarding", "ollie", "skateboards"], "author": "b"},
        {"id": "3", "tags": ["kickflip", "SKATEBOARDING"], "author": "a"},  # the first again
        {"id": "4", "tags": ["kickflip", "skateboarding"], "author": "c"},
        {"id": "5", "tags": ["kickflip", "skateboarding"]},
        {"id": "6", "tags": ["alone"]},
        {"id": "7", "tags": ["2024", "99"], "title": "#Ollie and #Grind"},
    ]
    corpus = Corpus.build(write_posts(tmp_path / "p.jsonl", posts), tmp_path / "corpus")
    sentences = [
        ["skateboard", "kickflip"],
        ["skateboard", "olli"],
        *[["kickflip", "skateboard"]] * 2,
        ["olli", "grind"],
    ]
    assert list(corpus) == sentences and list(corpus) == sentences
    assert len(corpus) == 5
    vocabulary = {entry.stem: entry for entry in corpus.vocabulary()}
    assert list(vocabulary) == ["skateboard", "kickflip", "olli", "grind"]
    assert vocabulary["skateboard"].count == 4
    assert vocabulary["skateboard"].forms == {"skateboarding": 3, "Skateboarding": 1}
    assert corpus.report["left_out"] == {
        "near-empty": 1,
        "duplicate-block": 1,
    }
    again = Corpus.load(tmp_path / "corpus")
    assert list(again) == sentences and again.report == corpus.report and again.stemmer == "english"


def test_the_same_posts_give_the_same_bytes(tmp_path: Path) -> None:
    posts = write_posts(tmp_path / "p.jsonl", [{"tags": [f"tag{i % 7}", f"other{i % 5}"]} for i in range(100)])
    Corpus.build(posts, tmp_path / "a")
    Corpus.build(posts, tmp_path / "b").save(tmp_path / "c")
    for name in ("sentences.txt", "vocabulary.jsonl", "tag2vec.json"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "c" / name).read_bytes()


def test_a_corpus_without_a_folder_goes_with_its_object(tmp_path: Path) -> None:
    corpus = Corpus.build(write_posts(tmp_path / "p.jsonl", [{"tags": ["a", "b"]}]))
    folder = corpus.folder.folder
    assert folder.is_dir() and list(corpus) == [["a", "b"]]
    del corpus
    gc.collect()
    assert not folder.exists()


def test_strict_stops_and_otherwise_bad_lines_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "p.jsonl"
    path.write_text('{"tags": ["a", "b"]}\nnonsense\n')
    said: list[str] = []
    assert Corpus.build(path, tmp_path / "c", warn=said.append).report["left_out"] == {"unreadable": 1}
    assert len(said) == 1 and f"{path}:2: skipped, not JSON" in said[0]
    with pytest.raises(SourceError, match=r"p\.jsonl:2: not JSON"):
        Corpus.build(path, tmp_path / "d", strict=True)
    assert not (tmp_path / "d").exists()


def test_one_source_may_fail_while_others_are_read(tmp_path: Path) -> None:
    good = write_posts(tmp_path / "p.jsonl", [{"tags": ["a", "b"]}])
    corpus = Corpus.build([tmp_path / "absent.csv", good], tmp_path / "c", warn=lambda message: None)
    assert len(corpus) == 1 and "no file or folder" in corpus.report["failed"][0]


def test_nothing_left_is_an_error_and_writes_nothing(tmp_path: Path) -> None:
    path = write_posts(tmp_path / "p.jsonl", [{"tags": ["alone"]}])
    with pytest.raises(SourceError, match="No post is left of .*1 read; 1 near-empty.*--min-tags 1"):
        Corpus.build(path, tmp_path / "c")
    assert not (tmp_path / "c").exists()
    assert len(Corpus.build(path, tmp_path / "c", min_tags=1)) == 1
    with pytest.raises(ArtifactError, match="a corpus is not written over it"):
        Corpus.build(path, tmp_path)


def test_memory_does_not_grow_with_the_number_of_posts(tmp_path: Path) -> None:
    def peak(posts: int) -> int:
        script = (
            "import sys, resource; from tag2vec import Corpus\n"
            "Corpus.build(sys.argv[1], sys.argv[2])\n"
            "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
        )
        path = tmp_path / f"{posts}.jsonl"
        with path.open("w") as file:
            for i in range(posts):
                file.write(json.dumps({"id": str(i), "tags": [f"t{i % 97}", f"u{i % 89}"], "author": str(i)}) + "\n")
        done = subprocess.run(
            [sys.executable, "-c", script, str(path), str(tmp_path / f"c{posts}")], capture_output=True, check=True
        )
        return int(done.stdout)

    assert peak(60_000) - peak(2_000) < 12_000  # KiB; the digests of 60,000 posts alone would not fit in Python objects


def test_a_folder_that_cannot_be_is_a_clear_error(tmp_path: Path) -> None:
    posts = write_posts(tmp_path / "p.jsonl", [{"tags": ["a", "b"]}])
    with pytest.raises(ArtifactError, match=r"Could not write .*corpus: Not a directory"):
        Corpus.build(posts, posts / "in" / "corpus")
