"""Posts as a Parquet file, read a few rows at a time. Columns are found by their names as in a CSV file.

The tags of a row are a list of texts, or one text as in a CSV cell. Dates become ISO 8601, numbers text.
"""

from __future__ import annotations

import glob
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from tag2vec.errors import SourceError
from tag2vec.scraping.post import Post
from tag2vec.scraping.sources import FileSource, opened
from tag2vec.scraping.sources._table import SAMPLE, find_columns, find_separator, make_post, split_tags

if TYPE_CHECKING:
    import duckdb

_ROWS = 1024  # fetched at once
# Binary columns are text that an older writer did not mark as such; a folder named `tags=x` is no column.
_TABLE = "read_parquet($path, binary_as_string = true, hive_partitioning = false)"


@dataclass(frozen=True)
class Parquet(FileSource):
    """`separator` between the tags of a cell of text, `columns` {field of a post: column name}."""

    separator: str | None = None
    columns: dict[str, str] = field(default_factory=dict)
    suffixes: ClassVar[tuple[str, ...]] = (".parquet", ".pq")

    def read(self, path: Path) -> Iterator[Post]:
        rows = self._rows(path)
        head = list(islice(rows, SAMPLE))
        texts = [values["tags"] for values in head if isinstance(values["tags"], str)]
        separator = self.separator or find_separator(texts)
        for number, values in enumerate(chain(head, rows), 1):
            try:
                tags = _tags(values.pop("tags"), separator)
                post = make_post(tags, {name: _text(name, value) for name, value in values.items()})
            except SourceError as error:
                self.skip(f"{path}, row {number}", str(error))
            else:
                yield post

    def _rows(self, path: Path) -> Iterator[dict[str, Any]]:
        """{field of a post: value} of each row. Raises SourceError when the file is no Parquet or damaged."""
        with opened(path):
            pass
        import duckdb

        place = str(path.absolute())
        name = {"path": glob.escape(place)}
        try:
            with _reader([place, name["path"]]) as db:
                header = [column[0] for column in db.execute(f"SELECT * FROM {_TABLE} LIMIT 0", name).description]
                at = find_columns(path, header, self.columns)
                wanted = ", ".join('"{}"'.format(header[index].replace('"', '""')) for index in at.values())
                db.execute(f"SELECT {wanted} FROM {_TABLE}", name)
                while rows := db.fetchmany(_ROWS):
                    yield from (dict(zip(at, row, strict=True)) for row in rows)
        except (duckdb.Error, UnicodeError) as error:
            reason = str(error).partition("\n")[0]
            raise SourceError(f"{path} cannot be read as Parquet ({reason}); it is damaged or no Parquet.") from error


def _reader(paths: list[str]) -> duckdb.DuckDBPyConnection:
    """A database in memory that can open `paths` and nothing else: no other file, no network, no extensions."""
    import duckdb

    offline = {"autoinstall_known_extensions": False, "autoload_known_extensions": False}
    # With several threads, blocks pile up behind the one that is being read.
    db = duckdb.connect(":memory:", config={**offline, "threads": 1})
    db.execute("SET allowed_paths = $paths", {"paths": paths})
    db.execute("SET enable_external_access = false")
    return db


def _tags(value: Any, separator: str) -> list[str]:
    if value is None:
        return []
    if isinstance(value, str):
        return split_tags(value, separator)
    if isinstance(value, list) and all(tag is None or isinstance(tag, str) for tag in value):
        return [tag for tag in value if tag]
    raise SourceError(f'"tags" is a {type(value).__name__}; wanted text or a list of texts')


def _text(name: str, value: Any) -> str | None:
    if isinstance(value, list | dict | bytes):
        raise SourceError(f'"{name}" is a {type(value).__name__}; wanted text')
    if value is None:
        return None
    return value.isoformat() if isinstance(value, date) else str(value)
