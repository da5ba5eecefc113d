"""Videos of YouTube through its Data API. Needs a key; a day's quota is 100 searches of 50 videos each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from msgspec import Struct

from tag2vec.errors import Refused, SourceError
from tag2vec.scraping.answers import answer, iso
from tag2vec.scraping.live import Live, Page
from tag2vec.scraping.polite.reply import Reply
from tag2vec.scraping.polite.session import Params
from tag2vec.scraping.post import Post

_KEY = "YOUTUBE_API_KEY"
_QUOTA = ("exceeded your quota", "quotaExceeded", "Quota exceeded")  # how the interface says that it is spent


class _Snippet(Struct):
    title: str | None = None
    description: str | None = None
    tags: list[str] | None = None
    channelId: str | None = None
    publishedAt: str | None = None
    categoryId: str | None = None
    defaultAudioLanguage: str | None = None
    defaultLanguage: str | None = None


class _Video(Struct):
    id: str
    snippet: _Snippet


class _VideoId(Struct):
    videoId: str


class _Hit(Struct):
    id: _VideoId


class _List(Struct):
    items: list[Any]
    nextPageToken: str | None = None


@dataclass(frozen=True)
class YouTube(Live):
    home: ClassVar[str] = "www.googleapis.com/youtube/v3"
    page_size: ClassVar[int] = 50
    keys: ClassVar[dict[str, str]] = {
        _KEY: "Make one at https://console.cloud.google.com/apis/credentials, for the YouTube Data API v3; it is free."
    }

    def page(self, query: str, cursor: str | None, count: int) -> Page:
        search: Params = {"part": "snippet", "type": "video", "q": query, "maxResults": count, "pageToken": cursor}
        reply = self._get("search", search)
        found = answer(reply, _List)
        ids = [hit.id.videoId for hit in self.each(reply, found.items, _Hit)]
        if not ids:
            return Page((), found.nextPageToken, len(found.items))
        reply = self._get("videos", {"part": "snippet", "id": ",".join(ids)})
        videos = self.each(reply, answer(reply, _List).items, _Video)
        return Page([self._post(video) for video in videos], found.nextPageToken, len(found.items))

    def _get(self, path: str, params: Params) -> Reply:
        try:
            return self.ask(path, {**params, "key": self.key(_KEY)}, secret=("key",))
        except SourceError as error:
            if any(sign in str(error) for sign in _QUOTA):
                raise Refused(
                    "The day's quota of this YouTube key is spent (100 searches, 10,000 other units). It starts anew "
                    "at midnight Pacific time; give the same command then, or another key."
                ) from error
            raise

    def _post(self, video: _Video) -> Post:
        snippet = video.snippet
        return Post(
            id=video.id,
            tags=tuple(snippet.tags or ()),
            text=snippet.description or None,
            title=snippet.title or None,
            author=snippet.channelId or None,
            date=iso(snippet.publishedAt),
            source=self.origin,
            category=snippet.categoryId or None,
            language=snippet.defaultAudioLanguage or snippet.defaultLanguage or None,
        )
