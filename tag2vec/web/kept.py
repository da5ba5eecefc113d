"""Clips that were uploaded, kept for a while with what was computed of them: who asks about one again names it."""

from __future__ import annotations

import secrets
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tag2vec.web.problems import Problem

SECONDS = 600.0  # after which a clip that nobody asked about is removed


@dataclass
class Clip:
    """A folder with the `file`; beside it there is room for its features."""

    folder: Path
    name: str  # the client's, which goes nowhere near the disk
    asking: int = 0  # requests that need it now
    at: float = field(default_factory=time.monotonic)  # when it was last asked about
    size: int = 0  # bytes of all that is in the folder

    @property
    def id(self) -> str:
        return self.folder.name

    @property
    def file(self) -> Path:
        return self.folder / "clip"

    @property
    def features(self) -> Path:
        return self.folder / "features"


@dataclass
class Kept:
    """At most `max_bytes` of clips and features that nobody needs now; those asked about longest ago go first. Use as a
    context, from one thread."""

    max_bytes: int
    _clips: dict[str, Clip] = field(default_factory=dict)  # the one asked about last comes last

    def __enter__(self) -> Kept:
        self._root = Path(tempfile.mkdtemp(prefix="tag2vec-"))
        return self

    def __exit__(self, *_: object) -> None:
        shutil.rmtree(self._root, ignore_errors=True)

    @contextmanager
    def new(self, name: str, keep: bool = True) -> Iterator[Clip]:
        """Room for a clip. It is kept when that is wanted and all went well, else it is gone."""
        clip = Clip(self._root / secrets.token_urlsafe(16), name)
        clip.folder.mkdir()
        try:
            with self._needed(clip):
                yield clip
        except BaseException:
            keep = False
            raise
        finally:
            if not keep:
                self._remove(clip)

    @contextmanager
    def again(self, id_: str) -> Iterator[Clip]:
        """A clip that was uploaded before. Raises Problem when it is gone."""
        self._sweep()
        if id_ not in self._clips:
            raise Problem(404, f"The clip '{id_[:30]}' is not kept, or not any more. Send it again.")
        with self._needed(self._clips[id_]) as clip:
            yield clip

    @contextmanager
    def _needed(self, clip: Clip) -> Iterator[Clip]:
        clip.asking += 1
        try:
            yield clip
        finally:
            clip.asking -= 1
            clip.at = time.monotonic()
            clip.size = sum(path.stat().st_size for path in clip.folder.rglob("*") if path.is_file())
            self._clips.pop(clip.id, None)
            self._clips[clip.id] = clip
            self._sweep()

    def _sweep(self) -> None:
        free = [clip for clip in self._clips.values() if not clip.asking]
        size, now = sum(clip.size for clip in free), time.monotonic()
        for clip in free:
            if size > self.max_bytes or now - clip.at > SECONDS:
                size -= clip.size
                self._remove(clip)

    def _remove(self, clip: Clip) -> None:
        self._clips.pop(clip.id, None)
        shutil.rmtree(clip.folder, ignore_errors=True)
