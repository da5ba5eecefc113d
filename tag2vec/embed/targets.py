"""What a video embedder is trained towards: the tags of clips, and what the space puts beside them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tag2vec.embed.space import TagSpace

PRIOR = 10.0  # how many clips the popularity of tags in the corpus is worth against the clips' own tags
SMOOTH = 0.4  # share of a clip's target given to the tags that the space puts beside its own
NEIGHBOURS = 20  # so many of them


def targets(space: TagSpace, rows: Sequence[list[int]], known: int) -> NDArray[np.float32]:
    """Target distribution (n, v) of each clip: its own tags, and a share SMOOTH to NEIGHBOURS that go best with them.

    The first `known` rows of `space` were learnt from posts; only those say what goes with a tag. Without the
    neighbours, what follows a clip's own tags would be the tags of other training clips.
    """
    wanted = np.zeros((len(rows), len(space)), np.float32)
    for target, own in zip(wanted, rows, strict=True):
        learnt = [row for row in own if row < known]
        share = SMOOTH if learnt else 0.0
        if learnt:
            scores = space.beside(learnt)[:known]
            scores[learnt] = -np.inf  # they have their share already, and would take nearly all of this one
            near = np.argsort(-scores, kind="stable")[:NEIGHBOURS]
            beside = np.exp(scores[near] - scores[near[0]])
            target[near] += share * beside / beside.sum()
        target[own] += (1 - share) / len(own)
    return wanted


def prior(space: TagSpace, rows: Sequence[list[int]]) -> NDArray[np.float32]:
    """Probability (v,) of each tag for any clip: as often as clips carry it, the corpus being worth PRIOR clips."""
    own = np.bincount(np.concatenate(rows), minlength=len(space)).astype(np.float64)
    corpus = space.counts / space.counts.sum()
    return np.asarray((own + PRIOR * corpus) / (own.sum() + PRIOR), dtype=np.float32)
