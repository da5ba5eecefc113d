"""What the robots.txt of a server allows (RFC 9309)."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from urllib.parse import urlsplit

from protego import Protego

from tag2vec.errors import Refused, SourceError
from tag2vec.scraping.polite.reply import Reply

AGENT = "tag2vec"
MAX_BYTES = 500 * 1024  # of a robots.txt that are read; rules after them do not count
MAX_DELAY = 60.0  # seconds of Crawl-delay


class Robots:
    """The rules of all servers, each read once. `fetch` gives the answer for an address, whatever its status."""

    def __init__(self, fetch: Callable[[str], Reply]) -> None:
        self._fetch = fetch
        self._rules: dict[str, Protego | str] = {}  # by origin; text: why nothing may be asked of it
        self._locks: dict[str, Lock] = {}
        self._lock = Lock()

    def delay(self, url: str, shown: str) -> float:
        """Seconds to keep between requests to the server of `url`. Any thread may ask.

        Raises Refused when `url`, `shown` to the user with its secrets hidden, is disallowed.
        """
        parts = urlsplit(url)
        origin = f"{parts.scheme}://{parts.netloc}"
        with self._lock:
            lock = self._locks.setdefault(origin, Lock())
        with lock:
            if origin not in self._rules:
                self._rules[origin] = self._read(origin)
            rules = self._rules[origin]
        if isinstance(rules, str):
            raise Refused(f"robots.txt of {parts.netloc} cannot be read, so nothing is asked there: {rules}")
        if not rules.can_fetch(url, AGENT):
            raise Refused(f"robots.txt of {parts.netloc} disallows {shown.partition(parts.netloc)[2]} for {AGENT}.")
        delay = float(rules.crawl_delay(AGENT) or 0.0)
        if delay > MAX_DELAY:
            raise Refused(
                f"robots.txt of {parts.netloc} asks for {delay:g} s between requests (Crawl-delay); "
                f"the longest that {AGENT} waits is {MAX_DELAY:g} s."
            )
        return delay

    def _read(self, origin: str) -> Protego | str:
        try:
            reply = self._fetch(f"{origin}/robots.txt")
        except Refused:
            raise
        except SourceError as error:
            return str(error)
        text = reply.content[:MAX_BYTES].decode("utf-8-sig", "replace") if reply.status < 300 else ""
        return Protego.parse(text)
