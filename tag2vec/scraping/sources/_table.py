"""What the sources of tables share: which column is which field of a post, and what the text of a cell means."""

from __future__ import annotations

import ast
import csv
import html
import json
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from tag2vec.errors import SourceError
from tag2vec.scraping.post import Post
from tag2vec.scraping.sources._json import whole

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
SAMPLE = 200  # rows that decide how tags are separated
_NO_TAGS = "[none]"  # in any case: what the YouTube trending tables say; `none` and `null` alone are tags
_NO_IDS = ("#NAME?", "#VALUE!")  # what a spreadsheet made of an id that starts with a sign
_HASHED = re.compile(r"#[^#]*[^#\s]")


def has_header(first: Sequence[str], given: dict[str, str]) -> bool:
    """Whether the first row names the columns: always, unless they are given by number and it has no known name."""
    numbered = bool(given) and all(name.isdecimal() and name not in first for name in given.values())
    return not numbered or any(_plain(cell) in names for cell in first for names in COLUMNS.values())


def find_columns(path: Path, header: Sequence[str], given: dict[str, str]) -> dict[str, int]:
    """{field of a post: index of its column}; `given` {field: name, or number from 1} goes first.

    Raises SourceError for a field or column that does not exist, and without a tags column.
    """
    if unknown := set(given) - set(COLUMNS):
        raise SourceError(f"A post has no field {', '.join(sorted(unknown))}; it has {', '.join(COLUMNS)}.")
    names = list(header)
    found = {field: _index(names, column) for field, column in given.items()}
    if absent := sorted(given[field] for field, index in found.items() if index is None):
        raise SourceError(f"{path} has no column {', '.join(absent)}; its columns are {', '.join(names)}.")
    plain = [_plain(name) for name in names]
    for field, spellings in COLUMNS.items():
        match = next((plain.index(s) for s in spellings if s in plain), None)
        if field not in found and match is not None and match not in found.values():
            found[field] = match
    if "tags" not in found:
        raise SourceError(
            f"{path} has no tags column; its columns are {', '.join(names) or 'none'}. Name the right one with "
            "--columns tags=NAME; give its number, --columns tags=3, where the first row is a post already."
        )
    return {field: index for field, index in found.items() if index is not None}


def find_separator(cells: Iterable[str]) -> str:
    """What separates the tags in these cells: 'list', '|', ',', ';' or ' '."""
    filled = [html.unescape(cell.strip()) for cell in cells if cell.strip() and cell.strip().lower() != _NO_TAGS]
    if filled and sum(cell[:1] == "[" and cell[-1:] == "]" for cell in filled) > len(filled) / 2:
        return "list"
    return next((sign for sign in "|,;" if any(sign in cell for cell in filled)), " ")


def split_tags(cell: str, separator: str) -> list[str]:
    """The tags of one cell. Quotes around a tag are dropped, `#a#b` is two tags, `[none]` means none."""
    cell = cell.strip()
    if cell.lower() == _NO_TAGS:
        return []
    # Unescaped before it is split: the semicolon of `&amp;` separates no tags.
    parts = _listed(cell) if separator == "list" else _separated(html.unescape(cell), separator)
    tags = (part.strip().strip("\"'").strip() for part in parts)
    return [one for tag in tags for one in (_HASHED.findall(tag) if tag[:1] == "#" else [tag]) if one]


def make_post(tags: Iterable[str], texts: dict[str, str | None]) -> Post:
    """The post of one row, given {field: its cell}. HTML entities are characters, and a written-out \\n ends a line."""
    running = {name: html.unescape(texts[name] or "") for name in ("text", "title") if name in texts}
    texts = texts | {name: text.replace("\\r", "").replace("\\n", "\n") for name, text in running.items()}
    fields = {name: (text or "").strip() or None for name, text in texts.items()}
    number = fields.pop("id", None)
    return Post(
        id="" if number is None or number in _NO_IDS else number,
        tags=tuple(html.unescape(tag) for tag in tags),
        **fields,
    )


def _separated(cell: str, separator: str) -> list[str]:
    """The parts of a cell. A separator between quotes is part of a tag, unless the quotes are wrong."""
    if separator == " ":
        return cell.split()
    if '"' in cell and len(separator) == 1:
        try:
            return next(csv.reader([cell], delimiter=separator, skipinitialspace=True, strict=True))
        except csv.Error:
            pass
    return cell.split(separator)


def _listed(cell: str) -> list[str]:
    """The items of a list in JSON or Python, or of what resembles one."""
    for read in (json.loads, ast.literal_eval):
        try:
            value: Any = read(cell)
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            continue
        items = value if isinstance(value, list | tuple) else [value]
        return [whole(str(item)) for item in items if isinstance(item, str | int | float)]
    return cell.strip("[]").split(",")


def _plain(name: str) -> str:
    return "".join(filter(str.isalnum, name)).lower()


def _index(names: Sequence[str], column: str) -> int | None:
    if column in names:
        return names.index(column)
    return int(column) - 1 if column.isdecimal() and 0 < int(column) <= len(names) else None
