"""Who may ask a server, and when: one request a host at a time, spaced, as often as the host and the user allow."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC
from threading import Event, Lock

from tag2vec.errors import BudgetSpent, Refused, SourceError
from tag2vec.scraping.answers import read_date

_EPOCH = 1e9  # a greater number is a point in time, a smaller one seconds from now
_GO_ON = "Run the same command again to go on."


@dataclass
class _Host:
    lock: Lock = field(default_factory=Lock)
    next: float = 0.0  # when the next request may start, on the monotonic clock
    delay: float = 0.0  # seconds between requests that its robots.txt asks for
    reason: str = ""  # why it is to be waited for


class Hosts:
    """The turns at all hosts, and the budget: several sessions may share them.

    `pace` seconds lie between the starts of two requests to a host; a host's wish to wait is granted up to `patience`
    seconds. `waiting(host, seconds)` is called when a wait of over a second starts, and with 0.0 when it ends, from
    the thread that waits.
    """

    def __init__(
        self,
        max_requests: int | None = None,
        max_minutes: float | None = None,
        waiting: Callable[[str, float], None] | None = None,
        *,
        pace: float = 0.25,
        patience: float = 900.0,
    ) -> None:
        self.pace = pace
        self.patience = patience
        self.max_requests = max_requests
        self.max_minutes = max_minutes
        self.requests = 0
        self._waiting = waiting or (lambda host, seconds: None)
        self._end = float("inf") if max_minutes is None else time.monotonic() + 60 * max_minutes
        self._stopped = Event()
        self._hosts: dict[str, _Host] = {}
        self._lock = Lock()

    @contextmanager
    def turn(self, name: str, sent: Counter[str]) -> Iterator[None]:
        """The time of one request to the host `name`, counted here and in `sent` unless it is refused, so not sent.

        Raises BudgetSpent before a request that the budget does not hold, SourceError when the host asks for too long
        a wait.
        """
        host = self._host(name)
        with host.lock:
            self.check()
            self._count(name, sent, 0)
            self._wait(name, host)
            self._count(name, sent, 1)
            host.next = time.monotonic() + max(self.pace, host.delay)
            try:
                yield
            except Refused:
                self._count(name, sent, -1)
                raise

    def pause(self, name: str, seconds: float, reason: str) -> None:
        """Let no request to the host `name` start for `seconds`."""
        host = self._host(name)
        start = time.monotonic() + seconds
        if start > host.next:
            host.next, host.reason = start, reason

    def slow(self, name: str, delay: float) -> None:
        """Keep at least `delay` seconds between requests to the host `name` from now on."""
        self._host(name).delay = delay

    def heed(self, name: str, headers: Mapping[str, str]) -> None:
        """Wait at the host `name` if these headers of its answer say that no request is left."""
        for prefix in ("X-RateLimit-", "RateLimit-"):
            if headers.get(f"{prefix}Remaining", "").strip() == "0":
                seconds = seconds_until(headers.get(f"{prefix}Reset", ""), headers)
                if seconds is not None:
                    self.pause(name, seconds, "allows no more requests for now")

    def check(self) -> None:
        """Raises BudgetSpent after `stop` and when the time is up."""
        if self._stopped.is_set():
            raise BudgetSpent(f"Stopped. {_GO_ON}")
        if time.monotonic() >= self._end:
            raise BudgetSpent(f"The limit of {self.max_minutes:g} minutes is reached. {_GO_ON}")

    def stop(self) -> None:
        """End all waits; every later turn raises BudgetSpent. For any thread and for signal handlers."""
        self._stopped.set()

    def _host(self, name: str) -> _Host:
        with self._lock:
            return self._hosts.setdefault(name, _Host())

    def _count(self, name: str, sent: Counter[str], number: int) -> None:
        with self._lock:
            if number >= 0 and self.max_requests is not None and self.requests >= self.max_requests:
                raise BudgetSpent(f"The limit of {self.max_requests} requests is reached. {_GO_ON}")
            self.requests += number
            sent[name] += number

    def _wait(self, name: str, host: _Host) -> None:
        seconds = host.next - time.monotonic()
        if seconds <= 0:
            return
        if seconds > max(self.patience, self.pace, host.delay):
            raise SourceError(
                f"{name} {host.reason} and asks to wait {seconds:.0f} s; the longest wait is {self.patience:.0f} s. "
                "Run the same command again later."
            )
        if time.monotonic() + seconds > self._end:
            raise BudgetSpent(
                f"{name} is to be asked again in {seconds:.0f} s, after the limit of {self.max_minutes:g} minutes. "
                f"{_GO_ON}"
            )
        if seconds > 1:
            self._waiting(name, seconds)
        try:
            self._stopped.wait(seconds)
        finally:
            if seconds > 1:
                self._waiting(name, 0.0)
        self.check()


def seconds_until(text: str, headers: Mapping[str, str]) -> float | None:
    """Seconds from now to the time that a header names; None when it names none.

    Seconds, unix seconds, ISO 8601 and HTTP dates are read. Points in time are compared with the server's own clock
    where it sends one: ours may be wrong.
    """
    if re.fullmatch(r"\d+(\.\d+)?", text.strip()) and float(text) < _EPOCH:
        return float(text)
    then = _timestamp(text)
    now = _timestamp(headers.get("Date", ""))
    return None if then is None else max(0.0, then - (time.time() if now is None else now))


def _timestamp(text: str) -> float | None:
    with suppress(ValueError):
        return float(text)
    with suppress(ValueError, OverflowError):
        moment = read_date(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    return None
