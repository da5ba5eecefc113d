"""What a request must keep to itself: keys in its address and its headers."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, quote, quote_plus, unquote_plus, urlsplit, urlunsplit

PLAIN_HEADERS = {"accept", "accept-language", "content-type"}


@dataclass(frozen=True)
class Secrets:
    """`names` of the query parameters that hold secrets, and every spelling of the secret `values`."""

    names: frozenset[str] = frozenset()
    values: frozenset[str] = frozenset()

    @classmethod
    def of(cls, url: str, names: Collection[str], headers: Mapping[str, str]) -> Secrets:
        """The secrets of a request: the parameters `names` of `url`, and every header that is not a plain one."""
        values = {value for name, value in parse_qsl(urlsplit(url).query) if name in names}
        for name, value in headers.items():
            if name.lower() not in PLAIN_HEADERS and value.split():
                values |= {value, value.split()[-1]}  # "Bearer abc" and "abc"
        return cls(frozenset(names), frozenset(f(v) for v in values for f in (str, quote, quote_plus)))

    def hide(self, text: str) -> str:
        """`text`, an address or a message, with *** for the secrets."""
        if self.names:
            names = "|".join(re.escape(quote_plus(name)) for name in self.names)
            text = re.sub(rf"(?<=[?&])({names})=[^&#\s]*", r"\1=***", text)
        for value in sorted(self.values, key=len, reverse=True):
            text = text.replace(value, "***")
        return text

    def told(self, text: str | bytes) -> bool:
        """Does `text` hold a secret?"""
        if isinstance(text, bytes):
            return any(value.encode() in text for value in self.values)
        return any(value in text for value in self.values)

    def drop(self, url: str) -> str:
        """`url` without the parameters that hold secrets: for another server."""
        parts = urlsplit(url)
        query = [part for part in parts.query.split("&") if not self._secret(*part.partition("=")[::2])]
        return urlunsplit(parts._replace(query="&".join(query)))

    def _secret(self, name: str, value: str) -> bool:
        return unquote_plus(name) in self.names or self.told(value)
