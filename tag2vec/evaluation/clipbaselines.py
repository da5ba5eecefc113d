"""Simple ways to tag a clip, beside which a video embedder is measured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from tag2vec.embed.clips import Clip
from tag2vec.embed.space import TagSpace
from tag2vec.embed.targets import prior
from tag2vec.embed.units import units

NEIGHBOURS = 20  # training clips whose tags are transferred
CLASSIFIED = 10_000  # training clips that a classifier learns from: its memory grows with the square

Scores = NDArray[np.float32]


def clip_baselines(space: TagSpace, learn: Sequence[Clip], vectors: Scores, pooled: Scores) -> dict[str, Scores]:
    """Scores (m, v) of all tags for clips `pooled` (m, d), from the clips `learn` with `vectors` (n, d).

    `popularity` knows only how common a tag is; `nearest_clips` transfers the tags of the NEIGHBOURS nearest;
    `class_names` is what a plain classifier can say: first tags of training clips, from the likeliest on, and nothing
    else (scikit-learn's RidgeClassifier, of CLASSIFIED clips at most).
    """
    rows = [space.known_rows(clip.tags) for clip in learn]
    popularity = prior(space, rows)
    near = units(pooled) @ units(vectors).T
    transferred = np.tile(popularity * 1e-3, (len(pooled), 1))  # decides only between tags no neighbour carries
    for score, row in zip(transferred, near, strict=True):
        for i in np.argsort(-row, kind="stable")[:NEIGHBOURS]:
            score[rows[i]] += max(float(row[i]), 0.0)
    return {
        "popularity": np.tile(popularity, (len(pooled), 1)),
        "nearest_clips": transferred,
        "class_names": _class_names(rows, vectors, pooled, popularity),
    }


def with_others_tags(clips: Sequence[Clip], seed: int) -> list[Clip]:
    """The control: the same clips, each with the tags of another."""
    mixed = np.random.default_rng(seed).permutation(len(clips))
    return [replace(clip, tags=clips[i].tags) for clip, i in zip(clips, mixed, strict=True)]


def _class_names(rows: Sequence[Sequence[int]], vectors: Scores, pooled: Scores, popularity: Scores) -> Scores:
    from sklearn.linear_model import RidgeClassifier

    named = [i for i, row in enumerate(rows) if row]
    named = named[:: -(-len(named) // CLASSIFIED) or 1]
    scores = np.tile(popularity * 1e-3, (len(pooled), 1))
    firsts = np.array([rows[i][0] for i in named])
    classes = np.unique(firsts)
    if len(classes) == 1:
        scores[:, classes] += 1.0
    elif len(classes):
        found = RidgeClassifier().fit(vectors[named], firsts).decision_function(pooled)
        found = np.stack([-found, found], axis=1) if len(classes) == 2 else found
        scores[:, classes] += found - found.min(initial=0.0) + 1.0  # before all that is no class
    return scores
