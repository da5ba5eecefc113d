"""Fetched posts and how far each query got: an append-only SQLite file beside the corpus.

The posts of a query and the note that it is done are written in one transaction: a run killed at any moment has
whole queries or none of them. A *round* is one collecting from its first request to the corpus written from it; an
update begins a new round, which asks every query again.
"""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from tag2vec.errors import SourceError
from tag2vec.scraping.post import Post
from tag2vec.scraping.sources import Block, in_blocks

_TABLES = """
CREATE TABLE IF NOT EXISTS rounds (number INTEGER PRIMARY KEY, began REAL NOT NULL, closed REAL);
CREATE TABLE IF NOT EXISTS plans (round INTEGER, source TEXT, queries TEXT, PRIMARY KEY (round, source));
CREATE TABLE IF NOT EXISTS queries (
    round INTEGER, source TEXT, query TEXT, asked INTEGER, fetched INTEGER, tags INTEGER,
    PRIMARY KEY (round, source, query)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS posts (
    source TEXT, query TEXT, round INTEGER, position INTEGER, body BLOB,
    PRIMARY KEY (source, query, round, position)) WITHOUT ROWID;
"""
_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True)
class Round:
    """One collecting: `began` in unix seconds; answers fetched since then need not be asked for again."""

    number: int
    began: float


class Store:
    """The fetched posts of one corpus. May be used from several threads."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = threading.Lock()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(folder / "posts.sqlite", check_same_thread=False, isolation_level=None)
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.executescript(_TABLES)
        except (OSError, sqlite3.Error) as error:
            raise SourceError(
                f"Cannot keep fetched posts in {folder}: {error}. Free some space, or move it."
            ) from error

    def close(self) -> None:
        self._db.close()

    def round(self, new: bool) -> Round:
        """The round to go on with; with `new` a fresh one unless the last was never finished."""
        row = self._db.execute("SELECT number, began, closed FROM rounds ORDER BY number DESC LIMIT 1").fetchone()
        if row and not (new and row[2]):
            return Round(row[0], min(row[1], time.time()))  # the clock may have been set back since
        fresh = Round(row[0] + 1 if row else 1, time.time())
        self._db.execute("INSERT INTO rounds VALUES (?, ?, NULL)", (fresh.number, fresh.began))
        return fresh

    def finish(self, number: int) -> None:
        """Note that a corpus was written from this round."""
        self._db.execute("UPDATE rounds SET closed = ? WHERE number = ?", (time.time(), number))

    def plan(self, number: int, source: str, ask: Callable[[], list[str]]) -> list[str]:
        """The queries that `source` chose itself, by `ask`, when this round began: trends change, a round does not."""
        row = self._db.execute("SELECT queries FROM plans WHERE round = ? AND source = ?", (number, source)).fetchone()
        if row:
            return list(json.loads(row[0]))
        queries = ask()
        self._db.execute("INSERT INTO plans VALUES (?, ?, ?)", (number, source, json.dumps(queries)))
        return queries

    def done(self, number: int, source: str, asked: int) -> dict[str, tuple[int, int]]:
        """{query: (posts, tags)} of queries that need not be asked again for `asked` posts in this round."""
        rows = self._db.execute(
            # A query that gave fewer than it was asked for has no more to give.
            "SELECT query, fetched, tags FROM queries "
            "WHERE round = ? AND source = ? AND (asked >= ? OR fetched < asked)",
            (number, source, asked),
        )
        with self._lock:
            return {query: (fetched, tags) for query, fetched, tags in rows}

    def keep(self, number: int, source: str, query: str, asked: int, posts: Sequence[Post]) -> tuple[int, int]:
        """Write the posts of one query and that it is done; (posts, tags). Raises SourceError when the disk is full."""
        rows = [(source, query, number, at, _encode(post)) for at, post in enumerate(posts)]
        tags = sum(len(post.tags) for post in posts)
        try:
            with self._lock, self._db:
                self._db.execute("BEGIN")
                self._db.execute(
                    "DELETE FROM posts WHERE source = ? AND query = ? AND round = ?", (source, query, number)
                )
                self._db.executemany("INSERT INTO posts VALUES (?, ?, ?, ?, ?)", rows)
                self._db.execute(
                    "INSERT OR REPLACE INTO queries VALUES (?, ?, ?, ?, ?, ?)",
                    (number, source, query, asked, len(posts), tags),
                )
        except sqlite3.Error as error:
            raise SourceError(
                f"Cannot write fetched posts to {self.folder}: {error}. What was fetched before stays; free some "
                "space, then run the same command again."
            ) from error
        return len(posts), tags

    def blocks(self, source: str, queries: Iterable[str], only: int | None = None) -> Iterator[Block]:
        """The posts of `queries` in the order of the queries, of all rounds or of the round `only`."""
        rows = (
            body
            for query in queries
            for (body,) in self._db.execute(
                "SELECT body FROM posts WHERE source = ? AND query = ? AND round BETWEEN ? AND ? "
                "ORDER BY round, position",
                (source, query, only or 0, only or 1 << 60),
            )
        )
        return in_blocks(source, rows)
