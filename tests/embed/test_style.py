"""lower and pascal change the case of a tag and nothing else."""

from __future__ import annotations

from typing import get_args

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tag2vec.embed.newtags import with_composed
from tag2vec.embed.style import Style, case_of, restyle, style_of
from tag2vec.errors import UnknownName
from tag2vec.scraping.corpus import Entry
from tag2vec.scraping.normalise import normalise, spell
from tests.spaces import space

letters = st.text(st.characters(categories=("Lu", "Ll", "Lt", "Lo", "Mn", "Nd"), include_characters="_"), min_size=1)


def with_forms(**forms: int) -> str:
    """#skate, the first of the small space, as pascal writes it when people wrote it in `forms`."""
    tags = space()
    tags.entries[0] = Entry("skate", sum(forms.values()), forms)
    return restyle(tags, 0, next(iter(forms)), "pascal")


@given(letters, st.sampled_from(get_args(Style)))
def test_a_style_changes_nothing_but_case(text: str, style: Style) -> None:
    form = spell([text])[1][0]
    tags = space()
    tags.entries[0] = Entry("skate", 5, {form: 5})
    found = restyle(tags, 0, form, style)
    assert found.casefold() == form.casefold() and normalise(found) == normalise(form)
    if style == "written":
        assert found == form


@given(letters)
@example("aAAAAA")
def test_lower_and_pascal_say_the_same_twice(text: str) -> None:
    form = spell([text])[1][0]
    for style in ("lower", "pascal"):
        tags = space()
        tags.entries[0] = Entry("skate", 5, {form: 5})
        once = restyle(tags, 0, form, style)
        tags.entries[0] = Entry("skate", 5, {once: 5})
        assert restyle(tags, 0, once, style) == once


def test_words_begin_where_people_wrote_capitals() -> None:
    assert with_forms(skatecrew=50, SkateCrew=3) == "SkateCrew"
    assert with_forms(skatecrew=50, skateCrew=3) == "SkateCrew"
    assert with_forms(skatecrew=50, SkateCrew=1, Skatecrew=20) == "Skatecrew"  # one slip among many
    assert with_forms(skatecrews=50, SkateCrew=3) == "Skatecrews"  # of another form nothing is known


def test_without_capitals_the_known_words_decide_when_they_make_up_the_whole() -> None:
    assert with_forms(skatebeach=5) == "SkateBeach"
    assert with_forms(skatebeachy=5) == "Skatebeachy"
    assert with_forms(skatebeach=50, Skatebeach=9) == "Skatebeach"  # those who wrote a capital wrote one
    assert with_forms(skate=5) == "Skate"
    assert with_forms(skate_beach=5) == "Skate_Beach"


def test_tags_that_stand_in_no_post_are_no_words() -> None:
    """The only tags to choose from may be in no post, and one of them be inside another, or itself in the plural."""
    tags = with_composed(space(), ["skatebeaches", "skatebeachesnewyork"])
    found = [restyle(tags, row, form, "pascal") for row, form in enumerate(tags.forms)]
    assert found[-2:] == ["SkateBeaches", "SkateBeachesNewyork"]


def test_acronyms_stay_and_shouting_does_not() -> None:
    assert with_forms(nyc=50, NYC=10, Nyc=2) == "NYC"
    assert with_forms(skate=50, Skate=9, SKATE=4) == "Skate"
    assert with_forms(skate=500, SKATE=4) == "Skate"
    assert with_forms(skatebeach=50, SKATEBEACH=40) == "SkateBeach"


@pytest.mark.parametrize("form", ["123", "東京", "กรุงเทพ", "हिंदी", "ქართული", "ßa"])
def test_what_has_no_capitals_stays(form: str) -> None:
    tags = space()
    tags.entries[0] = Entry("skate", 5, {form: 5})
    assert {restyle(tags, 0, form, style) for style in get_args(Style)} == {form}


def test_cases_have_names() -> None:
    forms = ("東京", "skate", "Skate", "SkateCrew", "NYC", "iPhone", "A", "gta5", "GTA5", "10K")
    assert [case_of(form) for form in forms] == [
        *("none", "lower", "capital", "camel", "upper", "inside", "capital", "lower", "upper", "inside")
    ]


def test_an_unknown_style_is_named() -> None:
    with pytest.raises(UnknownName, match="Did you mean 'pascal'"):
        style_of("pascall")
