"""A post: one person's upload with its tags."""

from __future__ import annotations

import msgspec


class Post(msgspec.Struct, frozen=True, gc=False):
    """One upload. `tags` as people wrote them; everything but `tags` may be unknown (None, for the id `""`).

    A msgspec struct: millions of them are made, ten times faster than dataclasses.
    """

    id: str
    tags: tuple[str, ...]
    text: str | None = None
    title: str | None = None
    author: str | None = None
    date: str | None = None  # ISO 8601
    source: str | None = None
    category: str | None = None
    language: str | None = None
