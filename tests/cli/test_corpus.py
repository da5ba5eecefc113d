"""`tag2vec build-corpus` as a person meets it: what it prints, what it says of mistakes, its exit codes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tag2vec import plugins
from tag2vec.scraping.clean import RULES
from tag2vec.scraping.live import Live
from tag2vec.scraping.sources import Source
from tests.scraping.test_collect import PeerTubeServer, server  # noqa: F401  (a fixture)

DOCS = Path(__file__).parents[2] / "docs"


def _run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tag2vec", "build-corpus", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_help_names_every_variable_and_the_page_every_source_and_rule() -> None:
    told = "".join(_run("--help").stdout.split())
    page = (DOCS / "corpus.md").read_text(encoding="utf-8")
    for name in plugins.names(Source):
        assert f"`{name}`" in page, name
        cls = plugins.get(Source, name)
        for variable in cls.keys if issubclass(cls, Live) else ():
            assert variable in told and variable in page, variable
    for rule in RULES:
        assert f"`{rule}`" in page, rule


def test_a_collection_of_the_most_common_words(server: PeerTubeServer, tmp_path: Path) -> None:  # noqa: F811
    source = f"peertube:http://{server.host}"
    out = tmp_path / "corpus"
    words = ["--common-words", "30", "--per-query", "2", "--pace", "0", "--allow", server.host]
    done = _run(source, *words, "--max-requests", "11", "-o", out)
    assert done.returncode == 0 and done.stdout.strip() == str(out), done.stderr
    assert "limit of 11 requests" in done.stderr and "10 of 30 queries" in done.stderr
    done = _run(source, *words, "-o", out)
    assert done.returncode == 0 and "30 of 30 queries, asked 2, server page 3, fetched 60 in 20 requests" in done.stderr
    assert {"/api/v1/search/videos?search=the&sort=-match&start=0&count=2&nsfw=false"} <= server.asked.keys()
    assert max(server.asked.values()) == 1
    server.round = 1
    done = _run(source, *words, "--per-query", "4", "--update", out)
    assert done.returncode == 0 and "read 120 posts on top of 60" in done.stderr, done.stderr


def test_the_report_names_rules_and_switches(tmp_path: Path) -> None:
    posts = tmp_path / "p.jsonl"
    posts.write_text('{"tags": ["a", "b", "2024"]}\n{"tags": ["alone"]}\nnonsense\n')
    done = _run(posts, "-o", tmp_path / "c")
    assert done.returncode == 0
    assert "left out: 1 posts near-empty: posts with too few tags (--min-tags)" in done.stderr
    assert "left out: 1 tags digits-only" in done.stderr and f"{posts}:3: skipped, not JSON" in done.stderr
    assert "read 3 posts, kept 1 with 2 tags of 2 stems" in done.stderr
    report = json.loads((tmp_path / "c" / "tag2vec.json").read_text())["config"]["report"]
    assert report["read"] == report["kept"] + sum(report["left_out"].values())


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["peertub:x", "-o", "c"], 2, "Did you mean 'peertube'"),
        (["posts.jsonl"], 2, "Give --out FOLDER"),
        (["flickr", "--common-words", "9999999", "-o", "c"], 2, "--common-words is 9999999"),
        (["flickr", "--queries", "absent.txt", "-o", "c"], 1, "Cannot read the queries absent.txt"),
        (["flickr", "--per-query", "0", "-o", "c"], 2, "per_query is 0; wanted 1 or more"),
        (["flickr", "--pace", "nan", "-o", "c"], 2, "pace is nan"),
        (["posts.jsonl", "--language", "english", "-o", "c"], 2, "no language code"),
    ],
)
def test_mistakes(arguments: list[str], code: int, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    done = _run(*arguments)
    assert done.returncode == code and said in done.stderr and "Traceback" not in done.stderr, done.stderr
