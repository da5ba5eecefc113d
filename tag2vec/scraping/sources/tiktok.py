"""Answers of TikTok's Research API (video/query): saved as they came, many in a list, or their videos alone.

The export of one's own TikTok data is not among them: it lists links and dates, and neither captions nor tags.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import msgspec

from tag2vec.errors import SourceError
from tag2vec.scraping.answers import iso
from tag2vec.scraping.post import Post
from tag2vec.scraping.sources._json import JsonFile


class _Video(msgspec.Struct):
    id: int | str | None = None  # 19 digits: more than a float holds
    hashtag_names: list[str] | None = None
    video_description: str | None = None
    create_time: int | float | None = None
    username: str | None = None


@dataclass(frozen=True)
class TikTok(JsonFile):
    keys: ClassVar[tuple[bytes, ...]] = (b'"hashtag_names"', b'"video_description"')

    def inside(self, record: dict[str, Any]) -> Any:
        data = record.get("data")
        return data.get("videos") if isinstance(data, dict) else record.get("videos")

    def post(self, record: Any) -> Post:
        video = msgspec.convert(record, _Video)
        if video.hashtag_names is None and video.video_description is None:
            raise SourceError('neither "hashtag_names" nor "video_description"')
        return Post(
            id=str(video.id) if video.id else "",
            tags=tuple(video.hashtag_names or ()),
            text=video.video_description,
            author=video.username,
            date=iso(video.create_time),
            source="tiktok",
        )
