"""Posts as a table: .csv or .tsv, delimiter and column names found or given, also .gz.

The tags of a row stand in one cell: a Python or JSON list, `a|b`, `"a"|"b"`, or separated by commas, semicolons or
spaces. Which of these it is, is decided once a file, on its first rows: a cell with a single phrase cannot tell.
The charset of a table that is not UTF-8 is guessed from its first MiB: a short one may be misread.
"""

from __future__ import annotations

import codecs
import csv
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path
from typing import ClassVar

from tag2vec.errors import SourceError
from tag2vec.scraping.post import Post
from tag2vec.scraping.sources import MAX_LINE, FileSource, Skip, head, lines
from tag2vec.scraping.sources._table import (
    SAMPLE,
    find_columns,
    find_separator,
    has_header,
    make_post,
    split_tags,
)

MAX_ROW = 1000  # lines: a quote that is open for longer was never closed
_CHARSET_SAMPLE = 1024 * 1024  # bytes


@dataclass(frozen=True)
class Csv(FileSource):
    """`delimiter` between cells, `separator` between the tags of a cell, `columns` {field of a post: column}.

    A column is given by its name or, where the table has no header, by its number from 1.
    """

    delimiter: str | None = None
    separator: str | None = None
    columns: dict[str, str] = field(default_factory=dict)
    suffixes: ClassVar[tuple[str, ...]] = (".csv", ".tsv", ".csv.gz", ".tsv.gz")

    def read(self, path: Path) -> Iterator[Post]:
        rows = self._rows(path)
        first = next(rows, ("", []))
        header = [cell.strip() for cell in first[1]]
        if not has_header(header, self.columns):
            rows = chain([first], rows)
        fields = find_columns(path, header, self.columns)
        sample = list(islice(rows, SAMPLE))
        at = fields.pop("tags")
        separator = self.separator or find_separator(row[at] for _, row in sample if len(row) > at)
        for where, row in chain(sample, rows):
            if len(row) == len(header):
                yield make_post(split_tags(row[at], separator), {name: row[index] for name, index in fields.items()})
            else:
                self.skip(where, f"{len(row)} cells; the header has {len(header)}")

    def _rows(self, path: Path) -> Iterator[tuple[str, list[str]]]:
        """(where it starts, cells) of every row that is not empty."""
        csv.field_size_limit(MAX_LINE)
        numbered = _text_lines(path, self.skip)
        first = next(numbered, None)
        if first is None:
            return
        delimiter = self.delimiter or find_delimiter(path, first[1])
        feed = _Feed(chain([first], numbered))
        reader = csv.reader(feed, delimiter=delimiter, strict=True)
        while True:
            feed.row.clear()
            try:
                row = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                where, line = feed.go_back()
                reader = csv.reader(feed, delimiter=delimiter, strict=True)
                if (alone := _cells(line, delimiter)) is None:
                    self.skip(where, f"not a table row ({error})")
                else:
                    yield where, alone
            else:
                if row:
                    yield feed.row[0][0], row


class _Feed:
    """(where, line) pairs as lines for csv.reader. Those of the row under way are kept: it may turn out to be none."""

    def __init__(self, numbered: Iterator[tuple[str, str]]) -> None:
        self.row: list[tuple[str, str]] = []
        self._lines = numbered
        self._again: deque[tuple[str, str]] = deque()

    def __iter__(self) -> _Feed:
        return self

    def __next__(self) -> str:
        if len(self.row) == MAX_ROW:
            raise csv.Error(f"a quote is not closed within {MAX_ROW} lines")
        self.row.append(self._again.popleft() if self._again else next(self._lines))
        return self.row[-1][1] + "\n"

    def go_back(self) -> tuple[str, str]:
        """The first line of the row under way; the others come again, so that a lost quote costs one row."""
        self._again.extendleft(reversed(self.row[1:]))
        return self.row[0]


def find_delimiter(path: Path, header: str) -> str:
    """The sign that separates the cells of the header line."""
    if ".tsv" in map(str.lower, path.suffixes):
        return "\t"
    return max(",;\t|", key=header.count)


def _cells(line: str, delimiter: str) -> list[str] | None:
    """The cells of a line with stray quotes (`"a"|"b"` that nobody escaped); None when a quote stays open."""
    try:
        row = next(csv.reader([line + "\n"], delimiter=delimiter))
    except csv.Error:
        return None
    return None if row and row[-1].endswith("\n") else row


def _text_lines(path: Path, skip: Skip) -> Iterator[tuple[str, str]]:
    """(where, line) of the table, whatever its charset, line ends and stray NUL characters."""
    charset = _charset(path)
    for where, line in lines(path, skip, charset):
        if charset and "\ufffd" in line:
            skip(where, f"not {charset} text")
            continue
        for part in line.replace("\0", "").split("\r"):
            yield where, part


def _charset(path: Path) -> str | None:
    """The charset of a table; None for UTF-8, with damaged lines or without. Raises SourceError when it is none."""
    sample = head(path, _CHARSET_SAMPLE)  # none of one that breaks off: what can be read of it is read as UTF-8
    if sample.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    foreign = [line for line in sample.split(b"\n") if not line.isascii()]
    if sum(map(_is_utf8, foreign)) >= len(foreign) / 2:
        return None
    from charset_normalizer import from_bytes

    if (best := from_bytes(sample).best()) is None:
        raise SourceError(f"{path} is not UTF-8 and no other charset fits; save it as UTF-8.")
    return best.encoding


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
