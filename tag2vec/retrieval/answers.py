"""What was chosen, said in hashtags."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np

from tag2vec.embed.clips import Clip
from tag2vec.embed.extract import Cache, Extracted
from tag2vec.embed.forms import Forms
from tag2vec.embed.known import Known
from tag2vec.embed.like import Like
from tag2vec.embed.limits import FrameLimits
from tag2vec.embed.space import TagSpace
from tag2vec.embed.style import restyle, style_of
from tag2vec.embed.tagtrends import RISING
from tag2vec.retrieval.choosing import Choice, Chooser, Taken
from tag2vec.retrieval.suggestions import Group, Hidden, Suggestion, Suggestions
from tag2vec.retrieval.why import Why, explain


class Answers:
    """Suggestions of features by a chooser: each tag in the form that people write beside the others."""

    def __init__(self, space: TagSpace, forms: Forms, known: Known) -> None:
        self.forms = forms
        self.known = known
        self._broad = _broad(space)

    def of(
        self,
        clip: Clip | None,
        extracted: Extracted,
        chooser: Chooser,
        limits: FrameLimits,
        cache: Cache | None = None,
    ) -> Suggestions:
        """What `chooser` takes for the features of a clip. To explain, its parts are looked at within `limits` and kept
        in the `cache`."""
        start = time.perf_counter()
        place = chooser.video.place(extracted.arrays)
        embedded = time.perf_counter()
        choice = chooser.choose(place)
        written = self._written(choice, chooser)
        space = chooser.space
        suggested = tuple(self._suggestion(one, written, space) for one in choice.taken)
        hidden = tuple(
            Hidden(space.forms[one.row], space.entries[one.row].stem, one.score, one.rule) for one in choice.left
        )
        chosen_s = time.perf_counter() - embedded - choice.searching_s
        if chooser.wanted.explain:
            rows = [one.row for one in choice.taken if one.row is not None]
            found = explain(clip, extracted, rows, chooser.video, limits, cache)
            whys: dict[int | None, Why] = dict(zip(rows, found, strict=True))
            each = zip(choice.taken, suggested, strict=True)
            suggested = tuple(replace(said, why=whys.get(one.row)) for one, said in each)
        timing = extracted.timing_s | {"embed": embedded - start, "search": choice.searching_s, "choose": chosen_s}
        told = " ".join(filter(None, [extracted.warning, choice.warning]))
        given = chooser.video.given.tags if isinstance(chooser.video, Like) else ()
        name = "" if clip is None else str(clip)
        return Suggestions(name, extracted.duration_s, suggested, timing, told or None, hidden, given)

    def _written(self, choice: Choice, chooser: Chooser) -> dict[int, str]:
        """Each row as people write it beside the best ones, in no form that is excluded."""
        rows = list(dict.fromkeys([*choice.best, *(one.row for one in choice.taken if one.row is not None)]))
        style, space = style_of(chooser.wanted.style), chooser.space
        found = {}
        for row, form in zip(rows, self.forms.of(space).ranked(rows, style), strict=True):
            hidden = chooser.hiding.rule(form, space.entries[row].stem)
            found[row] = restyle(space, row, space.forms[row], style) if hidden else form
        return found

    def _suggestion(self, one: Taken, written: dict[int, str], space: TagSpace) -> Suggestion:
        if one.row is None:
            return Suggestion(one.tag, space.stems.stem(one.tag), None, 0)
        entry = space.entries[one.row]
        group: Group = "broad" if entry.count >= self._broad else "niche"
        trend = self.known.trends.at(one.row) if self.known.trends else None
        group = "rising" if trend is not None and trend >= RISING else group
        return Suggestion(one.tag or written[one.row], entry.stem, one.score, entry.count, group, trend)


def _broad(space: TagSpace) -> int:
    """The least count of the most frequent tags that together make up half of all uses of tags."""
    falling = np.sort(space.counts)[::-1]
    uses = np.cumsum(falling)
    return int(falling[np.searchsorted(uses, uses[-1] / 2)])
