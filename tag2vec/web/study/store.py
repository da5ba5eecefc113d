"""A study on disk: what is asked, and an SQLite file of who marked what. Every page is kept as soon as it is marked."""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tag2vec import artifact
from tag2vec.errors import ArtifactError, UnknownName, UsageError

KIND = "study"
LINES = "clips.jsonl"
RATINGS = "ratings.sqlite"  # beside what the manifest lists: it changes
LONGEST = 60  # letters of a rater's name
BUSY_S = 30  # seconds to wait for another process that writes

_TABLES = """
create table if not exists rater (id integer primary key, name text not null unique collate nocase,
  key text not null unique);
create table if not exists page (rater integer not null references rater, clip integer not null,
  part integer not null, seconds real not null, primary key (rater, clip, part)) without rowid;
create table if not exists mark (rater integer not null references rater, clip integer not null,
  tag integer not null, relevant integer not null, primary key (rater, clip, tag)) without rowid;
"""


@dataclass(frozen=True)
class Question:
    """A clip and tags of it: what a rater sees at once. `tags` are (number, tag), `marked` the numbers marked before,
    None when it was not answered yet."""

    clip: int
    part: int
    tags: list[tuple[int, str]]
    marked: list[int] | None


class Study:
    """An opened study folder. Methods raise ArtifactError when its ratings cannot be read or written."""

    def __init__(self, folder: str | Path) -> None:
        found = artifact.read(folder, KIND)
        self.folder = Path(folder)
        with artifact.reading(self.folder):
            self.k: int = found.config["k"]
            self.seed: int = found.config["seed"]
            self.clips: list[dict[str, Any]] = list(found.lines(LINES))
            self.parts = [parts_of(len(clip["tags"]), self.k) for clip in self.clips]
        with self._ratings() as ratings:
            ratings.executescript(_TABLES)

    @property
    def pages(self) -> int:
        """That each rater is asked for."""
        return sum(map(len, self.parts))

    def rater(self, name: str) -> str:
        """The key of the rater `name`, new or not. Raises UsageError for no name."""
        name = " ".join(name.split())
        if not 0 < len(name) <= LONGEST or not name.isprintable():
            raise UsageError(f"The name has {len(name)} letters; wanted 1 to {LONGEST} that can be printed.")
        with self._ratings() as ratings:
            ratings.execute("insert or ignore into rater (name, key) values (?, ?)", (name, secrets.token_urlsafe(9)))
            (key,) = ratings.execute("select key from rater where name = ?", (name,)).fetchone()
        return str(key)

    def progress(self, key: str) -> tuple[str, int, int]:
        """Name of the rater with `key`, how many pages he answered, and the place, in his own order, of the first page
        without an answer, `pages` when there is none. Raises UnknownName."""
        with self._ratings() as ratings:
            number, name = self._who(ratings, key)
            done = set(ratings.execute("select clip, part from page where rater = ?", (number,)))
        order = self._order(number)
        return name, len(done), next((place for place, page in enumerate(order) if page not in done), len(order))

    def question(self, key: str, place: int) -> Question:
        """Raises UnknownName for a key or a place that is none."""
        with self._ratings() as ratings:
            number, _ = self._who(ratings, key)
            clip, part = self._at(number, place)
            where = (number, clip)
            answered = ratings.execute("select 1 from page where rater = ? and clip = ? and part = ?", (*where, part))
            before = answered.fetchone() is not None
            marks = ratings.execute("select tag from mark where rater = ? and clip = ? and relevant", where).fetchall()
        tags = [(tag, self.clips[clip]["tags"][tag]) for tag in self.parts[clip][part]]
        marked = {tag for (tag,) in marks}
        return Question(clip, part, tags, [tag for tag, _ in tags if tag in marked] if before else None)

    def answer(self, key: str, place: int, relevant: list[int], seconds: float = 0.0) -> None:
        """Keep the answer to a question, in place of an earlier one. Raises UnknownName, UsageError for other tags."""
        with self._ratings() as ratings:
            number, _ = self._who(ratings, key)
            clip, part = self._at(number, place)
            tags = self.parts[clip][part]
            if others := set(relevant) - set(tags):
                raise UsageError(f"The page does not ask for the tags {sorted(others)}; wanted some of {list(tags)}.")
            rows = [(number, clip, tag, tag in relevant) for tag in tags]
            ratings.executemany("insert or replace into mark values (?, ?, ?, ?)", rows)
            ratings.execute("insert or replace into page values (?, ?, ?, ?)", (number, clip, part, seconds))

    def raters(self) -> list[tuple[str, str, int]]:
        """Name, key and answered pages of each, in the order they came."""
        asked = "select name, key, count(page.rater) from rater left join page on rater.id = page.rater group by id"
        with self._ratings() as ratings:
            return [(str(name), str(key), int(done)) for name, key, done in ratings.execute(asked + " order by id")]

    def marks(self) -> list[tuple[str, int, int, bool]]:
        """(name of the rater, clip, tag, relevant), ordered by rater, clip and tag."""
        asked = "select name, clip, tag, relevant from mark join rater on rater.id = mark.rater order by id, clip, tag"
        with self._ratings() as ratings:
            return [(name, clip, tag, bool(relevant)) for name, clip, tag, relevant in ratings.execute(asked)]

    def _order(self, rater: int) -> list[tuple[int, int]]:
        """Clips in an order of the rater's own, the parts of a clip together: no clip is always the tired one's."""
        order = np.random.default_rng([self.seed, rater]).permutation(len(self.clips)).tolist()
        return [(clip, part) for clip in order for part in range(len(self.parts[clip]))]

    def _at(self, rater: int, place: int) -> tuple[int, int]:
        order = self._order(rater)
        if not 0 <= place < len(order):
            raise UnknownName(f"There is no page {place}; wanted 0 to {len(order) - 1}.")
        return order[place]

    def _who(self, ratings: sqlite3.Connection, key: str) -> tuple[int, str]:
        found = ratings.execute("select id, name from rater where key = ?", (key,)).fetchone()
        if found is None:
            raise UnknownName("The link is of no rater of this study. Ask for a new one, or begin with a name.")
        return int(found[0]), str(found[1])

    @contextmanager
    def _ratings(self) -> Iterator[sqlite3.Connection]:
        """What is written in the block is kept whole or not at all."""
        path = self.folder / RATINGS
        try:
            ratings = sqlite3.connect(path, timeout=BUSY_S)
            try:
                ratings.execute("pragma foreign_keys = on")
                with ratings:
                    yield ratings
            finally:
                ratings.close()
        except sqlite3.Error as error:
            raise ArtifactError(
                f"{path} cannot be used: {error}. Wanted the ratings of a study; free some space, or put back a copy."
            ) from error


def parts_of(tags: int, k: int) -> list[list[int]]:
    """Numbers of `tags` tags in pages of at most `k`, as even as they can be."""
    pages = max(1, -(-tags // k))
    return [part.tolist() for part in np.array_split(np.arange(tags), pages)]
