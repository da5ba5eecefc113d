"""The newest 20 photos and videos of Flickr's public feed that have all the words of the query as tags."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from msgspec import Struct

from tag2vec.errors import SourceError
from tag2vec.scraping.answers import answer, iso
from tag2vec.scraping.live import Live, Page
from tag2vec.scraping.markup import text_of
from tag2vec.scraping.normalise import written
from tag2vec.scraping.polite.reply import Reply
from tag2vec.scraping.post import Post

_CALL = re.compile(rb"\s*jsonFlickrFeed\((.*)\)\s*;?\s*", re.DOTALL)
_ESCAPE = re.compile(rb"\\(.)", re.DOTALL)


class _Item(Struct):
    link: str
    title: str | None = None
    description: str | None = None
    published: str | None = None
    author_id: str | None = None
    tags: str | None = None


class _Feed(Struct):
    items: list[Any]


@dataclass(frozen=True)
class Flickr(Live):
    home: ClassVar[str] = "api.flickr.com"
    page_size: ClassVar[int] = 20

    def page(self, query: str, cursor: str | None, count: int) -> Page:
        tags = ",".join(filter(None, map(written, query.split())))
        if not tags:
            return Page(())
        reply = self.ask("services/feeds/photos_public.gne", {"tags": tags, "tagmode": "all", "format": "json"})
        feed = answer(_unwrapped(reply), _Feed)
        return Page([self._post(item) for item in self.each(reply, feed.items, _Item)], items=len(feed.items))

    def _post(self, item: _Item) -> Post:
        return Post(
            id=item.link,
            tags=tuple((item.tags or "").split()),
            text=text_of(item.description or "") or None,
            title=item.title or None,
            author=item.author_id or None,
            date=iso(item.published),
            source=self.origin,
        )


def _unwrapped(reply: Reply) -> Reply:
    """The JSON inside the JavaScript call. An escaped apostrophe is right in JavaScript and wrong in JSON."""
    call = _CALL.fullmatch(reply.content)
    if not call:
        raise SourceError(f"{reply.url} answered with {reply.said()}; wanted jsonFlickrFeed(...).")
    return replace(reply, content=_ESCAPE.sub(lambda m: b"'" if m[1] == b"'" else m[0], call[1]))
