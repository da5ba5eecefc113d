"""Sources that ask a server: page after page of one query, through the polite session that all share."""

from __future__ import annotations

import os
from abc import abstractmethod
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import msgspec

from tag2vec import plugins
from tag2vec.errors import SourceError
from tag2vec.scraping.polite.reply import Reply
from tag2vec.scraping.polite.session import Params, Session
from tag2vec.scraping.post import Post
from tag2vec.scraping.sources import Source

T = TypeVar("T")
PATIENCE = 10  # pages in a row without a new post, after which a query is over
NO_QUERIES = "There is nothing to ask for; give --query TEXT, --queries FILE or --common-words N."


@dataclass(frozen=True)
class Page:
    """What one request gave: `items` counts what the server sent, before anything was left out."""

    posts: Sequence[Post]
    next: str | None = None  # the cursor of the page after this one; None: this is the last
    items: int = 0


@dataclass(frozen=True)
class Live(Source):
    """Base of the sources that ask a server. A subclass says what a page is; paging, limits and loops are here.

    `server` is the address to ask (`example.social`, `https://example.social/api`), the platform's own when empty.
    """

    home: ClassVar[str] = ""  # the server asked when none is given; empty: the user names one
    page_size: ClassVar[int] = 50  # most items that a page can hold
    keys: ClassVar[dict[str, str]] = {}  # environment variables it needs -> where to get them
    off: ClassVar[str] = ""  # why it is off until `--allow NAME`; empty: it is on
    needs_queries: ClassVar[bool] = True  # False: the empty query has a meaning (the newest, the whole feed)

    server: str = ""
    session: Session = field(kw_only=True)
    heard: Callable[[int], None] = field(default=lambda items: None, kw_only=True)  # gets the items of each page
    save: Path | None = field(default=None, kw_only=True)  # a folder for pages that somebody should look at

    @property
    def name(self) -> str:
        """The name of the plugin."""
        return plugins.name_of(self)

    @property
    def base(self) -> str:
        """The server's address with its scheme: https unless `server` says otherwise.

        Raises SourceError when there is none.
        """
        address = self.server or self.home
        if not address:
            raise SourceError(f"The source '{self.name}' has no server of its own; name one: {self.name}:SERVER.")
        return address if "://" in address else f"https://{address}"

    @property
    def host(self) -> str:
        """The server's host, with its port where one is given."""
        return self.base.partition("://")[2].partition("/")[0].rpartition("@")[2].lower()

    @property
    def origin(self) -> str:
        """The `source` of its posts: `name:host`."""
        return f"{self.name}:{self.host}"

    @abstractmethod
    def page(self, query: str, cursor: str | None, count: int) -> Page:
        """One page of `query`, at `cursor` (None: the first), asking for `count` items, at most `page_size`.

        Raises SourceError when the server does not answer with a page.
        """

    @property
    def takes_queries(self) -> bool:
        """Whether it can be asked for anything at all; what cannot is asked for `queries()` only."""
        return True

    def queries(self) -> list[str]:
        """What to ask when the user gave no queries. Raises SourceError where only the user can know."""
        if self.needs_queries:
            raise SourceError(NO_QUERIES)
        return [""]

    def posts(self, query: str, limit: int | None = None) -> Iterator[Post]:
        """Posts of `query`, page after page; ends at `limit`, at the last page and when pages bring nothing new."""
        seen: set[str] = set()
        cursors: set[str | None] = set()
        cursor: str | None = None
        dry = 0
        while (limit is None or len(seen) < limit) and cursor not in cursors:
            cursors.add(cursor)
            wanted = self.page_size if limit is None else min(self.page_size, limit - len(seen))
            page = self.page(query, cursor, wanted)
            self.heard(page.items)
            new = [post for post in page.posts if post.id not in seen]
            for post in new:
                if post.id not in seen and (limit is None or len(seen) < limit):
                    seen.add(post.id)
                    yield post
            dry = 0 if new else dry + 1
            if page.next is None or (page.posts and not new) or not page.items or dry == PATIENCE:
                return
            cursor = page.next

    def ask(
        self,
        path: str,
        params: Params | None = None,
        headers: Mapping[str, str] | None = None,
        secret: Collection[str] = (),
    ) -> Reply:
        """The answer to a GET of `path` at the server. Raises SourceError, Refused, BudgetSpent."""
        # An interface that wants a key is ruled by the terms the user accepted with it; robots.txt is for the open web.
        return self.session.get(self.at(path), params, headers, robots=not self.keys, secret=secret)

    def at(self, path: str) -> str:
        """The address of `path` at the server."""
        return f"{self.base.rstrip('/')}/{path}"

    def each(self, reply: Reply, items: Iterable[Any], shape: type[T]) -> Iterator[T]:
        """The `items` of a page as `shape`s; one that is of another shape is skipped."""
        for number, item in enumerate(items, 1):
            try:
                yield msgspec.convert(item, shape)
            except msgspec.ValidationError as error:
                self.skip(f"{reply.url} item {number}", str(error))

    def key(self, name: str) -> str:
        """The value of the environment variable `name`. Raises SourceError that says where to get one."""
        if value := os.environ.get(name):
            return value
        raise SourceError(f"The environment variable {name} is not set. {self.keys[name]}")
