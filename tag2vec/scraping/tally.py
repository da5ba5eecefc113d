"""From the rows of all blocks to the files of a corpus: duplicates, counts by form and by day.

DuckDB does it in bounded memory, on disk where that is not enough; no statement depends on the order in which threads
come to the rows, so the same rows give the same bytes.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from tag2vec.errors import ArtifactError
from tag2vec.scraping.clean import Cleaning
from tag2vec.scraping.sources import FILE

MEMORY = "1GB"  # what DuckDB may hold before it goes to disk
FOLLOWED = 5  # posts of a tag whose days are counted: a rarer one cannot be seen to rise or fall
PART = 2_000_000  # posts whose stems are counted at once: more do not fit, they take as many turns over the posts
SPAN = 500_000  # posts rewritten together when tags of few authors go

_TEXT = "FORMAT csv, HEADER false, QUOTE '', ESCAPE '', DELIMITER '\t'"
_PARQUET = "FORMAT parquet, COMPRESSION zstd"
_UNITS = "unnest(string_split(stems, ' ')) AS stem, unnest(string_split(forms, ' ')) AS form"
# A buffer is 16 times the longest line unless it is told: half of the memory.
# Keys of 64 bits: two of 10 million posts share one with a chance of 3 in a million.
_NEW_POSTS = """
    SELECT CASE WHEN id <> '' THEN md5_number_lower(origin || chr(31) || id) END AS id,
        CASE WHEN id <> '' AND starts_with(origin, $file) THEN md5_number_lower(id || chr(31) || tags) END AS again,
        CASE WHEN author <> '' THEN md5_number_lower(author || chr(31) || tags) END AS block,
        CASE WHEN author <> '' THEN md5_number_lower(author) END AS author,
        try_cast(day AS DATE) AS day, stems, forms, nullif(language, '') AS language
    FROM (SELECT *, array_to_string(list_sort(string_split(stems, ' ')), ' ') AS tags
        FROM read_csv($rows, delim = '\t', header = false, quote = '', escape = '', auto_detect = false,
            max_line_size = 33554432, buffer_size = 33554432, nullstr = chr(30), columns = {'origin': 'VARCHAR',
            'id': 'VARCHAR', 'author': 'VARCHAR', 'day': 'VARCHAR', 'language': 'VARCHAR', 'stems': 'VARCHAR',
            'forms': 'VARCHAR'}))"""


@dataclass(frozen=True)
class Tally:
    """What was written, and how many posts and tags the rules over all posts left out."""

    before: int  # posts that the corpus held already, with those whose tags too few authors used
    kept: int
    stems: int
    tags: int
    days: int
    left_out: dict[str, int]
    dropped: dict[str, int]


@contextmanager
def disk_told() -> Iterator[None]:
    """What DuckDB says of a disk or a memory that is full becomes the OSError that Python has for it.

    Raises ArtifactError for a file that is damaged.
    """
    try:
        yield
    except (duckdb.IOException, duckdb.OutOfMemoryException) as error:
        said = str(error).splitlines()[0]
        if "Could not read enough bytes" in said:
            raise ArtifactError(f"A file of the corpus breaks off ({said}). Make it anew.") from error
        number = errno.ENOMEM if isinstance(error, duckdb.OutOfMemoryException) else errno.EIO
        if "No space left" in str(error):
            number, said = errno.ENOSPC, os.strerror(errno.ENOSPC)
        raise OSError(number, said) from error


@disk_told()
def tally(
    rows: Path, out: Path, cleaning: Cleaning, *, before: Path | None = None, counts: Path | None = None
) -> Tally:
    """Write sentences.txt, vocabulary.jsonl, days.parquet and posts.parquet into the folder `out`.

    `rows` are the rows of all digests in the order read, and `counts` their counts if they have any; `before` is the
    posts.parquet of the corpus that grows by them. What memory cannot hold goes into the folder of `rows` meanwhile.
    """
    with duckdb.connect() as db:
        with suppress(duckdb.InvalidInputException):  # a notebook without ipywidgets has no bar
            db.execute("SET enable_progress_bar_print = false")  # which `python -c` gets, on standard output
        db.execute(f"SET memory_limit = '{MEMORY}'; SET temp_directory = '{_quoted(rows.with_name('spill'))}'")
        # By name: corpora of earlier versions have no language.
        old = f"SELECT * FROM read_parquet('{_quoted(before)}') UNION ALL BY NAME" if before else ""
        db.execute(
            f"CREATE TABLE posts AS SELECT *, false AS gone FROM ({old} {_NEW_POSTS})",
            {"rows": str(rows), "file": FILE},
        )
        (held,) = one_row(db, f"SELECT count(*) FROM read_parquet('{_quoted(before)}')") if before else (0,)
        left_out = _drop_duplicates(db, cleaning)
        # A filter keeps the order of the rows; a join would not, and sorting them is the slowest thing one can do.
        db.execute("CREATE VIEW kept AS SELECT rowid AS no, * FROM posts WHERE NOT gone")
        parts = 1 + one_row(db, "SELECT count(*) FROM posts")[0] // PART
        dropped = _drop_rare(db, cleaning, left_out, parts)
        _count(db, parts, counts if cleaning.min_authors == 1 else None, held)
        _write(db, out, parts)
        (kept,) = one_row(db, "SELECT count(*) FROM final")
        stems, tags = one_row(db, "SELECT count(*), coalesce(sum(count), 0)::BIGINT FROM vocabulary")
        (days,) = one_row(db, "SELECT count(DISTINCT day) FROM final")
    return Tally(held, kept, stems, tags, days, {k: n for k, n in left_out.items() if n}, dropped)


def _drop_duplicates(db: duckdb.DuckDBPyConnection, cleaning: Cleaning) -> dict[str, int]:
    """Mark later posts of the same key as gone. A post that is gone does not hide another one."""
    left_out = {"duplicate-id": 0, "duplicate-block": 0}
    keys = [("id", "duplicate-id"), ("again", "duplicate-id")] * (not cleaning.keep_same_id)
    keys += [("block", "duplicate-block")] * (not cleaning.keep_same_tags)
    for key, rule in keys:
        left_out[rule] += one_row(
            db,
            f"""UPDATE posts SET gone = true WHERE rowid IN (
                WITH there AS (SELECT rowid AS no, {key} FROM posts WHERE {key} IS NOT NULL AND NOT gone)
                SELECT no FROM there JOIN
                    (SELECT {key}, min(no) AS first FROM there GROUP BY {key} HAVING count(*) > 1) USING ({key})
                WHERE no > first)""",
        )[0]
    return left_out


def _drop_rare(
    db: duckdb.DuckDBPyConnection, cleaning: Cleaning, left_out: dict[str, int], parts: int
) -> dict[str, int]:
    """Make `final`: the kept posts without tags of too few authors."""
    if cleaning.min_authors == 1:
        db.execute("CREATE VIEW final AS SELECT no, day, author, stems, forms FROM kept")
        return {}
    db.execute(f"CREATE TABLE units AS SELECT no, coalesce(author, no) AS author, {_UNITS} FROM kept")
    db.execute("CREATE TABLE common (stem VARCHAR)")
    for part in range(parts):
        db.execute(
            f"""INSERT INTO common SELECT stem FROM (
                SELECT stem, author FROM units WHERE hash(stem) % {parts} = {part} GROUP BY ALL)
            GROUP BY stem HAVING count(*) >= {cleaning.min_authors}"""
        )
    db.execute("CREATE TABLE final (no BIGINT, day DATE, author UBIGINT, stems VARCHAR, forms VARCHAR)")
    (last,) = one_row(db, "SELECT coalesce(max(no), 0) FROM kept")
    for start in range(0, last + 1, SPAN):
        db.execute(
            f"""INSERT INTO final SELECT no, day, author, thinned.stems, thinned.forms FROM kept JOIN (
                SELECT no, string_agg(stem, ' ' ORDER BY place) AS stems, string_agg(form, ' ' ORDER BY place) AS forms
                FROM (SELECT no, rowid AS place, stem, form FROM units
                    WHERE no BETWEEN {start} AND {start + SPAN - 1})
                SEMI JOIN common USING (stem) GROUP BY no HAVING count(*) >= {cleaning.min_tags}
            ) AS thinned USING (no) ORDER BY no"""
        )
    left_out["near-empty"] = one_row(db, "SELECT (SELECT count(*) FROM kept) - (SELECT count(*) FROM final)")[0]
    (rare,) = one_row(db, "SELECT count(*) FROM units ANTI JOIN common USING (stem)")
    return {"few-authors": rare} if rare else {}


def _count(db: duckdb.DuckDBPyConnection, parts: int, counts: Path | None, held: int) -> None:
    """Make `counted`, the number of posts of each form of each stem, a part of the stems at a time.

    With `counts`, those of all blocks, they are put together, plus the posts held before, less those that are gone.
    """
    units = f"SELECT stem, form, 1 AS n FROM (SELECT {_UNITS} FROM final)"
    if counts:
        units = f"""SELECT * FROM read_csv('{_quoted(counts)}', delim = '\t', header = false, quote = '', escape = '',
                auto_detect = false, nullstr = chr(30),
                columns = {{'stem': 'VARCHAR', 'form': 'VARCHAR', 'n': 'BIGINT'}})
            UNION ALL SELECT stem, form, 1 FROM (SELECT {_UNITS} FROM posts WHERE rowid < {held})
            UNION ALL SELECT stem, form, -1 FROM (SELECT {_UNITS} FROM posts WHERE gone)"""
    db.execute("CREATE TABLE counted (stem VARCHAR, form VARCHAR, n BIGINT)")
    for part in range(parts):
        db.execute(
            f"""INSERT INTO counted SELECT stem, form, sum(n) FROM ({units}) WHERE hash(stem) % {parts} = {part}
            GROUP BY stem, form HAVING sum(n) > 0"""
        )


def _write(db: duckdb.DuckDBPyConnection, out: Path, parts: int) -> None:
    # Most stems have one form: only the others need an ordered list. Stems and forms hold no sign that JSON escapes.
    db.execute("CREATE TABLE unsorted (stem VARCHAR, count BIGINT, text VARCHAR)")
    for part in range(parts):
        db.execute(
            f"""INSERT INTO unsorted
            WITH these AS (SELECT * FROM counted WHERE hash(stem) % {parts} = {part}),
            varied AS (SELECT stem FROM these GROUP BY stem HAVING count(*) > 1)
            SELECT stem, n, '"' || form || '":' || n FROM these ANTI JOIN varied USING (stem)
            UNION ALL
            SELECT stem, sum(n), string_agg('"' || form || '":' || n, ',' ORDER BY n DESC, form)
            FROM these SEMI JOIN varied USING (stem) GROUP BY stem"""
        )
    db.execute("CREATE TABLE vocabulary AS SELECT * FROM unsorted ORDER BY count DESC, stem")
    _copy(db, "SELECT stems FROM final", out / "sentences.txt", _TEXT)
    line = """'{"stem":"' || stem || '","count":' || count || ',"forms":{' || text || '}}'"""
    _copy(db, f"SELECT {line} FROM vocabulary", out / "vocabulary.jsonl", _TEXT)
    db.execute(f"CREATE TABLE rows AS SELECT rowid AS row, stem FROM vocabulary WHERE count >= {FOLLOWED}")
    db.execute("CREATE TABLE days (day DATE, row BIGINT, posts INTEGER, authors INTEGER)")
    for part in range(parts):
        db.execute(
            f"""INSERT INTO days SELECT day, row, sum(n), count(*) FROM (
                SELECT day, row, author, count(*) AS n
                FROM (SELECT day, coalesce(author, no) AS author, unnest(string_split(stems, ' ')) AS stem
                    FROM final WHERE day IS NOT NULL)
                JOIN (SELECT row, stem FROM rows WHERE row % {parts} = {part}) USING (stem)
                GROUP BY ALL)
            GROUP BY day, row"""
        )
    db.execute("SET threads = 1")  # several cut a Parquet file into groups as it comes
    days = "SELECT day, stem, posts, authors FROM days JOIN rows USING (row) ORDER BY day, row"
    _copy(db, days, out / "days.parquet", _PARQUET)
    _copy(db, "SELECT id, again, block, author, day, stems, forms, language FROM kept", out / "posts.parquet", _PARQUET)


def _copy(db: duckdb.DuckDBPyConnection, query: str, path: Path, form: str) -> None:
    db.execute(f"COPY ({query}) TO '{_quoted(path)}' ({form})")


def one_row(db: duckdb.DuckDBPyConnection, query: str, values: dict[str, Any] | None = None) -> tuple[Any, ...]:
    """The only row that `query` gives."""
    row = db.execute(query, values).fetchone()
    assert row is not None
    return row


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
