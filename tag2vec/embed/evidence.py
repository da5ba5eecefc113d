"""From scores to probabilities: what a network says of a clip, and what the training clips nearest to it carry.

Both are mixed, m = (1 - weight) sigmoid(score) + weight share, where the share of a tag is that of the nearest clips,
weighted by likeness, which carry it. A probability is sigmoid(scale logit(m) + shift) (Platt: Probabilistic Outputs for
Support Vector Machines, 1999). The three numbers are fitted on clips that the network did not learn from, and so
is how often suggestions are right from a probability on (`precision.py`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from tag2vec.embed.examples import Examples
from tag2vec.embed.precision import thresholds
from tag2vec.embed.training import HeldOut
from tag2vec.embed.units import units

NEIGHBOURS = 20
CANDIDATES = 50  # tags of a clip with the highest scores that the numbers are fitted on, beside those of its neighbours
WEIGHTS = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6)

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Mixture:
    """`weight` from 0 to 1, `scale` above 0; `thresholds` are those of probabilities, empty when nothing told them."""

    weight: float = 0.0
    scale: float = 1.0
    shift: float = 0.0
    thresholds: list[float | None] = field(default_factory=list)

    def mixed(self, scores: Floats, shares: Floats) -> NDArray[np.float64]:
        """Scores and shares, both (...,), -> the logits of both together (...,)."""
        said = 1 / (1 + np.exp(-np.clip(scores.astype(np.float64), -80, 80)))
        both = np.clip((1 - self.weight) * said + self.weight * shares, 1e-12, 1 - 1e-12)
        return np.asarray(np.log(both / (1 - both)), np.float64)

    def of(self, scores: Floats, shares: Floats) -> Floats:
        """Scores and shares, both (...,), -> probabilities (...,)."""
        logits = self.scale * self.mixed(scores, shares) + self.shift
        return np.asarray(1 / (1 + np.exp(-logits)), dtype=np.float32)


def places(carried: Tensor, rows: Sequence[Sequence[int]]) -> list[list[int]]:
    """Rows of tags -> their places among those that are scored one by one (l,)."""
    at = {row: place for place, row in enumerate(carried.tolist())}
    return [[at[row] for row in own] for own in rows]


class Neighbours:
    """Training clips: their vectors (n, d), and which of l tags each carries."""

    def __init__(self, vectors: Floats, carried: Sequence[Sequence[int]], tags: int) -> None:
        self.vectors = units(vectors)
        self.carried = [np.asarray(places, np.intp) for places in carried]
        self.tags = tags

    def shares(self, vector: Floats) -> Floats:
        """vector (d,) -> (l,) the share of the NEIGHBOURS nearest, weighted by likeness, which carry each tag."""
        alike = self.vectors @ units(vector)
        near = np.argsort(-alike, kind="stable")[:NEIGHBOURS]
        weights = np.maximum(alike[near], 0)
        weights /= max(float(weights.sum()), 1e-12)
        found = np.zeros(self.tags, np.float32)
        for i, weight in zip(near, weights, strict=True):
            found[self.carried[i]] += weight
        return found


def mixture_of(held_out: Sequence[HeldOut], examples: Examples, rows: Sequence[Sequence[int]]) -> Mixture:
    """The mixture that fits what networks say of clips that they did not learn from; `rows` are each clip's tags."""
    found = [part for held in held_out for part in _judged(held, examples, rows)]
    if not found:
        return Mixture()
    scores, shares, own = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return fitted(scores, shares, own)


def _judged(
    held: HeldOut, examples: Examples, rows: Sequence[Sequence[int]]
) -> Iterator[tuple[Floats, Floats, Floats]]:
    """Of each held-out clip, for the tags in question (n,): score, share, and whether it carries them."""
    tags = len(held.network.head.carried)
    carried = places(held.network.head.carried, rows)
    learn, check = (held.network.vectors(examples.take(part).seen) for part in (held.learn, held.check))
    neighbours = Neighbours(learn.numpy(), [carried[i] for i in held.learn], tags)
    for vector, clip in zip(check, held.check, strict=True):
        scores: Floats = held.network.scores(vector[None])[0].numpy()
        shares = neighbours.shares(vector.numpy())
        asked = shares > 0
        asked[np.argsort(-scores, kind="stable")[:CANDIDATES]] = True
        own = np.zeros(tags, np.float32)
        own[carried[clip]] = 1.0
        yield scores[asked], shares[asked], own[asked]


def fitted(scores: Floats, shares: Floats, carried: Floats) -> Mixture:
    """The weight that ranks best (GAP), the least of equals; then scale and shift with the least cross-entropy; then
    the thresholds of the probabilities that these give."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import average_precision_score

    if carried.min() == carried.max():
        return Mixture()
    mixed = {weight: Mixture(weight).mixed(scores, shares) for weight in WEIGHTS}
    gap = {weight: round(float(average_precision_score(carried, m)), 4) for weight, m in mixed.items()}
    weight = max(WEIGHTS, key=lambda one: (gap[one], -one))
    line = LogisticRegression(C=np.inf).fit(mixed[weight][:, None], carried)
    mixture = Mixture(weight, max(float(line.coef_[0, 0]), 1e-3), float(line.intercept_[0]))
    return replace(mixture, thresholds=thresholds(mixture.of(scores, shares), carried))
