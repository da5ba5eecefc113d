"""Answers kept on disk between runs: so that a run goes on where the last one ended, and asks only for what changed."""

from __future__ import annotations

import json
import sqlite3
import time
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from requests.structures import CaseInsensitiveDict

from tag2vec.errors import ArtifactError
from tag2vec.scraping.polite.reply import Reply

AGE = 30 * 24 * 3600.0  # seconds that an answer is kept: platforms want copies of theirs to be short-lived


@dataclass(frozen=True)
class Stored:
    """A kept answer and when it was last known to be right, in unix seconds."""

    reply: Reply
    time: float

    def validators(self) -> dict[str, str]:
        """The request headers that ask for the body only if it changed."""
        asked = {"If-None-Match": "ETag", "If-Modified-Since": "Last-Modified"}
        return {name: self.reply.headers[theirs] for name, theirs in asked.items() if theirs in self.reply.headers}

    def renewed(self, headers: Mapping[str, str]) -> Reply:
        """The kept answer after the server said, with these headers, that it did not change."""
        kept = CaseInsensitiveDict(self.reply.headers)
        kept.update({name: value for name, value in headers.items() if not name.lower().startswith("content-")})
        return Reply(self.reply.url, self.reply.status, kept, self.reply.content)


class Cache:
    """Answers by address in one SQLite file: packed bodies, headers as JSON. Any thread may use it.

    What the file holds is what `put` is given: no request, no cookie. Raises ArtifactError when it cannot be used.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = Lock()
        with self._usable():
            path.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None, timeout=60)
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = NORMAL")
            self._db.execute(
                "CREATE TABLE IF NOT EXISTS answers (address TEXT PRIMARY KEY, time REAL, url TEXT, status INTEGER, "
                "headers TEXT, body BLOB)"
            )
            now = time.time()
            self._db.execute("DELETE FROM answers WHERE time < ?", (now - AGE,))
            # The clock was set back: they would be kept, and robots.txt believed, until it is there again.
            self._db.execute("UPDATE answers SET time = ? WHERE time > ?", (now, now))

    def get(self, address: str) -> Stored | None:
        """What is kept for `address`."""
        with self._usable():
            row = self._db.execute(
                "SELECT time, url, status, headers, body FROM answers WHERE address = ?", (address,)
            ).fetchone()
        if row is None:
            return None
        when, url, status, headers, body = row
        reply = Reply(url, status, CaseInsensitiveDict(json.loads(headers)), zlib.decompress(body), cached=True)
        return Stored(reply, when)

    def put(self, address: str, reply: Reply) -> None:
        """Keep `reply` for `address`."""
        headers = {name: value for name, value in reply.headers.items() if name.lower() != "set-cookie"}
        row = (address, time.time(), reply.url, reply.status, json.dumps(headers), zlib.compress(reply.content, 1))
        with self._usable():
            self._db.execute("INSERT OR REPLACE INTO answers VALUES (?, ?, ?, ?, ?, ?)", row)

    @contextmanager
    def _usable(self) -> Iterator[None]:
        try:
            with self._lock:
                yield
        except (OSError, sqlite3.Error) as error:
            raise ArtifactError(
                f"The cache of answers {self._path} cannot be used ({error}). Free some space; if the file is damaged, "
                "delete it: nothing but time is lost."
            ) from error
