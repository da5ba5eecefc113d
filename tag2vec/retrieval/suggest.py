"""From a clip to hashtags in the form people write."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from tag2vec import plugins
from tag2vec.embed.clips import Clip
from tag2vec.embed.embedder import Embedder
from tag2vec.embed.extract import Cache, Extracted, extract_many, extract_segments
from tag2vec.embed.precision import highest, least_score
from tag2vec.embed.space import TagSpace
from tag2vec.embed.video import VideoEmbedder
from tag2vec.errors import MissingExtra, Tag2VecError, UsageError
from tag2vec.retrieval.indexes import Index


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A hashtag in its most frequent form. `score` is higher for better tags, and how probably the clip carries it
    where the recipe of the video embedder says so; `count` is the number of posts that carry the tag."""

    tag: str
    stem: str
    score: float
    count: int


@dataclass(frozen=True)
class Suggestions:
    """What was suggested for one clip. Reads like the list of its suggestions, best first."""

    clip: str
    duration_s: float
    suggestions: tuple[Suggestion, ...]
    timing_s: dict[str, float]
    warning: str | None = None

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
            "suggestions": [asdict(s) | {"score": round(s.score, 6)} for s in self.suggestions],
            "timing_s": {name: round(seconds, 4) for name, seconds in self.timing_s.items()},
        }
        return shown | ({"warning": self.warning} if self.warning else {})


@dataclass(frozen=True, slots=True)
class _Wanted:
    """At most `k` suggestions, each with the score `least` or more; `else_said` when there is none."""

    k: int
    least: float = -math.inf
    else_said: str | None = None


class Suggester:
    """A tag space, an embedder of clips (fitted on it, or `zero_shot`) and an index. `index` None: FAISS when there."""

    def __init__(self, space: TagSpace, video: Embedder, index: str | None = None, cache: Cache | None = None) -> None:
        if space.digest != video.base.digest or len(space) != len(video.base):
            raise UsageError("The video embedder was fitted on another tag space than the one given.")
        self.space = video.space
        self.video = video
        self.cache = cache
        self._index = _index(index)
        self._index.build(video.items)

    @classmethod
    def load(
        cls,
        model: str | Path,
        index: str | None = None,
        cache: Cache | None = None,
        given: str | Path | None = None,
    ) -> Suggester:
        """Open a model folder; for `given` see VideoEmbedder.load. Raises ArtifactError."""
        space = TagSpace.load(model)
        return cls(space, VideoEmbedder.load(model, space, given), index, cache)

    def suggest(
        self, clip: Clip | str | Path, k: int = 15, title: str | None = None, min_precision: float | None = None
    ) -> Suggestions:
        """The k best hashtags of one clip. Raises VideoError when it cannot be decoded; for `title` see `titled`.

        With `min_precision`, above 0 and below 1, only those so probable that at least this share of the suggestions
        as probable was right on clips that the network did not learn from, in steps of 0.01 and never looser than
        asked. That may be none: then `warning` says why. A tag that no training clip carries is held to the same
        probability. Raises UsageError when the model has no such clips to judge by.
        """
        clip = clip if title is None else self.titled(clip, title)
        _, result = next(self.suggest_many([clip], k, min_precision=min_precision))
        if isinstance(result, Tag2VecError):
            raise result
        return result

    def titled(self, clip: Clip | str | Path, title: str) -> Clip:
        """`clip` with its `title`. Raises UsageError when the model was fitted without features of titles."""
        if all(kind.wants for kind in self.video.kinds):
            raise UsageError(
                "A title was given, and the model looks at no titles. Leave it out, or fit the model with titles: "
                "tag2vec fit-video MODEL CLIPS --features trajectories+text"
            )
        return replace(Clip.of(clip), title=title)

    def suggest_many(
        self,
        clips: Iterable[Clip | str | Path],
        k: int = 15,
        workers: int | None = None,
        min_precision: float | None = None,
    ) -> Iterator[tuple[Path, Suggestions | Tag2VecError]]:
        """(clip, its suggestions or its error), in the order of `clips`; the same answers as one clip at a time."""
        wanted = self._wanted(k, min_precision)
        listed = [Clip.of(clip) for clip in clips]
        if len(listed) == 1:
            workers = 0  # starting a process takes longer than it saves
        for i, result in extract_many(listed, self.video.kinds, self.video.limits, self.cache, workers):
            if isinstance(result, Extracted):
                yield listed[i].path, self._answer(listed[i].path, result, wanted)
            else:
                yield listed[i].path, result

    def suggest_segments(
        self,
        clip: str | Path,
        seconds: float,
        k: int = 15,
        workers: int | None = None,
        min_precision: float | None = None,
    ) -> Iterator[tuple[float, float, Suggestions | Tag2VecError]]:
        """(start, end, the k best hashtags or the error) of each `seconds` of a clip, in order; see `suggest`.

        Raises VideoError when its beginning cannot be decoded, UsageError for too short segments.
        """
        wanted = self._wanted(k, min_precision)
        found_by_time = extract_segments(clip, self.video.kinds, seconds, self.video.limits, self.cache, workers)
        for start, end, found in found_by_time:
            yield start, end, self._answer(Path(clip), found, wanted) if isinstance(found, Extracted) else found

    def _wanted(self, k: int, min_precision: float | None) -> _Wanted:
        if k < 1:
            raise UsageError(f"k is {k}; wanted 1 or more.")
        if min_precision is None:
            return _Wanted(k)
        if not 0 < min_precision < 1:
            raise UsageError(f"The least precision is {min_precision:g}; wanted a share above 0 and below 1, as 0.8.")
        known = self.video.thresholds
        if not known:
            raise UsageError(
                "A least precision was given, and this model cannot tell how often its suggestions are right: "
                "that takes the recipe tagspace, fusion, softmax or sigmoid, and enough clips, in five groups or more, "
                "to hold some out in training. Leave it out, or fit again: tag2vec fit-video MODEL CLIPS"
            )
        least = least_score(known, min_precision)
        said = (
            f"no score was right for {min_precision:g} of suggestions on held-out clips, the highest share is "
            f"{highest(known):g}"
            if least == math.inf
            else f"{min_precision:g} of suggestions were right from a score of {least:.3f} on, and this clip has none"
        )
        return _Wanted(k, least, f"No tag is suggested: {said}.")

    def _answer(self, path: Path, extracted: Extracted, wanted: _Wanted) -> Suggestions:
        start = time.perf_counter()
        place = self.video.place(extracted.arrays)
        embedded = time.perf_counter()
        scores, found = (one[0] for one in self._index.search(place.query[None], wanted.k))
        scores, rows = (best[: wanted.k] for best in self.video.best(place, scores, found))
        suggested = tuple(
            Suggestion(
                self.space.forms[row],
                self.space.entries[row].stem,
                float(score),
                self.space.entries[row].count,
            )
            for score, row in zip(scores, rows, strict=True)
            if score >= wanted.least
        )
        searched = time.perf_counter()
        timing = extracted.timing_s | {"embed": embedded - start, "search": searched - embedded}
        told = " ".join(filter(None, [extracted.warning, None if suggested else wanted.else_said]))
        return Suggestions(str(path), extracted.duration_s, suggested, timing, told or None)


def _index(name: str | None) -> Index:
    if name is not None:
        return plugins.make(Index, name)
    try:
        return plugins.make(Index, "faiss_flat")
    except MissingExtra:
        return plugins.make(Index, "exact")
