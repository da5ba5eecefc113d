"""What a server answered."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tag2vec.errors import SourceError
from tag2vec.scraping.sources._json import loaded

_LOOK = 10_000  # bytes of a body that are looked at for the first words in it
_MARKUP = re.compile(r"<(script|style)\b.*?</\1>|<[^>]*>", re.DOTALL | re.IGNORECASE)


@dataclass(frozen=True)
class Reply:
    """A server's answer with status 200-299."""

    url: str  # after redirects; secrets in it are written ***
    status: int
    headers: Mapping[str, str]  # names in any case
    content: bytes
    cached: bool = False  # True: no request was made
    hide: Callable[[str], str] = field(default=str, repr=False, compare=False)  # takes the request's secrets out

    def said(self) -> str:
        """The first 200 characters of the body as a reader sees it: no markup, no secret, no terminal controls."""
        text = html.unescape(_MARKUP.sub(" ", self.content[:_LOOK].decode("utf-8", "replace")))
        plain = "".join(sign if sign.isprintable() else " " for sign in text)
        return " ".join(self.hide(plain).split())[:200] or "(nothing)"

    def json(self) -> Any:
        """The body as JSON. Raises SourceError when it is none."""
        try:
            return loaded(self.content)
        except (ValueError, RecursionError) as error:
            kind = self.headers.get("Content-Type", "text of no kind").partition(";")[0]
            raise SourceError(f"{self.url} did not answer with JSON but {kind}: {self.said()}") from error
