"""What a video embedder is trained towards: the tags of clips, and what the space puts beside them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tag2vec.embed.space import TagSpace

PRIOR = 10.0  # how many clips the popularity of tags in the corpus is worth against the clips' own tags
SMOOTH = 0.4  # of a tag of its own is the tag worth that the space puts first beside a clip's own
NEIGHBOURS = 20  # so many of them


def targets(space: TagSpace, rows: Sequence[list[int]], known: int) -> NDArray[np.float32]:
    """Targets (n, v) of each clip: 1 for its own tags, up to SMOOTH for NEIGHBOURS that go best with them.

    The first `known` rows of `space` were learnt from posts; only those say what goes with a tag. Without the
    neighbours, what follows a clip's own tags would be the tags of other training clips.
    """
    wanted = np.zeros((len(rows), len(space)), np.float32)
    for target, own in zip(wanted, rows, strict=True):
        learnt = [row for row in own if row < known]
        if learnt:
            scores = space.beside(learnt)[:known]
            scores[learnt] = -np.inf  # not beside themselves
            near = np.argsort(-scores, kind="stable")[:NEIGHBOURS]
            target[near] = SMOOTH * np.exp(scores[near] - scores[near[0]])
        target[own] = 1.0
    return wanted


def prior(space: TagSpace, rows: Sequence[list[int]]) -> NDArray[np.float32]:
    """Probability (v,) that any clip carries each tag: as often as clips do, the corpus being worth PRIOR clips.

    Its posts count as having as many tags as the clips.
    """
    own = np.bincount(np.concatenate(rows), minlength=len(space)).astype(np.float64)
    corpus = np.minimum(space.counts / space.counts.sum() * own.sum() / len(rows), 1)
    return np.asarray((own + PRIOR * corpus) / (len(rows) + PRIOR), dtype=np.float32)
