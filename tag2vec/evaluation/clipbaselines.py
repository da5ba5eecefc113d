"""Simple ways to tag a clip, beside which a video embedder is measured."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tag2vec.embed.clips import Clip
from tag2vec.embed.space import TagSpace
from tag2vec.embed.targets import prior
from tag2vec.embed.units import units

NEIGHBOURS = 20  # training clips whose tags are transferred

Scores = NDArray[np.float32]


def clip_baselines(space: TagSpace, learn: Sequence[Clip], vectors: Scores, pooled: Scores) -> dict[str, Scores]:
    """Scores (m, v) of all tags for clips `pooled` (m, d), from the clips `learn` with `vectors` (n, d).

    `popularity` knows only how common a tag is; `nearest_clips` transfers the tags of the NEIGHBOURS nearest.
    """
    rows = [space.known_rows(clip.tags) for clip in learn]
    popularity = prior(space, rows)
    near = units(pooled) @ units(vectors).T
    transferred = np.tile(popularity * 1e-3, (len(pooled), 1))  # decides only between tags no neighbour carries
    for score, row in zip(transferred, near, strict=True):
        for i in np.argsort(-row, kind="stable")[:NEIGHBOURS]:
            score[rows[i]] += max(float(row[i]), 0.0)
    return {"popularity": np.tile(popularity, (len(pooled), 1)), "nearest_clips": transferred}
