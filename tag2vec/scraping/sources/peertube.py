"""Videos of PeerTube: of one server, or of all that SepiaSearch indexes.

A search does not tell tags; they are asked of the server that holds the video, one request a video.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar
from uuid import UUID

from msgspec import Struct

from tag2vec.errors import SourceError
from tag2vec.scraping.answers import answer, iso
from tag2vec.scraping.live import Live, Page
from tag2vec.scraping.post import Post

_PLAIN_HOST = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)+", re.IGNORECASE)


class _Choice(Struct):
    id: str | int | None = None
    label: str | None = None


class _Account(Struct):
    name: str
    host: str


class _Video(Struct):
    uuid: UUID  # becomes part of an address: nothing else may stand here
    name: str | None = None
    description: str | None = None
    publishedAt: str | None = None
    category: _Choice | None = None
    language: _Choice | None = None
    account: _Account | None = None
    isLocal: bool | None = None
    tags: list[str] | None = None


class _Found(Struct):
    data: list[Any]
    total: int = 0


@dataclass(frozen=True)
class PeerTube(Live):
    home: ClassVar[str] = "sepiasearch.org"
    page_size: ClassVar[int] = 100
    needs_queries: ClassVar[bool] = False

    def page(self, query: str, cursor: str | None, count: int) -> Page:
        start = int(cursor or 0)
        order = {"search": query or None, "sort": "-match" if query else "-publishedAt"}
        reply = self.ask("api/v1/search/videos", {**order, "start": start, "count": count, "nsfw": "false"})
        found = answer(reply, _Found)
        videos = list(self.each(reply, found.data, _Video))
        end = start + len(found.data)
        posts = [self._post(video, full) for video, full in self._in_full(videos)]
        return Page(posts, str(end) if end < found.total else None, len(found.data))

    def _in_full(self, videos: Sequence[_Video]) -> Iterator[tuple[_Video, _Video]]:
        """(as found, with tags) of each video; one whose server does not tell its tags is skipped."""
        yield from ((video, video) for video in videos if video.tags is not None)
        asked = {url: video for video in videos if video.tags is None and (url := self._address(video))}
        for (url, video), reply in zip(asked.items(), self.session.get_many(list(asked)), strict=True):
            try:
                if isinstance(reply, SourceError):
                    raise reply
                full = answer(reply, _Video)
            except SourceError as error:
                self.skip(url, str(error).rstrip("."))
                continue
            yield video, full

    def _address(self, video: _Video) -> str | None:
        """Where the video's tags are told; None, and skipped, when that is no host on the open web."""
        host = video.account.host if video.account else self.host
        if video.isLocal or host.lower() == self.host:
            return self.at(f"api/v1/videos/{video.uuid}")
        # Any server of the federation may put any text here.
        if _PLAIN_HOST.fullmatch(host):
            return f"https://{host}/api/v1/videos/{video.uuid}"
        self.skip(f"{self.origin} video {video.uuid}", f"its server {host[:80]!r} is not a host name")
        return None

    def _post(self, found: _Video, full: _Video) -> Post:
        language = found.language.id if found.language else None
        return Post(
            id=str(found.uuid),
            tags=tuple(full.tags or ()),
            text=full.description or found.description or None,
            title=found.name or None,
            author=f"{found.account.name}@{found.account.host}" if found.account else None,
            date=iso(found.publishedAt),
            source=self.origin,
            category=found.category.label if found.category else None,
            language=str(language) if language else None,
        )
