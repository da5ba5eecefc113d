"""The tags themselves as texts, for networks that were trained on pictures and texts together (CLIP, SigLIP).

Radford et al., Learning Transferable Visual Models From Natural Language Supervision (2021), section 3.1.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Self

import numpy as np
from numpy.typing import NDArray

from tag2vec.embed.cache import Cache, Extracted, compact, digest
from tag2vec.embed.embedder import Floats, Place, Rows, Untrained
from tag2vec.embed.features import describe
from tag2vec.embed.features._network import Network
from tag2vec.embed.pooled import Arrays
from tag2vec.embed.space import TagSpace
from tag2vec.embed.units import units

PROMPT = "a video of {}"
MOST = 2000  # tags, the most frequent ones: each costs the text network a run


class Prompts(Untrained):
    """The most frequent tags of a space, ranked by the cosine of "a video of TAG" and what is seen."""

    def __init__(self, space: TagSpace, network: Network, cache: Cache | None = None) -> None:
        super().__init__(space, network)
        self._network, self._cache = network, cache

    @cached_property
    def items(self) -> NDArray[np.float32]:
        return self._texts(self.space.forms[:MOST])

    @cached_property
    def rows(self) -> Rows:
        return np.arange(len(self.items))

    def grown(self, space: TagSpace) -> Self:
        same = super().grown(space)
        new = np.arange(len(self.space), len(space))
        same.items = np.vstack([self.items, self._texts([space.forms[row] for row in new])])
        same.rows = np.append(self.rows, new)
        return same

    def scores_of(self, place: Place, rows: Rows) -> Floats:
        """Also of tags that are too rare to have an item."""
        scores: Floats = self._texts([self.space.forms[row] for row in rows]) @ place.query
        return scores

    def place(self, arrays: Arrays) -> Place:
        """Pictures (frames, dim) -> a query (dim,): the mean of their directions."""
        return Place(units(units(np.atleast_2d(arrays[0])).mean(axis=0)))

    def _texts(self, forms: Sequence[str]) -> NDArray[np.float32]:
        """What the network makes of tags: (n, dim) of length 1, kept in the cache."""
        texts = [PROMPT.format(form) for form in forms]
        key = digest({"texts": texts, "features": describe(self._network)})
        found = self._cache.get(key) if self._cache else None
        if found is None:
            found = Extracted((self._network.texts(texts),), 0.0, {}, None)
            if self._cache:
                self._cache.put(key, found)
        # As the cache keeps them, so that fresh and kept answers are the same.
        return compact(found.arrays[0]).astype(np.float32)
