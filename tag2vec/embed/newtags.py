"""The tags of clips beside those of the space: their forms count, and tags that it lacks get rows of their own."""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from tag2vec.embed.compose import composed, directions, rarest, telling, vectors_at, words_inside
from tag2vec.embed.space import TagSpace, Vectors
from tag2vec.scraping.corpus import Entry
from tag2vec.scraping.normalise import written
from tag2vec.scraping.post import Post

TagLists = Sequence[Sequence[str]]


def with_tags_of(space: TagSpace, tag_lists: TagLists) -> TagSpace:
    """`space` with the forms in `tag_lists`, and one more row, after its own, for every tag in them that it lacks.

    A new tag lies where `compose` puts it: by the known tags inside it and those beside it. Half of its direction is
    its own, drawn from its spelling, so that two new tags stay apart.
    """
    entries = entries_with(space, tag_lists)
    beside: dict[str, list[list[int]]] = {entry.stem: [] for entry in entries[len(space) :]}
    for found in _found(space, tag_lists):
        known = [space.rows[stem] for stem in found if stem in space.rows]
        for stem in beside.keys() & found:
            beside[stem].append(known)
    forms = [next(iter(entry.forms)) for entry in entries[len(space) :]]
    words = [words_inside(space, form) for form in forms]
    inside = [found if telling(found, form) else {} for found, form in zip(words, forms, strict=True)]
    inputs, outputs = (vectors_at(known, _apart(known, inside, beside)) for known in (space.inputs, space.outputs))
    return extended(space, entries, inputs, outputs)


def with_composed(space: TagSpace, tags: Iterable[str]) -> TagSpace:
    """`space` with one more row, after its own, for each of `tags` that it lacks and that known tags inside place.

    Such a tag lies where `compose` puts it, is as rare as the rarest half, and stands in no post.
    """
    new: dict[str, tuple[str, dict[int, int]]] = {}
    for tag in tags:
        stem = space.stems.stem(tag)
        if stem and stem not in space.rows and telling(words := words_inside(space, tag), tag):
            new.setdefault(stem, (written(tag), words))
    if not new:
        return space
    inputs, outputs = (composed(known, [words for _, words in new.values()]) for known in (space.inputs, space.outputs))
    entries = space.entries + [Entry(stem, 0, {form: 0}) for stem, (form, _) in new.items()]
    return extended(space, entries, inputs, outputs)


def extended(space: TagSpace, entries: Sequence[Entry], inputs: Vectors, outputs: Vectors) -> TagSpace:
    """`space` with more rows after its own: all `entries`, the vectors (n, dim) of the new ones, and a bias for each
    that is as rare as the rarest half."""
    bias = np.append(space.bias, np.full(len(inputs), rarest(space.bias).mean(), np.float32))
    if len(inputs):
        inputs, outputs = np.vstack([space.inputs, inputs]), np.vstack([space.outputs, outputs])
    else:
        inputs, outputs = space.inputs, space.outputs  # matrices are not copied for nothing
    return TagSpace(entries, inputs, outputs, space.config, space.parents, space.digest, bias)


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


def _apart(
    vectors: Vectors, inside: Sequence[dict[int, int]], beside: dict[str, list[list[int]]]
) -> NDArray[np.float64]:
    """Directions (n, dim) of new tags, each with a part of its own."""
    aims = directions(vectors, inside, list(beside.values()))
    for aim, stem in zip(aims, beside, strict=True):
        own = np.random.default_rng(zlib.crc32(stem.encode())).standard_normal(len(aim))
        aim += own / np.linalg.norm(own)
        aim /= np.linalg.norm(aim)
    return aims
