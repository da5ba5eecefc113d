"""Ways to write a tag that differ in case alone: as people do, in lower case, or with a capital a word.

A screen reader speaks #StreetSkating as two words and #streetskating as none that it knows. Where words begin is taken
from people who wrote the tag with capitals; where nobody did, from the tags of the space inside it.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import accumulate
from typing import TYPE_CHECKING, Literal, cast, get_args

from tag2vec.embed.compose import split
from tag2vec.errors import unknown
from tag2vec.scraping.normalise import normalise

if TYPE_CHECKING:
    from tag2vec.embed.space import TagSpace

Style = Literal["written", "lower", "pascal"]
Case = Literal["none", "lower", "capital", "camel", "upper", "inside"]
CASES: tuple[Case, ...] = get_args(Case)

LETTERS = 5  # of an acronym at most
ACRONYM = 0.05  # share of a tag's posts that write it in capitals throughout, or they are shouting
INSIDE = 0.1  # share of capitals inside a tag, among all who wrote its first letter large, or they are slips
ONE_WORD = 3  # posts that wrote the first letter large and no other: for them it is one word


def style_of(name: str) -> Style:
    """`name` itself when it is a style. Raises UnknownName."""
    if name not in get_args(Style):
        raise unknown("style", name, get_args(Style))
    return cast(Style, name)


def case_of(form: str) -> Case:
    """none: letters without case; capital: Skatecrew; camel: SkateCrew; upper: NYC; inside: iPhone."""
    upper, lower = sum(map(str.isupper, form)), any(map(str.islower, form))
    if not upper:
        return "lower" if lower else "none"
    if not form[0].isupper():
        return "inside"
    if not lower:
        return "upper" if upper > 1 else "capital"
    return "capital" if upper == 1 else "camel"


def restyle(space: TagSpace, row: int, form: str, style: Style) -> str:
    """`form`, one of the tag in `row`, in `style`: letters without case and digits stay, and so does its casefold."""
    if style == "lower":
        return lowered(form)
    return _pascal(space, row, form) if style == "pascal" else form


def lowered(form: str) -> str:
    """`form` in lower case."""
    low = form.lower()
    return low if low.casefold() == form.casefold() else form


def capitalised(form: str) -> str:
    """`form` with its first letter, and those after a '_', in title case; the others as they are."""
    return "".join(
        _large(letter) if before == "_" else letter for before, letter in zip("_" + form, form, strict=False)
    )


def _large(letter: str) -> str:
    """Unless its capital is two letters (ß, ŉ). Georgian has a title() that leaves it as it is, unlike its upper()."""
    large = letter.title()
    return large if len(large) == 1 and large.casefold() == letter.casefold() else letter


def _pascal(space: TagSpace, row: int, form: str) -> str:
    same = {one: n for one, n in space.entries[row].forms.items() if one.casefold() == form.casefold()}
    by_case: dict[Case, dict[str, int]] = {case: {} for case in CASES}
    for one, n in same.items():
        by_case[case_of(one)][one] = n
    many = {case: sum(forms.values()) for case, forms in by_case.items()}
    parted = many["camel"] + many["inside"]
    short = sum(map(str.isalpha, form)) <= LETTERS
    if short and many["upper"] > parted + many["capital"] and many["upper"] >= ACRONYM * sum(many.values()):
        return _commonest(by_case["upper"])
    if parted and parted >= INSIDE * (parted + many["capital"]):
        found = capitalised(_commonest(by_case["camel"] | by_case["inside"]))
        if short or case_of(found) != "upper":  # aAAAAAA tells of no words
            return found
    if many["capital"] >= ONE_WORD:
        return capitalised(lowered(form))
    return _by_words(space, lowered(form))


def _by_words(space: TagSpace, low: str) -> str:
    """A capital for each word, when tags of the space make up the whole."""
    parts = split(space, low, apart=True) if normalise(low) == low else []
    if not parts or any(row is None for row, _ in parts):
        return capitalised(low)
    ends = list(accumulate(letters for _, letters in parts))
    return "".join(capitalised(low[start:end]) for start, end in zip([0, *ends], ends, strict=False))


def _commonest(forms: Mapping[str, int]) -> str:
    return max(forms, key=lambda form: (forms[form], form))
