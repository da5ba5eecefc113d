"""What is written is there whole or not at all: files and folders are made aside, then moved into place."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from glob import escape
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, BinaryIO

from tag2vec.errors import ArtifactError

if TYPE_CHECKING:
    from numpy.typing import NDArray


TRIES, WAIT_S = 20, 0.02  # until a swap by somebody else is done, which takes a moment


def write_whole(path: Path, data: bytes | str) -> None:
    """Write a file. Raises ArtifactError; what was there before is unchanged then."""
    with replacing(path) as file:
        file.write(data if isinstance(data, bytes) else data.encode())


@contextmanager
def replacing(path: Path, parents: bool = False) -> Iterator[BinaryIO]:
    """What is written inside the `with` block becomes the file `path` at its end; with `parents` its folders are made.

    Raises as `write_whole`.
    """
    aside = path.with_name(_aside(path))
    try:
        if parents:
            path.parent.mkdir(parents=True, exist_ok=True)
        with aside.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        aside.replace(path)
    except OSError as error:
        raise ArtifactError(
            f"Could not write {path}: {error.strerror or error}. What was there before is unchanged; "
            "free some space or choose another name."
        ) from error
    finally:
        with suppress(OSError):
            aside.unlink()


def save_array(path: Path, array: NDArray[Any]) -> None:
    """Write `array` as .npy, not pickled. What numpy.save leaves to the C library may be lost at its end unnoticed."""
    import numpy as np

    with path.open("wb") as file:
        np.save(SimpleNamespace(write=file.write), array, allow_pickle=False)


def sha256(path: Path) -> str:
    """64 hex digits: the checksum of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def stage(folder: Path) -> Path:
    """An empty folder beside `folder`, to be swapped for it."""
    restore(folder)
    return Path(tempfile.mkdtemp(prefix=f"{_aside(folder)}-", dir=folder.parent))


def swap(staged: Path, folder: Path) -> None:
    """Move `staged` to where `folder` is; what was there is removed. Of two that do so at once the last one stays."""
    staged.chmod(0o755)
    for path in [*staged.rglob("*"), staged]:
        _sync(path)
    old = folder.with_name(_beside(folder, "old"))
    for again in range(TRIES, -1, -1):
        shutil.rmtree(old, ignore_errors=True)
        with suppress(FileNotFoundError):
            folder.rename(old)
        try:
            staged.rename(folder)
            break
        except OSError as error:
            if not (again and error.errno in (errno.ENOTEMPTY, errno.EEXIST)):  # somebody else was faster
                raise
    _sync(folder.parent)
    shutil.rmtree(old, ignore_errors=True)


def restore(folder: Path) -> None:
    """Undo a swap that was killed between its two renames; one that is under way is waited for."""
    for again in range(TRIES, -1, -1):
        moved = [] if folder.exists() else _made(folder, "old")
        if not moved:
            return
        if again:
            time.sleep(WAIT_S)
        else:
            with suppress(FileNotFoundError):
                max(moved, key=lambda old: old.stat().st_mtime).rename(folder)


def _aside(path: Path) -> str:
    """How names of what this process makes beside `path` begin; what killed runs left there is removed before."""
    for kind in ("new", "old"):
        for left in _made(path, kind):
            pid = left.name.removeprefix(f".{path.name}.{kind}-").split("-")[0]
            if pid.isdigit() and not _alive(int(pid)):
                with suppress(OSError):
                    shutil.rmtree(left) if left.is_dir() else left.unlink()
    return _beside(path, "new")


def _beside(path: Path, kind: str) -> str:
    return f".{path.name}.{kind}-{os.getpid()}"


def _made(path: Path, kind: str) -> list[Path]:
    """What processes made beside `path` of this kind."""
    return list(path.parent.glob(f".{escape(path.name)}.{kind}-*"))


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
