"""Answers of servers as typed values: checked once, here, so that no source trips over a field of another kind."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TypeVar

import msgspec

from tag2vec.errors import SourceError
from tag2vec.scraping.polite.reply import Reply

T = TypeVar("T")


def answer(reply: Reply, shape: type[T]) -> T:
    """The JSON of `reply` as a `shape`: a msgspec Struct, or a type made of them. Raises SourceError."""
    value = reply.json()
    try:
        return msgspec.convert(value, shape)
    except msgspec.ValidationError as error:
        raise SourceError(f"{reply.url} answered with {reply.said()}; wanted another shape: {error}.") from error


def iso(date: str | float | None) -> str | None:
    """A date in ISO 8601, from ISO 8601, RFC 822 or seconds since 1970; None when it is none of them.

    In UTC where the zone is known.
    """
    if date is None:
        return None
    try:
        when = read_date(date)
        if when.tzinfo is None:
            return when.isoformat(timespec="seconds")
        return when.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    except (ValueError, OverflowError, OSError):
        return None


def read_date(date: str | float) -> datetime:
    """A date from ISO 8601, RFC 822 or seconds since 1970; without a zone where it names none.

    Raises ValueError, OverflowError or OSError when it is none of them.
    """
    if not isinstance(date, str):
        return datetime.fromtimestamp(date, UTC)
    try:
        return datetime.fromisoformat(date.strip())
    except ValueError:
        return parsedate_to_datetime(date)
