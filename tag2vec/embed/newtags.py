"""The tags of clips beside those of the space: their forms count, and tags that it lacks get rows of their own."""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Sequence

import numpy as np

from tag2vec.embed.space import TagSpace, Vectors
from tag2vec.scraping.corpus import Entry
from tag2vec.scraping.post import Post

TagLists = Sequence[Sequence[str]]


def with_tags_of(space: TagSpace, tag_lists: TagLists) -> TagSpace:
    """`space` with the forms in `tag_lists`, and one more row, after its own, for every tag in them that it lacks.

    A new tag's vectors are as long as those of an average tag. Their direction is the mean of the tags beside it that
    the space knows, plus one of its own (drawn from its spelling), so that two new tags stay apart.
    """
    entries = entries_with(space, tag_lists)
    beside: dict[str, list[int]] = {entry.stem: [] for entry in entries[len(space) :]}
    for found in _found(space, tag_lists):
        known = [space.rows[stem] for stem in found if stem in space.rows]
        for stem in found:
            if stem in beside:
                beside[stem].extend(known)
    inputs, outputs = (
        np.vstack([vectors, *(_vector(stem, known, vectors) for stem, known in beside.items())])
        for vectors in (space.inputs, space.outputs)
    )
    bias = with_bias_of_rare(space.bias, len(beside))
    return TagSpace(entries, inputs, outputs, space.config, space.parents, space.digest, bias)


def with_bias_of_rare(bias: Vectors, new: int) -> Vectors:
    """`bias` (v,) and that of `new` more tags, which nobody is known to use more than the rarest one."""
    return np.append(bias, np.full(new, bias.min(), np.float32))


def entries_with(space: TagSpace, tag_lists: TagLists) -> list[Entry]:
    """The entries of `space`, their forms counted in `tag_lists` too, and those of the new tags in alphabetical order.

    The count of a tag stays the number of posts; that of a new one is the number of lists it stands in.
    """
    forms: dict[str, Counter[str]] = {}
    for found in _found(space, tag_lists):
        for stem, form in found.items():
            forms.setdefault(stem, Counter())[form] += 1
    old = [
        Entry(e.stem, e.count, _ordered(Counter(e.forms) + forms[e.stem])) if e.stem in forms else e
        for e in space.entries
    ]
    return old + [Entry(s, forms[s].total(), _ordered(forms[s])) for s in sorted(forms) if s not in space.rows]


def _found(space: TagSpace, tag_lists: TagLists) -> list[dict[str, str]]:
    return [space.stems.of(Post("", tuple(tags))) for tags in tag_lists]


def _ordered(forms: Counter[str]) -> dict[str, int]:
    return dict(sorted(forms.items(), key=lambda item: (-item[1], item[0])))


def _vector(stem: str, known: list[int], vectors: Vectors) -> Vectors:
    own = np.random.default_rng(zlib.crc32(stem.encode())).standard_normal(vectors.shape[1])
    direction = own / np.linalg.norm(own)
    if known:
        mean = vectors[known].mean(axis=0)
        direction = direction + mean / max(float(np.linalg.norm(mean)), 1e-12)
    length = float(np.median(np.linalg.norm(vectors, axis=1)))
    return np.asarray(direction / np.linalg.norm(direction) * length, dtype=np.float32)
