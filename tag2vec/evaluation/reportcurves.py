"""Curves of giving a tag or not at every threshold, of all tags at once and of the largest, by scikit-learn."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from tag2vec.evaluation.predictions import Predictions
from tag2vec.evaluation.reportplots import Curve

PAIRS = 2_000_000  # of clip and tag that a curve is drawn from; of more, those of clips spread over all

Sides = tuple[str, NDArray[np.bool_], NDArray[np.float32]]


def precision_recall(found: Predictions, colours: Sequence[str]) -> list[Curve]:
    """(colour, recall, precision): the first of all tags at once, then one a colour of the most carried tags."""
    from sklearn.metrics import precision_recall_curve

    curves = []
    for colour, right, scores in _sides(found, colours):
        if right.any():
            precision, recall, _ = precision_recall_curve(right, scores)
            curves.append((colour, recall, precision))
    return curves


def roc(found: Predictions, colours: Sequence[str]) -> list[Curve]:
    """(colour, false positive rate, true positive rate); a tag that all clips carry, or none, has no such curve."""
    from sklearn.metrics import roc_curve

    curves = []
    for colour, right, scores in _sides(found, colours):
        if right.any() and not right.all():
            wrong, true, _ = roc_curve(right, scores)
            curves.append((colour, wrong, true))
    return curves


def _sides(found: Predictions, colours: Sequence[str]) -> Iterator[Sides]:
    """(colour, whether the clip carries the tag, its score); a tag that training did not know comes last of all."""
    columns = found.columns
    finite = columns[np.isfinite(columns)]
    lowest = np.float32(finite.min() - 1 if finite.size else 0)
    scores = np.where(np.isfinite(columns), columns, lowest)
    step = max(1, -(-columns.size // PAIRS))
    carriers = found.labels.carriers
    yield colours[0], carriers.T[::step].ravel(), scores[::step].ravel()
    yield from zip(colours[1:], carriers, scores.T, strict=False)
