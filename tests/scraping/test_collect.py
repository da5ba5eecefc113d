"""Collecting from servers: nothing asked twice, nothing lost, and a report of what came."""

from __future__ import annotations

import json
import random
import re
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import pytest

from tag2vec import Corpus
from tag2vec.errors import ArtifactError, SourceError
from tag2vec.scraping.collect import Gathered

PAGE = 10  # videos a page of the test server, whatever is asked for


class PeerTubeServer(ThreadingHTTPServer):
    """Answers searches with the same videos every time: `count` for each query, tags told with them."""

    daemon_threads = True

    def __init__(self, count: int = 3) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.count = count
        self.round = 0  # what is new in this round
        self.asked: Counter[str] = Counter()
        self.broken: dict[str, int] = {}  # query -> status
        self.strange: list[Any] = []  # comes with every answer

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # one packet an answer: two make the client wait for an acknowledgement
    server: PeerTubeServer

    def do_GET(self) -> None:
        self.server.asked[self.path] += 1
        address = urlsplit(self.path)
        if address.path == "/robots.txt":
            return self._say(404, b"")
        asked = {name: values[0] for name, values in parse_qs(address.query).items()}
        query = asked.get("search", "")
        if query in self.server.broken:
            return self._say(self.server.broken[query], b"out of order")
        start = int(asked["start"])
        numbers = range(start, min(start + PAGE, self.server.count + self.server.round))
        videos = [*(_video(query, number) for number in numbers), *self.server.strange]
        body = json.dumps({"total": self.server.count + self.server.round, "data": videos}).encode()
        return self._say(200, body)

    def _say(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        pass


def _video(query: str, number: int) -> dict[str, Any]:
    chance = random.Random(f"{query} {number}")
    # Every tenth video is found by many queries: the same post again.
    uuid = UUID(int=number if number % 10 == 9 else chance.getrandbits(128))
    tags = [f"tag{chance.randrange(40)}" for _ in range(3)] if number % 10 != 9 else ["shared", f"often{number}"]
    return {
        "uuid": str(uuid),
        "name": f"{query} {number}",
        "tags": [query, *tags] if number % 10 != 9 else tags,
        "publishedAt": f"2026-11-{1 + number % 28:02}T10:00:00.000Z",
        "account": {"name": f"user{chance.randrange(9)}", "host": "videos.example"},
    }


@pytest.fixture
def server() -> Iterator[PeerTubeServer]:
    with PeerTubeServer() as made:
        threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield made
        made.shutdown()


def _build(server: PeerTubeServer, folder: Path, queries: list[str], **more: Any) -> Corpus:
    asking = {"queries": tuple(queries), "pace": 0.0, "allow": (server.host,)} | more.pop("asking", {})
    return Corpus.build(f"peertube:http://{server.host}", folder, asking=asking, warn=lambda line: None, **more)


def _files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name != "tag2vec.json"}


def test_what_came_is_reported(server: PeerTubeServer, tmp_path: Path) -> None:
    server.count = 45
    corpus = _build(server, tmp_path / "c", ["skate", "surf"], asking={"per_query": 32})
    (source,) = corpus.report["sources"]
    assert source["posts"] == 64 and source["done"] == 2 and source["requests"] == 9 and not source["failed"]
    said = str(Gathered(**{name: value for name, value in source.items() if name != "read"}))
    assert re.search(r"2 of 2 queries, asked 32, server page 10, fetched 64 in 9 requests$", said)
    assert corpus.report["read"] == 64 == corpus.report["kept"] + sum(corpus.report["left_out"].values())
    assert corpus.report["left_out"]["duplicate-id"] == 3


def test_what_is_no_post_is_counted_and_the_first_are_named(server: PeerTubeServer, tmp_path: Path) -> None:
    server.strange = ["no video", {"uuid": 7}, None, 3.5, []]
    said: list[str] = []
    asking = {"queries": ("skate",), "pace": 0.0, "allow": (server.host,)}
    corpus = Corpus.build(f"peertube:http://{server.host}", tmp_path / "c", asking=asking, warn=said.append)
    (source,) = corpus.report["sources"]
    assert source["posts"] == 3 and source["skipped"] == 5 and source["done"] == 1 and not source["failed"]
    assert "fetched 3 in 2 requests, 5 items left out" in str(Gathered(**{k: source[k] for k in source if k != "read"}))
    assert len(said) == 3 and all(re.search(r"search/videos.* item \d: left out, ", line) for line in said), said


def test_the_same_command_again_asks_nothing(server: PeerTubeServer, tmp_path: Path) -> None:
    _build(server, tmp_path / "c", ["skate", "surf"])
    before, files = server.asked.total(), _files(tmp_path / "c")
    again = _build(server, tmp_path / "c", ["skate", "surf"])
    assert server.asked.total() == before and _files(tmp_path / "c") == files
    assert again.report["sources"][0]["requests"] == 0
    assert len(_build(server, tmp_path / "c", ["skate", "surf", "ski"])) > len(again)
    assert server.asked.total() == before + 1


def test_a_budget_ends_a_run_and_the_next_goes_on(server: PeerTubeServer, tmp_path: Path) -> None:
    whole = _build(server, tmp_path / "whole", [f"word{i}" for i in range(20)])
    part = _build(server, tmp_path / "c", [f"word{i}" for i in range(20)], asking={"max_requests": 8})
    assert 0 < len(part) < len(whole) and part.report["sources"][0]["stopped"]
    server.asked.clear()
    assert [*_build(server, tmp_path / "c", [f"word{i}" for i in range(20)])] == [*whole]
    assert max(server.asked.values()) == 1 and server.asked.total() == 13


def test_an_update_adds_what_is_new_and_equals_a_corpus_of_both(server: PeerTubeServer, tmp_path: Path) -> None:
    queries = [f"word{i}" for i in range(5)]
    first = _build(server, tmp_path / "c", queries)
    server.round = 1
    second = _build(server, tmp_path / "c", queries, update=True)
    assert second.report["before"] == len(first) and second.report["kept"] == len(first) + 5
    assert second.report["left_out"] == {"duplicate-id": 15}
    rebuilt = _build(server, tmp_path / "c", queries)  # from both rounds in the store
    assert sorted(map(tuple, rebuilt)) == sorted(map(tuple, second))


def test_a_failed_query_is_reported_and_asked_again_next_time(server: PeerTubeServer, tmp_path: Path) -> None:
    server.broken = {"surf": 404}
    corpus = _build(server, tmp_path / "c", ["skate", "surf", "ski"])
    assert "query 'surf'" in corpus.report["failed"][0] and "404" in corpus.report["failed"][0]
    assert corpus.report["sources"][0]["done"] == 2
    server.broken = {}
    assert _build(server, tmp_path / "c", ["skate", "surf", "ski"]).report["sources"][0]["done"] == 3


def test_a_server_that_refuses_everything_is_left_alone(server: PeerTubeServer, tmp_path: Path) -> None:
    server.broken = {f"word{i}": 403 for i in range(50)}
    with pytest.raises(SourceError, match="403"):
        _build(server, tmp_path / "c", list(server.broken))
    assert server.asked.total() <= 3 and not (tmp_path / "c").exists()


def test_two_servers_are_asked_side_by_side_and_files_go_with_them(server: PeerTubeServer, tmp_path: Path) -> None:
    posts = tmp_path / "p.jsonl"
    posts.write_text('{"tags": ["a", "b"]}\n')
    with PeerTubeServer() as other:
        threading.Thread(target=other.serve_forever, daemon=True).start()
        names = [f"peertube:http://{server.host}", str(posts), f"peertube:http://{other.host}"]
        asking = {"queries": ("skate",), "pace": 0.0, "allow": (server.host, other.host)}
        corpus = Corpus.build(names, tmp_path / "c", asking=asking)
        other.shutdown()
    assert [one["read"] for one in corpus.report["sources"]] == [3, 1, 3]
    assert [*corpus][3] == ["a", "b"] and corpus.report["left_out"] == {"duplicate-block": 3}


def test_wrong_sources_say_what_is_wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("YOUTUBE_API_KEY", raising=False)
    with pytest.raises(SourceError, match="YOUTUBE_API_KEY is not set"):
        Corpus.build("youtube", tmp_path / "c", asking={"queries": ("x",)}, warn=lambda line: None)
    with pytest.raises(SourceError, match="'hashtag_page' is off: .*--allow hashtag_page"):
        Corpus.build("hashtag_page:recipe.json", tmp_path / "c", asking={"queries": ("x",)}, warn=lambda line: None)
    with pytest.raises(SourceError, match="nothing to ask for|--queries"):
        Corpus.build("flickr", tmp_path / "c", warn=lambda line: None)
    with pytest.raises(SourceError, match=r"no public address.*--allow 127\.0\.0\.1:9"):
        asking = {"queries": ("x",), "pace": 0.0}
        Corpus.build("peertube:http://127.0.0.1:9", tmp_path / "c", asking=asking, warn=lambda line: None)


def test_two_processes_do_not_write_one_corpus(server: PeerTubeServer, tmp_path: Path) -> None:
    from filelock import FileLock

    with FileLock(tmp_path / ".c.lock"), pytest.raises(ArtifactError, match="in use by another process"):
        _build(server, tmp_path / "c", ["skate"])


RUN = """
import sys
from tag2vec import Corpus
host, folder, count = sys.argv[1:]
asking = {"queries": tuple(f"word{i}" for i in range(int(count))), "pace": 0.0, "allow": (host,)}
Corpus.build(f"peertube:http://{host}", folder, asking=asking)
"""


def _start(server: PeerTubeServer, folder: Path, queries: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", RUN, server.host, str(folder), str(queries)])


def test_thirty_kills_lose_nothing(server: PeerTubeServer, tmp_path: Path) -> None:
    queries, kills = 2000, 30
    assert _start(server, tmp_path / "quiet" / "c", queries).wait() == 0
    quiet = server.asked
    server.asked = Counter()
    chance = random.Random(7)
    for number in range(kills):
        run = _start(server, tmp_path / "killed" / "c", queries)
        enough = (number + 1) * queries // (kills + 1)  # so that the kills spread over the whole run
        while run.poll() is None and server.asked.total() < enough:
            time.sleep(0.002)
        time.sleep(chance.random() * 0.02)
        run.kill()
        run.wait()
    assert _start(server, tmp_path / "killed" / "c", queries).wait() == 0
    assert _files(tmp_path / "killed" / "c") == _files(tmp_path / "quiet" / "c")
    repeated = server.asked.total() - quiet.total()
    assert server.asked.keys() == quiet.keys() and repeated <= 2 * kills  # what was under way, and robots.txt
