"""How tags are written: the stem of each tag of a held-out post is given, and the form it has there is to be found.

Protocol: of each post with two or more tags of the space, those tags whose stem has two or more forms in the training
posts. `ours` knows which tags stand beside, `ours_cased` also in which case they are written there, as `complete` does;
`most_frequent` is the form of most training posts. A form that no training post has is a miss for all.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tag2vec.embed.forms import Forms
from tag2vec.embed.space import TagSpace, query
from tag2vec.errors import ArtifactError, SourceError
from tag2vec.evaluation.intervals import LEVEL, interval, resample
from tag2vec.scraping.find import find
from tag2vec.scraping.sources import Skip

WAYS = ("most_frequent", "ours", "ours_cased")
MEASURES = ("exact", "ignoring_case")
DIVIDED = 0.9  # share of the most frequent form below which people do not agree


@dataclass(frozen=True)
class Asked:
    """The form `truth[i]` of the tag in `rows[i]`, how each of WAYS would write it, and the number of its author."""

    rows: list[int]
    truth: list[str]
    written: list[tuple[str, ...]]
    groups: list[int]


def evaluate_forms(model: str | Path, posts: str | Path, skip: Skip = lambda where, reason: None) -> dict[str, Any]:
    """The protocol on the forms of `model`; every share is better when higher.

    "all" tags and the "divided" ones, whose most frequent form has less than 90 % of the training posts; each way with
    its measures, and those of ours with the 95 % interval of the difference to `most_frequent`, resampled by author (a
    post that names none is an author's of its own; empty when there is only one). Raises SourceError when `posts` have
    no such tag, ArtifactError for a model without forms.
    """
    space = TagSpace.load(model)
    forms = Forms.load(model, space)
    if not forms.names:
        raise ArtifactError(
            f"{model} knows one form of each tag: it was made without fit-embedding, or its posts write every tag in "
            "one way. Fit it again with: tag2vec fit-embedding CORPUS --out MODEL"
        )
    asked = ask(forms, posts, skip)
    if not asked.rows:
        raise SourceError(f"No post in {posts} has a tag of two forms beside another known one; nothing to evaluate.")
    right = _right(asked)
    shares = [max(space.entries[row].forms.values()) / sum(space.entries[row].forms.values()) for row in asked.rows]
    unseen = [form not in space.entries[row].forms for row, form in zip(asked.rows, asked.truth, strict=True)]
    groups, divided = np.array(asked.groups), np.array(shares) < DIVIDED
    return {
        "stems": sum(len(entry.forms) > 1 for entry in space.entries),
        "unseen": round(float(np.mean(unseen)), 4),
        "all": _measured(right, groups),
        "divided": _measured(right[divided], groups[divided]) if divided.any() else None,
    }


def ask(forms: Forms, posts: str | Path, skip: Skip) -> Asked:
    """Write the tags of `posts` in each of WAYS."""
    space = forms.space
    asked = Asked([], [], [], [])
    numbers: dict[str | int, int] = {}
    for source, where in find(str(posts), skip, {}):
        for post in source.posts(where):
            found = space.stems.of(post)
            known = [stem for stem in found if stem in space.rows]
            if len(known) < 2:
                continue
            group = numbers.setdefault(post.author or len(asked.rows), len(numbers))
            for stem in known:
                row = space.rows[stem]
                if len(space.entries[row].forms) < 2:
                    continue
                context = query(space.inputs[[space.rows[other] for other in known if other != stem]])
                beside = [form for other, form in found.items() if other != stem]
                ours = [forms.write([row], context, beside=cased)[0] for cased in ([], beside)]
                asked.rows.append(row)
                asked.truth.append(found[stem])
                asked.written.append((space.forms[row], *ours))
                asked.groups.append(group)
    return asked


def table(report: dict[str, Any]) -> tuple[list[str], list[list[object]]]:
    """Header and rows of what evaluate_forms gives."""
    header = ["tags", "way", *MEASURES, *(f"{measure}, ours - most_frequent, {LEVEL} %" for measure in MEASURES)]
    rows: list[list[object]] = []
    for name in ("all", "divided"):
        part = report[name] or {}
        for way in WAYS if part else ():
            ends = [part[way].get("difference", {}).get(measure, []) for measure in MEASURES]
            shown = [f"[{', '.join(format(end, '+.3f') for end in two)}]" if two else "" for two in ends]
            rows.append([name, way, *(part[way][measure] for measure in MEASURES), *shown])
    return header, rows


def facts(report: dict[str, Any]) -> str:
    """One line: how many tags were asked, and how many nobody could know."""
    divided = (report["divided"] or {"tags": 0})["tags"]
    return (
        f"{report['all']['tags']:,} tags of {report['all']['groups']:,} authors, {divided:,} of them divided; "
        f"{report['stems']:,} stems have two or more forms; {report['unseen']:.1%} of the tags have a form that no "
        "training post has"
    )


def _right(asked: Asked) -> NDArray[np.float64]:
    """(n, ways, measures): 1 where a way writes a tag as it is."""
    return np.array(
        [
            [[one == truth, one.casefold() == truth.casefold()] for one in ways]
            for ways, truth in zip(asked.written, asked.truth, strict=True)
        ],
        np.float64,
    )


def _measured(right: NDArray[np.float64], groups: NDArray[np.intp]) -> dict[str, Any]:
    n = len(right)
    _, group = np.unique(groups, return_inverse=True)
    several = group.max() > 0
    means = resample(right.reshape(n, -1), group).reshape(-1, len(WAYS), len(MEASURES)) if several else None
    found: dict[str, Any] = {"tags": n, "groups": int(group.max()) + 1}
    for i, way in enumerate(WAYS):
        found[way] = dict(zip(MEASURES, right[:, i].mean(axis=0).round(4).tolist(), strict=True))
        if i and means is not None:
            ends = interval(means[:, i] - means[:, 0]).T.round(4).tolist()
            found[way]["difference"] = dict(zip(MEASURES, ends, strict=True))
    return found
