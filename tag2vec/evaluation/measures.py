"""The measures of all shuffles in one document: what `evaluate video` prints and its report keeps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tag2vec.embed.clips import Clip
from tag2vec.evaluation.calibration import Bin, are_probabilities, calibration_error, reliability
from tag2vec.evaluation.labelmetrics import best_cut, by_tag
from tag2vec.evaluation.predictions import ASKED, OURS, Predictions, Shuffle

SHOWN = 15  # suggestions that probabilities are checked on, as many as `suggest` gives
LISTED = 200  # tags with figures of their own


@dataclass(frozen=True)
class Evaluation:
    """Everything that a report shows. `first` is the first shuffle; `features` (m, d) are what ours started from."""

    document: dict[str, Any]
    clips: Sequence[Clip]
    first: Shuffle
    features: NDArray[np.float32]

    @property
    def ours(self) -> Predictions:
        return self.first.predictions[OURS]


@dataclass(frozen=True)
class Measured:
    """The figures of one shuffle: means of ours and each baseline, whether each clip's category was right (m,), and
    what `Shuffle.at_thresholds` gives."""

    means: dict[str, dict[str, float]]
    top1: NDArray[np.float64]
    ece: float | None
    at_thresholds: NDArray[np.int64]


def measure(shuffle: Shuffle) -> Measured:
    """All figures of one shuffle."""
    means = {}
    for name, found in shuffle.predictions.items():
        means[name] = {m: float(each.mean()) for m, each in found.by_clip().items()} | found.overall()
    ours = shuffle.predictions[OURS]
    bins = reliability_of(ours)
    return Measured(means, ours.by_clip()["top1"], calibration_error(bins) if bins else None, shuffle.at_thresholds())


def reliability_of(found: Predictions) -> list[Bin]:
    """Bins of the pairs of a clip and one of its SHOWN best suggestions; none when scores are no probabilities."""
    scores, hits = found.scores[:, :SHOWN], found.hits[:, :SHOWN]
    there = scores > -np.inf
    return reliability(scores[there], hits[there]) if are_probabilities(scores[there]) else []


def document(
    first: Shuffle, every: Sequence[Measured], failed: list[str], of_trained_groups: int = 0
) -> dict[str, Any]:
    """Plain values: figures are means of all shuffles, those of each tag and bin are of the first."""
    ours = first.predictions[OURS]
    means = {
        name: {m: _round(np.mean([one.means[name][m] for one in every])) for m in row}
        for name, row in every[0].means.items()
    }
    cut, tags = _tags(ours)
    return {
        "clips": len(ours.tags),
        "failed": len(failed),
        "of_trained_groups": of_trained_groups,
        **means.pop(OURS),
        "ece": None if every[0].ece is None else _round(np.mean([one.ece for one in every])),
        "top1_by_repeat": [_round(one.means[OURS]["top1"]) for one in every],
        "at_best_f1": cut,
        "at_min_precision": _at_min_precision(every, len(ours.tags)),
        "categories": _categories(ours, np.mean([one.top1 for one in every], axis=0)),
        "tags": tags,
        "reliability": [{k: _round(v) for k, v in asdict(one).items()} for one in reliability_of(ours)],
        "baselines": means,
        "failures": failed,
    }


def table(document: dict[str, Any]) -> tuple[list[str], list[list[Any]]]:
    """Header and rows: ours and the baselines by their measures."""
    metrics = list(next(iter(document["baselines"].values())))
    rows = [[name, *(row[m] for m in metrics)] for name, row in [(OURS, document), *document["baselines"].items()]]
    return ["", *metrics], rows


def _at_min_precision(every: Sequence[Measured], clips: int) -> dict[str, dict[str, Any]]:
    """What `suggest --min-precision` would give: its precision over all shuffles, and suggestions a clip."""
    counts = np.sum([one.at_thresholds for one in every], axis=0)
    return {
        f"{asked:g}": {
            "precision": _round(right / given) if given else None,
            "suggestions": _round(given / (clips * len(every))),
        }
        for asked, (right, given) in zip(ASKED, counts.tolist(), strict=True)
    }


def _categories(ours: Predictions, top1: NDArray[np.float64]) -> dict[str, dict[str, Any]]:
    labels, rows = ours.labels, {}
    for code in np.unique(labels.firsts).tolist():
        own = labels.firsts == code
        rows[labels.stems[code]] = {"clips": int(own.sum()), "top1": _round(top1[own].mean())}
    return dict(sorted(rows.items()))


def _tags(ours: Predictions) -> tuple[dict[str, float], dict[str, dict[str, Any]]]:
    """Micro and macro figures at the best cut, and those of the LISTED tags that most clips carry."""
    labels = ours.labels
    carried = np.zeros(len(labels.stems), np.int64)
    carried[list(labels.counts)] = list(labels.counts.values())
    cut = best_cut(ours.hits, ours.scores, labels.sizes)
    each = by_tag(ours.tags, ours.hits, ours.scores, carried, cut.threshold)
    names = ("precision", "recall", "f1")
    macro = dict(zip((f"macro_{name}" for name in names), each[carried > 0].mean(axis=0), strict=True))
    tags = {}
    for code, ap in list(zip(labels.measured, ours.average_precisions(), strict=True))[:LISTED]:
        figures = dict(zip(names, map(_round, each[code]), strict=True))
        tags[labels.stems[code]] = {"clips": int(carried[code]), **figures, "ap": _round(ap)}
    return {name: _round(value) for name, value in (asdict(cut) | macro).items()}, tags


def warning(document: dict[str, Any]) -> str:
    """What is wrong with the clips that were measured; nothing if all is well."""
    known = document["of_trained_groups"]
    if not known:
        return ""
    return (
        f"{known:,} of the {document['clips']:,} clips are of groups that the model was fitted on, so that these "
        "figures say little about other clips. Give clips of other groups, or fit anew on folds: --folds 5"
    )


def _round(value: Any) -> Any:
    return int(value) if isinstance(value, int | np.integer) else round(float(value), 4)
