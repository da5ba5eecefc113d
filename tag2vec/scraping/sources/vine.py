"""Vine posts (the site closed in 2017): the archive's JSON, one post a file, a list of posts, or an old API answer.

The title of a tag was folded to lower case; its link keeps what the author wrote.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar
from urllib.parse import unquote

import msgspec

from tag2vec.errors import SourceError
from tag2vec.scraping.answers import iso
from tag2vec.scraping.post import Post
from tag2vec.scraping.sources._json import JsonFile

_TAG = "vine://tag/"


class _Entity(msgspec.Struct):
    type: str | None = None
    link: str | None = None
    title: str | None = None


class _Vine(msgspec.Struct, rename="camel"):
    # The archive rounded the numbers `postId` and `userId`; their texts are exact.
    post_id_str: str | None = None
    post_id: int | str | None = None
    user_id_str: str | None = None
    username: str | None = None
    description: str | None = None
    entities: list[_Entity] | None = None
    created: str | None = None


@dataclass(frozen=True)
class Vine(JsonFile):
    keys: ClassVar[tuple[bytes, ...]] = (b'"permalinkUrl"', b'"postIdStr"')
    one_each: ClassVar[bool] = True

    def inside(self, record: dict[str, Any]) -> Any:
        data = record.get("data")
        return data.get("records") if isinstance(data, dict) else None

    def post(self, record: Any) -> Post:
        vine = msgspec.convert(record, _Vine)
        if vine.description is None and vine.entities is None:
            raise SourceError('neither "description" nor "entities"')
        written = [_written(entity) for entity in vine.entities or () if entity.type == "tag"]
        return Post(
            id=vine.post_id_str or (str(vine.post_id) if vine.post_id else ""),
            tags=tuple(tag for tag in written if tag),
            text=vine.description,
            author=vine.user_id_str or vine.username,
            date=iso(vine.created),
            source="vine",
        )


def _written(tag: _Entity) -> str | None:
    link = tag.link or ""
    return unquote(link.removeprefix(_TAG)) if link.startswith(_TAG) else tag.title
