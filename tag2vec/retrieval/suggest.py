"""From a clip to hashtags in the form people write."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np

from tag2vec.embed.clips import Clip
from tag2vec.embed.embedder import Embedder
from tag2vec.embed.extract import Cache, Extracted, extract_many, extract_segments
from tag2vec.embed.forms import Forms
from tag2vec.embed.space import TagSpace
from tag2vec.embed.style import restyle, style_of
from tag2vec.embed.video import VideoEmbedder
from tag2vec.errors import Tag2VecError, UsageError
from tag2vec.retrieval.choice import chosen
from tag2vec.retrieval.choosing import Choice, Chooser, Taken
from tag2vec.retrieval.indexes import Index
from tag2vec.retrieval.stored import load_index
from tag2vec.retrieval.wanted import Wanted
from tag2vec.retrieval.why import Why, explain

Group = Literal["broad", "niche"]


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A hashtag as people write it, see `Forms`. `score` is higher for better tags, and how probably the clip carries
    it where the recipe of the video embedder says so; `count` is the number of posts that carry the tag. A tag that
    was to be included and that the space lacks has neither."""

    tag: str
    stem: str
    score: float | None
    count: int
    group: Group = "niche"
    why: Why | None = None  # where it was asked for


@dataclass(frozen=True, slots=True)
class Hidden:
    """A hashtag that is as good as one that is suggested, and the rule that hid it."""

    tag: str
    stem: str
    score: float
    rule: str


@dataclass(frozen=True)
class Suggestions:
    """What was suggested for one clip. Reads like the list of its suggestions, best first."""

    clip: str
    duration_s: float
    suggestions: tuple[Suggestion, ...]
    timing_s: dict[str, float]
    warning: str | None = None
    hidden: tuple[Hidden, ...] = ()

    def __iter__(self) -> Iterator[Suggestion]:
        return iter(self.suggestions)

    def __len__(self) -> int:
        return len(self.suggestions)

    def __getitem__(self, position: int) -> Suggestion:
        return self.suggestions[position]

    def line(self) -> str:
        """The hashtags in one line, ready to paste."""
        return " ".join(f"#{s.tag}" for s in self.suggestions)

    def json(self) -> dict[str, Any]:
        """The documented JSON object of one clip."""
        shown = {
            "clip": self.clip,
            "duration_s": round(self.duration_s, 3),
            "suggestions": [_facts(one) for one in self.suggestions],
            "hidden": [_facts(one) for one in self.hidden],
            "timing_s": {name: round(seconds, 4) for name, seconds in self.timing_s.items()},
        }
        return shown | ({"warning": self.warning} if self.warning else {})


def _facts(tag: Suggestion | Hidden) -> dict[str, Any]:
    facts = asdict(tag) | {"score": None if tag.score is None else round(tag.score, 6)}
    return {name: value for name, value in facts.items() if name != "why" or value is not None}


class Suggester:
    """A tag space, an embedder of clips (fitted on it, or `zero_shot`), an index of the embedder's items, and `forms`.

    `index` may be built already, or a name, with settings or without; None: one is chosen, see `choice`. Without forms
    each tag is written in its most frequent one.
    """

    def __init__(
        self,
        space: TagSpace,
        video: Embedder,
        index: str | Index | None = None,
        cache: Cache | None = None,
        forms: Forms | None = None,
    ) -> None:
        if space.digest != video.base.digest or len(space) != len(video.base):
            raise UsageError("The video embedder was fitted on another tag space than the one given.")
        self.space = video.space
        self.forms = (forms or Forms.none(space)).of(video.space)
        self.video = video
        self.cache = cache
        self._index = index if isinstance(index, Index) else _index(video, index)

    @classmethod
    def load(
        cls,
        model: str | Path,
        index: str | None = None,
        cache: Cache | None = None,
        given: str | Path | None = None,
    ) -> Suggester:
        """Open a model folder, with the index that it keeps unless another is named; for `given` see
        VideoEmbedder.load. Raises ArtifactError."""
        space = TagSpace.load(model)
        video = VideoEmbedder.load(model, space, given)
        return cls(space, video, index or load_index(model, video), cache, Forms.load(model, space))

    def suggest(self, clip: Clip | str | Path, k: int = 15, title: str | None = None, **settings: Any) -> Suggestions:
        """The k best hashtags of one clip; `settings` are those of Wanted, for `title` see Embedder.titled.

        There may be fewer: then `warning` says why. Raises VideoError when the clip cannot be decoded, UsageError for
        what cannot be wanted, as `min_precision` of a model that cannot tell how often it is right.
        """
        clip = clip if title is None else self.titled(clip, title)
        _, result = next(self.suggest_many([clip], k, **settings))
        if isinstance(result, Tag2VecError):
            raise result
        return result

    def titled(self, clip: Clip | str | Path, title: str) -> Clip:
        """See Embedder.titled."""
        return self.video.titled(clip, title)

    def suggest_many(
        self,
        clips: Iterable[Clip | str | Path],
        k: int = 15,
        workers: int | None = None,
        **settings: Any,
    ) -> Iterator[tuple[Path, Suggestions | Tag2VecError]]:
        """(clip, its suggestions or its error), in the order of `clips`; the same answers as one clip at a time."""
        chooser = self.chooser(k, **settings)
        listed = [Clip.of(clip) for clip in clips]
        if len(listed) == 1:
            workers = 0  # starting a process takes longer than it saves
        for i, result in extract_many(listed, self.video.kinds, self.video.limits, self.cache, workers):
            if isinstance(result, Extracted):
                yield listed[i].path, self._answer(listed[i], result, chooser)
            else:
                yield listed[i].path, result

    def suggest_segments(
        self,
        clip: str | Path,
        seconds: float,
        k: int = 15,
        workers: int | None = None,
        **settings: Any,
    ) -> Iterator[tuple[float, float, Suggestions | Tag2VecError]]:
        """(start, end, the k best hashtags or the error) of each `seconds` of a clip, in order; see `suggest`.

        Raises VideoError when its beginning cannot be decoded, UsageError for too short segments.
        """
        chooser = self.chooser(k, **settings)
        if chooser.wanted.explain:
            raise UsageError("Segments of a clip are not explained. Ask for the whole clip, or leave explain out.")
        found_by_time = extract_segments(clip, self.video.kinds, seconds, self.video.limits, self.cache, workers)
        for start, end, found in found_by_time:
            yield start, end, self._answer(Clip.of(clip), found, chooser) if isinstance(found, Extracted) else found

    def chooser(self, k: int = 15, **settings: Any) -> Chooser:
        """What chooses as is wanted; `settings` are those of Wanted. Raises UsageError."""
        return Chooser(Wanted(k, **settings), self.video, self._index)

    def _answer(self, clip: Clip, extracted: Extracted, chooser: Chooser) -> Suggestions:
        start = time.perf_counter()
        place = self.video.place(extracted.arrays)
        embedded = time.perf_counter()
        choice = chooser.choose(place)
        written = self._written(choice, chooser)
        suggested = tuple(self._suggestion(one, written) for one in choice.taken)
        hidden = tuple(
            Hidden(self.space.forms[one.row], self.space.entries[one.row].stem, one.score, one.rule)
            for one in choice.left
        )
        searched = time.perf_counter()
        if chooser.wanted.explain:
            suggested = self._explained(clip, extracted, choice.taken, suggested)
        timing = extracted.timing_s | {"embed": embedded - start, "search": searched - embedded}
        told = " ".join(filter(None, [extracted.warning, choice.warning]))
        return Suggestions(str(clip.path), extracted.duration_s, suggested, timing, told or None, hidden)

    def _explained(
        self, clip: Clip, extracted: Extracted, taken: Sequence[Taken], them: Sequence[Suggestion]
    ) -> tuple[Suggestion, ...]:
        rows = [one.row for one in taken if one.row is not None]
        found = explain(clip, extracted, rows, self.video, self.cache)
        whys: dict[int | None, Why] = dict(zip(rows, found, strict=True))
        return tuple(replace(said, why=whys.get(one.row)) for one, said in zip(taken, them, strict=True))

    def _written(self, choice: Choice, chooser: Chooser) -> dict[int, str]:
        """Each row as people write it beside the best ones, in no form that is excluded."""
        rows = list(dict.fromkeys([*choice.best, *(one.row for one in choice.taken if one.row is not None)]))
        style = style_of(chooser.wanted.style)
        found = {}
        for row, form in zip(rows, self.forms.ranked(rows, style), strict=True):
            hidden = chooser.hiding.rule(form, self.space.entries[row].stem)
            found[row] = restyle(self.space, row, self.space.forms[row], style) if hidden else form
        return found

    def _suggestion(self, one: Taken, written: dict[int, str]) -> Suggestion:
        if one.row is None:
            return Suggestion(one.tag, self.space.stems.stem(one.tag), None, 0)
        entry = self.space.entries[one.row]
        group: Group = "broad" if entry.count >= self._broad else "niche"
        return Suggestion(one.tag or written[one.row], entry.stem, one.score, entry.count, group)

    @cached_property
    def _broad(self) -> int:
        """The least count of the most frequent tags that together make up half of all uses of tags."""
        falling = np.sort(self.space.counts)[::-1]
        uses = np.cumsum(falling)
        return int(falling[np.searchsorted(uses, uses[-1] / 2)])


def _index(video: Embedder, named: str | None) -> Index:
    tags, dim = video.items.shape
    index = chosen(tags, dim, named)
    index.build(video.items)
    return index
