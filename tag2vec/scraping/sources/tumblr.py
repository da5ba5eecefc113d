"""Posts of Tumblr under a tag. Needs a key. Tags keep their spaces."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from msgspec import Struct

from tag2vec.scraping.answers import answer, iso
from tag2vec.scraping.live import Live, Page
from tag2vec.scraping.post import Post

_KEY = "TUMBLR_API_KEY"


class _Item(Struct):
    id: int | str  # the number is lost in programs that know no whole numbers of 64 bits; hence the text
    id_string: str | None = None
    tags: list[str] | None = None
    blog_name: str | None = None
    timestamp: int | None = None
    featured_timestamp: int | None = None
    title: str | None = None
    body: str | None = None
    caption: str | None = None
    summary: str | None = None


class _Answer(Struct):
    response: list[Any]


@dataclass(frozen=True)
class Tumblr(Live):
    home: ClassVar[str] = "api.tumblr.com"
    page_size: ClassVar[int] = 20
    keys: ClassVar[dict[str, str]] = {
        _KEY: "Register an application at https://www.tumblr.com/oauth/apps; its OAuth consumer key is the one."
    }

    def page(self, query: str, cursor: str | None, count: int) -> Page:
        reply = self.ask(
            "v2/tagged",
            {"tag": query.lstrip("#"), "limit": count, "filter": "text", "before": cursor, "api_key": self.key(_KEY)},
            secret=("api_key",),
        )
        found = answer(reply, _Answer).response
        items = list(self.each(reply, found, _Item))
        # A tag that editors look after is in the order in which they took posts in, not in that of writing.
        last = (items[-1].featured_timestamp or items[-1].timestamp) if items else None
        return Page([self._post(item) for item in items], str(last) if last else None, len(found))

    def _post(self, item: _Item) -> Post:
        return Post(
            id=item.id_string or str(item.id),
            tags=tuple(item.tags or ()),
            text=item.body or item.caption or item.summary or None,
            title=item.title or None,
            author=item.blog_name or None,
            date=iso(item.timestamp),
            source=self.origin,
        )
