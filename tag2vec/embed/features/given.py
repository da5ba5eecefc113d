"""Features that were computed elsewhere: a folder of .npy, an .npz, a table, HDF5, or YouTube-8M's TFRecords."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray

from tag2vec.embed.features import Features
from tag2vec.embed.features._tables import Entry, Table, fingerprint, open_table
from tag2vec.errors import ArtifactError, SourceError

if TYPE_CHECKING:
    from tag2vec.embed.clips import Clip
    from tag2vec.embed.frames import Frames


@dataclass(frozen=True)
class Given(Features):
    """The rows that `path` has for a clip. Its file is not opened and need not exist.

    A clip is found by its path without the suffix, or by as much of the end of it as names one: for `clips/yoyo/a.mp4`
    that is `clips/yoyo/a`, else `yoyo/a`, else `a` (each with the suffix too).
    """

    path: str
    content: str = ""  # fingerprint of the files, which is found when they are opened

    dim: int = field(default=0, init=False, compare=False)
    _widths: dict[str, int] = field(init=False, repr=False, compare=False)
    _table: Table = field(init=False, repr=False, compare=False)
    wants: ClassVar[frozenset[str]] = frozenset()

    def __post_init__(self) -> None:
        path = Path(self.path).absolute()
        table = open_table(path)
        content = fingerprint(path)
        if self.content and self.content != content:
            raise ArtifactError(
                f"{path} holds other features than those that the model was fitted on. If they are of other clips and "
                "were made in the same way, name them with --given; else put the old ones back, or fit the model again."
            )
        widths = {name: part.shape[-1] for name, part in next(iter(table.entries.values())).parts().items()}
        self._fill(path=str(path), content=content, dim=sum(widths.values()), _widths=widths, _table=table)

    @property
    def blocks(self) -> dict[str, int]:
        return self._widths

    def of(self, clip: Clip, seen: Frames) -> NDArray[np.float32]:
        """(n, dim) or (dim,). Raises SourceError: no features of this clip, of another width, not finite."""
        entry = self._entry(clip)
        parts = entry.parts()
        widths = {name: part.shape[-1] for name, part in parts.items()}
        if widths != self.blocks:
            raise SourceError(
                f"{entry.where} has {_shown(widths)} numbers a row; {self.path} began with {_shown(self.blocks)}."
            )
        return np.concatenate([parts[name] for name in widths], axis=-1)

    def _entry(self, clip: Clip) -> Entry:
        table = self._table
        for i in range(len(clip.path.parts)):
            tail = Path(*clip.path.parts[i:])
            for name in (tail.as_posix(), (tail.parent / tail.stem).as_posix()):
                if name in table.entries:
                    return table.entries[name]
        if table.damage:
            raise SourceError(
                f"{clip}: not among the features in {table.path}, which could not be read on: {table.damage}"
            )
        example = next(iter(table.entries))
        raise SourceError(
            f"{clip}: no features in {table.path}; wanted '{clip.path.stem}' among its {len(table.entries):,} names, "
            f"of which '{example}' is one."
        )


def _shown(widths: dict[str, int]) -> str:
    return " + ".join(str(width) for width in widths.values())
