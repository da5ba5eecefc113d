"""From the scores of all tags to the few that are suggested.

The best tags are gone through from the top: what a rule hides and what is a variant of a better one is left out, with
the reason. Where frequency or growth count, a tag's place is that of its relevance + popularity * ln(count) + trend *
its trend (`embed.tagtrends`); relevance is the log-odds of a probability, or a score that only ranks. Where diversity
counts, tags are taken one after the other by maximal marginal relevance (Carbonell and Goldstein 1998), (1 - diversity)
* relevance - diversity * the highest cosine to one taken before, with relevances from 0 to 1 over the pool; they are
shown in the order of their relevance.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from tag2vec.embed.embedder import Embedder, Floats, Place, Rows
from tag2vec.embed.forms import BESIDE
from tag2vec.embed.known import Known
from tag2vec.embed.precision import highest, least_score
from tag2vec.embed.units import units
from tag2vec.errors import UsageError
from tag2vec.retrieval.hiding import Hiding
from tag2vec.retrieval.indexes import Index
from tag2vec.retrieval.variants import Variants
from tag2vec.retrieval.vocabulary import vocabulary
from tag2vec.retrieval.wanted import Wanted
from tag2vec.scraping.normalise import written

POOL, FEWEST = 5, 50  # tags looked at for each one wanted, and the fewest: more where rules hide many
_NO_TRENDS = (
    "A trend was given, and this model knows none: its posts have no dates, or none of several weeks, or an earlier "
    "version fitted it. Leave it out, or fit again on posts with a 'date': tag2vec fit-embedding CORPUS --out MODEL"
)
_NO_LANGUAGES = (
    "A language was given, and this model does not know those of its tags: an earlier version fitted it, or its posts "
    "name none. Leave it out, or fit again on posts with a 'language', or with py3langid installed, which guesses it "
    '(pip install "tag2vec[text]"): tag2vec fit-embedding CORPUS --out MODEL'
)


@dataclass(frozen=True, slots=True)
class Taken:
    """A tag that is suggested: its row in the space (None: the space lacks it) and its score."""

    row: int | None
    score: float | None
    tag: str = ""  # as it was to be included


@dataclass(frozen=True, slots=True)
class Left:
    """A tag that was not suggested though it is as good as one that was, and the rule that hid it."""

    row: int
    score: float
    rule: str


@dataclass(frozen=True)
class Choice:
    """`best` are the rows of the best tags that nothing hides, so many however few are taken: what stands beside.
    Searching took `searching_s` of all."""

    taken: tuple[Taken, ...]
    left: tuple[Left, ...]
    best: tuple[int, ...] = ()
    warning: str | None = None
    searching_s: float = field(default=0.0, compare=False)


class Chooser:
    """Chooses among the tags that `video` scores and `index` finds, by what is `known` of them.

    Raises UsageError for what cannot be wanted, alone or of this model.
    """

    def __init__(self, wanted: Wanted, video: Embedder, index: Index, known: Known | None = None) -> None:
        self.wanted = wanted
        self.index = index
        self.listed = vocabulary(video.space, wanted)
        self.searched = len(video.rows)  # items that the index holds; those of composed tags come after them
        self.video = video.grown(self.listed.space) if self.listed and self.listed.composed else video
        self.space = self.video.space
        known = known or Known()
        self.trends = known.trends
        self.languages = known.languages
        if wanted.trend and not self.trends:
            raise UsageError(_NO_TRENDS)
        if wanted.language and not self.languages:
            raise UsageError(_NO_LANGUAGES)
        spoken = ",".join(wanted.language).split(",") if wanted.language else []
        self.spoken = [self.languages.check(code) for code in spoken] if self.languages else []
        self.hiding = Hiding(wanted, self.space.stems)
        self.least, self.said = _least(wanted, video)
        self.allowed = np.isin(np.arange(len(self.space)), self.listed.rows) if self.listed else None
        self.among = None if self.allowed is None else self.allowed[video.rows]
        self.included = self._included()

    def choose(self, place: Place) -> Choice:
        """The tags for one clip, those that are included first, then best first."""
        wanted = self.wanted.most - len(self.included)
        ordered = bool(self.wanted.diversity or self.wanted.popularity or self.wanted.trend)
        size, spent = max(POOL * self.wanted.most, FEWEST), 0.0
        while True:
            start = time.perf_counter()
            scores, rows = self._best(place, size)
            spent += time.perf_counter() - start
            kept, left = self._sift(scores, rows, size if ordered else max(wanted, BESIDE + 1))
            enough = len(rows) < size or (len(scores) and scores[-1] < self.least)
            if len(kept) >= wanted or enough:
                break
            size *= 4
        best = [kept[i] for i in self._diverse(scores[kept], rows[kept], wanted)] if ordered and kept else kept[:wanted]
        taken = tuple(Taken(int(rows[i]), float(scores[i])) for i in best)
        lowest = min((one.score for one in taken if one.score is not None), default=math.inf)
        hidden = tuple(one for one in left if one.score >= lowest or len(taken) < wanted)
        said = None if taken or self.included else self.said
        beside = tuple(rows[kept[: BESIDE + 1]].tolist())
        return Choice((*self._with_scores(place), *taken), hidden, beside, said, spent)

    def _best(self, place: Place, size: int) -> tuple[Floats, Rows]:
        """The `size` best of the tags to choose from, scores falling."""
        scores, found = (one[0] for one in self.index.search(place.query[None], size, self.among))
        if len(self.video.rows) > self.searched:
            composed = self.video.items[self.searched :] @ place.query
            scores = np.concatenate([scores, composed])
            found = np.concatenate([found, np.arange(self.searched, len(self.video.rows))])
            order = np.argsort(-scores, kind="stable")
            scores, found = scores[order], found[order]
        scores, rows = self.video.best(place, scores, found)
        if self.allowed is not None:
            scores, rows = scores[self.allowed[rows]], rows[self.allowed[rows]]
        return scores[:size], rows[:size]

    def _sift(self, scores: Floats, rows: Rows, enough: int) -> tuple[list[int], list[Left]]:
        """Places of the first `enough` tags that nothing hides, and what was hidden before the last of them."""
        kept: list[int] = []
        left: list[Left] = []
        variants = Variants(self._cosine)
        without = {one.row for one in self.included}
        for i, (score, row) in enumerate(zip(scores.tolist(), rows.tolist(), strict=True)):
            if len(kept) == enough or score < self.least:
                break
            form, stem = self.space.forms[row], self.space.entries[row].stem
            if row in without:
                continue
            rule = self.hiding.rule(form, stem)
            if rule is None and self.languages and self.spoken and self.languages.other(row, form, self.spoken):
                rule = "language"
            if rule is None and not self.wanted.variants:
                better = variants.of(row, self.hiding.normal(form))
                rule = None if better is None else f"variant of #{self.space.forms[better]}"
            if rule is None:
                kept.append(i)
            else:
                left.append(Left(row, score, rule))
        return kept, left

    def _cosine(self, one: int, other: int) -> float:
        a, b = units(self.space.inputs[[one, other]])
        return float(a @ b)

    def _diverse(self, scores: Floats, rows: Rows, enough: int) -> list[int]:
        """Places of the tags to take, the most relevant first."""
        value = self._relevance(scores) + self.wanted.popularity * np.log(np.maximum(self.space.counts[rows], 1))
        if self.trends:
            value = value + self.wanted.trend * self.trends.of(rows)
        if self.wanted.diversity:
            taken = _marginal(value, units(self.space.inputs[rows]), self.wanted.diversity, enough)
        else:
            taken = np.argsort(-value, kind="stable")[:enough].tolist()
        return sorted(taken, key=lambda i: (-value[i], i))

    def _relevance(self, scores: Floats) -> NDArray[np.float64]:
        if not self.video.probable:
            return scores.astype(np.float64)
        shares = np.clip(scores.astype(np.float64), 1e-9, 1 - 1e-9)
        return np.asarray(np.log(shares / (1 - shares)))

    def _included(self) -> tuple[Taken, ...]:
        found = []
        for tag in self.wanted.include:
            row = self.space.rows.get(self.space.stems.stem(tag))
            found.append(Taken(row, None, written(tag)))
        if len({one.row if one.row is not None else one.tag.casefold() for one in found}) < len(found):
            raise UsageError(f"A tag is to be included twice: {' '.join(self.wanted.include)}; leave one out.")
        return tuple(found)

    def _with_scores(self, place: Place) -> list[Taken]:
        known = [one.row for one in self.included if one.row is not None]
        scores = iter(self.video.scores_of(place, np.array(known, np.intp)).tolist() if known else [])
        return [one if one.row is None else replace(one, score=next(scores)) for one in self.included]


def _marginal(value: NDArray[np.float64], vectors: Floats, diversity: float, enough: int) -> list[int]:
    span = float(np.ptp(value)) or 1.0
    gain = (1 - diversity) * (value - value.min()) / span
    nearest = np.zeros(len(value))
    taken: list[int] = []
    for _ in range(min(enough, len(value))):
        worth = gain - diversity * nearest
        worth[taken] = -np.inf
        taken.append(int(worth.argmax()))
        nearest = np.maximum(nearest, vectors @ vectors[taken[-1]])
    return taken


def _least(wanted: Wanted, video: Embedder) -> tuple[float, str | None]:
    """The least score, and what is said when no tag has it."""
    given = -math.inf if wanted.min_score is None else wanted.min_score
    said = None if wanted.min_score is None else f"No tag is suggested: none has a score of {given:g} or more."
    if wanted.min_precision is None:
        return given, said
    known = video.thresholds
    if not known:
        raise UsageError(
            "A least precision was given, and this model cannot tell how often its suggestions are right: "
            "that takes the recipe tagspace, fusion, softmax, softfusion or sigmoid, and enough clips, in five groups "
            "or more, to hold some out in training. Leave it out, or fit again: tag2vec fit-video MODEL CLIPS"
        )
    least = least_score(known, wanted.min_precision)
    if least == math.inf:
        why = f"no score was right for {wanted.min_precision:g} of suggestions on held-out clips, the highest share is "
        return least, f"No tag is suggested: {why}{highest(known):g}."
    why = f"{wanted.min_precision:g} of suggestions were right from a score of {least:.3f} on, and this clip has none"
    return max(least, given), f"No tag is suggested: {why}."
