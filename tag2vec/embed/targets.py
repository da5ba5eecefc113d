"""What a video embedder is trained towards: the tags of clips, and what the space puts beside them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tag2vec.embed.space import TagSpace

Target = tuple[NDArray[np.int64], NDArray[np.float32]]
"""Rows of tags, and what is wanted of each from 0 to 1; 0 is wanted of all others."""

PRIOR = 10.0  # how many clips the popularity of tags in the corpus is worth against the clips' own tags
SMOOTH = 0.4  # of a tag of its own is the tag worth that the space puts first beside a clip's own
NEIGHBOURS = 20  # so many of them


def targets(space: TagSpace, rows: Sequence[list[int]], known: int) -> list[Target]:
    """The target of each clip: 1 for its own tags, up to SMOOTH for the NEIGHBOURS that go best with them.

    Neighbours are tags that no clip carries: of the others the clips say themselves where they belong. The first
    `known` rows of `space` were learnt from posts; only those say what goes with a tag.
    """
    carried = np.zeros(len(space), bool)
    carried[[row for own in rows for row in own]] = True
    found: dict[tuple[int, ...], Target] = {}  # many clips carry the same tags
    return [found.get(key := tuple(own)) or found.setdefault(key, _target(space, own, carried[:known])) for own in rows]


def _target(space: TagSpace, own: list[int], carried: NDArray[np.bool_]) -> Target:
    learnt = [row for row in own if row < len(carried)]
    wanted = dict.fromkeys(own, 1.0)
    if learnt:
        scores = space.beside(learnt)[: len(carried)]
        scores[learnt] = -np.inf  # not beside themselves
        best = scores.max()
        scores[carried] = -np.inf
        near = np.argsort(-scores, kind="stable")[:NEIGHBOURS]
        wanted |= {int(row): float(SMOOTH * np.exp(scores[row] - best)) for row in near if scores[row] > -np.inf}
    return np.array(list(wanted), np.int64), np.array(list(wanted.values()), np.float32)


def prior(space: TagSpace, rows: Sequence[Sequence[int]]) -> NDArray[np.float32]:
    """Probability (v,) that any clip carries each tag: as often as clips do, the corpus being worth PRIOR clips.

    Its posts count as having as many tags as the clips.
    """
    own = np.bincount(np.concatenate(rows), minlength=len(space)).astype(np.float64)
    corpus = np.minimum(space.counts / space.counts.sum() * own.sum() / len(rows), 1)
    return np.asarray((own + PRIOR * corpus) / (len(rows) + PRIOR), dtype=np.float32)
