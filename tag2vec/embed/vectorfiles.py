"""Files of words and their vectors, as other tools write and read them.

text       word2vec's (Mikolov et al. 2013): a line `words dimensions`, then a word and its values a line
binary     word2vec's: the same first line, then a word, a space and its values as little-endian float32
projector  TensorBoard's: `vectors.tsv`, values a line, and `metadata.tsv`, a word a line; more columns, of which
           `count` is understood, have a header

No word has a space in it. Nothing here is pickled.
"""

from __future__ import annotations

import itertools
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

import numpy as np

from tag2vec.embed.space import Vectors
from tag2vec.errors import SourceError, UsageError, unknown
from tag2vec.files import replacing

FORMATS = ("text", "binary", "projector")
SUFFIXES = {".txt": "text", ".vec": "text", ".bin": "binary", ".tsv": "projector", "": "projector"}
LONGEST_WORD = 4096  # bytes; what is longer is no word but a sign of another format
LONGEST_LINE = 1 << 24  # bytes


@dataclass(frozen=True, eq=False)
class Table:
    """Distinct `words`, their `vectors` (words, dim) float32 and, where the format keeps them, their counts."""

    words: list[str]
    vectors: Vectors
    counts: list[int] | None = None


def format_of(path: Path, given: str | None = None) -> str:
    """The format that is `given`, or that the name of `path` asks for. Raises UnknownName, UsageError."""
    if given is not None and given not in FORMATS:
        raise unknown("format", given, FORMATS)
    found = given or ("projector" if path.is_dir() else SUFFIXES.get(path.suffix.lower()))
    if found is None:
        raise UsageError(
            f"{path} ends with '{path.suffix}'; wanted .txt or .vec (word2vec text), .bin (word2vec binary), .tsv or a "
            "folder (projector). Rename it, or name its format with --format."
        )
    return found


def files_of(path: Path, form: str | None = None) -> tuple[Path, ...]:
    """The file at `path`; for a projector the files of values and of words: `a.tsv` and `a.metadata.tsv`."""
    if format_of(path, form) != "projector":
        return (path,)
    if path.is_dir() or path.suffix.lower() != ".tsv":
        return path / "vectors.tsv", path / "metadata.tsv"
    return path, path.with_name("metadata.tsv" if path.stem == "vectors" else f"{path.stem}.metadata.tsv")


def write_table(path: Path, table: Table, form: str | None = None) -> tuple[Path, ...]:
    """Write aside, then replace what was there; the files written. Raises ArtifactError and as `format_of`."""
    kind, files = format_of(path, form), files_of(path, form)
    if kind == "projector":
        values, metadata = files
        with replacing(values, parents=True) as file, replacing(metadata) as beside:
            file.writelines(f"{line}\n".encode() for line in _written(table.vectors, "\t"))
            columns = [["tag", *table.words], ["count", *table.counts]] if table.counts else [table.words]
            beside.writelines("\t".join(map(str, cells)).encode() + b"\n" for cells in zip(*columns, strict=True))
        return files
    with replacing(path, parents=True) as file:
        file.write("{} {}\n".format(*table.vectors.shape).encode())
        if kind == "text":
            lines = zip(table.words, _written(table.vectors, " "), strict=True)
            file.writelines(f"{word} {line}\n".encode() for word, line in lines)
        else:
            rows = zip(table.words, table.vectors, strict=True)
            file.writelines(word.encode() + b" " + row.astype("<f4").tobytes() + b"\n" for word, row in rows)
    return files


def read_table(path: Path, form: str | None = None) -> Table:
    """Read and check words and vectors. Raises SourceError when they cannot be used, and as `format_of`."""
    kind = format_of(path, form)
    try:
        if kind == "projector":
            return _read_projector(*files_of(path, form))
        with path.open("rb") as file:
            rows, dim = _header(path, file, 2 if kind == "text" else 4)
            return _collect(path, (_text if kind == "text" else _binary)(path, file, dim), rows, dim, "its header says")
    except OSError as error:
        raise SourceError(f"Cannot read vectors from {error.filename or path}: {error.strerror or error}.") from error


def _written(vectors: Vectors, between: str) -> Iterator[str]:
    line = between.join(["%.9g"] * vectors.shape[1])  # nine digits give the same float32 again
    return (line % tuple(row.tolist()) for row in vectors)


def _read_projector(values: Path, metadata: Path) -> Table:
    with metadata.open("rb") as file:
        named = [line.split("\t") for line in _lines(metadata, file)]
    columns = named.pop(0) if named and len(named[0]) > 1 else ["tag"]  # one column alone has no header
    with values.open("rb") as file:
        dim = len(next(_lines(values, file), "").split("\t"))
        file.seek(0)
        if not named:
            raise SourceError(f"{metadata} names no words; wanted one a line.")
        if os.fstat(file.fileno()).st_size == 0:
            raise SourceError(f"{values} is empty; wanted the vectors of {len(named):,} words.")
        words = itertools.chain((cells[0] for cells in named), itertools.repeat(""))
        pairs = zip(words, (line.split("\t") for line in _lines(values, file)), strict=False)
        table = _collect(values, pairs, len(named), dim, f"{metadata.name} names")
    if "count" not in columns:
        return table
    place = columns.index("count")
    counts = [cells[place] if place < len(cells) else "" for cells in named]
    for word, count in zip(table.words, counts, strict=True):
        if not re.fullmatch("[1-9][0-9]{0,17}", count):
            raise SourceError(f"{metadata}: the count of '{word}' is '{count[:40]}'; wanted a whole number from 1.")
    return replace(table, counts=[int(count) for count in counts])


def _header(path: Path, file: BinaryIO, bytes_a_value: int) -> tuple[int, int]:
    line = file.readline(100)
    if not line:
        raise SourceError(f"{path} is empty; wanted words and vectors.")
    found = re.fullmatch(rb"([0-9]+)[ \t]+([0-9]+)\s*", line)
    rows, dim = (int(found[1]), int(found[2])) if found else (0, 0)
    if not rows or not dim:
        raise SourceError(
            f"{path} begins with {line[:40]!r}; wanted the numbers of words and dimensions, such as '20000 100'. "
            "If its format is not the one of its name, give --format."
        )
    least = rows * (dim * bytes_a_value + 2) - 1
    if (size := os.fstat(file.fileno()).st_size) < least:  # known before memory is taken
        raise SourceError(
            f"{path}: its header says {rows:,} words of {dim:,} values, which is {least:,} bytes or more; it has "
            f"{size:,}. It was cut short or has another format: copy it again, or give --format."
        )
    return rows, dim


def _lines(path: Path, file: BinaryIO) -> Iterator[str]:
    while line := file.readline(LONGEST_LINE):
        if len(line) == LONGEST_LINE:
            raise SourceError(f"{path} has a line of more than {LONGEST_LINE:,} bytes; wanted a word a line.")
        try:
            text = line.decode().rstrip("\r\n")
        except UnicodeDecodeError as error:
            raise SourceError(f"{path}: {line[:40]!r} is not UTF-8. If it is no text, give --format.") from error
        if text:
            yield text


def _text(path: Path, file: BinaryIO, dim: int) -> Iterator[tuple[str, Sequence[str]]]:
    for line in _lines(path, file):
        word, *values = line.rstrip(" ").split(" ")  # word2vec ends lines with a space
        yield word, values


def _binary(path: Path, file: BinaryIO, dim: int) -> Iterator[tuple[str, Vectors]]:
    for number in itertools.count(1):
        letters = _until_space(file).lstrip(b"\n")  # word2vec ends vectors with one, gensim does not
        if not letters:
            return
        values = file.read(4 * dim)
        if not letters.endswith(b" ") or len(values) < 4 * dim:
            raise SourceError(
                f"{path}: word {number:,} {letters[:40]!r} has {len(values):,} of {4 * dim:,} bytes of values. "
                f"The file was cut short, or its vectors do not have the {dim:,} dimensions that its header says."
            )
        try:
            yield letters[:-1].decode(), np.frombuffer(values, "<f4")
        except UnicodeDecodeError as error:
            raise SourceError(
                f"{path}: word {number:,} {letters[:40]!r} is not UTF-8. If it is no word, the vectors do not have "
                f"the {dim:,} dimensions that the header says."
            ) from error


def _until_space(file: BinaryIO) -> bytes:
    """The bytes up to a space, and with it unless the file or the patience for a word ends before."""
    found = bytearray()
    while len(found) < LONGEST_WORD and (sign := file.read(1)):
        found += sign
        if sign == b" ":
            break
    return bytes(found)


def _collect(path: Path, pairs: Iterable[tuple[str, Sequence[str] | Vectors]], rows: int, dim: int, said: str) -> Table:
    """All words and values, checked; `said` is where the file was said to have `rows` of them."""
    words: dict[str, int] = {}
    vectors = np.empty((rows, dim), np.float32)
    number = 0
    for number, (word, values) in enumerate(pairs, 1):
        if number > rows:
            continue  # only to count them
        where = f"{path}: word {number:,} '{word[:40]}'"
        if len(values) != dim:
            raise SourceError(f"{where} has {len(values):,} values; wanted {dim:,} as for every word.")
        try:
            with np.errstate(over="ignore"):
                vectors[number - 1] = np.asarray(values, dtype=np.float64)
        except ValueError as error:
            raise SourceError(f"{where}: {error}; wanted {dim:,} numbers.") from error
        if not np.isfinite(vectors[number - 1]).all():
            place = int(np.argmin(np.isfinite(vectors[number - 1])))
            raise SourceError(f"{where}: value {place + 1} is {vectors[number - 1, place]}; wanted finite numbers.")
        if word in words:
            raise SourceError(f"{where} was word {words[word]:,} already; wanted each word once. Take one of them out.")
        words[word] = number
    if number != rows:
        raise SourceError(f"{path}: {said} {rows:,} words, it has {number:,}. Write or copy it again.")
    return Table(list(words), vectors)
