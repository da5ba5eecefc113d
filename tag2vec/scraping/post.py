"""A post: one person's upload with its tags."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Post:
    """One upload. `tags` as people wrote them; everything but `id` and `tags` may be unknown (None)."""

    id: str
    tags: tuple[str, ...]
    text: str | None = None
    title: str | None = None
    author: str | None = None
    date: str | None = None  # ISO 8601
    source: str | None = None
    category: str | None = None
    language: str | None = None
