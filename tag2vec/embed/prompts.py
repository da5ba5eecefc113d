"""The tags themselves as texts, for networks that were trained on pictures and texts together (CLIP, SigLIP).

Radford et al., Learning Transferable Visual Models From Natural Language Supervision (2021), section 3.1.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tag2vec.embed.cache import Cache, Extracted, compact, digest
from tag2vec.embed.embedder import Place, Untrained
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
        self._items = _embedded(network, [PROMPT.format(form) for form in space.forms[:MOST]], cache)

    @property
    def items(self) -> NDArray[np.float32]:
        return self._items

    def place(self, arrays: Arrays) -> Place:
        """Pictures (frames, dim) -> a query (dim,): the mean of their directions."""
        return Place(units(units(np.atleast_2d(arrays[0])).mean(axis=0)))


def _embedded(network: Network, texts: list[str], cache: Cache | None) -> NDArray[np.float32]:
    """texts -> (n, dim) of length 1, kept in `cache`."""
    key = digest({"texts": texts, "features": describe(network)})
    found = cache.get(key) if cache else None
    if found is None:
        found = Extracted((network.texts(texts),), 0.0, {}, None)
        if cache:
            cache.put(key, found)
    # As the cache keeps them, so that fresh and kept answers are the same.
    return compact(found.arrays[0]).astype(np.float32)
