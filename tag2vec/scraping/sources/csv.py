"""Posts as a table: .csv or .tsv, delimiter and column names found or given, also .gz.

The tags of a row stand in one cell: a Python or JSON list, `a|b`, `"a"|"b"`, or separated by commas, semicolons or
spaces. Which of these it is, is decided once a file, on its first rows: a cell with a single phrase cannot tell.
"""

from __future__ import annotations

import ast
import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path
from typing import ClassVar

from tag2vec.errors import SourceError
from tag2vec.scraping.post import Post
from tag2vec.scraping.sources import MAX_LINE, Source, lines

# Column names seen in real files, for each field of a post. Compared without case, spaces and signs.
COLUMNS: dict[str, tuple[str, ...]] = {
    "id": ("id", "videoid", "postid", "uuid", "shortcode"),
    "tags": ("tags", "hashtags", "tag", "hashtag", "taglist", "keywords"),
    "text": ("text", "caption", "description", "content", "body", "videodescription"),
    "title": ("title", "name", "videotitle"),
    "author": ("author", "user", "username", "account", "channel", "channelid", "channeltitle", "owner"),
    "date": ("date", "created", "createdat", "createtime", "publishedat", "publishtime", "timestamp"),
    "source": ("source", "platform"),
    "category": ("category", "categoryname", "categoryid"),
    "language": ("language", "lang"),
}
_SAMPLE = 200  # rows that decide how tags are separated


@dataclass(frozen=True)
class Csv(Source):
    """`delimiter` between cells, `separator` between the tags of a cell, `columns` {field of a post: column name}."""

    delimiter: str | None = None
    separator: str | None = None
    columns: dict[str, str] = field(default_factory=dict)
    suffixes: ClassVar[tuple[str, ...]] = (".csv", ".tsv", ".csv.gz", ".tsv.gz")

    def posts(self, query: str, limit: int | None = None) -> Iterator[Post]:
        return islice(self._posts(Path(query)), limit)

    def _posts(self, path: Path) -> Iterator[Post]:
        rows = self._rows(path)
        header = next(rows, ("", []))[1]
        fields = _fields(path, header, self.columns)
        head = list(islice(rows, _SAMPLE))
        at = fields["tags"]
        separator = self.separator or find_separator(row[at] for _, row in head if len(row) > at)
        for where, row in chain(head, rows):
            if len(row) != len(header):
                self.skip(where, f"{len(row)} cells; the header has {len(header)}")
                continue
            values = {name: row[index].strip() or None for name, index in fields.items()}
            tags = tuple(split_tags(values.pop("tags") or "", separator))
            yield Post(id=values.pop("id", None) or where, tags=tags, **values)

    def _rows(self, path: Path) -> Iterator[tuple[str, list[str]]]:
        csv.field_size_limit(MAX_LINE)
        numbered = lines(path, self.skip)
        first = next(numbered, None)
        if first is None:
            return
        where = first[0]

        def text() -> Iterator[str]:
            nonlocal where
            for where, line in chain([first], numbered):  # noqa: B007  the row's place, read below
                yield line + "\n"

        reader = csv.reader(text(), delimiter=self.delimiter or find_delimiter(path, first[1]))
        while True:
            try:
                row = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                self.skip(where, f"not a table row ({error})")
                continue
            if row:
                yield where, row


def find_delimiter(path: Path, header: str) -> str:
    """The sign that separates the cells of the header line."""
    if ".tsv" in path.suffixes:
        return "\t"
    return max(",;\t|", key=header.count)


def find_separator(cells: Iterable[str]) -> str:
    """What separates the tags in these cells: 'list', '|', ',', ';' or ' '."""
    filled = [cell.strip() for cell in cells if cell.strip() and cell.strip().lower() != "[none]"]
    if filled and sum(cell[0] == "[" and cell[-1] == "]" for cell in filled) > len(filled) / 2:
        return "list"
    return next((sign for sign in "|,;" if any(sign in cell for cell in filled)), " ")


def split_tags(cell: str, separator: str) -> list[str]:
    """The tags of one cell. Quotes around a tag are dropped; `[none]` means none."""
    cell = cell.strip()
    if not cell or cell.lower() == "[none]":
        return []
    if separator == "list":
        try:
            value = ast.literal_eval(cell)
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            value = cell.strip("[]").split(",")
        parts = [str(tag) for tag in value] if isinstance(value, list | tuple) else [str(value)]
    else:
        parts = cell.split(None if separator == " " else separator)
    return [tag for part in parts if (tag := part.strip().strip("\"'").strip())]


def _fields(path: Path, header: list[str], given: dict[str, str]) -> dict[str, int]:
    """{field of a post: column number}. Raises SourceError without a tags column."""
    if unknown := set(given) - set(COLUMNS):
        raise SourceError(f"A post has no field {', '.join(sorted(unknown))}; it has {', '.join(COLUMNS)}.")
    if absent := set(given.values()) - set(header):
        raise SourceError(f"{path} has no column {', '.join(sorted(absent))}; its columns are {', '.join(header)}.")
    plain = ["".join(filter(str.isalnum, name)).lower() for name in header]
    found = {name: header.index(column) for name, column in given.items()}
    for name, spellings in COLUMNS.items():
        match = next((plain.index(s) for s in spellings if s in plain), None)
        if name not in found and match is not None and match not in found.values():
            found[name] = match
    if "tags" not in found:
        raise SourceError(
            f"{path} has no tags column; its columns are {', '.join(header) or 'none'}. "
            "Name the right one with --columns tags=NAME."
        )
    return found
