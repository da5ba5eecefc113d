"""One request and its answer: made, sent at its host's pace, and sent again when a fault may pass."""

from __future__ import annotations

import logging
import random
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests
from urllib3.exceptions import ConnectTimeoutError, HTTPError, MaxRetryError, NewConnectionError

from tag2vec.errors import Refused, SourceError
from tag2vec.scraping.polite.guard import Guard, OverLimit
from tag2vec.scraping.polite.hosts import Hosts, seconds_until
from tag2vec.scraping.polite.reply import Reply
from tag2vec.scraping.polite.secret import PLAIN_HEADERS, Secrets

TRIES = 5
MAX_BACKOFF = 30.0  # seconds
_BUSY = {429, 503}  # the server did not take the request up, and may say for how long it will not
_PASSING = {*_BUSY, 500, 502, 504}
_CONDITIONS = {"If-None-Match", "If-Modified-Since"}
_PORTS = {"http": 80, "https": 443}

# At level DEBUG it logs whole addresses, with the keys in them.
logging.getLogger("urllib3.connectionpool").setLevel(logging.INFO)


@dataclass(frozen=True)
class _Fault:
    problem: str  # goes on after an address
    again: bool  # may it pass?
    wait: float | None = None  # seconds that the server asks to wait


class Sender:
    """Sends requests through `guard` in the turns of `hosts`; `backoff` seconds is the first wait after a fault."""

    def __init__(self, guard: Guard, hosts: Hosts, backoff: float, user_agent: str) -> None:
        self._guard = guard
        self._hosts = hosts
        self.sent: Counter[str] = Counter()  # requests by host
        self._backoff = backoff
        self._headers = {"User-Agent": user_agent, "Accept": "*/*", "Accept-Encoding": "gzip, deflate"}

    def prepare(
        self, method: str, url: str, headers: Mapping[str, str] | None = None, **what: Any
    ) -> requests.PreparedRequest:
        """A request ready to be sent; `what` are `params` or `json`. Raises SourceError for no web address."""
        try:
            parts = urlsplit(url)
            if parts.scheme not in _PORTS or parts.username is not None or not parts.hostname:
                raise ValueError("wanted http:// or https://, a host, and no user name or password")
            return requests.Request(method, url, headers={**self._headers, **(headers or {})}, **what).prepare()
        except ValueError as error:
            shown = re.sub(r"//[^/]*@", "//***@", url.partition("?")[0])
            why = "the address or a header holds signs that cannot be sent (a line end in a key?)"
            why = why if isinstance(error, requests.RequestException | UnicodeError) else str(error)
            raise SourceError(f"{shown!r} cannot be asked: {why}.") from None

    def send(self, request: requests.PreparedRequest, secrets: Secrets) -> Reply:
        """The answer, whatever its status, no redirect followed.

        Asks up to TRIES times when the connection breaks or the server says that it cannot answer now; a POST only
        where the server did not take it up. Raises SourceError after that, and what Hosts and Guard raise.
        """
        host = host_of(url_of(request))
        for tries in range(1, TRIES + 1):
            with self._hosts.turn(host, self.sent):
                result = self._try(request, secrets)
                if isinstance(result, Reply):
                    return result
                fault = result
                backoff = random.uniform(0, min(MAX_BACKOFF, self._backoff * 2 ** (tries - 1)))
                self._hosts.pause(host, backoff if fault.wait is None else fault.wait, fault.problem)
            if not fault.again:
                break
        raise SourceError(f"{secrets.hide(url_of(request))} {fault.problem}; asked {tries} time{'s' * (tries > 1)}.")

    def redirected(
        self, request: requests.PreparedRequest, location: str, secrets: Secrets
    ) -> requests.PreparedRequest:
        """The request that follows `request`, without what is secret when it goes to another host.

        Raises Refused when it leaves the web, or leaves https, SourceError when it goes to no web address.
        """
        url = url_of(request)
        shown = secrets.hide(url)
        try:
            target = urljoin(url, location.encode("latin-1").decode("utf-8", "replace"))
            scheme = urlsplit(target).scheme
        except ValueError:
            raise SourceError(f"{shown} redirects to {secrets.hide(location)!r}, which is no address.") from None
        if scheme not in _PORTS or (scheme == "http" and url.startswith("https:")):
            raise Refused(
                f"{shown} redirects to {secrets.hide(target)[:200]!r}: only https, or http from http, is asked."
            )
        target = url_of(self.prepare("GET", target))
        if self._allows(target) and not self._allows(url):
            raise Refused(f"{shown} redirects to {host_of(target)}, a server of your own: only you may lead there.")
        headers = {name: value for name, value in request.headers.items() if name not in _CONDITIONS}
        if host_of(url) != host_of(target):
            target = secrets.drop(target)
            headers = {name: value for name, value in headers.items() if name.lower() in PLAIN_HEADERS}
        return self.prepare("GET", target, headers)

    def _allows(self, url: str) -> bool:
        parts = urlsplit(url)
        return self._guard.allows(parts.hostname or "", parts.port or _PORTS[parts.scheme])

    def _try(self, request: requests.PreparedRequest, secrets: Secrets) -> Reply | _Fault:
        shown = secrets.hide(url_of(request))
        safe = request.method == "GET"
        try:
            answer, content = self._guard.fetch(request)
        except (requests.ConnectionError, requests.Timeout, HTTPError) as error:
            again = not isinstance(error, requests.exceptions.SSLError) and (safe or _unsent(error))
            return _Fault(f"did not answer ({secrets.hide(_why(error))})", again)
        except OverLimit as error:
            raise SourceError(f"{shown} {error}.{self._guard.limits.advice}") from None
        except (requests.RequestException, UnicodeError) as error:
            raise SourceError(f"{shown} cannot be asked: {secrets.hide(_why(error))}.") from None
        headers = answer.headers
        self._hosts.heed(host_of(url_of(request)), headers)
        reply = Reply(shown, answer.status_code, headers, content, hide=secrets.hide)
        if reply.status not in (_PASSING if safe else _BUSY):
            return reply
        wait = seconds_until(headers.get("Retry-After", ""), headers) if reply.status in _BUSY else None
        return _Fault(f"answered {reply.status}: {reply.said()}", True, wait)


def url_of(request: requests.PreparedRequest) -> str:
    """The address of a prepared request."""
    return request.url or ""


def host_of(url: str) -> str:
    """`name`, or `name:port` where the port is not the usual one."""
    parts = urlsplit(url)
    name = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname or ""
    return name if parts.port in (None, _PORTS[parts.scheme]) else f"{name}:{parts.port}"


def _unsent(error: Exception) -> bool:
    """Did the connection fail before anything was sent?"""
    cause = error.args[0] if error.args else None
    return isinstance(cause, MaxRetryError) and isinstance(cause.reason, NewConnectionError | ConnectTimeoutError)


def _why(error: Exception) -> str:
    """The innermost reason, without the names of Python objects."""
    inside = (error.reason,) if isinstance(error, MaxRetryError) else error.args
    if inner := next((one for one in inside if isinstance(one, Exception)), None):
        return _why(inner)
    return re.sub(r"^\w+\(host=[^)]*\): ", "", str(error)) or type(error).__name__
