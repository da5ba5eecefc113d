"""What raters found relevant: by who suggested it, by class, and how sure that is.

Singh et al. (2016), section 4.2 and figure 7: the mean number of relevant tags of a clip, by class, and the clips with
none.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

import numpy as np

from tag2vec.errors import UsageError
from tag2vec.evaluation.agreement import NONE, alpha
from tag2vec.evaluation.intervals import interval, resample_crossed


@dataclass(frozen=True)
class Rated:
    """A clip of a study: its class, who suggests which of its tags (by their numbers), and who marked them how."""

    name: str
    category: str
    lists: dict[str, list[int]]
    marks: dict[str, dict[int, bool]] = field(default_factory=dict)  # rater -> number of a tag -> relevant

    @property
    def tags(self) -> set[int]:
        """The numbers of all tags."""
        return set().union(*self.lists.values())

    def whole(self) -> list[str]:
        """Raters who marked all tags."""
        tags = self.tags
        return [rater for rater, marks in self.marks.items() if tags <= marks.keys()]


def summary(clips: Sequence[Rated]) -> dict[str, Any]:
    """All figures of a study. A clip counts for a rater who marked all its tags. Raises UsageError when none did."""
    rows = [(rater, i) for i, clip in enumerate(clips) for rater in clip.whole()]
    if not rows:
        raise UsageError("Nobody has marked all hashtags of a clip yet; wanted one rater and one clip at least.")
    arms = list(clips[0].lists)
    relevant = np.array(
        [[sum(clips[i].marks[rater][tag] for tag in clips[i].lists[arm]) for arm in arms] for rater, i in rows], float
    )
    suggested = np.array([[len(clips[i].lists[arm]) for arm in arms] for _, i in rows], float)
    numbers = np.unique([rater for rater, _ in rows], return_inverse=True)[1]
    seen = np.array([i for _, i in rows])
    means = resample_crossed(relevant, numbers, seen)
    low, high = interval(means)
    categories = np.array([clips[i].category for i in seen])
    return {
        "clips": len(np.unique(seen)),
        "raters": dict(sorted(Counter(rater for rater, _ in rows).items())),
        "marks": sum(len(marks) for clip in clips for marks in clip.marks.values()),
        "alpha": _alpha(clips),
        "arms": {
            arm: {
                "relevant": _mean(relevant[:, a]),
                "interval": [round(float(low[a]), 4), round(float(high[a]), 4)],
                "suggested": _mean(suggested[:, a]),
                "share": round(float(relevant[:, a].sum() / max(suggested[:, a].sum(), 1)), 4),
                "none": _mean(relevant[:, a] == 0),
                "clips_with_none": len(np.setdiff1d(seen, seen[relevant[:, a] > 0])),  # nobody found one there
                "classes": {
                    category: _of_class(relevant[own, a], seen[own], numbers[own])
                    for category in sorted(set(categories.tolist()))
                    for own in [np.flatnonzero(categories == category)]
                },
            }
            for a, arm in enumerate(arms)
        },
        "differences": [
            {"of": arms[a], "to": arms[b], "difference": _mean(relevant[:, a] - relevant[:, b])}
            | {"interval": [round(float(end), 4) for end in interval(means[:, [a]] - means[:, [b]])[:, 0]]}
            for a, b in combinations(range(len(arms)), 2)
        ],
    }


def _of_class(
    relevant: np.ndarray[Any, Any], seen: np.ndarray[Any, Any], raters: np.ndarray[Any, Any]
) -> dict[str, Any]:
    """`none`: clips without a relevant tag, as a rater finds them on average."""
    by_rater = [float((relevant[raters == rater] == 0).sum()) for rater in np.unique(raters)]
    return {"clips": len(np.unique(seen)), "relevant": _mean(relevant), "none": round(float(np.mean(by_rater)), 4)}


def _alpha(clips: Sequence[Rated]) -> float | None:
    raters = sorted({rater for clip in clips for rater in clip.marks})
    units = [(clip, tag) for clip in clips for tag in sorted(clip.tags)]
    values = [[int(clip.marks.get(rater, {}).get(tag, NONE)) for rater in raters] for clip, tag in units]
    found = alpha(np.array(values, np.int8).reshape(len(units), len(raters)))
    return None if found is None else round(found, 4)


def _mean(values: np.ndarray[Any, Any]) -> float:
    return round(float(np.mean(values)), 4)
