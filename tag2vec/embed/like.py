"""Hashtags in the manner of given ones: alone, or as a pull on what a clip says.

Alone, a tag has the score of `TagSpace.beside_vectors`, that of `complete`. With a clip, what the clip says and what
the given tags say count as two witnesses who know nothing of each other (naive Bayes), so that the log-odds are

    logit p(tag | clip, given) = logit p(tag | clip) + lift,    lift = ln q(tag | given) - ln share(tag)

where q is the softmax of the scores beside the given tags over all tags, which is how the space was fitted, and share
the tag's part in all uses of tags: how many times as often it stands beside them as it stands anywhere. Scores that
only rank are no log-odds; there the lift is brought to their spread (the standard deviation over the scored tags).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from tag2vec.embed.embedder import Embedder, Evidence, Floats, Place, Rows, Untrained
from tag2vec.embed.kinds import Kinds
from tag2vec.embed.limits import FrameLimits
from tag2vec.embed.lookup import spellings
from tag2vec.embed.pooled import Arrays
from tag2vec.embed.space import TagSpace
from tag2vec.errors import UnknownName, UsageError
from tag2vec.scraping.normalise import tags_of, written
from tag2vec.scraping.post import Post

Lifts = NDArray[np.float64]

LEAST = 1e-9  # that a probability is taken for, and 1 minus it


@dataclass(frozen=True)
class Given:
    """Tags to be like, as they were written, and their `rows` in the space, distinct and in order."""

    tags: tuple[str, ...]
    rows: tuple[int, ...]

    @classmethod
    def of(cls, space: TagSpace, tags: str | Iterable[str]) -> Given:
        """`tags` as `#surf #wave`, or one by one. Raises UsageError when there is none, UnknownName, which names the
        nearest spellings, when the space lacks one: what a tag that is guessed stands beside would be guessed too."""
        parts = [tags] if isinstance(tags, str) else list(tags)
        split = tags_of(Post("", tuple(part for text in parts for part in text.replace(",", " ").split())))
        named = [tag for tag in map(written, split) if space.stems.stem(tag)]
        if not named:
            raise UsageError(f"'{' '.join(parts)}' names no tag to be like; wanted hashtags, as '#surf #wave'.")
        if missing := [tag for tag in named if tag not in space]:
            near = "; ".join(f"for #{tag} #{' #'.join(spellings(space, tag))}" for tag in missing)
            raise UnknownName(
                f"Among the {len(space):,} tags of this space there is no #{', no #'.join(missing)} to be like. "
                f"The nearest spellings: {near}. Give tags that it has."
            )
        return cls(tuple(named), tuple(space.known_rows(named)))


class TagsAlone(Untrained):
    """A tag space without anything that looks at clips."""

    @property
    def items(self) -> Floats:
        return np.zeros((0, 1), np.float32)

    def place(self, arrays: Arrays) -> Place:
        raise UsageError(
            "This is a tag space alone, which knows no clips. Ask for what is like given tags, or load a model that "
            "was fitted on clips: tag2vec fit-video MODEL CLIPS"
        )


class Like(Embedder):
    """`video`, drawn towards what stands beside `given`; with TagsAlone nothing but that.

    The place of a clip has the scores of all tags, and there is nothing to search: `items` is empty. The given tags
    have scores, and are not among the best.
    """

    def __init__(self, video: Embedder, given: Given) -> None:
        self.base, self.space = video.base, video.space
        self.video = video
        self.given = given

    @property
    def kinds(self) -> Kinds:
        return self.video.kinds

    @property
    def limits(self) -> FrameLimits:
        return self.video.limits

    @property
    def items(self) -> Floats:
        return np.zeros((0, 1), np.float32)

    @property
    def probable(self) -> bool:
        return self.video.probable

    def grown(self, space: TagSpace) -> Like:
        return Like(self.video.grown(space), self.given)

    def place(self, arrays: Arrays) -> Place:
        if isinstance(self.video, TagsAlone):
            return _scored(self.space.beside(self.given.rows))
        found = self.video.place(arrays)
        every = np.arange(len(self.video.items))
        scores, rows = self.video.best(found, self.video.items @ found.query, every)
        drawn = np.full(len(self.space), -np.inf, np.float32)  # what the embedder does not know stays so
        drawn[rows] = self._drawn(scores, self._lift[rows])
        return _scored(drawn)

    def best(self, place: Place, scores: Floats, found: Rows) -> tuple[Floats, Rows]:
        rows = np.setdiff1d(np.flatnonzero(np.isfinite(place.direct)), self.given.rows)
        rows = rows[np.argsort(-place.direct[rows], kind="stable")]
        return place.direct[rows], rows

    def scores_of(self, place: Place, rows: Rows) -> Floats:
        found: Floats = place.direct[rows]
        return found

    def evidence(self, arrays: Arrays, rows: Rows, most: int) -> list[Evidence]:
        """That of the embedder, and the given tags that each on its own stand beside the tag more than elsewhere."""
        lifts = np.stack([_lift(self.space, [row])[rows] for row in self.given.rows])
        order = np.argsort(-lifts, axis=0, kind="stable")[:most]
        names = [
            tuple(self.space.forms[self.given.rows[i]] for i in own if lifts[i, at] > 0)
            for at, own in enumerate(order.T)
        ]
        return [
            replace(one, beside=own) for one, own in zip(self.video.evidence(arrays, rows, most), names, strict=True)
        ]

    @cached_property
    def _lift(self) -> Lifts:
        return _lift(self.space, self.given.rows)

    def _drawn(self, scores: Floats, lift: Lifts) -> Lifts:
        """Scores (n,) of a clip with the lift (n,) of each tag."""
        if not self.probable:
            drawn: Lifts = scores + lift * (float(scores.std()) / max(float(lift.std()), LEAST))
            return drawn
        shares = np.clip(scores.astype(np.float64), LEAST, 1 - LEAST)
        return np.asarray(1 / (1 + np.exp(-(np.log(shares / (1 - shares)) + lift))))


def _scored(scores: Floats) -> Place:
    return Place(np.zeros(1, np.float32), scores)


def _lift(space: TagSpace, rows: Sequence[int]) -> Lifts:
    """How many times as often each tag stands beside those in `rows` as anywhere: the logarithm (v,)."""
    beside = space.beside(rows).astype(np.float64)
    counts = np.maximum(space.counts, 1)
    lift: Lifts = beside - np.logaddexp.reduce(beside) - np.log(counts / counts.sum())
    return lift
