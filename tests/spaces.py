"""A tag space whose vectors are known."""

from __future__ import annotations

import numpy as np

from tag2vec.embed.space import TagSpace
from tag2vec.scraping.corpus import Entry

TAGS = ("skate", "newyork", "beach", "new", "longisland")  # the most frequent first


def space() -> TagSpace:
    """The tags TAGS, carried by 50, 40, ... posts; the input vector of each is an axis of its own."""
    entries = [Entry(tag, 50 - 10 * row, {tag: 50 - 10 * row}) for row, tag in enumerate(TAGS)]
    axes = np.eye(len(TAGS), dtype=np.float32)
    return TagSpace(entries, axes, axes, {"stemmer": "english", "corpus": "nowhere"})
