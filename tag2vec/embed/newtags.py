"""Tags that clips carry and the space does not: they get rows of their own, so that they can be suggested."""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Sequence

import numpy as np

from tag2vec.embed.space import TagSpace, Vectors
from tag2vec.scraping.corpus import Entry
from tag2vec.scraping.normalise import Stems
from tag2vec.scraping.post import Post


def with_tags_of(space: TagSpace, tag_lists: Sequence[Sequence[str]]) -> TagSpace:
    """`space` with one more row for every tag in `tag_lists` that it lacks, after its own rows; else the same object.

    A new tag's vectors are as long as those of an average tag. Their direction is the mean of the tags beside it that
    the space knows, plus one of its own (drawn from its spelling), so that two new tags stay apart. Its count is the
    number of lists it stands in.
    """
    stems = Stems(space.config["stemmer"])
    found = [stems.of(Post("", tuple(tags))) for tags in tag_lists]
    forms: dict[str, Counter[str]] = {}
    beside: dict[str, list[int]] = {}
    for one in found:
        known = [space.rows[stem] for stem in one if stem in space.rows]
        for stem, form in one.items():
            if stem not in space.rows:
                forms.setdefault(stem, Counter())[form] += 1
                beside.setdefault(stem, []).extend(known)
    if not forms:
        return space
    new = sorted(forms)
    entries = [Entry(s, forms[s].total(), dict(sorted(forms[s].items(), key=lambda f: (-f[1], f[0])))) for s in new]
    inputs, outputs = (
        np.vstack([vectors, *(_vector(stem, beside[stem], vectors) for stem in new)])
        for vectors in (space.inputs, space.outputs)
    )
    return TagSpace([*space.entries, *entries], inputs, outputs, space.config, space.parents, space.digest)


def _vector(stem: str, known: list[int], vectors: Vectors) -> Vectors:
    own = np.random.default_rng(zlib.crc32(stem.encode())).standard_normal(vectors.shape[1])
    direction = own / np.linalg.norm(own)
    if known:
        mean = vectors[known].mean(axis=0)
        direction = direction + mean / max(float(np.linalg.norm(mean)), 1e-12)
    length = float(np.median(np.linalg.norm(vectors, axis=1)))
    return np.asarray(direction / np.linalg.norm(direction) * length, dtype=np.float32)
