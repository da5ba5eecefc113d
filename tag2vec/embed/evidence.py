"""From scores to probabilities: what a network says of a clip, and what the training clips nearest to it carry.

Both are mixed, m = (1 - weight) sigmoid(score) + weight share, where the share of a tag is that of the nearest clips,
weighted by likeness, which carry it: those that look alike, and, for `written` of it, those of which the clip's title
is written. A probability is sigmoid(scale logit(m) + shift) (Platt: Probabilistic Outputs for Support Vector Machines,
1999). The four numbers are fitted on clips that the network did not learn from, and so is how often suggestions are
right from a probability on (`precision.py`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from tag2vec.embed.examples import Examples
from tag2vec.embed.pooled import Poolings
from tag2vec.embed.precision import thresholds
from tag2vec.embed.told import Told
from tag2vec.embed.training import HeldOut
from tag2vec.embed.units import units

NEIGHBOURS = 20
CANDIDATES = 50  # tags of a clip with the highest scores that the numbers are fitted on, beside those of its neighbours
WEIGHTS = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6)
WRITTEN = (0.0, 0.25, 0.5, 0.75, 1.0)

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Mixture:
    """`weight` and `written` from 0 to 1, `scale` above 0; `thresholds` are those of probabilities, empty when nothing
    told them."""

    weight: float = 0.0
    scale: float = 1.0
    shift: float = 0.0
    written: float = 0.0
    thresholds: list[float | None] = field(default_factory=list)

    def mixed(self, scores: Floats, shares: Floats) -> NDArray[np.float64]:
        """Scores (...,) and shares (2, ...) -> the logits of all together (...,)."""
        said = 1 / (1 + np.exp(-np.clip(scores.astype(np.float64), -80, 80)))
        share = (1 - self.written) * shares[0] + self.written * shares[1]
        both = np.clip((1 - self.weight) * said + self.weight * share, 1e-12, 1 - 1e-12)
        return np.asarray(np.log(both / (1 - both)), np.float64)

    def of(self, scores: Floats, shares: Floats) -> Floats:
        """Scores (...,) and shares (2, ...) -> probabilities (...,)."""
        logits = self.scale * self.mixed(scores, shares) + self.shift
        return np.asarray(1 / (1 + np.exp(-np.clip(logits, -700, 700))), dtype=np.float32)


class Neighbours:
    """Training clips: their vectors (n, d), the `rows` of the tags that each carries, and what is written of them.

    `scored` are the rows (l,) of the tags that have shares.
    """

    def __init__(
        self, vectors: Floats, rows: Sequence[Sequence[int]], scored: Sequence[int], told: Told | None = None
    ) -> None:
        at = {row: place for place, row in enumerate(scored)}
        self.vectors = units(vectors)
        self.rows = rows
        self.carried = [np.array([at[row] for row in own if row in at], np.intp) for own in rows]
        self.tags = len(scored)
        self.told = told

    def shares(self, vector: Floats, title: Floats) -> Floats:
        """vector (d,), and title (width,) as `Poolings.titles` gives it -> (2, l): of the NEIGHBOURS nearest, weighted
        by likeness, the share that carries each tag. They are nearest by their vectors, and by what is written of them.
        """
        near = self._share(self.vectors @ units(vector))
        written = self.told.alike(title) if self.told and title.any() else None
        return np.stack([near, near if written is None or written.max() <= 0 else self._share(written)])

    def witnesses(self, vector: Floats, rows: Sequence[int], most: int) -> list[list[tuple[int, float]]]:
        """Of each of the tags in `rows`, at most `most` of the NEIGHBOURS nearest clips that carry it, with their
        cosines to the vector (d,), the nearest first."""
        alike = self.vectors @ units(vector)
        near = np.argsort(-alike, kind="stable")[:NEIGHBOURS].tolist()
        carriers = [[i for i in near if row in self.rows[i]][:most] for row in rows]
        return [[(i, round(float(alike[i]), 4)) for i in own] for own in carriers]

    def _share(self, alike: Floats) -> Floats:
        near = np.argsort(-alike, kind="stable")[:NEIGHBOURS]
        weights = np.maximum(alike[near], 0)
        weights /= max(float(weights.sum()), 1e-12)
        found = np.zeros(self.tags, np.float32)
        for i, weight in zip(near, weights, strict=True):
            found[self.carried[i]] += weight
        return found


def mixture_of(
    held_out: Sequence[HeldOut],
    examples: Examples,
    rows: Sequence[Sequence[int]],
    told: Told | None,
    poolings: Poolings,
) -> Mixture:
    """The mixture that fits what networks say of clips that they did not learn from; `rows` are each clip's tags."""
    found = [
        part for held in held_out for part in _judged(held, examples, rows, told, held.network.poolings or poolings)
    ]
    if not found:
        return Mixture()
    return fitted(*(np.concatenate(parts, axis=-1) for parts in zip(*found, strict=True)))


def _judged(
    held: HeldOut, examples: Examples, rows: Sequence[Sequence[int]], told: Told | None, poolings: Poolings
) -> Iterator[tuple[Floats, Floats, Floats]]:
    """Of each held-out clip, for n tags in question: scores (n,), shares (2, n), and whether it carries them (n,)."""
    carried = held.network.head.carried.numpy()
    learn = held.network.vectors(examples.take(held.learn).seen)
    known = told.take(held.learn) if told else None
    neighbours = Neighbours(learn.numpy(), [rows[i] for i in held.learn], carried.tolist(), known)
    pooled = held.network.pooled(examples.take(held.check).seen)
    for vector, seen, clip in zip(held.network.vectors(pooled), pooled.numpy(), held.check, strict=True):
        scores: Floats = held.network.scores(vector[None])[0].numpy()
        shares = neighbours.shares(vector.numpy(), poolings.titles(seen))
        asked = shares.max(axis=0) > 0
        asked[np.argsort(-scores, kind="stable")[:CANDIDATES]] = True
        yield scores[asked], shares[:, asked], np.isin(carried, rows[clip])[asked].astype(np.float32)


def fitted(scores: Floats, shares: Floats, carried: Floats) -> Mixture:
    """The weights that rank best (GAP), the least of equals; then scale and shift with the least cross-entropy; then
    the thresholds of the probabilities that these give."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import average_precision_score

    if carried.min() == carried.max():
        return Mixture()
    witnesses = WRITTEN if not np.array_equal(*shares) else WRITTEN[:1]
    tried = [Mixture(weight, written=written) for weight in WEIGHTS for written in witnesses if weight or not written]
    gap = [round(float(average_precision_score(carried, one.mixed(scores, shares))), 4) for one in tried]
    best = tried[gap.index(max(gap))]
    line = LogisticRegression(C=np.inf).fit(best.mixed(scores, shares)[:, None], carried)
    mixture = replace(best, scale=max(float(line.coef_[0, 0]), 1e-3), shift=float(line.intercept_[0]))
    return replace(mixture, thresholds=thresholds(mixture.of(scores, shares), carried))
