"""Some groups of clips aside, to see how well what was learnt from the others fits them."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

FOLDS = 5  # a fifth of the groups is held out
SPLITS = 3  # so often, unless there are MANY clips
MANY = 2000


def held_out(
    words: NDArray[np.int64], groups: Sequence[str], seed: int
) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """(learn, check) pairs: whole groups aside, every category on both sides where it has the groups for it.

    One split says little about a few clips, so there are several until there are many clips. A clip is no check when
    its word stands on no clip that is learnt from.
    """
    if len(set(groups)) < FOLDS:
        return
    pairs = group_folds(words, groups, FOLDS, seed)
    for learn, check in pairs[: 1 if len(words) > MANY else SPLITS]:
        fair = check[np.isin(words[check], words[learn])]
        if len(fair):
            yield learn, fair


def group_folds(
    categories: Sequence[Any] | NDArray[Any], groups: Sequence[str], folds: int, seed: int
) -> list[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """(train, test) rows of each fold: groups stay whole, categories keep their share as far as that allows.

    There must be at least as many groups as folds.
    """
    from sklearn.model_selection import StratifiedGroupKFold

    _, labels, counts = np.unique(np.asarray(categories), return_inverse=True, return_counts=True)
    labels[counts[labels] < folds] = -1  # too small to be spread over all folds: kept in balance together
    splitter = StratifiedGroupKFold(folds, shuffle=True, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # the rest may be too small as well
        return list(splitter.split(np.zeros(len(labels)), labels, list(groups)))
