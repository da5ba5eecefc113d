"""The posts of one's own Instagram account: `posts_1.json` and its neighbours in a data export in JSON.

The export writes UTF-8 that was read as Latin-1: it is repaired. Hashtags stand in the captions. Nothing in these files
says whose they are, so every post is by the author `me`, and the same tags under many posts count once.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import msgspec

from tag2vec.errors import SourceError
from tag2vec.scraping.answers import iso
from tag2vec.scraping.post import Post
from tag2vec.scraping.sources._json import JsonFile

_NAME = re.compile(r"(posts|reels|stories|archived_posts|igtv_videos|other_content)(_\d+)?\.json(\.gz)?$")
_WRAPPERS = ("ig_reels_media", "ig_stories", "ig_archived_post_media", "ig_igtv_media", "ig_other_media")


class _Medium(msgspec.Struct):
    uri: str | None = None
    title: str | None = None
    creation_timestamp: int | float | None = None


class _Entry(_Medium):
    media: list[_Medium] | None = None


@dataclass(frozen=True)
class Instagram(JsonFile):
    keys: ClassVar[tuple[bytes, ...]] = (b'"creation_timestamp"',)

    @classmethod
    def reads(cls, path: Path) -> int:
        return super().reads(path) if _NAME.match(path.name.lower()) else 0

    def inside(self, record: dict[str, Any]) -> Any:
        return next((record[key] for key in _WRAPPERS if key in record), None)

    def post(self, record: Any) -> Post:
        entry = msgspec.convert(record, _Entry)
        media: Sequence[_Medium] = entry.media or ([entry] if entry.uri else [])  # a story is its own only medium
        if not media and entry.title is None:
            raise SourceError('neither "media" nor "title"')
        caption = entry.title or next((medium.title for medium in media if medium.title), None)
        times = (entry.creation_timestamp, *(medium.creation_timestamp for medium in media))
        return Post(
            id=next((medium.uri for medium in media if medium.uri), ""),
            tags=(),
            text=_repaired(caption) if caption else None,
            author="me",
            date=iso(next(filter(None, times), None)),
            source="instagram",
        )

    def media(self, path: Path, post: Post) -> Iterator[Path]:
        return (folder / post.id for folder in path.parents if post.id)  # written from the top of the export


def _repaired(text: str) -> str:
    """`CafÃ©` -> `Café`; text that was never read wrongly cannot be read so again, and stays."""
    try:
        return text.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return text
