"""Posts of a Mastodon server under a hashtag. The user names the server; without queries its trending tags are asked.

A server says who may read its hashtag timelines; one that wants a login is left alone. So are bots and people who
do not want to be indexed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar
from urllib.parse import parse_qs, quote, urlsplit

from msgspec import Struct, field
from requests.utils import parse_header_links

from tag2vec.errors import Refused, SourceError
from tag2vec.scraping.answers import answer, iso
from tag2vec.scraping.live import Live, Page
from tag2vec.scraping.markup import hashtag_links, text_of
from tag2vec.scraping.normalise import normalise, written
from tag2vec.scraping.post import Post


class _Tag(Struct):
    name: str


class _Account(Struct):
    acct: str | None = None
    bot: bool | None = None
    noindex: bool | None = None


class _Status(Struct):
    uri: str
    content: str | None = None
    created_at: str | None = None
    language: str | None = None
    account: _Account | None = None
    tags: list[_Tag] | None = None
    reblog: Any = None


class _Feeds(Struct):  # who may read: "public", "authenticated" or "disabled"
    local: str = "public"
    remote: str = "public"


class _Access(Struct):
    hashtag_feeds: _Feeds = field(default_factory=_Feeds)


class _Configuration(Struct):
    timelines_access: _Access = field(default_factory=_Access)


class _Instance(Struct):
    configuration: _Configuration = field(default_factory=_Configuration)


@dataclass(frozen=True)
class Mastodon(Live):
    page_size: ClassVar[int] = 40

    def queries(self) -> list[str]:
        self._check()
        return [tag.name for tag in answer(self.ask("api/v1/trends/tags", {"limit": 20}), list[_Tag])]

    def page(self, query: str, cursor: str | None, count: int) -> Page:
        tag = written(query)
        if not normalise(tag):  # a tag of digits alone does not link anywhere
            return Page(())
        self._check()
        local = None if self._feeds.remote == "public" else "true"
        path = f"api/v1/timelines/tag/{quote(tag, safe='')}"
        reply = self.ask(path, {"limit": count, "max_id": cursor, "local": local})
        items = answer(reply, list[Any])
        posts = [self._post(status) for status in self.each(reply, items, _Status) if _welcome(status)]
        return Page(posts, _next(reply.headers.get("Link", "")), len(items))

    def _check(self) -> None:
        """Raises Refused when the server does not want to be read."""
        name = self.host.partition(":")[0].rstrip(".")
        if name == "mastodon.social" or name.endswith(".mastodon.social"):
            raise Refused("mastodon.social forbids scrapers in its rules; name a server that allows them.")
        if self._feeds.local != "public":
            raise Refused(
                f"{self.host} shows its hashtag timelines only to people who log in ('{self._feeds.local}'); "
                "name a server where they are public."
            )

    @cached_property
    def _feeds(self) -> _Feeds:
        try:
            reply = self.ask("api/v2/instance")
        except Refused:
            raise
        except SourceError:
            return _Feeds()  # a server too old for this question, and for keeping its timelines from anyone
        return answer(reply, _Instance).configuration.timelines_access.hashtag_feeds

    def _post(self, status: _Status) -> Post:
        content = status.content or ""
        acct = status.account.acct if status.account else None
        return Post(
            id=status.uri,
            tags=_tags(content, status.tags or ()),
            text=text_of(content) or None,
            author=acct if not acct or "@" in acct else f"{acct}@{self.host}",
            date=iso(status.created_at),
            source=self.origin,
            language=status.language or None,
        )


def _tags(content: str, tags: Sequence[_Tag]) -> tuple[str, ...]:
    """The tags of a post in its author's letters: those of `tags` are in lower case."""
    forms: dict[str, str] = {}
    for form in [*hashtag_links(content), *(tag.name for tag in tags)]:
        forms.setdefault(normalise(form), form)
    return tuple(forms.values())


def _welcome(status: _Status) -> bool:
    account = status.account or _Account()
    return not (account.bot or account.noindex or status.reblog)


def _next(header: str) -> str | None:
    """The `max_id` of the page after this one, out of a Link header."""
    for link in parse_header_links(header):
        if link.get("rel") == "next":
            try:
                return parse_qs(urlsplit(link["url"]).query).get("max_id", [None])[0]
            except ValueError:  # not an address
                return None
    return None
