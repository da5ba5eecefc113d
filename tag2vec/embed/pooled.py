"""From the features of clips to one vector each: poolings fitted on a sample of them, and their use."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import compress
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from tag2vec.embed.clips import Clip
from tag2vec.embed.kinds import Kinds, poolings_of
from tag2vec.embed.pooling import Pooling, unit
from tag2vec.embed.pooling._options import made
from tag2vec.embed.pooling._rows import drawn
from tag2vec.embed.threads import one_thread
from tag2vec.errors import UsageError

Arrays = Sequence[NDArray[np.floating[Any]]]  # of one clip, one a kind: (n, dim) or (dim,)

Rows = list[tuple[torch.Tensor, torch.Tensor]]
"""Of m clips, for each kind of features: x (m, time, dim) and mask (m, time), True where a row is real."""

SAMPLE = 200_000  # rows of features that a pooling is fitted on, or
NUMBERS = 20_000_000  # numbers, where the rows are short
LEVELLED_ON = 1000  # clips that kinds of features are made comparable on
LEAST_SPREAD = 0.1  # of vectors of length 1: a kind that tells these clips apart by less is not blown up further


class Picked(Sequence[Arrays]):
    """Those of `arrays` at `rows`, each read when it is asked for."""

    def __init__(self, arrays: Sequence[Arrays], rows: Sequence[int] | NDArray[np.intp]) -> None:
        self.arrays = arrays
        self.rows = rows

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, at: Any) -> Any:
        return self.arrays[self.rows[at]]


class Poolings(torch.nn.Module):
    """One pooling a kind of features. The vectors of several kinds stand one after the other.

    Each kind is brought to length 1, then to mean 0 and mean square length 1 over the clips that were fitted on: else
    one of which most is the same for all clips would count for little beside one that differs more.
    """

    middle: torch.Tensor  # (out_dim,) of several kinds, (0,) of one
    spread: torch.Tensor  # (kinds,)

    def __init__(self, kinds: Kinds, spelled: str | None = None, seed: int = 1) -> None:
        super().__init__()
        self.kinds = kinds
        self.names = poolings_of(spelled, kinds)
        named = zip(self.names, kinds, strict=True)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.parts = torch.nn.ModuleList(made(name, kind.dim, kind.blocks) for name, kind in named)
        self.widths = [part.out_dim for part in self]
        # What changes in training cannot be compared with what is written before it.
        self._reading = [kind.reads and not part.learns for part, kind in zip(self, kinds, strict=True)]
        self.read = sum(compress(self.widths, self._reading))  # width of `told`
        self.out_dim = sum(self.widths)
        self.register_buffer("middle", torch.zeros(self.out_dim if len(kinds) > 1 else 0))
        self.register_buffer("spread", torch.ones(len(kinds)))

    def __iter__(self) -> Iterator[Pooling]:
        for part in self.parts:
            assert isinstance(part, Pooling)
            yield part

    @property
    def trained(self) -> bool:
        """Whether one of them has something to learn from tags."""
        return any(part.learns for part in self)

    def forward(self, rows: Rows) -> torch.Tensor:
        """For each kind x (m, time, dim) and mask (m, time) -> (m, out_dim)."""
        vectors = [part(x, mask) for part, (x, mask) in zip(self, rows, strict=True)]
        if len(vectors) == 1:
            only: torch.Tensor = vectors[0]
            return only
        middles = torch.split(self.middle, self.widths)
        levelled = [
            v if part.learns else (unit(v) - m) / s
            for part, v, m, s in zip(self, vectors, middles, self.spread, strict=True)
        ]
        return torch.cat(levelled, dim=1)

    @one_thread()
    def fit(self, clips: Sequence[Arrays], seed: int, listed: Sequence[Clip] = ()) -> Poolings:
        """Fit each on an even sample of the rows of all clips, and of what is written of those `listed`."""
        for number, (part, kind) in enumerate(zip(self, self.kinds, strict=True)):
            draw = np.random.default_rng(seed)
            share = max(1, max(SAMPLE, NUMBERS // kind.dim) // len(clips))
            sample = [drawn(np.atleast_2d(arrays[number]), share, draw) for arrays in clips]
            sample += [drawn(kind.told(clip), share, draw) for clip in listed if kind.reads]
            part.fit(np.concatenate(sample).astype(np.float32), seed)
        self.eval()
        if len(self.kinds) > 1:
            self._level([clips[i] for i in range(0, len(clips), -(-len(clips) // LEVELLED_ON))])
        return self

    def _level(self, clips: Sequence[Arrays]) -> None:
        self.middle.zero_()
        self.spread.fill_(1.0)
        total, squares = np.zeros(self.out_dim), np.zeros(len(self.kinds))
        for arrays in clips:  # one at a time: each may be long
            vector = self.one(arrays).astype(np.float64)
            total += vector
            squares += [part @ part for part in self._split(vector)]
        middle = total / len(clips)
        left = squares / len(clips) - [part @ part for part in self._split(middle)]
        self.middle.copy_(torch.from_numpy(middle))
        self.spread.copy_(torch.from_numpy(np.sqrt(np.maximum(left, LEAST_SPREAD**2))))

    def _split(self, vector: NDArray[Any]) -> list[NDArray[Any]]:
        """The part (width,) of each kind."""
        return np.split(vector, np.cumsum(self.widths)[:-1])

    def same_as(self, other: Poolings) -> bool:
        """Whether both make the same vectors."""
        mine, theirs = self.state_dict(), other.state_dict()
        return (
            self.names == other.names
            and mine.keys() == theirs.keys()
            and all(torch.equal(mine[key], theirs[key]) for key in mine)
        )

    @one_thread()
    def one(self, arrays: Arrays) -> NDArray[np.float32]:
        """The features of one clip -> (out_dim,). Alone, so that no neighbour in a batch can change a bit.

        Raises UsageError for features of other kinds.
        """
        return self._one(arrays)

    def _one(self, arrays: Arrays) -> NDArray[np.float32]:
        wanted, got = [kind.dim for kind in self.kinds], [array.shape[-1] for array in arrays]
        if got != wanted:
            raise UsageError(
                f"The features have {' + '.join(map(str, got))} dimensions; the model was fitted with "
                f"{' + '.join(map(str, wanted))}. Extract them with the model's own settings."
            )
        with torch.no_grad():
            vector: NDArray[np.float32] = self(padded([arrays]))[0].numpy()
        return vector

    @one_thread()  # once for all: to change the number of threads takes longer than to pool a short clip
    def many(self, clips: Sequence[Arrays]) -> NDArray[np.float32]:
        """The features of clips -> (clips, out_dim)."""
        vectors = np.empty((len(clips), self.out_dim), np.float32)  # filled in place: each may be long
        for row, arrays in zip(vectors, clips, strict=True):
            row[:] = self._one(arrays)
        return vectors

    def nothing(self) -> NDArray[np.float32]:
        """The vector (out_dim,) of a clip that has nothing of any kind."""
        return self.one([np.zeros((0, kind.dim), np.float32) for kind in self.kinds])

    def told(self, clip: Clip) -> NDArray[np.float32]:
        """What is written of a training clip, as each kind that reads it pools it (width,)."""
        with torch.no_grad():
            found = [
                part(*padded([[kind.told(clip)]])[0])[0].numpy()
                for part, kind in compress(zip(self, self.kinds, strict=True), self._reading)
            ]
        return np.concatenate([np.zeros(0, np.float32), *found])

    def titles(self, vector: NDArray[np.float32]) -> NDArray[np.float32]:
        """The part of a clip's vector (out_dim,) that is to be compared with `told` (width,)."""
        parts = self._split(vector)
        if len(parts) > 1:
            levels = zip(parts, self._split(self.middle.numpy()), self.spread.numpy(), strict=True)
            parts = [part * spread + middle for part, middle, spread in levels]
        return np.concatenate([np.zeros(0, np.float32), *compress(parts, self._reading)])


def padded(clips: Sequence[Arrays], most: int | None = None, draw: np.random.Generator | None = None) -> Rows:
    """The rows of clips, side by side for each kind; of more than `most` that many are drawn, kept in their order."""
    found = []
    for kind in zip(*clips, strict=True):
        parts = [np.atleast_2d(array) for array in kind]
        if most and draw:
            parts = [drawn(part, most, draw) for part in parts]
        x = torch.zeros(len(parts), max(1, *map(len, parts)), parts[0].shape[1])
        mask = torch.zeros(x.shape[:2], dtype=torch.bool)
        for i, part in enumerate(parts):
            x[i, : len(part)] = torch.from_numpy(part.astype(np.float32))
            mask[i, : len(part)] = True
        found.append((x, mask))
    return found
