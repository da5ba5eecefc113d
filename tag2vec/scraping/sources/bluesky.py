"""Posts of Bluesky under a hashtag. Needs an account and an app password, which can read but not change the account."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

from msgspec import Struct

from tag2vec.errors import Refused, SourceError
from tag2vec.scraping.answers import answer, iso
from tag2vec.scraping.live import Live, Page
from tag2vec.scraping.normalise import normalise, written
from tag2vec.scraping.polite.reply import Reply
from tag2vec.scraping.polite.session import Params
from tag2vec.scraping.post import Post

_HANDLE, _PASSWORD = "BLUESKY_HANDLE", "BLUESKY_APP_PASSWORD"


class _Author(Struct):
    did: str  # stays when the handle changes


class _Slice(Struct):
    byteStart: int
    byteEnd: int


class _Feature(Struct):
    tag: str | None = None


class _Facet(Struct):
    index: _Slice
    features: list[_Feature]


class _Record(Struct):
    text: str | None = None
    createdAt: str | None = None
    langs: list[str] | None = None
    facets: list[_Facet] | None = None
    tags: list[str] | None = None


class _Item(Struct):
    uri: str
    record: _Record
    author: _Author
    indexedAt: str | None = None


class _Found(Struct):
    posts: list[Any]
    cursor: str | None = None


class _Login(Struct):
    accessJwt: str


@dataclass(frozen=True)
class Bluesky(Live):
    home: ClassVar[str] = "bsky.social"
    page_size: ClassVar[int] = 100
    keys: ClassVar[dict[str, str]] = {
        _HANDLE: "It is the name of your account, such as ann.bsky.social.",
        _PASSWORD: "Make one at https://bsky.app/settings/app-passwords; do not give your account's own password.",
    }

    def page(self, query: str, cursor: str | None, count: int) -> Page:
        tag = written(query)
        if not normalise(tag):
            return Page(())
        reply = self._search({"q": f"#{tag}", "sort": "latest", "limit": count, "cursor": cursor})
        found = answer(reply, _Found)
        posts = [self._post(item) for item in self.each(reply, found.posts, _Item)]
        return Page(posts, found.cursor, len(found.posts))

    def _search(self, params: Params) -> Reply:
        path = "xrpc/app.bsky.feed.searchPosts"
        try:
            return self.ask(path, params, self._login)
        except SourceError as error:
            if "ExpiredToken" not in str(error):
                raise
        self.__dict__.pop("_login")  # what cached_property keeps; a token lasts two hours
        return self.ask(path, params, self._login)

    @cached_property
    def _login(self) -> dict[str, str]:
        """The headers that say who asks."""
        who = {"identifier": self.key(_HANDLE), "password": self.key(_PASSWORD)}
        try:
            reply = self.session.post(self.at("xrpc/com.atproto.server.createSession"), who, secret=["password"])
        except Refused as error:
            raise Refused(f"{self.host} does not let you in; look at {_HANDLE} and {_PASSWORD}. {error}") from error
        return {"Authorization": f"Bearer {answer(reply, _Login).accessJwt}"}

    def _post(self, item: _Item) -> Post:
        record = item.record
        return Post(
            id=item.uri,
            tags=tuple(dict.fromkeys([*_in_text(record), *(record.tags or ())])),
            text=record.text or None,
            author=item.author.did,
            date=iso(record.createdAt) or iso(item.indexedAt),
            source=self.origin,
            language=record.langs[0] if record.langs else None,
        )


def _in_text(record: _Record) -> Iterator[str]:
    """The tags that facets mark, as the text has them where it is the same tag: a facet may be in another case."""
    text = (record.text or "").encode()  # indexes count bytes
    for facet in record.facets or ():
        form = text[facet.index.byteStart : facet.index.byteEnd].decode(errors="ignore").lstrip("#＃")
        for feature in facet.features:
            if feature.tag:
                yield form if normalise(form) == normalise(feature.tag) else feature.tag
