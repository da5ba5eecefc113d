"""Files of features that were computed elsewhere: which clips they hold, and the array of each.

Arrays are loaded when they are asked for; tables of text are read at once. Nothing is unpickled.
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tag2vec.embed.tfrecord import record_at, records, tfrecord_files, video
from tag2vec.errors import SourceError, Tag2VecError, importing

WHOLE = 2**26  # bytes of a file that are hashed whole; of a larger one the first and the last so many
LARGEST = float(np.finfo(np.float32).max)

Parts = dict[str, NDArray[np.float32]]
Named = Iterator[tuple[str, "Entry"]]


@dataclass(frozen=True)
class Entry:
    """Where the features of one clip are, and how they are loaded."""

    where: str  # file, and record, dataset or line
    load: Callable[[], dict[str, NDArray[Any]]]  # the parts of a row, by name

    def parts(self) -> Parts:
        """Arrays (n, width) or (width,) float32 by part. Raises SourceError: no numbers, not finite, not readable."""
        try:
            return {name: _numbers(array, self.where) for name, array in self.load().items()}
        except SourceError:
            raise
        except Exception as error:  # what libraries raise for a damaged file is anybody's guess
            raise SourceError(f"{self.where} cannot be read as an array of numbers: {error}.") from error


@dataclass
class Table:
    """The features of many clips by the name of each."""

    path: Path
    entries: dict[str, Entry]
    damage: SourceError | None = None  # why what stood behind some record could not be read


def open_table(path: Path) -> Table:
    """Open the features in `path`. Raises SourceError when there is no such thing, or nothing in it."""
    kinds: dict[str, Callable[[Path], Named]] = {".npz": _npz, ".csv": _csv, ".tsv": _csv, ".h5": _h5, ".hdf5": _h5}
    read = _records if tfrecord_files(path) else _folder if path.is_dir() else kinds.get(path.suffix.lower())
    if not path.exists():
        raise SourceError(f"There is no {path}; wanted a file or folder of features.")
    if read is None:
        raise SourceError(f"{path} is no table of features; wanted a folder, .npz, .csv, .tsv, .h5 or .tfrecord.")
    table = Table(path, {})
    try:
        for name, entry in read(path):
            if name in table.entries:
                raise SourceError(f"{entry.where} is the second '{name}'; the first is {table.entries[name].where}.")
            table.entries[name] = entry
    except SourceError as error:
        if read is not _records or not table.entries:
            raise
        table.damage = error
    except Tag2VecError:
        raise
    except Exception as error:
        raise SourceError(f"{path} cannot be read: {error}.") from error
    if not table.entries:
        raise SourceError(f"{path} holds no features; wanted an array for each clip.")
    return table


def fingerprint(path: Path) -> str:
    """64 hex digits of the names, sizes and bytes of the files in `path`; of large files the beginning and the end."""
    digest = hashlib.sha256()
    for file in sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]:
        name, size = file.relative_to(path).as_posix() if path.is_dir() else "", file.stat().st_size
        digest.update(f"{name}\0{size}\0".encode())
        with file.open("rb") as content:
            digest.update(content.read(WHOLE))
            content.seek(max(content.tell(), size - WHOLE))
            digest.update(content.read(WHOLE))
    return digest.hexdigest()


def _numbers(array: NDArray[Any], where: str) -> NDArray[np.float32]:
    if array.dtype.kind not in "fiub" or array.ndim not in {1, 2} or array.shape[-1] == 0:
        raise SourceError(
            f"{where} is {array.dtype} of shape {array.shape}; wanted numbers of shape (n, dim) or (dim,)."
        )
    with np.errstate(over="ignore"):
        numbers = np.asarray(array, np.float32)
    if not np.isfinite(numbers).all():
        row = int(np.argmin(np.isfinite(np.atleast_2d(numbers)).all(axis=1)))
        raise SourceError(f"{where}: row {row} holds a number that is not finite. Compute it again, or leave it out.")
    return numbers


def _folder(path: Path) -> Named:
    for file in sorted(p for p in path.rglob("*.np[yz]") if p.is_file()):
        yield file.relative_to(path).with_suffix("").as_posix(), Entry(str(file), partial(_one, file))


def _one(file: Path) -> dict[str, NDArray[Any]]:
    if file.suffix == ".npy":
        # A map, so that a header that promises more than the file holds is an error and no allocation.
        return {"all": np.load(file, mmap_mode="r", allow_pickle=False)}
    with np.load(file, allow_pickle=False) as archive:
        if len(archive.files) != 1:
            raise SourceError(f"{file} holds {len(archive.files)} arrays; wanted one, the features of a clip.")
        return {"all": archive[archive.files[0]]}


def _member(file: Any, name: str) -> dict[str, NDArray[Any]]:
    return {"all": file[name][()]}


def _npz(path: Path) -> Named:
    archive = np.load(path, allow_pickle=False)
    for name in archive.files:
        yield name, Entry(f"{path}: {name}", partial(_member, archive, name))


def _h5(path: Path) -> Named:
    with importing("Reading HDF5 files", "h5py", "h5"):
        import h5py
    names: list[str] = []
    file = h5py.File(path, "r")
    file.visititems(lambda name, item: names.append(name) if isinstance(item, h5py.Dataset) else None)
    for name in names:
        if file[name].external or file[name].is_virtual:
            raise SourceError(f"{path}: {name} lies in another file, which is not opened. Copy it into this one.")
        yield name, Entry(f"{path}: {name}", partial(_member, file, name))


def _records(path: Path) -> Named:
    for file in tfrecord_files(path):
        for where, offset, content in records(file):
            name = video(content, where).id
            yield name, Entry(where, partial(_video_at, file, offset, where))


def _video_at(file: Path, offset: int, where: str) -> dict[str, NDArray[Any]]:
    return dict(video(record_at(file, offset, where), where).parts)


def _csv(path: Path) -> Named:
    """The first column is the clip's name, all others are numbers; a header is optional; rows of one name add up."""
    rows: dict[str, list[NDArray[np.float32]]] = {}
    first: dict[str, int] = {}
    header: list[str] = []
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file, delimiter="\t" if path.suffix.lower() == ".tsv" else ",")
        for cells in reader:
            if not cells:
                continue
            if not header:
                header = cells
                if not all(map(_is_number, cells[1:])):
                    continue
            if len(cells) != len(header):
                raise SourceError(
                    f"{path}:{reader.line_num} has {len(cells)} columns; the first row has {len(header)}."
                )
            bad = next((i for i, cell in enumerate(cells[1:], 1) if not _is_number(cell)), None)
            if bad is not None:
                raise SourceError(
                    f"{path}:{reader.line_num}: column {bad + 1} ({header[bad]}) holds '{cells[bad]}'; wanted a finite "
                    "number in every column but the first, which names the clip."
                )
            rows.setdefault(cells[0].strip(), []).append(np.array(list(map(float, cells[1:])), np.float32))
            first.setdefault(cells[0].strip(), reader.line_num)
    for name, found in rows.items():
        yield name, Entry(f"{path}:{first[name]}", partial(dict, all=np.stack(found)))


def _is_number(cell: str) -> bool:
    try:
        return abs(float(cell)) <= LARGEST
    except ValueError:
        return False
