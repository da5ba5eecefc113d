"""What yt-dlp writes beside a video with --write-info-json: `NAME.info.json`, one post a file, also .gz.

A playlist with its videos inside (--dump-single-json) is as many posts; the info file of a playlist alone is none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import msgspec

from tag2vec.endings import VIDEOS
from tag2vec.errors import SourceError
from tag2vec.scraping.answers import iso
from tag2vec.scraping.post import Post
from tag2vec.scraping.sources._json import JsonFile

_ENDING = re.compile(r"\.info\.json(\.gz)?$", re.IGNORECASE)


class _Info(msgspec.Struct):
    id: str | int
    kind: str | None = msgspec.field(default=None, name="_type")
    title: str | None = None
    description: str | None = None
    tags: list[str] | None = None
    categories: list[str] | None = None
    uploader_id: str | int | None = None
    channel_id: str | int | None = None
    uploader: str | None = None
    timestamp: int | float | None = None
    upload_date: str | None = None  # YYYYMMDD
    extractor: str | None = None
    language: str | None = None


@dataclass(frozen=True)
class YtDlp(JsonFile):
    suffixes: ClassVar[tuple[str, ...]] = (".info.json", ".info.json.gz")
    one_each: ClassVar[bool] = True

    def inside(self, record: dict[str, Any]) -> Any:
        return record.get("entries")

    def post(self, record: Any) -> Post:
        info = msgspec.convert(record, _Info)
        if info.kind in ("playlist", "multi_video"):
            raise SourceError("a playlist without its videos")
        author = info.uploader_id or info.channel_id or info.uploader
        return Post(
            id=str(info.id),
            tags=tuple(info.tags or ()),
            text=info.description,
            title=info.title,
            author=str(author) if author else None,
            date=iso(info.timestamp or info.upload_date),
            source=(info.extractor or "ytdlp").lower(),
            category=info.categories[0] if info.categories else None,
            language=info.language,
        )

    def media(self, path: Path, post: Post) -> Iterator[Path]:
        name = _ENDING.sub("", path.name)
        return (path.with_name(name + ending) for ending in sorted(VIDEOS))
