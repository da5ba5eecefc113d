"""Features that were computed before, one safetensors file a clip.

The key is what decides the numbers: the bytes of the clip (not its name), the features with their version and
settings, and how frames are sampled. A file that cannot be read or has the wrong checksum counts as absent. Features
that do not look into the file have what is written of the clip in place of its bytes.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tag2vec.embed.clips import Clip, pictures_in
from tag2vec.embed.features import Features, describe
from tag2vec.embed.limits import FrameLimits
from tag2vec.errors import ArtifactError

VERSION = 2  # raise it when decoding gives other frames for the same limits


@dataclass(frozen=True)
class Extracted:
    """The features of one clip, one array a kind."""

    arrays: tuple[NDArray[np.float32], ...]  # (n, dim) or (dim,)
    duration_s: float
    timing_s: dict[str, float]  # seconds for `decode` and `features`, when they were computed
    warning: str | None  # what was wrong with a clip that could be used all the same
    cached: bool = False  # True when it was read and not computed


def default_folder() -> Path:
    """$TAG2VEC_CACHE, else $XDG_CACHE_HOME/tag2vec, else ~/.cache/tag2vec."""
    if ours := os.environ.get("TAG2VEC_CACHE"):
        return Path(ours)
    shared = os.environ.get("XDG_CACHE_HOME")
    return (Path(shared) if shared else Path.home() / ".cache") / "tag2vec"


@dataclass(frozen=True)
class Cache:
    """A folder of features, a file for each clip and kind. Several processes may use it at once.

    `required` says that what cannot be kept is an error and not merely computed again another time.
    """

    folder: Path = field(default_factory=default_folder)
    required: bool = False

    def keys(self, clip: Clip | str | Path, kinds: Sequence[Features], limits: FrameLimits) -> list[str]:
        """64 hex digits for each of `kinds` that name what it makes of `clip`."""
        clip = Clip.of(clip)
        facts = {"version": VERSION, "frames": sampling(limits)}
        return [digest(facts | {"features": describe(kind), "clip": _content(clip, kind, limits)}) for kind in kinds]

    def get(self, key: str) -> Extracted | None:
        """What is kept under `key`, or None."""
        from safetensors import SafetensorError, safe_open

        try:
            with safe_open(self._file(key), framework="numpy") as file:
                facts = json.loads(file.metadata()["facts"])
                array = file.get_tensor("array")
            if facts.pop("sha256") != _sha256(array):
                return None
            return Extracted((array.astype(np.float32),), **facts, cached=True)
        except (OSError, SafetensorError, ValueError, KeyError, TypeError, AttributeError):
            return None

    def put(self, key: str, found: Extracted) -> None:
        """Keep `found`, of one kind, under `key`. Raises ArtifactError when the folder cannot be written."""
        from safetensors.numpy import save

        (array,) = map(compact, found.arrays)
        facts: dict[str, Any] = {
            "sha256": _sha256(array),
            "duration_s": found.duration_s,
            "timing_s": found.timing_s,
            "warning": found.warning,
        }
        path = self._file(key)
        aside: str | None = None
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            handle, aside = tempfile.mkstemp(prefix=".new-", dir=path.parent)
            with os.fdopen(handle, "wb") as file:
                file.write(save({"array": array}, {"facts": json.dumps(facts)}))
            Path(aside).replace(path)
        except OSError as error:
            if aside is not None:
                with suppress(OSError):
                    Path(aside).unlink()
            raise ArtifactError(
                f"Could not write to the cache {self.folder}: {error.strerror or error}. Free some space, "
                "name another folder in TAG2VEC_CACHE, or work without a cache."
            ) from error

    def _file(self, key: str) -> Path:
        # 256 folders: one of a million files is slow to list
        return self.folder / key[:2] / f"{key}.safetensors"


def sampling(limits: FrameLimits) -> dict[str, Any]:
    """Those of `limits` that decide which frames there are."""
    names = ("max_side", "max_fps", "max_seconds", "windows", "start_s")
    return {name: getattr(limits, name) for name in names}


def digest(facts: dict[str, Any]) -> str:
    """64 hex digits that stand for `facts`."""
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def compact(array: NDArray[np.float32]) -> NDArray[np.floating[Any]]:
    """The same numbers as they are kept: in half precision for local rows, which need no more, else single."""
    fits = array.ndim == 2 and array.size > 0 and bool(np.abs(array).max() < 60_000)
    return array.astype(np.float16 if fits else np.float32)


def _content(clip: Clip, kind: Features, limits: FrameLimits) -> Any:
    if not kind.wants:
        return clip.facts()
    if not clip.path.is_dir():
        return _of_file(clip.path)
    return {"fps": limits.picture_fps, "pictures": digest({"each": [_of_file(one) for one in pictures_in(clip.path)]})}


def _of_file(path: Path) -> str:
    facts = path.stat()
    return _digest_of(path, facts.st_size, facts.st_mtime_ns, facts.st_ino)


@lru_cache(maxsize=1024)  # one clip is asked for several times in a row, and may be large, or many pictures
def _digest_of(path: Path, *version: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sha256(array: NDArray[Any]) -> str:
    return hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()
