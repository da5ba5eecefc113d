"""What the title of a clip says, through a tag space: its words are tags that other people used.

Words, and runs of two and three written as one word ("new york": #newyork), are looked up by their stems. The input
vectors of those that the space knows are summed as those of given tags are (`tag2vec.embed.space.query`), each with the
weight -log of its share of all counts, so that rare words say more.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import regex
from numpy.typing import NDArray

from tag2vec.embed.features import Features
from tag2vec.errors import ArtifactError, UsageError

if TYPE_CHECKING:
    from tag2vec.embed.clips import Clip
    from tag2vec.embed.frames import Frames
    from tag2vec.embed.space import TagSpace

LONGEST = 3  # words of a title that may be one tag

_WORD = regex.compile(r"[\p{L}\p{M}\p{N}_]+")
_APOSTROPHE = regex.compile(r"(?<=\p{L})['’](?=\p{L})")


@dataclass(frozen=True)
class Title(Features):
    """One row: where the words of the title lie in a tag space; none for a clip whose title holds no known word.

    The space is that of the folder `model`, or, without one, the space that the video embedder is fitted on.
    """

    model: str = ""  # a model folder
    content: str = ""  # the checksum of its space, which is found when it is opened

    dim: int = field(default=0, init=False, compare=False)
    _space: TagSpace | None = field(default=None, init=False, repr=False, compare=False)
    wants = frozenset[str]()

    def __post_init__(self) -> None:
        if self.model:
            from tag2vec.embed.space import TagSpace

            space = TagSpace.load(self.model)
            if self.content and self.content not in {space.digest, *space.earlier}:
                raise ArtifactError(
                    f"{self.model} holds another tag space ({space.digest[:12]}) than the one that the titles were "
                    f"learnt with ({self.content[:12]}). Put that one back, or fit the video embedder again."
                )
            self._fill(model=str(Path(self.model).absolute()), content=self.content or space.digest)
            self._fill(dim=space.dim, _space=space)

    def bound(self, space: TagSpace) -> Title:
        """This, or when it names no model, the same with the words of `space`."""
        if self.model:
            return self
        own = replace(self)
        own._fill(dim=space.dim, _space=space)
        return own

    def of(self, clip: Clip, seen: Frames) -> NDArray[np.float32]:
        """(1, dim), or (0, dim) where there is no title or no known word in it."""
        space = self._space
        if space is None:
            raise UsageError("The features 'text' need a tag space to look words up; wanted text:MODEL.")
        rows = space.known_rows(tags_in(clip.title or ""))
        if not rows:
            return np.zeros((0, self.dim), np.float32)
        weights = np.log(space.counts.sum() / space.counts[rows])
        return np.asarray(weights @ space.inputs[rows] / np.linalg.norm(weights), np.float32)[None]


def tags_in(title: str) -> list[str]:
    """All words of a title, then all runs of two and of three, each run as one word."""
    words = words_of(title)
    return ["".join(words[i : i + n]) for n in range(1, LONGEST + 1) for i in range(len(words) - n + 1)]


def words_of(title: str) -> list[str]:
    """The words of a title, in order."""
    found: list[str] = _WORD.findall(_APOSTROPHE.sub("", title))
    return found
