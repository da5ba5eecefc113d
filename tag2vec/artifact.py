"""The one folder format on disk: plain data files beside a manifest `tag2vec.json`.

The manifest holds {kind, format, version, config, parents, files}: which class reads the folder, the format's
number, the tag2vec that wrote it, its settings, the manifests it was made from (sha256) and every file's sha256
with shape and dtype for arrays. Data files are json, jsonl, txt, npy (no pickle), safetensors and faiss.

A folder is written aside, its manifest last, and then moved into place. What was there before stays whole until
that move; a run killed at any moment leaves either the old folder or the new one.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NotRequired, TypedDict

import msgspec
import numpy as np
from numpy.typing import NDArray

from tag2vec import files
from tag2vec.errors import ArtifactError, Tag2VecError
from tag2vec.version import __version__

FORMAT = 1
MANIFEST = "tag2vec.json"
AT_ONCE = 2**20  # bytes of lines


class Facts(TypedDict):
    """What stands in a manifest of one file; shape and dtype of arrays only."""

    sha256: str
    shape: NotRequired[list[int]]
    dtype: NotRequired[str]


class Manifest(msgspec.Struct, frozen=True):
    """What stands in `tag2vec.json`, in this order."""

    kind: str
    format: int
    version: str
    config: dict[str, Any]
    parents: dict[str, str]
    files: dict[str, Facts]


class Artifact(Manifest, frozen=True):
    """A folder that was read and whose files match their checksums."""

    folder: Path
    digest: str  # sha256 of the manifest: what children name as their parent

    def path(self, name: str) -> Path:
        """Path of a file that the manifest lists. Raises ArtifactError when it lists none of that name."""
        if name not in self.files:
            raise ArtifactError(f"{self.folder} has no '{name}'; it holds {', '.join(self.files) or 'no files'}.")
        return self.folder / name

    def array(self, name: str, mmap: bool = False) -> NDArray[Any]:
        """The array in `name` (.npy), memory-mapped read-only when `mmap`."""
        with reading(self.folder):
            array: NDArray[Any] = np.load(self.path(name), mmap_mode="r" if mmap else None, allow_pickle=False)
        return array

    def floats(self, name: str, shape: Sequence[int | None], mmap: bool = False) -> NDArray[Any]:
        """The array in `name`: numbers, all finite when they are read, in this shape; None is any size."""
        array = self.array(name, mmap)
        fits = len(array.shape) == len(shape) and all(b in (a, None) for a, b in zip(array.shape, shape, strict=True))
        if array.dtype.kind != "f" or not fits or not (mmap or np.isfinite(array).all()):
            raise ArtifactError(
                f"{self.folder / name} is {array.dtype} of shape {array.shape}; wanted finite floats of shape "
                f"{tuple(shape)}, None for any size. Make the folder anew."
            )
        return array

    def lines(self, name: str, kind: Any = Any) -> Iterator[Any]:
        """The values in `name` (.jsonl), one a line, each of the type `kind`."""
        decoder = msgspec.json.Decoder(kind)
        with self.path(name).open("rb") as file, reading(self.folder):
            while some := file.readlines(AT_ONCE):
                yield from decoder.decode_lines(b"".join(some))


@dataclass
class Draft:
    """A folder being written: put files into `path`; `config` may be filled until the end."""

    path: Path
    config: dict[str, Any]

    def array(self, name: str, array: NDArray[Any]) -> None:
        """Write `array` as `name` (.npy), not pickled."""
        files.save_array(self.path / name, array)

    def lines(self, name: str, values: Iterator[Any]) -> None:
        """Write `values` as `name` (.jsonl), one a line, each as soon as it comes; ? for what no text can hold."""
        with (self.path / name).open("w", encoding="utf-8", errors="replace") as file:
            file.writelines(json.dumps(value, ensure_ascii=False) + "\n" for value in values)


def read(folder: str | Path, kind: str | None = None) -> Artifact:
    """Read and check the manifest of `folder`.

    Raises ArtifactError when there is none, when it is of another kind than `kind`, of a newer format, or when a
    file is missing or does not have the checksum that was written down.
    """
    with suppress(ArtifactError, FileNotFoundError):  # it may just have been replaced
        return _read(Path(folder), kind)
    with reading(Path(folder)):
        return _read(Path(folder), kind)


def _read(folder: Path, kind: str | None) -> Artifact:
    manifest = _manifest(folder)
    if kind is not None and manifest.kind != kind:
        raise ArtifactError(f"{folder} is a {manifest.kind} folder; wanted a {kind} folder.")
    if manifest.format > FORMAT:
        raise ArtifactError(
            f"{folder} has format {manifest.format} (written by tag2vec {manifest.version}); this tag2vec "
            f"{__version__} reads up to format {FORMAT}. Update tag2vec, or make the folder again with this one."
        )
    for name, facts in manifest.files.items():
        if not all(part == Path(part).name and part not in {"", ".", ".."} for part in name.split("/")):
            raise ArtifactError(f"{folder / MANIFEST} lists '{name}', which is not a plain file name.")
        if not (folder / name).is_file():
            raise ArtifactError(f"{folder} lacks its file '{name}'. Copy the whole folder again or make it anew.")
        if files.sha256(folder / name) != facts["sha256"]:
            raise ArtifactError(
                f"{folder / name} is damaged or was changed: its checksum is not the one in {MANIFEST}. "
                "Copy the whole folder again or make it anew."
            )
    return Artifact(**msgspec.structs.asdict(manifest), folder=folder, digest=files.sha256(folder / MANIFEST))


@contextmanager
def reading(folder: Path) -> Iterator[None]:
    """Whatever the files of `folder` make fail inside the `with` block becomes an ArtifactError.

    They fit their checksums, so this is no damage: somebody else made them, or changed them on purpose.
    """
    try:
        yield
    except Tag2VecError:
        raise
    except MemoryError as error:
        said = f"needs more memory than there is ({error}). Free some, or make it anew with less in it."
        raise ArtifactError(f"{folder} {said}") from error
    except Exception as error:
        if isinstance(error, OSError) and not isinstance(error, FileNotFoundError):
            raise  # the disk's fault
        raise ArtifactError(
            f"{folder} does not hold what tag2vec writes ({type(error).__name__}: {error}). Make it anew."
        ) from error


def read_made_from(folder: str | Path, kind: str, parents: Mapping[str, str]) -> Artifact | None:
    """What `read` gives; None when there is no such folder, or when it was made from others than `parents`."""
    if not Path(folder).exists():
        return None
    found = read(folder, kind)
    return found if all(found.parents.get(name) == digest for name, digest in parents.items()) else None


def find(folder: str | Path) -> list[Path]:
    """`folder` and those directly below it that are ours: a model is a folder of artifacts."""
    folder = Path(folder)
    below = sorted(p for p in folder.iterdir() if p.is_dir()) if folder.is_dir() else []
    return [p for p in [folder, *below] if (p / MANIFEST).is_file()]


@contextmanager
def write(
    folder: str | Path,
    kind: str,
    config: Mapping[str, Any] | None = None,
    parents: Mapping[str, str] | None = None,
) -> Iterator[Draft]:
    """Write the artifact `folder`: fill the draft inside the `with` block.

    An artifact of the same kind that is already there is replaced at the end; anything else that is not an empty
    folder is refused at once. On any exception nothing has changed. Raises ArtifactError when writing fails.
    """
    folder = Path(folder).absolute()
    check_writable(folder, kind)
    created = [p for p in [folder.parent, *folder.parent.parents] if not p.exists()]
    draft: Draft | None = None
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        draft = Draft(files.stage(folder), dict(config or {}))
        yield draft
        _seal(draft, kind, dict(parents or {}))
        files.swap(draft.path, folder)
    except OSError as error:
        raise ArtifactError(
            f"Could not write {folder}: {error.strerror or error}. What was there before is unchanged; "
            "free some space or choose another folder, then run the same command again."
        ) from error
    finally:
        if draft is not None:
            shutil.rmtree(draft.path, ignore_errors=True)
        for path in created:  # only those that are still empty: a failed run leaves no trace
            with suppress(OSError):
                path.rmdir()


def check_writable(folder: str | Path, kind: str) -> None:
    """Raise ArtifactError unless `folder` is absent, empty or an artifact of `kind`: before long work, not after."""
    folder = Path(folder)
    if folder.is_file():
        raise ArtifactError(f"{folder} is a file; wanted a folder to write a {kind} to.")
    if folder.is_dir() and any(folder.iterdir()):
        try:
            found = _manifest(folder).kind
        except ArtifactError:
            found = "folder with other files"
        if found != kind:
            raise ArtifactError(f"{folder} is a {found}; a {kind} is not written over it. Choose another folder.")


def _manifest(folder: Path) -> Manifest:
    path = folder / MANIFEST
    files.restore(folder)
    if not folder.exists():
        raise ArtifactError(f"There is no folder {folder}.")
    if not path.is_file():
        raise ArtifactError(f"{folder} is not a tag2vec folder: it has no {MANIFEST}.")
    try:
        return msgspec.convert(json.loads(path.read_text(encoding="utf-8")), Manifest)
    except (ValueError, RecursionError) as error:
        raise ArtifactError(f"{path} is not a manifest that tag2vec wrote; the folder cannot be read.") from error


def _seal(draft: Draft, kind: str, parents: dict[str, str]) -> None:
    listed: dict[str, Facts] = {}
    for path in sorted(draft.path.rglob("*")):
        if path.is_file():
            facts = listed.setdefault(path.relative_to(draft.path).as_posix(), {"sha256": files.sha256(path)})
            if path.suffix == ".npy":
                array = np.load(path, mmap_mode="r", allow_pickle=False)
                facts |= {"shape": list(array.shape), "dtype": str(array.dtype)}
    manifest = msgspec.structs.asdict(Manifest(kind, FORMAT, __version__, draft.config, parents, listed))
    text = json.dumps(manifest, indent=1, ensure_ascii=False) + "\n"
    # Names of files need not be text: \udcff is one that JSON has for such a letter.
    (draft.path / MANIFEST).write_text(text, encoding="utf-8", errors="backslashreplace")
