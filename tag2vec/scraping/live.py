"""Sources that ask a server: page after page of one query, through the polite session that all share."""

from __future__ import annotations

import os
from abc import abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from tag2vec.errors import SourceError
from tag2vec.scraping.post import Post
from tag2vec.scraping.session import Session
from tag2vec.scraping.sources import Source


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

    @property
    def base(self) -> str:
        """The server's address with its scheme and without a slash at its end: https unless `server` says otherwise."""
        address = self.server or self.home
        return (address if "://" in address else f"https://{address}").rstrip("/")

    @abstractmethod
    def page(self, query: str, cursor: str | None, count: int) -> Page:
        """One page of `query`, at `cursor` (None: the first), asking for `count` items, at most `page_size`.

        Raises SourceError when the server does not answer with a page.
        """

    def queries(self) -> list[str]:
        """What to ask when the user gave no queries. Raises SourceError where only the user can know."""
        if self.needs_queries:
            raise SourceError("There is nothing to ask for; give --query TEXT, --queries FILE or --common-words N.")
        return [""]

    def posts(self, query: str, limit: int | None = None) -> Iterator[Post]:
        """Posts of `query`, page after page; ends at `limit`, at the last page and when pages bring nothing new."""
        seen: set[str] = set()
        cursors: set[str | None] = set()
        cursor: str | None = None
        while (limit is None or len(seen) < limit) and cursor not in cursors:
            cursors.add(cursor)
            wanted = self.page_size if limit is None else min(self.page_size, limit - len(seen))
            page = self.page(query, cursor, wanted)
            new = [post for post in page.posts if post.id not in seen]
            for post in new:
                if post.id not in seen and (limit is None or len(seen) < limit):
                    seen.add(post.id)
                    yield post
            if page.next is None or (page.posts and not new) or not page.items:
                return
            cursor = page.next

    def key(self, name: str) -> str:
        """The value of the environment variable `name`. Raises SourceError that says where to get one."""
        if value := os.environ.get(name):
            return value
        raise SourceError(f"The environment variable {name} is not set. {self.keys[name]}")
