"""Where a tag that someone asks for lies in a tag space: as written, by stem, by spelling, or by words inside it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from tag2vec.embed.compose import composed, telling, words_inside
from tag2vec.errors import UnknownName, UsageError
from tag2vec.scraping.normalise import spell, written

if TYPE_CHECKING:
    from tag2vec.embed.space import TagSpace, Vectors

NEAR = 75.0  # rapidfuzz ratio 0..100 below which a spelling is not near
TYPO = 85.0  # and from which a tag is taken for a misspelt one, whatever words are inside it

Step = Literal["exact", "stem", "spelling"]


@dataclass(frozen=True, slots=True)
class Found:
    """Where a tag that someone asked for was found: `step` says how far it had to be searched."""

    asked: str
    tag: str
    row: int
    step: Step

    @property
    def known(self) -> tuple[str, ...]:
        """The tags of the space by which it is answered."""
        return (self.tag,)


@dataclass(frozen=True, slots=True, eq=False)
class Composed:
    """A tag that the space lacks, with an input vector (dim,) from the known tags inside it, `words`."""

    asked: str
    tag: str
    words: tuple[str, ...]
    vector: Vectors
    step: Literal["words"] = "words"
    row: None = None

    @property
    def known(self) -> tuple[str, ...]:
        return self.words


def told(found: Found | Composed) -> dict[str, str]:
    """What JSON says of a tag that was asked for."""
    return {"asked": found.asked, "found": " ".join(found.known), "step": found.step}


def resolve(space: TagSpace, tag: str) -> Found:
    """See `TagSpace.resolve`."""
    return _known(space, tag) or _misspelt(space, tag, *_alike(space, tag)[0])


def place(space: TagSpace, tag: str) -> Found | Composed:
    """See `TagSpace.place`."""
    if found := _known(space, tag):
        return found
    row, nearness = _alike(space, tag)[0]
    if nearness < TYPO and telling(words := words_inside(space, tag), tag):
        vector = composed(space.inputs, [words])[0]
        return Composed(tag, written(tag), tuple(space.forms[row] for row in words), vector)
    return _misspelt(space, tag, row, nearness)


def _misspelt(space: TagSpace, tag: str, row: int, nearness: float) -> Found:
    if nearness < NEAR:
        raise UnknownName(
            f"#{written(tag)} is not among the {len(space):,} tags of this space, and none is spelt like it. "
            "Ask for another word, or fit the space on posts that carry it."
        )
    return Found(tag, space.forms[row], row, "spelling")


def _known(space: TagSpace, tag: str) -> Found | None:
    stem = space.stems.stem(tag)
    if not stem:
        raise UsageError(f"'{tag}' has no letter in it; wanted a hashtag.")
    row = space.rows.get(stem)
    if row is None:
        return None
    (normal, *seen) = spell([tag, *space.entries[row].forms])[2]
    return Found(tag, space.forms[row], row, "exact" if normal in seen else "stem")


def spellings(space: TagSpace, tag: str) -> list[str]:
    """The three tags that are spelt most like `tag`, the most alike first."""
    return [space.forms[row] for row, _ in _alike(space, tag)[:3]]


def _alike(space: TagSpace, tag: str) -> list[tuple[int, float]]:
    """Row and rapidfuzz ratio 0..100 of tags spelt like `tag`, the most alike first, of equals the most frequent."""
    from rapidfuzz import fuzz, process

    # Not the default scorer, which takes #re for a near spelling of #readiness.
    near = process.extract(space.stems.stem(tag), list(space.rows), scorer=fuzz.ratio, limit=5)
    return [(row, ratio) for _, ratio, row in sorted(near, key=lambda match: (-match[1], match[2]))]
