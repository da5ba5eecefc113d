"""Of which language a tag is: the one of the posts that carry it.

A single tag is too short to tell, and #football stands in posts of every language. So each post counts for its tags: in
the language that it names, or else in the one that all its tags together look like (py3langid, `guess_all`). A tag
is of a language when its share there, shrunk by SURE posts towards that of all posts, is past halfway from theirs to
all of them; others, as names, numbers and what stands everywhere, are of no particular language. Letters say more:
a script that no wanted language is written in is never one of theirs.

On disk (kind `languages`, parent the space): `languages.npy` (v,) int16, of each row of the space the place of its
language in the codes that the config lists, or -1.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import regex
from numpy.typing import NDArray

from tag2vec import artifact
from tag2vec.embed.space import TagSpace
from tag2vec.errors import ArtifactError, unknown
from tag2vec.scraping.corpus import Corpus
from tag2vec.scraping.language import code_of, guess_all

KIND = "languages"
FOLDER = "languages"  # inside a model folder
SURE = 5  # posts: so many of one language, and none of others, make a tag one of it
GUESSED = 30_000  # posts whose language is guessed at most: 0.2 ms each

_SCRIPTS = {
    "Arabic": "ar fa ur ps ckb ug sd",
    "Armenian": "hy",
    "Bengali": "bn as",
    "Cyrillic": "ru uk be bg sr mk mn kk ky tg tt ba cv os ce",
    "Devanagari": "hi mr ne sa bho mai",
    "Ethiopic": "am ti",
    "Georgian": "ka",
    "Greek": "el",
    "Gujarati": "gu",
    "Gurmukhi": "pa",
    "Han": "zh ja yue ko",
    "Hangul": "ko",
    "Hebrew": "he yi",
    "Hiragana": "ja",
    "Kannada": "kn",
    "Katakana": "ja",
    "Khmer": "km",
    "Lao": "lo",
    "Malayalam": "ml",
    "Myanmar": "my",
    "Oriya": "or",
    "Sinhala": "si",
    "Tamil": "ta",
    "Telugu": "te",
    "Thai": "th",
}
"""script -> languages written in it. Latin letters are written in posts of all."""
_LETTERS = {script: regex.compile(rf"\p{{Script={script}}}") for script in _SCRIPTS}


@dataclass(frozen=True, eq=False)
class Languages:
    """`codes` (ISO 639-1 where there is one) of the posts; `of` (v,) has the place of each tag's own in them, or -1."""

    codes: tuple[str, ...]
    of: NDArray[np.int16]

    @classmethod
    def fit(cls, corpus: Corpus, space: TagSpace) -> Languages | None:
        """Those of the tags of `space` in `corpus`; None when its posts name none and none can be guessed."""
        return cls.of_posts(space, _posts(corpus))

    @classmethod
    def of_posts(cls, space: TagSpace, posts: Iterable[tuple[str, Sequence[str]]]) -> Languages | None:
        """`posts` are the language and the stems of each; those without a language say nothing."""
        counts: dict[str, NDArray[np.int64]] = {}
        total: dict[str, int] = {}
        for code, stems in posts:
            if code:
                own = counts.setdefault(code, np.zeros(len(space), np.int64))
                own[[space.rows[stem] for stem in stems if stem in space.rows]] += 1
                total[code] = total.get(code, 0) + 1
        if not total:
            return None
        codes = tuple(sorted(total))
        base = np.array([total[code] for code in codes], np.float64)
        base /= base.sum()
        posts_of = sum(counts.values(), np.zeros(len(space), np.int64))
        found = np.full(len(space), -1, np.int16)
        for place, code in enumerate(codes):
            share = (counts[code] + SURE * base[place]) / (posts_of + SURE)
            found[share >= (1 + base[place]) / 2] = place
        if len(codes) == 1:
            found[:] = -1  # nothing to tell apart
        return cls(codes, found)

    @classmethod
    def load(cls, model: str | Path, space: TagSpace) -> Languages | None:
        """The languages in a model folder; None when it has none, or those of another space.

        Raises ArtifactError when the folder is damaged.
        """
        folder = Path(model) / FOLDER
        if (found := artifact.read_made_from(folder, KIND, {"space": space.digest})) is None:
            return None
        with artifact.reading(folder):
            codes, of = tuple(found.config["codes"]), found.array("languages.npy")
            if of.shape != (len(space),) or (len(of) and not -1 <= of.min() <= of.max() < len(codes)):
                raise ArtifactError(f"{folder} does not hold languages of this tag space. Fit the model again.")
        return cls(codes, of)

    def save(self, model: str | Path, space: TagSpace) -> None:
        """Write them into the model folder that `space` was saved to. Raises ArtifactError."""
        with artifact.write(Path(model) / FOLDER, KIND, {"codes": self.codes}, {"space": space.digest}) as draft:
            draft.array("languages.npy", self.of)

    def at(self, row: int) -> str | None:
        """The language of one tag; None for one of no particular language, and for a row after those of the space."""
        place = int(self.of[row]) if row < len(self.of) else -1
        return self.codes[place] if place >= 0 else None

    def check(self, code: str) -> str:
        """`code` as posts are counted, `pt` for `pt-BR`. Raises UnknownName for a language that no post is in."""
        if (found := code_of(code)) not in self.codes:
            raise unknown("language of this model's posts", code, self.codes)
        return found

    def other(self, row: int, form: str, wanted: Sequence[str]) -> bool:
        """Whether the tag in `row`, written as `form`, is of a language that is none of `wanted`."""
        own = self.at(row)
        return (own is not None and own not in wanted) or not written_in(form, wanted)


def written_in(form: str, codes: Sequence[str]) -> bool:
    """Whether the letters of `form` are of scripts that one of the languages `codes` is written in."""
    if form.isascii():
        return True
    scripts = [script for script, letters in _LETTERS.items() if letters.search(form)]
    return all(set(_SCRIPTS[script].split()) & set(codes) for script in scripts)


def _posts(corpus: Corpus) -> Iterable[tuple[str, Sequence[str]]]:
    """The language and the stems of each post; where it names none, guessed of some that are spread evenly."""
    every = -(-len(corpus) // GUESSED)
    unnamed: list[dict[str, str]] = []
    for number, (code, written) in enumerate(corpus.spoken()):
        if code:
            yield code, list(written)
        elif number % every == 0:
            unnamed.append(written)
    try:
        guessed = guess_all([" ".join(written.values()) for written in unnamed])
    except ImportError:
        return
    yield from zip(guessed, map(list, unnamed), strict=True)
