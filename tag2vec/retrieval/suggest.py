"""From a clip to hashtags in the form people write."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np

from tag2vec import plugins
from tag2vec.embed.bringing import Bringer, Bringing, named
from tag2vec.embed.clips import Clip
from tag2vec.embed.embedder import Embedder, Floats
from tag2vec.embed.extract import Cache, Extracted, extract_many, extract_segments
from tag2vec.embed.forms import Forms
from tag2vec.embed.known import Known
from tag2vec.embed.like import Given, Like, TagsAlone
from tag2vec.embed.limits import FrameLimits
from tag2vec.embed.space import TagSpace
from tag2vec.embed.video import VideoEmbedder
from tag2vec.errors import Tag2VecError, UsageError
from tag2vec.retrieval.answers import Answers
from tag2vec.retrieval.choice import built
from tag2vec.retrieval.choosing import Chooser
from tag2vec.retrieval.indexes import Index
from tag2vec.retrieval.stored import load_index
from tag2vec.retrieval.suggestions import Suggestions
from tag2vec.retrieval.wanted import Wanted


class Suggester:
    """A tag space, an embedder of clips (fitted on it, or `zero_shot`), an index of the embedder's items, `forms`, and
    what else is `known` of the tags.

    `index` may be built already, or a name, with settings or without; None: one is chosen, see
    `tag2vec.retrieval.choice`. Without forms each tag is written in its most frequent one.
    """

    def __init__(
        self,
        space: TagSpace,
        video: Embedder,
        index: str | Index | None = None,
        cache: Cache | None = None,
        forms: Forms | None = None,
        known: Known | None = None,
    ) -> None:
        if space.digest != video.base.digest or len(space) != len(video.base):
            raise UsageError("The video embedder was fitted on another tag space than the one given.")
        self.space = video.space
        self.forms = (forms or Forms.none(space)).of(video.space)
        self.known = known or Known()
        self.video = video
        self.cache = cache
        self._answers = Answers(self.space, self.forms, self.known)
        self._index = index if isinstance(index, Index) else built(video.items, index)

    @classmethod
    def of_tags(cls, model: str | Path) -> Suggester:
        """Open the tag space of a model folder alone: for `suggest_like`, and no clip. Raises ArtifactError."""
        return cls.with_embedder(model, TagsAlone(TagSpace.load(model)), "exact")

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
        return cls.with_embedder(model, VideoEmbedder.load(model, given=given), index, cache)

    @classmethod
    def with_embedder(
        cls, model: str | Path, video: Embedder, index: str | None = None, cache: Cache | None = None
    ) -> Suggester:
        """Open what else a model folder holds for an embedder of its space, see `load`. Raises ArtifactError."""
        kept, space = index or load_index(model, video), video.base
        return cls(space, video, kept, cache, Forms.load(model, space), Known.load(model, space))

    def suggest(self, clip: Clip | str | Path, k: int = 15, title: str | None = None, **settings: Any) -> Suggestions:
        """The k best hashtags of one clip.

        `settings` are those of `tag2vec.retrieval.wanted.Wanted`; for `title` see Embedder.titled, for `like`
        `chooser`, for `fps` and `bringing` `suggest_many`.

        There may be fewer: then `warning` says why. A web address is asked for when it is given as text, and by nothing
        else. Raises VideoError when the clip cannot be decoded, SourceError when it cannot be brought, UsageError for
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
        fps: float | None = None,
        bringing: Bringing | None = None,
        **settings: Any,
    ) -> Iterator[tuple[Path | str, Suggestions | Tag2VecError]]:
        """(clip, its suggestions or its error), in the order of `clips`; the same answers as one clip at a time.

        `fps` are the frames a second of clips that are folders of pictures, see `FrameLimits.picture_fps`. A text "-",
        or a web address, is brought within the bounds of `bringing`: nothing else uses the network.
        """
        return self.chosen_by(self.chooser(k, **settings), clips, workers, fps, bringing)

    def chosen_by(
        self,
        chooser: Chooser,
        clips: Iterable[Clip | str | Path],
        workers: int | None = None,
        fps: float | None = None,
        bringing: Bringing | None = None,
    ) -> Iterator[tuple[Path | str, Suggestions | Tag2VecError]]:
        """`suggest_many` by a chooser that `chooser` made before: the lists that are wanted are read once."""
        limits, bringer = self._limits(fps), Bringer(bringing)
        listed = [Clip.of(clip) for clip in clips]
        if len(listed) == 1:
            workers = 0  # starting a process takes longer than it saves
        for from_afar, some in groupby(listed, key=lambda clip: clip.source is not None):
            if not from_afar:
                for clip, result in self._answered(list(some), chooser, limits, workers):
                    yield clip.path, result
                continue
            for clip in some:  # one after the other: what is brought takes room
                try:
                    with bringer.bring(clip) as here:
                        ((_, result),) = self._answered([here], chooser, limits, 0)
                        result = named(result, here) if isinstance(result, Tag2VecError) else result
                except Tag2VecError as error:
                    result = error
                yield str(clip), result

    def suggest_segments(
        self,
        clip: str | Path,
        seconds: float,
        k: int = 15,
        workers: int | None = None,
        fps: float | None = None,
        bringing: Bringing | None = None,
        **settings: Any,
    ) -> Iterator[tuple[float, float, Suggestions | Tag2VecError]]:
        """(start, end, the k best hashtags or the error) of each `seconds` of a clip, in order; see `suggest`.

        Raises VideoError when its beginning cannot be decoded, SourceError when it cannot be brought, UsageError for
        too short segments.
        """
        chooser, limits = self.chooser(k, **settings), self._limits(fps)
        if chooser.wanted.explain:
            raise UsageError("Segments of a clip are not explained. Ask for the whole clip, or leave explain out.")
        with Bringer(bringing).bring(Clip.of(clip)) as here:
            for start, end, found in extract_segments(here, self.video.kinds, seconds, limits, self.cache, workers):
                if isinstance(found, Extracted):
                    yield start, end, self._answers.of(here, found, chooser, limits)
                else:
                    yield start, end, named(found, here)

    def suggest_like(self, tags: str | Iterable[str], k: int = 15, **settings: Any) -> Suggestions:
        """The k best hashtags beside `tags`, as `#surf #wave` or one by one, with the scores of TagSpace.complete.

        No clip is looked at, and the model needs to know none. `settings` are those of
        `tag2vec.retrieval.wanted.Wanted`. Raises as `chooser`.
        """
        alone = Suggester(self.space, TagsAlone(self.space), "exact", None, self.forms, self.known)
        chooser = alone.chooser(k, like=tags, **settings)
        return alone._answers.of(None, Extracted((), 0.0, {}, None), chooser, alone.video.limits)

    def suggest_features(self, arrays: Sequence[Floats], k: int = 15, **settings: Any) -> Suggestions:
        """`suggest` for features that were computed elsewhere: an array a kind of the model, in the order of its kinds,
        each (rows, dim) or, where the kind gives one vector, (dim,). Raises UsageError for other ones."""
        kinds = self.video.kinds
        found = tuple(np.ascontiguousarray(one, np.float32) for one in arrays)
        wanted = " and ".join(f"(rows, {kind.dim}) for {plugins.name_of(kind)}" for kind in kinds)
        if [one.shape[-1:] for one in found] != [(kind.dim,) for kind in kinds] or any(
            one.ndim > 2 or not one.size or not np.isfinite(one).all() for one in found
        ):
            raise UsageError(
                f"The features have the shapes {[one.shape for one in found]}; wanted {wanted}, all finite."
            )
        chooser = self.chooser(k, **settings)
        return self._answers.of(None, Extracted(found, 0.0, {}, None), chooser, self.video.limits)

    def chooser(self, k: int = 15, like: str | Iterable[str] = (), **settings: Any) -> Chooser:
        """What chooses as is wanted; `settings` are those of `tag2vec.retrieval.wanted.Wanted`.

        Clips are drawn towards what stands beside the tags `like`, see `tag2vec.embed.like`; these are not suggested
        themselves, unless they are to be included. Raises UsageError, UnknownName for such a tag that the space lacks.
        """
        wanted = Wanted(k, **settings)
        if not (tags := [like] if isinstance(like, str) else list(like)):
            return Chooser(wanted, self.video, self._index, self.known)
        if wanted.min_precision is not None:
            raise UsageError(
                "A least precision was measured for what clips say alone, and like changes the scores. Leave one out."
            )
        drawn = Like(self.video, Given.of(self.space, tags))
        return Chooser(wanted, drawn, built(drawn.items, "exact"), self.known)

    def _answered(
        self, clips: Sequence[Clip], chooser: Chooser, limits: FrameLimits, workers: int | None
    ) -> Iterator[tuple[Clip, Suggestions | Tag2VecError]]:
        for i, found in extract_many(clips, self.video.kinds, limits, self.cache, workers):
            if isinstance(found, Extracted):
                yield clips[i], self._answers.of(clips[i], found, chooser, limits, self.cache)
            else:
                yield clips[i], found

    def _limits(self, fps: float | None) -> FrameLimits:
        return self.video.limits if fps is None else replace(self.video.limits, picture_fps=fps)
