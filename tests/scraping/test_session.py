"""The polite session against servers that misbehave: real ones, on loopback, that count what they are asked."""

from __future__ import annotations

import gzip
import logging
import socket
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import suppress
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tag2vec.errors import ArtifactError, BudgetSpent, Refused, SourceError, Tag2VecError, UsageError
from tag2vec.scraping.polite.guard import Guard, is_public
from tag2vec.scraping.polite.secret import Secrets
from tag2vec.scraping.polite.send import Sender
from tag2vec.scraping.polite.session import Hosts, Limits, Reply, Session

KEY = "k3y/with+signs"
Route = Callable[[BaseHTTPRequestHandler, int], None]


class Server(ThreadingHTTPServer):
    """`routes` {path: what to do with the n-th request for it}; all other paths are 404."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.routes: dict[str, Route] = {}
        self.asked: list[tuple[str, dict[str, str], float]] = []  # address, headers, time
        self.active = self.most_active = 0
        self.lock = threading.Lock()

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.server_port}"

    def paths(self) -> list[str]:
        return [urlsplit(address).path for address, _, _ in self.asked]

    def starts(self, path: str) -> list[float]:
        return [at for address, _, at in self.asked if urlsplit(address).path == path]

    def handle_error(self, *_: Any) -> None:
        """A client that leaves early is what many of these tests are about."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def do_GET(self) -> None:
        server, path = self.server, urlsplit(self.path).path
        with server.lock:
            server.asked.append((self.path, dict(self.headers), time.monotonic()))
            number = server.paths().count(path)
            server.active += 1
            server.most_active = max(server.most_active, server.active)
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        try:
            server.routes.get(path, says(b"not here", 404))(self, number)
        finally:
            with server.lock:
                server.active -= 1

    do_POST = do_GET

    def log_message(self, *_: Any) -> None:
        pass


def says(body: bytes = b"{}", status: int = 200, **headers: str) -> Route:
    """Answers with this; header names are written with _ for -."""

    def route(handler: BaseHTTPRequestHandler, number: int) -> None:
        handler.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(body)

    return route


def in_turn(*routes: Route) -> Route:
    """The first request gets the first route, and so on; the last stays."""
    return lambda handler, number: routes[min(number, len(routes)) - 1](handler, number)


def raw(*pieces: bytes, rest: float = 0.0) -> Route:
    """Sends these bytes as the whole answer, `rest` seconds before each, and hangs up."""

    def route(handler: BaseHTTPRequestHandler, number: int) -> None:
        handler.close_connection = True
        with suppress(OSError):
            for piece in pieces:
                time.sleep(rest)
                handler.wfile.write(piece)

    return route


@pytest.fixture(autouse=True)
def connected(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The addresses that were connected to. No test leaves this machine, whatever breaks: others are refused here."""
    real, addresses = socket.socket.connect, []

    def connect(self: socket.socket, address: tuple[str, int]) -> None:
        addresses.append(address[0])
        if not ip_address(address[0]).is_loopback:
            raise ConnectionRefusedError(111, "Connection refused")
        real(self, address)

    monkeypatch.setattr(socket.socket, "connect", connect)
    return addresses


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as made:
        threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield made
        made.shutdown()


@pytest.fixture
def other() -> Iterator[Server]:
    with Server() as made:
        threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield made
        made.shutdown()


HOSTS = ("max_requests", "max_minutes", "waiting", "pace", "patience")


PATIENT = Limits(max_bytes=2**20)  # the machine may be busy
QUICK = Limits(2**20, max_seconds=0.4, connect=1.0, read=0.2)  # where a server is slow on purpose


def session(*servers: Server, cache: Path | None = None, **settings: Any) -> Session:
    quick = {"allow_hosts": [s.host for s in servers], "backoff": 0.01, "limits": PATIENT}
    of_hosts = {name: settings.pop(name) for name in HOSTS if name in settings}
    return Session(cache, **({"hosts": Hosts(**({"pace": 0.0} | of_hosts))} | quick | settings))


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
HTML = b"<html><style>p {}</style><p>Please <b>log in</b>\x1b[2J &amp; wait</p></html>"


@pytest.mark.parametrize(
    ("route", "requests", "message"),
    [
        pytest.param(says(), 1, None, id="fine"),
        pytest.param(in_turn(says(b"slow down", 429), says()), 2, None, id="429, then fine"),
        pytest.param(in_turn(says(b"x", 429, Retry_After="0"), says()), 2, None, id="429 with Retry-After"),
        pytest.param(says(b"slow down", 429), 5, "answered 429: slow down; asked 5 times", id="always 429"),
        pytest.param(
            says(b"later", 503, Retry_After="3600"), 1, "answered 503: later and asks to wait 3600 s", id="too long"
        ),
        pytest.param(says(b"x", 429, Retry_After="soon"), 5, "answered 429", id="Retry-After that says nothing"),
        pytest.param(in_turn(says(b"x", 500), says(b"x", 502), says(b"x", 504), says()), 4, None, id="5xx, then fine"),
        pytest.param(says(b"oops", 500), 5, "answered 500: oops; asked 5 times", id="always 500"),
        pytest.param(says(b"no such call", 501), 1, "answered 501: no such call", id="501 does not pass"),
        pytest.param(in_turn(raw(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"), says()), 2, None, id="cut off"),
        pytest.param(raw(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"), 5, "IncompleteRead", id="always cut off"),
        pytest.param(in_turn(raw(CHUNKED + b"9\r\nhalf"), says()), 2, None, id="cut in a chunk"),
        pytest.param(raw(CHUNKED + b"4\r\nhalf\r\n"), 5, "IncompleteRead", id="always cut between chunks"),
        pytest.param(raw(), 5, "closed connection without response", id="hangs up"),
        pytest.param(raw(b"\x16\x03\x01\x00hello\r\n\r\n"), 5, "did not answer", id="no HTTP"),
        pytest.param(says(b"junk", Content_Encoding="gzip"), 5, "incorrect header check", id="no gzip"),
        pytest.param(says(bytes(2**20 + 1)), 1, "sent more than 1 MiB", id="too long a body"),
        pytest.param(says(status=304), 1, "answered 304", id="304 that was not asked for"),
        pytest.param(says(HTML, 404), 1, r"answered 404: Please log in \[2J & wait$", id="404"),
    ],
)
def test_faults(server: Server, route: Route, requests: int, message: str | None) -> None:
    _meets(server, route, requests, message, session(server))


@pytest.mark.parametrize(
    ("route", "requests", "message"),
    [
        pytest.param(in_turn(raw(b"late", rest=0.3), says()), 2, None, id="slow first byte, then fine"),
        pytest.param(raw(*[b"HTTP/1.1 200 OK\r\n", *[b"A: b\r\n"] * 9], rest=0.1), 1, "over 0.4 s", id="header drips"),
        pytest.param(
            raw(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", *[b"x"] * 9, rest=0.1),
            1,
            "over 0.4 s",
            id="body drips",
        ),
        pytest.param(raw(CHUNKED + b"0", *[b"0"] * 9, rest=0.1), 1, "over 0.4 s", id="chunk size drips"),
    ],
)
def test_slow_servers(server: Server, route: Route, requests: int, message: str | None) -> None:
    _meets(server, route, requests, message, session(server, limits=QUICK))


def _meets(server: Server, route: Route, requests: int, message: str | None, asking: Session) -> None:
    server.routes["/x"] = route
    url = f"http://{server.host}/x"
    if message is None:
        reply = asking.get(url, robots=False)
        assert (reply.url, reply.status, reply.content, reply.cached) == (url, 200, b"{}", False)
    else:
        with pytest.raises(SourceError, match=message) as caught:
            asking.get(url, robots=False)
        assert type(caught.value) is SourceError
    assert server.paths() == ["/x"] * requests
    assert asking.requests == requests and asking.by_host == {server.host: requests}


@pytest.mark.parametrize("status", [401, 403, 451])
def test_a_login_is_not_asked_for_twice(server: Server, status: int) -> None:
    server.routes["/x"] = says(HTML, status)
    with pytest.raises(Refused, match=rf"/x answered {status}: Please log in"):
        session(server).get(f"http://{server.host}/x", robots=False)
    assert server.paths() == ["/x"]


def test_html_where_json_was_wanted(server: Server) -> None:
    server.routes["/x"] = says(HTML, Content_Type="text/html; charset=utf-8")
    reply = session(server).get(f"http://{server.host}/x", robots=False)
    with pytest.raises(SourceError, match="/x did not answer with JSON but text/html: Please log in"):
        reply.json()
    for body in (b'{"a": ', b"[" * 100_000, b'"\xff"'):
        with pytest.raises(SourceError, match="did not answer with JSON but text/plain"):
            Reply("http://a.example/", 200, {"Content-Type": "text/plain"}, body).json()


@pytest.mark.parametrize("layers", [1, 2])
def test_a_bomb_is_left_before_it_fills_the_memory(server: Server, layers: int) -> None:
    bomb = bytes(100 * 2**20)
    for _ in range(layers):
        bomb = gzip.compress(bomb, 1)
    server.routes["/x"] = says(bomb, Content_Encoding=", ".join(["gzip"] * layers))
    asking = session(server, limits=Limits(max_bytes=2**20))
    tracemalloc.start()
    try:
        with pytest.raises(SourceError, match="sent more than 1 MiB"):
            asking.get(f"http://{server.host}/x", robots=False)
        assert tracemalloc.get_traced_memory()[1] < 8 * 2**20
    finally:
        tracemalloc.stop()


def test_an_address_that_does_not_answer_gives_way_to_the_next(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, server.server_port)) for ip in ("127.0.0.2", "127.0.0.1")]
    real = socket.getaddrinfo
    monkeypatch.setattr(
        socket, "getaddrinfo", lambda host, *how, **more: found if host[0] == "t" else real(host, *how, **more)
    )
    server.routes["/x"] = says()
    name = f"two.example:{server.server_port}"
    assert session(allow_hosts=[name]).get(f"http://{name}/x", robots=False).status == 200
    assert server.asked[0][1]["Host"] == name


def test_what_is_sent(server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login me password pw")
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("TAG2VEC_CONTACT", "łukasz@example.org")
    server.routes["/x"] = says(Set_Cookie="a=b")
    asking = session(server)
    for _ in range(2):
        asking.get(f"http://{server.host}/x", {"q": "a b", "n": 2}, {"Accept": "text/plain"}, robots=False)
    address, headers, _ = server.asked[1]
    assert address == "/x?q=a+b&n=2"
    agent = headers.pop("User-Agent").encode("latin-1").decode()
    assert agent.startswith("tag2vec/") and agent.endswith("(hashtag corpus builder; contact: łukasz@example.org)")
    assert headers.pop("Connection", "keep-alive") == "keep-alive"
    assert headers == {"Host": server.host, "Accept": "text/plain", "Accept-Encoding": "gzip, deflate"}
    with pytest.raises(UsageError, match="wanted an e-mail"):
        session(contact="me\r\nX: y")
    monkeypatch.delenv("TAG2VEC_CONTACT")
    session(server).get(f"http://{server.host}/x", robots=False)
    assert f"@{socket.gethostname()})" in server.asked[2][1]["User-Agent"]


@pytest.mark.parametrize(
    "url",
    ["file:///etc/passwd", "ftp://a.example/", "a.example", "http://", "http://a.example:99999/", "http://[::1/"],
)
def test_no_web_address(url: str) -> None:
    with pytest.raises(SourceError, match="cannot be asked"):
        session().get(url)


def test_passwords_in_an_address_and_keys_with_a_line_end_are_not_shown() -> None:
    for url, headers in [("http://me:s3cret@a.example/", {}), ("http://a.example/", {"X-Key": "s3cret\r\nA: b"})]:
        with pytest.raises(SourceError, match="cannot be asked") as caught:
            session().get(url, headers=headers)
        assert "s3cret" not in str(caught.value)


PRIVATE = (
    "127.0.0.1 127.8.8.8 10.0.0.1 172.16.0.1 192.168.1.1 169.254.169.254 100.64.0.1 0.0.0.0 224.0.0.1 240.0.0.1 "
    "255.255.255.255 192.0.2.1 198.18.0.1 ::1 :: fe80::1 fe80::1%eth0 fc00::1 fd12::1 fec0::1 ff02::1 2001:db8::1 "
    "::ffff:127.0.0.1 ::ffff:169.254.169.254 64:ff9b::7f00:1 64:ff9b::a9fe:a9fe 2002:7f00:1:: 2002:a9fe:a9fe:: "
    "::127.0.0.1 64:ff9b:1::7f00:1 2001:0:a9fe:a9fe::1"
)
PUBLIC = "8.8.8.8 2606:4700::1 ::ffff:8.8.8.8 64:ff9b::808:808 2002:808:808::"


def test_which_addresses_are_public() -> None:
    assert [address for address in PRIVATE.split() if is_public(address)] == []
    assert [address for address in PUBLIC.split() if not is_public(address)] == []


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "2130706433", "0x7f000001", "0177.0.0.1", "127.1", "[::ffff:7f00:1]", "0.0.0.0"]
)
def test_spellings_of_a_private_address_reach_nobody(server: Server, host: str, connected: list[str]) -> None:
    asking = session()
    for robots in (True, False):
        with pytest.raises(Refused, match="no public address"):
            asking.get(f"http://{host}:{server.server_port}/x", robots=robots)
    assert connected == [] and asking.requests == 0


@pytest.mark.parametrize("allowed", ["127.0.0.1", "127.0.0.1:{port}"])
def test_allowed_hosts_are_exact(server: Server, other: Server, allowed: str) -> None:
    server.routes["/x"] = says()
    asking = session(allow_hosts=[allowed.format(port=server.server_port)])
    assert asking.get(f"http://{server.host}/x", robots=False).status == 200
    with pytest.raises(Refused):
        asking.get(f"http://localhost:{server.server_port}/x", robots=False)
    if ":" in allowed:
        with pytest.raises(Refused):
            asking.get(f"http://{other.host}/x", robots=False)
        assert other.asked == []


def test_a_name_is_looked_up_once_and_that_address_is_asked(
    server: Server, monkeypatch: pytest.MonkeyPatch, connected: list[str]
) -> None:
    """A name that is public when it is checked and private when it is used gets nothing."""
    looked_up: list[str] = []
    real = socket.getaddrinfo

    def answer(host: str, port: int, *args: Any, **kwargs: Any) -> Any:
        if host != "rebinds.example":
            return real(host, port, *args, **kwargs)
        looked_up.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("8.8.8.8" if len(looked_up) == 1 else "127.0.0.1", port))]

    monkeypatch.setattr(socket, "getaddrinfo", answer)
    with pytest.raises(Refused, match=f"rebinds.example:{server.server_port} is at 127.0.0.1"):
        session().get(f"http://rebinds.example:{server.server_port}/x", robots=False)
    assert connected == ["8.8.8.8"] and len(looked_up) == 2 and server.asked == []


def test_one_private_address_among_public_ones_is_enough(monkeypatch: pytest.MonkeyPatch, connected: list[str]) -> None:
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, 80)) for ip in ("8.8.8.8", "10.0.0.1")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    with pytest.raises(Refused, match=r"two.example:80 is at 10.0.0.1"):
        session().get("http://two.example/", robots=False)
    assert connected == []


def test_a_name_that_nobody_has_and_a_port_where_nobody_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/"
        with pytest.raises(SourceError, match=r"did not answer \(Connection refused\); asked 5 times"):
            session(allow_hosts=["127.0.0.1"]).get(url, robots=False)

    def nobody(*_: Any, **__: Any) -> Any:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", nobody)
    with pytest.raises(SourceError, match="Name or service not known.*asked 5 times"):
        session().get("http://nobody.example/", robots=False)


def test_redirects_are_followed_and_the_end_is_named(server: Server, other: Server) -> None:
    server.routes |= {"/a": says(b"", 302, Location="/b?q=1"), "/b": says(b"", 308, Location=f"//{other.host}/c")}
    other.routes["/c"] = says(b"[1]")
    reply = session(server, other).get(f"http://{server.host}/a", robots=False)
    assert reply.url == f"http://{other.host}/c" and reply.json() == [1]


@pytest.mark.parametrize(
    ("location", "error", "message"),
    [
        ("http://127.0.0.1:{other}/", Refused, "no public address"),
        ("http://localhost:{port}/", Refused, "no public address"),
        ("http://169.254.169.254/latest/meta-data", Refused, "169.254.169.254, which is no public address"),
        ("http://[::ffff:169.254.169.254]/", Refused, "no public address"),
        ("file:///etc/passwd", Refused, "redirects to 'file:///etc/passwd': only https"),
        ("gopher://127.0.0.1:{other}/", Refused, "only https"),
        ("http://[::1", SourceError, "which is no address"),
        ("http://a.example:99999/", SourceError, "cannot be asked"),
        ("http://me:pw@127.0.0.1:{port}/", SourceError, "cannot be asked"),
    ],
)
def test_redirects_that_are_not_followed(
    server: Server, other: Server, location: str, error: type[SourceError], message: str
) -> None:
    server.routes["/x"] = says(b"", 302, Location=location.format(port=server.server_port, other=other.server_port))
    with pytest.raises(error, match=message):
        session(server).get(f"http://{server.host}/x", robots=False)
    assert server.paths() == ["/x"] and other.asked == []


def test_https_is_not_left_for_http() -> None:
    sender = Sender(Guard(Limits(), ()), Hosts(), 0.0, "agent")
    request = sender.prepare("GET", "https://a.example/x?key=1")
    with pytest.raises(Refused, match=r"a.example/x\?key=\*\*\* redirects to 'http://a.example/y': only https"):
        sender.redirected(request, "http://a.example/y", Secrets(frozenset({"key"})))
    assert sender.redirected(sender.prepare("GET", "http://a.example/"), "https://b.example", Secrets()).url


def test_a_stranger_does_not_lead_to_a_server_of_the_users_own(server: Server) -> None:
    sender = session(server)._sender
    to = f"http://{server.host}/x"
    with pytest.raises(Refused, match="redirects to 127.0.0.1:.*a server of your own"):
        sender.redirected(sender.prepare("GET", "http://a.example/"), to, Secrets())
    assert sender.redirected(sender.prepare("GET", to), "/y", Secrets()).url == f"http://{server.host}/y"


def test_a_circle_of_redirects_ends(server: Server) -> None:
    server.routes["/x"] = says(b"", 302, Location="/x")
    with pytest.raises(SourceError, match="redirects more than 5 times"):
        session(server).get(f"http://{server.host}/x", robots=False)
    assert len(server.asked) == 6


def test_secrets_do_not_follow_to_another_host(server: Server, other: Server) -> None:
    """The server sends all it was given along; only what is public may arrive."""
    server.routes["/a"] = lambda handler, n: says(b"", 302, Location=handler.path.replace("/a", "/b"))(handler, n)
    server.routes["/b"] = lambda handler, n: says(
        b"", 302, Location=f"http://{other.host}{handler.path}&again={handler.path.partition('key=')[2]}"
    )(handler, n)
    other.routes["/b"] = says()
    headers = {"Authorization": f"Bearer {KEY}", "X-Api-Key": KEY, "Accept": "text/plain"}
    reply = session(server, other).get(
        f"http://{server.host}/a", {"q": "cat", "key": KEY}, headers, robots=False, secret=["key"]
    )
    assert server.asked[1][1]["Authorization"] == f"Bearer {KEY}" and "key=" in server.asked[1][0]
    address, sent, _ = other.asked[0]
    assert address == "/b?q=cat" and sent["Accept"] == "text/plain"
    assert "Authorization" not in sent and "X-Api-Key" not in sent
    assert reply.url == f"http://{other.host}/b?q=cat"


def test_robots_are_obeyed_and_read_once(server: Server) -> None:
    rules = b"\xef\xbb\xbfUser-agent: *\nDisallow: /\n\nUser-agent: Tag2Vec\nDisallow: /private\nAllow: /\n"
    server.routes |= {"/robots.txt": says(rules), "/x": says(), "/private/x": says()}
    asking = session(server)
    with pytest.raises(
        Refused, match=rf"robots.txt of {server.host} disallows /private/x\?key=\*\*\* for tag2vec"
    ) as caught:
        asking.get(f"http://{server.host}/private/x", {"key": KEY}, secret=["key"])
    assert "signs" not in str(caught.value)
    assert asking.get(f"http://{server.host}/x").status == 200
    assert server.paths() == ["/robots.txt", "/x"] and asking.requests == 2
    assert asking.get(f"http://{server.host}/private/x", robots=False).status == 200


def test_a_redirect_to_what_robots_disallow(server: Server, other: Server) -> None:
    server.routes["/x"] = says(b"", 302, Location=f"http://{other.host}/y")
    other.routes |= {"/robots.txt": says(b"User-agent: *\nDisallow: /y"), "/y": says()}
    with pytest.raises(Refused, match=f"robots.txt of {other.host} disallows /y"):
        session(server, other).get(f"http://{server.host}/x")
    assert other.paths() == ["/robots.txt"]


@pytest.mark.parametrize(
    ("route", "allowed", "requests"),
    [
        (says(b"User-agent: *\nDisallow: /", 404), True, 1),
        (says(b"", 403), True, 1),
        (says(b"", 500), False, 5),
        (raw(), False, 5),
        (says(b"", 302, Location="/robots.txt"), False, 6),
        (says(b"#" * 500 * 1024 + b"\nUser-agent: *\nDisallow: /"), True, 1),
        (says(b"#" * 400 * 1024 + b"\nUser-agent: *\nDisallow: /x"), False, 1),
        (says(b"<html>\xff\xfe no rules </html>"), True, 1),
    ],
)
def test_robots_that_cannot_be_read(server: Server, route: Route, allowed: bool, requests: int) -> None:
    server.routes |= {"/robots.txt": route, "/x": says()}
    asking = session(server)
    for _ in range(2):
        if allowed:
            assert asking.get(f"http://{server.host}/x").status == 200
        else:
            with pytest.raises(Refused, match=rf"robots.txt of {server.host} (cannot be read|disallows /x)"):
                asking.get(f"http://{server.host}/x")
    assert server.paths().count("/robots.txt") == requests
    assert server.paths().count("/x") == 2 * allowed


def test_robots_of_a_redirect_to_a_private_address(server: Server, other: Server) -> None:
    server.routes["/robots.txt"] = says(b"", 301, Location=f"http://{other.host}/robots.txt")
    with pytest.raises(Refused, match="no public address"):
        session(server).get(f"http://{server.host}/x")
    assert server.paths() == ["/robots.txt"] and other.asked == []


def test_kept_robots_stand_for_a_day(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    server.routes |= {"/robots.txt": says(b""), **{f"/{i}": says() for i in range(3)}}
    for i in range(3):
        session(server, cache=tmp_path / "answers.sqlite").get(f"http://{server.host}/{i}")
        if i == 1:
            later = time.time() + 25 * 3600
            monkeypatch.setattr(time, "time", lambda later=later: later)
    assert server.paths() == ["/robots.txt", "/0", "/1", "/robots.txt", "/2"]


def test_a_clock_that_was_set_back_makes_nothing_fresh_for_longer(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.routes |= {"/robots.txt": says(b""), **{f"/{i}": says() for i in range(4)}}
    now, day = time.time(), 24 * 3600
    for i, clock in enumerate((now + 300 * day, now, now + 0.5 * day, now + 1.1 * day)):  # 300 days ahead, put right
        monkeypatch.setattr(time, "time", lambda clock=clock: clock)
        session(server, cache=tmp_path / "answers.sqlite").get(f"http://{server.host}/{i}")
    assert server.paths() == ["/robots.txt", "/0", "/1", "/2", "/robots.txt", "/3"]


def test_crawl_delay(server: Server) -> None:
    server.routes |= {"/robots.txt": says(b"User-agent: *\nCrawl-delay: 0.2"), "/x": says()}
    asking = session(server)
    for _ in range(3):
        asking.get(f"http://{server.host}/x")
    first, second, third = server.starts("/x")
    assert second - first > 0.19 and third - second > 0.19
    server.routes["/robots.txt"] = says(b"User-agent: *\nCrawl-delay: 61")
    with pytest.raises(Refused, match="asks for 61 s between requests .Crawl-delay.; the longest .* is 60 s"):
        session(server).get(f"http://{server.host}/x")


def test_one_host_is_asked_serially_and_spaced(server: Server) -> None:
    server.routes["/x"] = lambda handler, n: (time.sleep(0.03), says()(handler, n))[1]
    asking = session(server, pace=0.05)
    threads = [
        threading.Thread(target=asking.get, args=(f"http://{server.host}/x",), kwargs={"robots": False})
        for _ in range(4)
    ]
    begun = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    starts = server.starts("/x")
    assert len(starts) == 4 and server.most_active == 1
    # Since the beginning, not since the one before: a busy machine may be late with one, and only later is allowed.
    assert all(start - begun >= 0.05 * number for number, start in enumerate(starts))


def test_many_hosts_are_asked_at_the_same_time_and_each_serially(server: Server, other: Server) -> None:
    """Each of two servers answers its first request only when the other one has been asked too."""
    both = threading.Barrier(2)

    def meet(handler: BaseHTTPRequestHandler, number: int) -> None:
        if number == 1:
            both.wait(2)
        says(handler.headers["Host"].encode())(handler, number)

    server.routes |= {"/x": meet, "/y": says(b"y")}
    other.routes |= {"/x": meet}
    asking = session(server, other, limits=Limits())
    urls = [f"http://{server.host}/x", f"http://{other.host}/x", f"http://{server.host}/y", "nonsense"]
    first, second, third, fourth, fifth = asking.get_many([*urls, f"http://{server.host}/absent"])
    assert isinstance(first, Reply) and first.content == server.host.encode()
    assert isinstance(second, Reply) and second.content == other.host.encode()
    assert isinstance(third, Reply) and third.content == b"y"
    assert isinstance(fourth, SourceError) and isinstance(fifth, SourceError) and "404" in str(fifth)
    assert server.most_active == other.most_active == 1
    assert asking.by_host == {server.host: 4, other.host: 2}  # with one robots.txt each
    assert asking.get_many([]) == []


@pytest.mark.parametrize("name", ["X-RateLimit", "RateLimit"])
@pytest.mark.parametrize("kind", ["seconds", "unix", "iso", "none"])
def test_a_used_up_limit_is_waited_for(server: Server, name: str, kind: str) -> None:
    now = 1_800_000_000  # the server's clock, years ahead of ours: only the difference counts
    reset = {"seconds": "1", "unix": str(now + 1), "iso": "2027-01-15T08:00:01.000000Z", "none": "soon"}[kind]
    headers = {f"{name}-Remaining": "0", f"{name}-Reset": reset}

    def route(handler: BaseHTTPRequestHandler, number: int) -> None:
        handler.date_time_string = lambda *_: formatdate(now, usegmt=True)  # type: ignore[method-assign]
        says(**({f"{name}-Remaining": "1", f"{name}-Reset": reset} if number == 1 else headers))(handler, number)

    server.routes["/x"] = route
    asking = session(server, patience=0.5)
    asking.get(f"http://{server.host}/x", robots=False)
    asking.get(f"http://{server.host}/x", robots=False)
    if kind == "none":
        asking.get(f"http://{server.host}/x", robots=False)
    else:
        with pytest.raises(SourceError, match="allows no more requests for now and asks to wait 1 s; the longest"):
            asking.get(f"http://{server.host}/x", robots=False)
        assert len(server.asked) == 2


@pytest.mark.parametrize("kind", ["seconds", "date"])
def test_retry_after_is_waited_for_and_told(server: Server, kind: str) -> None:
    def busy(handler: BaseHTTPRequestHandler, number: int) -> None:
        handler.date_time_string = lambda *_: formatdate(1000, usegmt=True)  # type: ignore[method-assign]
        after = {"seconds": "1.1", "date": formatdate(1002, usegmt=True)}[kind]
        says(b"busy", 503, Retry_After=after)(handler, number)

    server.routes["/x"] = in_turn(busy, says())
    told: list[tuple[str, float]] = []
    asking = session(server, waiting=lambda host, seconds: told.append((host, round(seconds, 1))), max_minutes=1)
    if kind == "date":
        asking = session(server, patience=1.5)
        with pytest.raises(SourceError, match="asks to wait 2 s"):
            asking.get(f"http://{server.host}/x", robots=False)
        return
    assert asking.get(f"http://{server.host}/x", robots=False).status == 200
    assert server.starts("/x")[1] - server.starts("/x")[0] > 1.05
    assert told == [(server.host, 1.1), (server.host, 0.0)]


def test_sessions_share_hosts(server: Server) -> None:
    server.routes["/x"] = says()
    hosts = Hosts(3, pace=0.0)
    one, two = session(server, hosts=hosts), session(server, hosts=hosts)
    for asking in (one, two, one):
        asking.get(f"http://{server.host}/x", robots=False)
    with pytest.raises(BudgetSpent, match="limit of 3 requests"):
        two.get(f"http://{server.host}/x", robots=False)
    assert (one.requests, two.requests, hosts.requests) == (2, 1, 3)
    one.stop()
    with pytest.raises(BudgetSpent, match="Stopped"):
        two.get(f"http://{server.host}/x", robots=False)


def test_max_requests(server: Server, tmp_path: Path) -> None:
    server.routes |= {"/x": says(), "/y": says()}
    asking = session(server, cache=tmp_path / "answers.sqlite", max_requests=2)
    asking.get(f"http://{server.host}/x")
    with pytest.raises(BudgetSpent, match="limit of 2 requests is reached.*same command again"):
        asking.get(f"http://{server.host}/y")
    with pytest.raises(BudgetSpent):
        asking.get_many([f"http://{server.host}/y"])
    assert asking.get(f"http://{server.host}/x").cached
    assert server.paths() == ["/robots.txt", "/x"] and asking.requests == 2


def test_max_minutes(server: Server) -> None:
    server.routes["/x"] = says(b"", 429, Retry_After="20")
    asking = session(server, max_minutes=0.1)
    start = time.monotonic()
    with pytest.raises(BudgetSpent, match=r"in 20 s, after the limit of 0.1 minutes"):
        asking.get(f"http://{server.host}/x", robots=False)
    with pytest.raises(BudgetSpent, match="limit of 0 minutes is reached"):
        session(server, max_minutes=0).get(f"http://{server.host}/x", robots=False)
    assert time.monotonic() - start < 1 and len(server.asked) == 1


def test_stop_wakes_all_waits(server: Server) -> None:
    server.routes["/x"] = says(b"", 429, Retry_After="60")
    waits = threading.Event()
    asking = session(server, waiting=lambda host, seconds: waits.set())
    caught: list[BaseException] = []

    def ask() -> None:
        try:
            asking.get_many([f"http://{server.host}/x?{i}" for i in range(3)])
        except Tag2VecError as error:
            caught.append(error)

    server.routes["/robots.txt"] = says(b"")
    threads = [threading.Thread(target=ask) for _ in range(2)]
    for thread in threads:
        thread.start()
    assert waits.wait(2)
    asking.stop()
    for thread in threads:
        thread.join(2)
    assert [type(error) for error in caught] == [BudgetSpent, BudgetSpent] and "Stopped" in str(caught[0])
    assert server.paths() == ["/robots.txt", "/x"]
    with pytest.raises(BudgetSpent):
        asking.post(f"http://{server.host}/x", {})


@pytest.mark.parametrize(
    ("route", "requests", "message"),
    [
        (in_turn(says(b"x", 429), says(b"x", 503), says(b"[]")), 3, None),
        (says(b"oops", 500), 1, "answered 500: oops"),
        (raw(), 1, "closed connection without response.; asked 1 time"),
        (raw(b"late", rest=0.3), 1, "timed out"),
        (says(b"", 302, Location="/y"), 1, "answered 302"),
    ],
)
def test_a_post_is_sent_again_only_if_it_was_not_taken_up(
    server: Server, tmp_path: Path, route: Route, requests: int, message: str | None
) -> None:
    server.routes["/x"] = route
    limits = QUICK if message == "timed out" else PATIENT
    asking = session(server, cache=tmp_path / "answers.sqlite", limits=limits)
    if message is None:
        assert asking.post(f"http://{server.host}/x", {"a": "ł"}, {"Authorization": KEY}).json() == []
        assert server.asked[0][1]["Content-Type"] == "application/json"
        assert asking.post(f"http://{server.host}/x", {"a": "ł"}).cached is False
        requests += 1
    else:
        with pytest.raises(SourceError, match=message):
            asking.post(f"http://{server.host}/x", {})
    assert server.paths() == ["/x"] * requests


def test_a_post_that_nobody_took_is_sent_again() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(SourceError, match="Connection refused.; asked 5 times"):
            session(allow_hosts=["127.0.0.1"]).post(f"http://127.0.0.1:{taken.getsockname()[1]}/", {})


def test_a_round_is_answered_from_the_cache_and_the_next_asks_what_changed(server: Server, tmp_path: Path) -> None:
    cache = tmp_path / "new" / "answers.sqlite"
    changed = formatdate(1_700_000_000, usegmt=True)

    def route(handler: BaseHTTPRequestHandler, number: int) -> None:
        if handler.headers.get("If-None-Match") == '"1"' and handler.headers.get("If-Modified-Since") == changed:
            return says(b"", 304, ETag='"1"', Link="<new>")(handler, number)
        return says(b"\x00body", ETag='"1"', Last_Modified=changed, Link="<old>")(handler, number)

    server.routes["/x"] = route
    url = f"http://{server.host}/x"
    started = time.time()
    fresh = session(server, cache=cache, fresh_since=started).get(url)
    assert not fresh.cached and server.paths() == ["/robots.txt", "/x"]

    restarted = session(server, cache=cache, fresh_since=started)
    again = restarted.get(url)
    assert again.cached and (again.url, again.content) == (url, fresh.content) and again.headers["link"] == "<old>"
    assert restarted.cached == 1 and restarted.requests == 0 and len(server.asked) == 2
    assert not restarted.get(url, headers={"Accept": "text/plain"}).cached  # another answer of the same address

    later = session(server, cache=cache, fresh_since=time.time())
    renewed = later.get(url, robots=False)
    assert not renewed.cached and renewed.status == 200 and renewed.content == b"\x00body"
    assert renewed.headers["link"] == "<new>"
    assert server.asked[-1][1]["If-None-Match"] == '"1"' and later.requests == 1
    assert later.get(url, robots=False).cached and later.requests == 1  # it counts as of this round now

    server.routes["/x"] = says(b"other", ETag='"2"')
    assert session(server, cache=cache, fresh_since=time.time()).get(url, robots=False).content == b"other"


def test_a_redirect_is_kept_under_the_address_that_was_asked(server: Server, tmp_path: Path) -> None:
    server.routes |= {"/a": says(b"", 302, Location="/b"), "/b": says(b"b", ETag='"b"')}
    asking = session(server, cache=tmp_path / "answers.sqlite")
    assert not asking.get(f"http://{server.host}/a", robots=False).cached
    again = asking.get(f"http://{server.host}/a", robots=False)
    assert again.cached and again.url == f"http://{server.host}/b" and server.paths() == ["/a", "/b"]
    session(server, cache=tmp_path / "answers.sqlite", fresh_since=time.time()).get(
        f"http://{server.host}/a", robots=False
    )
    assert [headers.get("If-None-Match") for _, headers, _ in server.asked[2:]] == [None, '"b"']


@pytest.mark.parametrize("status", [203, 404, 403, 500])
def test_only_200_is_kept(server: Server, tmp_path: Path, status: int) -> None:
    server.routes["/x"] = in_turn(*[says(b"x", status)] * (5 if status == 500 else 1), says(b"fine"))
    asking = session(server, cache=tmp_path / "answers.sqlite")
    with suppress(SourceError):
        asking.get(f"http://{server.host}/x", robots=False)
    assert asking.get(f"http://{server.host}/x", robots=False).content == b"fine"


def test_no_secret_is_kept_shown_or_logged(server: Server, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    server.routes |= {
        "/x": says(b"", Set_Cookie="session=k3y-of-a-cookie"),
        "/echo": lambda handler, n: says(f"{handler.path} {KEY}".encode())(handler, n),
        "/bad": lambda handler, n: says(f"<b>key {KEY} of {handler.path}</b>".encode(), 400)(handler, n),
        "/cut": raw(),
    }
    asking = session(server, cache=tmp_path / "answers.sqlite")

    def get(path: str) -> Reply:
        url = f"http://{server.host}/{path}"
        return asking.get(url, {"q": "a", "key": KEY}, {"Authorization": f"Bearer {KEY}"}, secret=["key"], robots=False)

    shown = [get("x").url, repr(get("echo")), str(get("echo").headers)]
    assert shown[0].endswith("/x?q=a&key=***")
    for path in ("bad", "cut"):
        with pytest.raises(SourceError) as caught:
            get(path)
        shown.append(str(caught.value))
    with pytest.raises(SourceError) as caught:
        get("echo").json()
    shown.append(str(caught.value))
    assert server.paths().count("/echo") == 3  # an answer with a key in it is not kept
    assert get("x").cached  # and the key is no part of the address of one that is
    kept = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"127.0.0.1" in kept
    for text in [*shown[3:], shown[0], caplog.text, kept.decode("latin-1")]:
        assert "k3y" not in text


def test_a_cache_that_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "answers.sqlite").write_bytes(b"no database at all" * 100)
    for path in (tmp_path / "answers.sqlite", tmp_path, tmp_path / "answers.sqlite" / "below"):
        with pytest.raises(ArtifactError, match="cache of answers .* cannot be used .*delete it"):
            Session(path)


def test_two_threads_share_a_session_with_a_cache(server: Server, other: Server, tmp_path: Path) -> None:
    for each in (server, other):
        each.routes |= {f"/{i}": says(str(i).encode()) for i in range(20)}
    asking = session(server, other, cache=tmp_path / "answers.sqlite")
    urls = [f"http://{each.host}/{i}" for i in range(20) for each in (server, other)]
    for _ in range(2):
        replies = asking.get_many(urls)
        assert [r.content for r in replies if isinstance(r, Reply)] == [str(i // 2).encode() for i in range(40)]
    assert asking.requests == 42 and asking.cached == 40
