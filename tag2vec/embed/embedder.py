"""What puts clips beside tags: a fitted VideoEmbedder, or a network without any training."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from tag2vec.embed.clips import Clip
from tag2vec.embed.features import Features
from tag2vec.embed.kinds import Kinds
from tag2vec.embed.limits import FrameLimits
from tag2vec.embed.pooled import Arrays
from tag2vec.embed.space import TagSpace
from tag2vec.errors import UsageError

Floats = NDArray[np.float32]
Rows = NDArray[np.intp]


@dataclass(frozen=True)
class Place:
    """Where a clip lies: its query vector, and final scores (l,) of the tags that are scored without one."""

    query: Floats
    direct: Floats = field(default_factory=lambda: np.zeros(0, np.float32))


@dataclass(frozen=True, slots=True)
class Evidence:
    """What speaks for a tag: training clips that carry it with their cosines, classes that a network sees, tags that
    it is to be like."""

    clips: tuple[tuple[str, float], ...] = ()
    names: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()


class Embedder(ABC):
    """`items` are searched with the query of a clip: the higher their product, the better the tag."""

    base: TagSpace  # the space that it goes with
    space: TagSpace  # all tags that it can suggest: those of `base` and perhaps more after them

    @property
    @abstractmethod
    def kinds(self) -> Kinds:
        """The kinds of features that it looks at."""

    @property
    def limits(self) -> FrameLimits:
        """How much of a clip it looks at."""
        return FrameLimits()

    @property
    @abstractmethod
    def items(self) -> Floats:
        """(n, any)."""

    @property
    def rows(self) -> Rows:
        """(n,) the row of each item's tag in the space."""
        return np.arange(len(self.items))

    @property
    def probable(self) -> bool:
        """Whether final scores are probabilities; otherwise they only rank."""
        return False

    @property
    def origin(self) -> Mapping[str, str]:
        """Kinds and checksums of the artifacts that `items` are made from, "" for one that is only in memory; empty
        when they are made from something else too."""
        return {}

    @property
    def thresholds(self) -> Sequence[float | None]:
        """See `precision.thresholds`; empty when nothing tells how often its suggestions are right."""
        return ()

    def titled(self, clip: Clip | str | Path, title: str) -> Clip:
        """`clip` with its `title`. Raises UsageError when the model was fitted without features of titles."""
        if all(kind.wants for kind in self.kinds):
            raise UsageError(
                "A title was given, and the model looks at no titles. Leave it out, or fit the model with titles: "
                "tag2vec fit-video MODEL CLIPS --features trajectories+text"
            )
        return replace(Clip.of(clip), title=title)

    @abstractmethod
    def place(self, arrays: Arrays) -> Place:
        """Features of one clip, (n, dim) or (dim,) a kind. Raises UsageError for features of other kinds."""

    @abstractmethod
    def grown(self, space: TagSpace) -> Embedder:
        """The same for a `space` that has more tags after those of this one; their items come after its own."""

    def best(self, place: Place, scores: Floats, found: Rows) -> tuple[Floats, Rows]:
        """The best tags of a clip, from the k items with the highest scores (k,): final scores and rows, falling."""
        return scores, self.rows[found]

    def scores_of(self, place: Place, rows: Rows) -> Floats:
        """Final scores (n,) that a clip gives the tags in `rows` (n,)."""
        scores: Floats = self.items[rows] @ place.query
        return scores

    def evidence(self, arrays: Arrays, rows: Rows, most: int) -> list[Evidence]:
        """What speaks for each of the tags in `rows` (n,), at most `most` of a kind, the most telling first."""
        return [Evidence()] * len(rows)


class Untrained(Embedder):
    """What has seen no clip with tags: a network, or tags alone."""

    def __init__(self, space: TagSpace, *kinds: Features) -> None:
        self.base = self.space = space
        self._kinds = kinds

    def grown(self, space: TagSpace) -> Self:
        same = copy(self)
        same.space = space
        vars(same).pop("items", None)  # made anew where they are made of the space
        return same

    @property
    def kinds(self) -> Kinds:
        return self._kinds
