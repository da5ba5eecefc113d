"""Asking live sources: every query of every source, side by side, into the store; what is done is never asked again."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from tag2vec import plugins
from tag2vec.errors import BudgetSpent, Refused, SourceError, at_least
from tag2vec.scraping.live import Live
from tag2vec.scraping.polite.session import Hosts, Session
from tag2vec.scraping.sources import Source
from tag2vec.scraping.store import Round, Store

PATIENCE = 5  # queries that fail one after the other before a source is left alone
SHOWN = 3  # items left out that are named; the others are only counted
Say = Callable[[str], None]


@dataclass(frozen=True)
class Asking:
    """What live sources are asked for, and how much of it."""

    queries: tuple[str, ...] = ()
    per_query: int = 150
    max_minutes: float | None = None
    max_requests: int | None = None
    pace: float = 0.25  # seconds between the starts of two requests to one host, at the least
    contact: str | None = None  # how a server's owner reaches the user; TAG2VEC_CONTACT when not given
    allow: tuple[str, ...] = ()  # names of sources that are off by default, hosts that may have private addresses

    def __post_init__(self) -> None:
        at_least(self, per_query=1, max_minutes=0, max_requests=0, pace=0)


@dataclass
class Gathered:
    """What one source gave."""

    source: str
    asked: int  # posts a query
    page: int = 0  # most items that a page of the server held
    queries: int = 0
    done: int = 0
    posts: int = 0
    tags: int = 0
    requests: int = 0
    cached: int = 0
    skipped: int = 0
    stopped: bool = False  # --max-requests or --max-minutes ended it
    failed: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        """`peertube:a.example: 3 of 4 queries, asked 500, server page 40, fetched 500 in 13 requests, 1 failed`."""
        said = (
            f"{self.source}: {self.done:,} of {self.queries:,} queries, asked {self.asked:,}, server page {self.page}, "
            f"fetched {self.posts:,} in {self.requests:,} requests"
        )
        more = {"answered from the cache": self.cached, "items left out": self.skipped, "failed": len(self.failed)}
        return said + "".join(f", {n:,} {what}" for what, n in more.items() if n)


class Collection:
    """Asks every source for every query that is not done in this round of `store`.

    One thread a source; requests to one host are serial all the same, since the sessions share their hosts. `warn`
    gets what went wrong, `progress` one line that says how far everything is.
    """

    def __init__(self, store: Store, round: Round, asking: Asking, warn: Say, progress: Say) -> None:
        self.store = store
        self.round = round
        self.asking = asking
        self.warn = warn
        self.progress = progress
        self.gathered: list[Gathered] = []
        self.queries: dict[str, list[str]] = {}  # of each source that could be opened
        self._waits: dict[str, float] = {}
        self._hosts = Hosts(asking.max_requests, asking.max_minutes, self._waiting, pace=asking.pace)

    def run(self, sources: Sequence[str]) -> None:
        """Ask all `sources`. Ctrl-C stops all and is raised again; every query that ended is in the store."""
        jobs = [job for where in dict.fromkeys(sources) if (job := self._opened(where))]
        with ThreadPoolExecutor(max(1, len(jobs))) as pool:
            futures = [pool.submit(self._ask_all, *job) for job in jobs]
            try:
                for future in futures:
                    while not future.done():
                        self.progress(self._line())
                        time.sleep(0.05)
                    future.result()
            except BaseException:
                self._hosts.stop()
                raise

    def _opened(self, where: str) -> tuple[Live, Gathered] | None:
        one = Gathered(where, self.asking.per_query)
        self.gathered.append(one)
        try:
            source = open_source(
                where,
                self.asking,
                session=self._session(),
                skip=partial(self._skip, one),
                heard=partial(_heard, one),
                save=self.store.folder / "pages",
            )
            given = list(dict.fromkeys(self.asking.queries)) if source.takes_queries else []
            queries = given or self.store.plan(self.round.number, where, source.queries)
        except (SourceError, BudgetSpent) as error:
            one.failed.append(str(error))
            self.warn(f"{where}: {error}")
            return None
        one.queries = len(queries)
        self.queries[where] = queries
        return source, one

    def _session(self) -> Session:
        return Session(
            self.store.folder / "answers.sqlite",
            hosts=self._hosts,
            contact=self.asking.contact,
            allow_hosts=self.asking.allow,
            fresh_since=self.round.began,
        )

    def _ask_all(self, source: Live, one: Gathered) -> None:
        asked = self.asking.per_query
        done = self.store.done(self.round.number, one.source, asked)
        failing = 0
        for query in self.queries[one.source]:
            try:
                if query not in done:
                    posts = list(source.posts(query, asked))
                    done[query] = self.store.keep(self.round.number, one.source, query, asked, posts)
            except BudgetSpent as spent:
                self.warn(f"{one.source}: {spent}")
                one.stopped = True
                return
            except SourceError as error:
                failing += 1
                one.failed.append(f"query '{query}': {error}" if query else str(error))
                self.warn(f"{one.source}: {one.failed[-1]}")
                if (failing == PATIENCE or (isinstance(error, Refused) and not one.done)) and one.queries > failing:
                    self.warn(f"{one.source}: left alone after this; the same command asks again what is not done.")
                    return
            else:
                failing = 0
                one.done += 1
                one.posts += done[query][0]
                one.tags += done[query][1]
            finally:
                one.requests, one.cached = source.session.requests, source.session.cached

    def _skip(self, one: Gathered, where: str, reason: str) -> None:
        one.skipped += 1
        if one.skipped <= SHOWN:
            self.warn(f"{where}: left out, {reason}.")

    def _waiting(self, host: str, seconds: float) -> None:
        self._waits[host] = time.monotonic() + seconds

    def _line(self) -> str:
        done, total, posts, tags = (
            sum(getattr(g, n) for g in self.gathered) for n in ("done", "queries", "posts", "tags")
        )
        line = f"{done:,} of {total:,} queries, {posts:,} posts, {tags:,} tags, {self._hosts.requests:,} requests"
        now = time.monotonic()
        waits = [f"{host} {until - now:.0f} s" for host, until in list(self._waits.items()) if until > now]
        return line + (f", waiting for {', '.join(waits)}" if waits else "")


def _heard(one: Gathered, items: int) -> None:
    one.page = max(one.page, items)


def open_source(where: str, asking: Asking, **settings: Any) -> Live:
    """The live source that `where` (NAME or NAME:SERVER) stands for.

    Raises Refused for one that is off, SourceError for one that lacks a key.
    """
    name, _, server = where.partition(":")
    cls = plugins.get(Source, name)
    assert issubclass(cls, Live)
    if cls.off and name not in asking.allow:
        raise Refused(f"The source '{name}' is off: {cls.off} If you may use it: --allow {name}.")
    source = cls(server=server, **settings)
    for key in cls.keys:
        source.key(key)
    return source
