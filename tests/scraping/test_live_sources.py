"""Live sources against recorded answers: what they ask for, what they make of it, and how they fail.

A folder in `recorded` is a source: `case.json` says what to ask, which answers a server gives and which posts come of
them. `{host}` in any file stands for the test server, `{folder}` for the folder.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import msgspec
import pytest
import requests
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from tag2vec import plugins
from tag2vec.errors import SourceError
from tag2vec.scraping.live import PATIENCE, Live, Page
from tag2vec.scraping.polite.session import Hosts, Reply, Session
from tag2vec.scraping.post import Post
from tag2vec.scraping.sources import Source

RECORDED = Path(__file__).parent / "recorded"
NAMES = sorted(folder.name for folder in RECORDED.iterdir())


@dataclass
class Case:
    """A recorded folder, with its marks filled in, as what a server at `host` answers."""

    name: str
    host: str
    folder: Path
    skipped: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    deaf: bool = False  # answers each address as it did first, whatever the parameters
    change: Callable[[str, bytes], bytes] = lambda file, body: body

    def __post_init__(self) -> None:
        marks = {"{host}": self.host, "{folder}": str(self.folder)}
        for file in (RECORDED / self.name).iterdir():
            text = file.read_text(encoding="utf-8")
            for mark, value in marks.items():
                text = text.replace(mark, value)
            (self.folder / file.name).write_text(text, encoding="utf-8")
        self.case = json.loads((self.folder / "case.json").read_text(encoding="utf-8"))
        self.expected = [Post(**{**post, "tags": tuple(post["tags"])}) for post in self.case["posts"]]

    def source(self, session: Session) -> Live:
        server = self.case.get("server", f"http://{self.host}")
        skip = lambda where, reason: self.skipped.append(f"{where}: {reason}")  # noqa: E731
        return plugins.make(Source, self.name, {"server": server, "session": session, "skip": skip})  # type: ignore[return-value]

    def posts(self, session: Session, limit: int | None = None) -> list[Post]:
        return list(self.source(session).posts(self.case["query"], limit))

    def answer(self, method: str, path: str, params: Mapping[str, str]) -> tuple[bytes, int, dict[str, str]]:
        self.asked.append(path)
        found = [a for a in self.case["answers"] if a["path"] == path and a.get("method", "GET") == method]
        if self.deaf:
            found = found[-1:]  # the one without a cursor stands last
        for one in found:
            if self.deaf or one.get("params", {}).items() <= params.items():
                body = self.change(one["file"], (self.folder / one["file"]).read_bytes())
                return body, one.get("status", 200), one.get("headers", {})
        return b"not here", 404, {}

    def handle(self, request: Request) -> Response:
        return Response(*self.answer(request.method, request.path, request.args.to_dict()))


class Canned(Session):
    """Answers out of a case without a network: for the thousands of answers that no server gives."""

    def __init__(self, case: Case) -> None:
        super().__init__(None, hosts=Hosts(pace=0))
        self.case = case

    def get(
        self,
        url: str,
        params: Mapping[str, str | int] | None = None,
        headers: Mapping[str, str] | None = None,
        *,
        robots: bool = True,
        secret: Collection[str] = (),
    ) -> Reply:
        return self._reply("GET", url, params)

    def post(
        self, url: str, body: Any, headers: Mapping[str, str] | None = None, *, secret: Collection[str] = ()
    ) -> Reply:
        return self._reply("POST", url, None)

    def get_many(self, urls: Sequence[str]) -> list[Reply | SourceError]:
        return [self._tried(url) for url in urls]

    def _tried(self, url: str) -> Reply | SourceError:
        try:
            return self.get(url)
        except SourceError as error:
            return error

    def _reply(self, method: str, url: str, params: Any) -> Reply:
        full = str(requests.Request(method, url, params=params).prepare().url)
        parts = urlsplit(full)
        body, status, headers = self.case.answer(method, parts.path, dict(parse_qsl(parts.query)))
        if status != 200:
            raise SourceError(f"{full} answered {status}")
        return Reply(full, status, requests.structures.CaseInsensitiveDict(headers), body)


@pytest.fixture
def make(httpserver: HTTPServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Case]:
    def case(name: str) -> Case:
        made = Case(name, f"{httpserver.host}:{httpserver.port}", tmp_path)
        httpserver.no_handler_status_code = 404  # there is no robots.txt
        httpserver.expect_request(re.compile("(?!/robots.txt)")).respond_with_handler(made.handle)
        for variable, value in made.case.get("env", {}).items():
            monkeypatch.setenv(variable, value)
        return made

    return case


def _session(case: Case) -> Session:
    return Session(None, allow_hosts=[case.host], hosts=Hosts(pace=0), backoff=0.001)


def test_every_live_source_is_recorded() -> None:
    live = {name for name in plugins.names(Source) if issubclass(plugins.get(Source, name), Live)}
    assert live == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_recorded_answers_become_the_posts(name: str, make: Callable[[str], Case]) -> None:
    case = make(name)
    assert case.posts(_session(case)) == case.expected
    assert len(case.asked) == case.case["requests"], case.asked
    assert len(case.skipped) == len(case.case["skipped"]), case.skipped
    for reason, skipped in zip(case.case["skipped"], case.skipped, strict=True):
        assert reason in skipped
    assert all(post.id and post.source == f"{name}:{case.host}" for post in case.expected)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("limit", [1, 2])
def test_a_limit_is_kept_and_spares_requests(name: str, limit: int, make: Callable[[str], Case]) -> None:
    case = make(name)
    for answer in case.case["answers"]:  # what is asked for is smaller than the page that was recorded
        for parameter in ("count", "limit", "maxResults"):
            answer.get("params", {}).pop(parameter, None)
    session = _session(case)
    assert case.posts(session, limit) == case.expected[:limit]
    assert len(case.asked) < case.case["requests"] or case.case["requests"] <= limit
    assert list(case.source(session).posts(case.case["query"], 0)) == []


@pytest.mark.parametrize("name", NAMES)
def test_pages_that_repeat_for_ever_end(name: str, make: Callable[[str], Case]) -> None:
    case = make(name)
    case.deaf = True
    posts = case.posts(_session(case))
    assert posts and len({post.id for post in posts}) == len(posts)
    assert len(case.asked) <= case.case["requests"] + 3


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "body", [b"", b"<!doctype html><p>Sign in</p>", b"null", b"[]", b"{}", b'"', b"\xff\xfe\x00", b"[" * 50_000]
)
def test_answers_of_another_kind(name: str, body: str, make: Callable[[str], Case]) -> None:
    case = make(name)
    case.change = lambda file, was: body.encode()
    try:
        assert case.posts(_session(case)) == []
    except SourceError as error:
        assert case.host in str(error)


@pytest.mark.parametrize("name", NAMES)
def test_no_answer_whatever_raises_another_error(name: str, make: Callable[[str], Case]) -> None:
    case = make(name)
    source = case.source(Canned(case))
    count = 0
    for file in sorted({answer["file"] for answer in case.case["answers"]}):
        for broken in _broken((case.folder / file).read_bytes()):
            case.change = lambda name, body, file=file, broken=broken: broken if name == file else body
            try:
                posts = list(replace(source).posts(case.case["query"], 50))
            except SourceError:
                posts = []
            for post in posts:
                assert post == msgspec.json.decode(msgspec.json.encode(post), type=Post) and post.id
            count += 1
    assert count > 20 and not any("{" + mark in text for mark in ("host}", "folder}") for text in case.skipped)


def _broken(body: bytes) -> Iterator[bytes]:
    """`body` cut off at many places and, when it is JSON, with each of its values replaced by others."""
    for end in range(0, len(body), max(1, len(body) // 25)):
        yield body[:end]
    try:
        value = json.loads(body)
    except ValueError:
        return
    for path in _paths(value):
        for other in (None, -1e300, "<b>\ud800", [], {}):
            changed = copy.deepcopy(value)
            if not path:
                changed = other
            else:
                at = changed
                for step in path[:-1]:
                    at = at[step]
                at[path[-1]] = other
            yield json.dumps(changed).encode()


def _paths(value: Any) -> Iterator[tuple[Any, ...]]:
    yield ()
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from ((key, *path) for path in _paths(inner))


@pytest.mark.parametrize("name", [n for n in NAMES if getattr(plugins.get(Source, n), "keys", {})])
def test_a_missing_key_is_named(name: str, make: Callable[[str], Case], monkeypatch: pytest.MonkeyPatch) -> None:
    case = make(name)
    for variable, whence in plugins.get(Source, name).keys.items():  # type: ignore[attr-defined]
        monkeypatch.delenv(variable)
        with pytest.raises(SourceError, match=f"{variable} is not set. {re.escape(whence)}"):
            case.posts(_session(case))
        monkeypatch.setenv(variable, "x")
    assert case.asked == []


@pytest.mark.parametrize("name", NAMES)
def test_a_source_without_a_server_of_its_own_says_so(name: str) -> None:
    source = plugins.make(Source, name, {"session": Session(None)})
    assert isinstance(source, Live)
    if not source.home:
        with pytest.raises(SourceError, match=f"The source '{name}' .*: {name}:"):
            list(source.posts("word"))


@dataclass(frozen=True)
class Endless(Live):
    """A server that has always one page more, and never a post."""

    asked: list[str] = field(default_factory=list)

    def page(self, query: str, cursor: str | None, count: int) -> Page:
        self.asked.append(cursor or "0")
        return Page((), str(len(self.asked)), items=40)


def test_pages_without_posts_end() -> None:
    source = Endless(session=Session(None))
    assert list(source.posts("x")) == [] and source.asked == [str(n) for n in range(PATIENCE)]
