"""The polite session that every live source shares: the one place that talks to servers."""

from __future__ import annotations

import getpass
import os
import socket
import time
from collections import Counter
from collections.abc import Collection, Container, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from threading import Lock
from typing import Any

from requests import PreparedRequest

from tag2vec.errors import Refused, SourceError, UsageError
from tag2vec.scraping.polite.cache import Cache, Stored
from tag2vec.scraping.polite.guard import Guard, Limits
from tag2vec.scraping.polite.hosts import Hosts
from tag2vec.scraping.polite.reply import Reply
from tag2vec.scraping.polite.robots import AGENT, Robots
from tag2vec.scraping.polite.secret import Secrets
from tag2vec.scraping.polite.send import Sender, host_of, url_of
from tag2vec.version import __version__

__all__ = ["Hosts", "Limits", "Params", "Reply", "Session"]

Params = Mapping[str, str | int | None]  # one that is None is not sent

MAX_REDIRECTS = 5
MAX_THREADS = 16
ROBOTS_AGE = 24 * 3600.0  # seconds that a kept robots.txt stands, whatever the round
_SELECT = ("Accept", "Accept-Language")  # headers that select among the answers of one address
_REDIRECTS = {301, 302, 303, 307, 308}
_REFUSED = {401, 403, 451}


class Session:
    """Asks servers: politely, within a budget, and only what may be asked. Any thread may use it.

    `cache` is the file that keeps answers; those kept since `fresh_since` (unix seconds) are not asked for again.
    `contact` is how a server's owner reaches the user; `allow_hosts` (`host` or `host:port`) are the only ones that
    may have private addresses. `hosts`, which other sessions may share, has the pace and the budget; `backoff` is the
    first wait in seconds after a fault.

    Nothing is read from the environment but the contact: no .netrc, and no proxy, which would look names up itself
    and so pass the check of addresses.

    All that asks raises SourceError when there is no usable answer, Refused when there will be none, BudgetSpent
    when the budget is spent or after `stop`, ArtifactError when the cache cannot be used.
    """

    def __init__(
        self,
        cache: Path | None = None,
        *,
        contact: str | None = None,
        allow_hosts: Collection[str] = (),
        fresh_since: float = 0.0,
        hosts: Hosts | None = None,
        backoff: float = 0.5,
        limits: Limits | None = None,
    ) -> None:
        self.cached = 0  # answers that needed no request
        self._cache = Cache(cache) if cache else None
        self._fresh_since = fresh_since
        self._hosts = hosts or Hosts()
        self._sender = Sender(Guard(limits or Limits(), allow_hosts), self._hosts, backoff, _user_agent(contact))
        self._robots = Robots(self._robots_txt)
        self._lock = Lock()

    @property
    def requests(self) -> int:
        """Requests that this session sent, those of redirects, robots.txt and repeated tries too."""
        return self._sender.sent.total()

    @property
    def by_host(self) -> Counter[str]:
        """Requests that this session sent to each host, `name` or `name:port`."""
        return self._sender.sent

    def stop(self) -> None:
        """End all waits at once; all that is asked after it raises BudgetSpent, in sessions of the same hosts too."""
        self._hosts.stop()

    def get(
        self,
        url: str,
        params: Params | None = None,
        headers: Mapping[str, str] | None = None,
        *,
        robots: bool = True,
        secret: Collection[str] = (),
    ) -> Reply:
        """The answer to a GET of `url` with `params`; `secret` are the parameters that nobody else may see.

        Headers beyond Accept, Accept-Language and Content-Type count as secret too.
        """
        request = self._sender.prepare("GET", url, headers, params=params)
        secrets = Secrets.of(url_of(request), secret, headers or {})
        return _judged(self._answer(request, secrets, robots, self._fresh_since))

    def post(
        self, url: str, body: dict[str, Any], headers: Mapping[str, str] | None = None, *, secret: Collection[str] = ()
    ) -> Reply:
        """The answer to a POST of `body` as JSON, whose fields `secret` nobody else may see.

        It is sent again only where the server cannot have taken it up.
        """
        self._hosts.check()
        request = self._sender.prepare("POST", url, headers, json=body)
        hidden = {f"body {name}": str(body[name]) for name in secret}
        secrets = Secrets.of(url_of(request), (), {**(headers or {}), **hidden})
        return _judged(self._sender.send(request, secrets))

    def get_many(self, urls: Sequence[str]) -> list[Reply | SourceError]:
        """The answer or the error for each of `urls`, in their order; several hosts are asked at the same time."""
        places: dict[str, list[int]] = {}
        for place, url in enumerate(urls):
            places.setdefault("/".join(url.split("/", 3)[:3]), []).append(place)
        found: dict[int, Reply | SourceError] = {}

        def ask(of_one_host: list[int]) -> None:
            for place in of_one_host:
                try:
                    found[place] = self.get(urls[place])
                except SourceError as error:
                    found[place] = error

        with ThreadPoolExecutor(MAX_THREADS) as pool:
            try:
                list(pool.map(ask, places.values()))
            except KeyboardInterrupt:
                self.stop()
                raise
        return [found[place] for place in range(len(urls))]

    def _robots_txt(self, url: str) -> Reply:
        request = self._sender.prepare("GET", url)
        since = max(self._fresh_since, time.time() - ROBOTS_AGE)
        return self._answer(request, Secrets(), False, since, range(400, 500))  # to have none is an answer too

    def _answer(
        self,
        request: PreparedRequest,
        secrets: Secrets,
        robots: bool,
        fresh_since: float,
        keep: Container[int] = (),
    ) -> Reply:
        """The answer of any status to a GET, from the cache where that will do. Keeps those with 200 or in `keep`."""
        self._hosts.check()
        address = " ".join([secrets.hide(url_of(request)), *(request.headers.get(n, "") for n in _SELECT)])
        stored = self._cache.get(address) if self._cache else None
        if stored and stored.time >= fresh_since:
            with self._lock:
                self.cached += 1
            return replace(stored.reply, hide=secrets.hide)
        reply = self._follow(request, secrets, robots, stored)
        if reply.status == 304 and stored:
            reply = stored.renewed(reply.headers)
        told = secrets.told(reply.content) or secrets.told(str(reply.headers))
        if self._cache and (reply.status == 200 or reply.status in keep) and not told:
            self._cache.put(address, reply)
        return replace(reply, hide=secrets.hide)

    def _follow(self, request: PreparedRequest, secrets: Secrets, robots: bool, stored: Stored | None) -> Reply:
        """The answer at the end of the redirects."""
        for _ in range(MAX_REDIRECTS + 1):
            url = url_of(request)
            if robots:
                self._hosts.slow(host_of(url), self._robots.delay(url, secrets.hide(url)))
            if stored and stored.reply.url == secrets.hide(url):
                request.headers.update(stored.validators())
            reply = self._sender.send(request, secrets)
            if reply.status not in _REDIRECTS or "Location" not in reply.headers:
                return reply
            request = self._sender.redirected(request, reply.headers["Location"], secrets)
        raise SourceError(f"{reply.url} redirects more than {MAX_REDIRECTS} times.")


def _judged(reply: Reply) -> Reply:
    """`reply` when its status is one of success. Raises SourceError with what the server said, Refused for good."""
    if 200 <= reply.status < 300:
        return reply
    kind = Refused if reply.status in _REFUSED else SourceError
    raise kind(f"{reply.url} answered {reply.status}: {reply.said()}")


def _user_agent(contact: str | None) -> str:
    who = contact or os.environ.get("TAG2VEC_CONTACT") or f"{_user()}@{socket.gethostname()}"
    if not who.isprintable():
        raise UsageError(f"The contact {who!r} holds signs that cannot be sent; wanted an e-mail or web address.")
    return f"{AGENT}/{__version__} (hashtag corpus builder; contact: {who})".encode().decode("latin-1")


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # an account without a name, as in some containers
        return "unknown"
