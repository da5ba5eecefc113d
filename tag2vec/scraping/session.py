"""The polite session that every live source shares: the one place that talks to servers."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tag2vec.errors import SourceError


@dataclass(frozen=True)
class Reply:
    """A server's answer with status 200-299."""

    url: str  # after redirects
    status: int
    headers: Mapping[str, str]  # names in any case
    content: bytes
    cached: bool = False  # True: no request was made

    def json(self) -> Any:
        """The body as JSON. Raises SourceError when it is none."""
        try:
            return json.loads(self.content)
        except (ValueError, RecursionError) as error:
            raise SourceError(f"{self.url} did not answer with JSON: {self.content[:80]!r}.") from error


class Session:
    """See the task; replaced by the real one."""

    def __init__(
        self,
        cache: Path | None = None,
        *,
        contact: str | None = None,
        allow_hosts: Collection[str] = (),
        fresh_since: float = 0.0,
        max_requests: int | None = None,
        max_minutes: float | None = None,
        waiting: Callable[[str, float], None] | None = None,
    ) -> None: ...

    requests = 0

    def get(
        self,
        url: str,
        params: Mapping[str, str | int] | None = None,
        headers: Mapping[str, str] | None = None,
        *,
        robots: bool = True,
        secret: Collection[str] = (),
    ) -> Reply:
        raise NotImplementedError

    def post(self, url: str, body: Any, headers: Mapping[str, str] | None = None) -> Reply:
        raise NotImplementedError

    def get_many(self, urls: Sequence[str]) -> list[Reply | SourceError]:
        raise NotImplementedError
