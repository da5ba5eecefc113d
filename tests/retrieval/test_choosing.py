"""Which of the best tags are suggested: what always holds, and each rule on its own."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tag2vec import plugins
from tag2vec.cli import main
from tag2vec.embed.embedder import Place, Untrained
from tag2vec.embed.known import Known
from tag2vec.embed.languages import Languages
from tag2vec.embed.pooled import Arrays
from tag2vec.embed.space import TagSpace
from tag2vec.embed.tagtrends import TagTrends
from tag2vec.errors import SourceError, UnknownName, UsageError
from tag2vec.retrieval.choosing import Choice, Chooser
from tag2vec.retrieval.indexes import Index
from tag2vec.retrieval.platforms import platforms
from tag2vec.retrieval.suggest import Suggester
from tag2vec.retrieval.wanted import Wanted
from tag2vec.scraping.corpus import Entry
from tests.conftest import Home

WORDS = [
    "beach", "sunset", "sea", "sand", "wave", "surf", "palm", "holiday", "summer", "boat", "color", "colour", "fyp",
    "foodporn", "skatepark", "skateparks", "cafe", "café", "o", "verylongtagofmorethanthirtyletters", "island", "dive",
    "reef", "shell", "coast", "bay", "lagoon", "island2024", "island2025", "viral",
]  # fmt: skip


class Given(Untrained):
    """Scores each tag by the product of its vector and the clip's query."""

    def __init__(self, space: TagSpace) -> None:
        self.base = self.space = space

    @property
    def items(self) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
        return self.space.inputs

    def place(self, arrays: Arrays) -> Place:
        raise NotImplementedError


@dataclass(frozen=True)
class Asked:
    space: TagSpace
    tags: list[str]
    choice: Choice


def _space(words: Sequence[str] = WORDS, seed: int = 0) -> TagSpace:
    draw = np.random.default_rng(seed)
    vectors = draw.standard_normal((len(words), 8)).astype(np.float32)
    entries = [Entry(word, 1000 // (row + 1), {word: 1000 // (row + 1)}) for row, word in enumerate(words)]
    return TagSpace(entries, vectors, vectors, {"stemmer": "none", "corpus": "nowhere"})


def _known(space: TagSpace) -> Known:
    """Trends from -2 to 2; every third tag is English, every third Spanish, the others of no language."""
    languages = Languages(("en", "es"), np.arange(len(space), dtype=np.int16) % 3 - 1)
    return Known(TagTrends(date(2026, 5, 9), 7, 28, np.linspace(-2, 2, len(space), dtype=np.float32)), languages)


def _ask(space: TagSpace, query: Sequence[float], wanted: Wanted, index: str = "exact") -> Asked:
    embedder = Given(space)
    made = plugins.make(Index, index)
    made.build(embedder.items)
    chooser = Chooser(wanted, embedder, made, _known(space))
    choice = chooser.choose(Place(np.array(query, np.float32)))
    return Asked(space, [one.tag or chooser.space.forms[one.row or 0] for one in choice.taken], choice)


def _ranked(scores: dict[str, float], wanted: Wanted) -> Asked:
    """Each tag has the score given: its vector is that one number, and so all tags have the same direction."""
    entries = [Entry(word, 100 - row, {word: 100 - row}) for row, word in enumerate(scores)]
    vectors = np.array([[score] for score in scores.values()], np.float32)
    return _ask(TagSpace(entries, vectors, vectors, {"stemmer": "none", "corpus": "nowhere"}), [1.0], wanted)


wishes = st.builds(
    Wanted,
    k=st.integers(1, 40),
    platform=st.sampled_from([None, *platforms()]),
    exclude=st.lists(st.sampled_from(["beach", "*sea*", "s*", "?and", "Colour"]), max_size=3).map(tuple),
    show=st.lists(st.sampled_from(["noise", "sensitive"]), max_size=2).map(tuple),
    variants=st.booleans(),
    diversity=st.sampled_from([0.0, 0.3, 1.0]),
    popularity=st.sampled_from([-0.5, 0.0, 1.0]),
    trend=st.sampled_from([-1.0, 0.0, 0.5]),
    language=st.sampled_from([(), ("en",), ("es", "en"), ("es-MX",)]),
    min_score=st.sampled_from([None, 0.0, 1.0]),
)


@settings(max_examples=150, deadline=None)
@given(wanted=wishes, query=st.lists(st.floats(-2, 2, width=32), min_size=8, max_size=8), seed=st.integers(0, 3))
def test_whatever_is_wanted_limits_hold_and_the_answer_is_the_same_again(
    wanted: Wanted, query: list[float], seed: int
) -> None:
    space = _space(seed=seed)
    found = _ask(space, query, wanted)
    place = wanted.place
    assert len(found.tags) <= min(wanted.k, (place and place.tags) or wanted.k)
    assert len(set(found.tags)) == len(found.tags)
    assert not any(place.refuses(tag) for tag in found.tags) if place else True
    excluded = {"beach": {"beach"}, "*sea*": {"sea"}, "?and": {"sand"}, "Colour": {"colour"}}
    excluded["s*"] = {word for word in WORDS if word.startswith("s")}
    assert not set(found.tags) & {word for one in wanted.exclude for word in excluded[one]}
    assert "noise" in wanted.show or not {"fyp", "viral"} & set(found.tags)
    assert "sensitive" in wanted.show or "foodporn" not in found.tags
    assert wanted.variants or not any({a, b} <= set(found.tags) for a, b in [("cafe", "café")])
    other = {"en": WORDS[2::3], "es-MX": WORDS[1::3]}.get("".join(wanted.language), [])
    assert not set(found.tags) & set(other)
    assert {space.forms[one.row] for one in found.choice.left if one.rule == "language"} <= set(other)
    scores = [one.score for one in found.choice.taken]
    assert all(score is not None and score >= (wanted.min_score or -np.inf) for score in scores)
    if not (wanted.diversity or wanted.popularity or wanted.trend):
        assert scores == sorted(scores, key=lambda score: -(score or 0))
    again = _ask(space, query, Wanted(**asdict(wanted)))
    assert again.choice == found.choice


@settings(max_examples=60, deadline=None)
@given(
    included=st.lists(st.sampled_from(["viral", "o", "foodporn", "MyBrand", "café"]), unique=True, max_size=5),
    k=st.integers(5, 20),
    seed=st.integers(0, 3),
)
def test_included_tags_come_first_whatever_their_score(included: list[str], k: int, seed: int) -> None:
    found = _ask(_space(seed=seed), [1.0] * 8, Wanted(k, include=tuple(included)))
    assert found.tags[: len(included)] == included and len(found.tags) == min(k, len(set(found.tags)))
    scores = {one.tag: one.score for one in found.choice.taken[: len(included)]}
    assert all((scores[tag] is None) == (tag == "MyBrand") for tag in included)


def test_what_is_hidden_has_its_rule_and_does_not_cost_a_place() -> None:
    scores = {"fyp": 9.0, "colour": 8.0, "foodporn": 7.0, "color": 6.0, "beach": 5.0, "sand": 4.0, "viral": 3.0}
    found = _ranked(scores, Wanted(3, exclude=("bea*",)))
    assert found.tags == ["colour", "sand"] and [one.score for one in found.choice.taken] == [8.0, 4.0]
    rules = {found.space.forms[one.row]: one.rule for one in found.choice.left}
    expected = {"fyp": "noise", "foodporn": "sensitive", "color": "variant of #colour", "beach": "exclude"}
    assert rules == expected | {"viral": "noise"}
    assert [found.space.forms[one.row] for one in _ranked(scores, Wanted(1)).choice.left] == ["fyp"]
    assert _ranked(scores, Wanted(3, show=("noise", "sensitive"), variants=True)).tags == ["fyp", "colour", "foodporn"]


def test_rules_that_hide_hundreds_leave_what_is_wanted() -> None:
    scores = {f"game{i}x": 2000.0 - i for i in range(1500)} | {"beach": 2.0, "sand": 1.0}
    assert _ranked(scores, Wanted(2, exclude=("game*",))).tags == ["beach", "sand"]


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        ("color", "colour", True),
        ("women", "woman", True),
        ("theatre", "theater", True),
        ("cafe", "café", True),
        ("island2024", "island2025", False),
        ("sand", "hand", False),
        ("surf", "surfs", False),
        ("skatepark", "skateboard", False),
    ],
)
def test_a_letter_or_an_accent_makes_a_variant(first: str, second: str, same: bool) -> None:
    assert _ranked({first: 2.0, second: 1.0}, Wanted()).tags == ([first] if same else [first, second])


def test_tags_a_letter_apart_that_mean_different_things_are_no_variants() -> None:
    entries = [Entry(word, 2, {word: 2}) for word in ("beach", "bench")]
    vectors = np.array([[1.0, 0.2], [0.2, 1.0]], np.float32)
    space = TagSpace(entries, vectors, vectors, {"stemmer": "none", "corpus": "nowhere"})
    assert _ask(space, [1.0, 0.5], Wanted()).tags == ["beach", "bench"]


def test_diversity_takes_tags_that_differ_popularity_frequent_or_rare_ones_and_trend_rising_ones() -> None:
    words = ["ab", "cd", "ef", "gh", "ij", "kl"]
    entries = [Entry(word, 10 ** (5 - row), {word: 1}) for row, word in enumerate(words)]
    vectors = np.array([[3, 0], [2.9, 0.1], [2.8, 0.1], [1, 2], [0.9, 1], [0.1, 0.1]], np.float32)
    space = TagSpace(entries, vectors, vectors, {"stemmer": "none", "corpus": "nowhere"})
    assert _ask(space, [1, 0], Wanted(3)).tags == ["ab", "cd", "ef"]
    assert _ask(space, [1, 0], Wanted(2, diversity=0.6)).tags == ["ab", "gh"]
    assert _ask(space, [1, 0], Wanted(3, popularity=-1)).tags == ["kl", "ij", "gh"]
    assert _ask(space, [-1, 0], Wanted(2, popularity=1)).tags == ["ab", "cd"]
    assert _ask(space, [1, 0], Wanted(1, trend=1)).tags == ["ef"]  # 2.8 - 0.4; the trends go from -2 to 2 by 0.8
    assert _ask(space, [1, 0], Wanted(1, trend=-1)).tags == ["ab"]


def test_a_vocabulary_is_all_there_is_to_choose_from(tmp_path: Path) -> None:
    mine = tmp_path / "mine.txt"
    mine.write_text("# my tags\n#Reef\nshell\nnosuchtag\n")
    for index in ("exact", *plugins.names(Index)):
        assert set(_ask(_space(), [1.0] * 8, Wanted(vocabulary=mine), index).tags) == {"reef", "shell"}
    mine.write_text("reeef\nshels\n")
    with pytest.raises(UsageError, match=r"no tag that is known here. The nearest spellings are #reef \(for reeef\)"):
        _ask(_space(), [1.0] * 8, Wanted(vocabulary=mine))
    with pytest.raises(SourceError, match="tags to choose from"):
        _ask(_space(), [1.0] * 8, Wanted(vocabulary=tmp_path / "absent.txt"))


@pytest.mark.parametrize("index", ["exact", "flat", "ivf"])
def test_tags_of_a_vocabulary_that_the_space_lacks_are_placed_by_the_words_inside(tmp_path: Path, index: str) -> None:
    mine, space = tmp_path / "mine.txt", _space()
    mine.write_text("#SkateparkIsland\nshell\nReefDive\nnosuchtag\n#reef_dive\n")
    wanted = Wanted(vocabulary=mine)
    for toward, first in (("skatepark", "SkateparkIsland"), ("reef", "ReefDive"), ("shell", "shell")):
        query = space.inputs[space.rows[toward]].tolist()
        found = _ask(space, query, wanted, index)
        assert found.tags[0] == first and set(found.tags) == {"SkateparkIsland", "shell", "ReefDive"}
    embedder, made = Given(space), plugins.make(Index, index)
    made.build(embedder.items)
    listed = Chooser(wanted, embedder, made).listed
    assert listed and listed.composed == ("SkateparkIsland", "ReefDive") and listed.unknown == ("nosuchtag",)
    mine.write_text("ReefDive\n")
    assert _ask(space, [1.0] * 8, Wanted(vocabulary=mine), index).tags == ["ReefDive"]
    assert _ask(space, [1.0] * 8, Wanted(vocabulary=mine, exclude=("reef*",)), index).tags == []


@settings(max_examples=60, deadline=None)
@given(
    wanted=wishes,
    listed=st.lists(st.sampled_from([*WORDS, "ReefDive", "BeachHoliday", "SunsetBoatIsland", "qwx"]), min_size=1),
    included=st.lists(st.sampled_from(["coast", "MyBrand"]), unique=True),
)
def test_with_a_vocabulary_too_limits_hold(
    tmp_path_factory: pytest.TempPathFactory, wanted: Wanted, listed: list[str], included: list[str]
) -> None:
    file = tmp_path_factory.mktemp("listed") / "mine.txt"
    file.write_text("\n".join(["palm", *listed]))
    some = included[: min(wanted.most, len(included))]
    found = _ask(_space(), [1.0] * 8, replace(wanted, vocabulary=file, include=tuple(some)))
    assert found.tags[: len(some)] == some and len(found.tags) <= wanted.most
    assert set(found.tags[len(some) :]) <= {"palm", *listed} - {"qwx", *some} - (
        set() if "s*" not in wanted.exclude else {"SunsetBoatIsland"}
    )


def test_tags_of_other_languages_are_hidden_and_those_of_none_are_not() -> None:
    scores = {"playa": 9.0, "beach": 8.0, "messi": 7.0, "арбуз": 6.0, "море": 5.0, "東京": 4.0}
    languages = Languages(("en", "es", "ru"), np.array([1, 0, -1, -1, 2, -1], np.int16))
    entries = [Entry(word, 100 - row, {word: 100 - row}) for row, word in enumerate(scores)]
    vectors = np.array([[score] for score in scores.values()], np.float32)
    space = TagSpace(entries, vectors, vectors, {"stemmer": "none", "corpus": "nowhere"})
    made = plugins.make(Index, "exact")
    made.build(vectors)

    def ask(*language: str, known: Known = Known(languages=languages)) -> tuple[list[str], list[str]]:  # noqa: B008
        chooser = Chooser(Wanted(language=language, include=("playa",)), Given(space), made, known)
        choice = chooser.choose(Place(np.ones(1, np.float32)))
        return [one.tag or space.forms[one.row or 0] for one in choice.taken], [
            f"{space.forms[one.row]}: {one.rule}" for one in choice.left
        ]

    hidden = ["арбуз: language", "море: language", "東京: language"]
    assert ask("en") == (["playa", "beach", "messi"], hidden)
    assert ask("en-GB") == ask("en") and ask("en,es") == ask("en", "es") == (["playa", "beach", "messi"], hidden)
    assert ask("ru") == (["playa", "messi", "арбуз", "море"], ["beach: language", "東京: language"])
    with pytest.raises(UnknownName, match=r"no language of this model's posts named 'eng'. Did you mean 'en'\?"):
        ask("eng")
    with pytest.raises(UsageError, match="does not know those of its tags.*py3langid"):
        ask("en", known=Known())


def test_files_of_excluded_tags_may_have_patterns_and_comments(tmp_path: Path) -> None:
    mine = tmp_path / "never.txt"
    mine.write_text("# never\nSea\ns?nd\n\n*port*\n")
    found = _ranked({"sea": 3.0, "sand": 2.0, "sports": 1.0, "reef": 0.5}, Wanted(exclude=(str(mine),)))
    assert found.tags == ["reef"]
    with pytest.raises(SourceError, match="excluded tags"):
        _ranked({"sea": 3.0}, Wanted(exclude=("absent.txt",)))


def test_the_stem_of_an_excluded_tag_is_excluded() -> None:
    entries = [Entry("skate", 3, {"Skating": 2, "skates": 1}), Entry("beach", 2, {"Beach": 2})]
    vectors = np.array([[2.0], [1.0]], np.float32)
    space = TagSpace(entries, vectors, vectors, {"stemmer": "english", "corpus": "nowhere"})
    assert _ask(space, [1.0], Wanted(exclude=("#skated",))).tags == ["Beach"]
    with pytest.raises(UsageError, match="both to be included and to be excluded"):
        _ask(space, [1.0], Wanted(exclude=("skating",), include=("skates",)))


@pytest.mark.parametrize(
    ("wish", "error", "said"),
    [
        ({"k": 0}, UsageError, "k is 0"),
        ({"platform": "instagrm"}, UnknownName, "Did you mean 'instagram'"),
        ({"show": ("nois",)}, UnknownName, "Did you mean 'noise'"),
        ({"diversity": 1.5}, UsageError, "wanted 0 to 1"),
        ({"popularity": -2}, UsageError, "popularity is -2; wanted -1 to 1"),
        ({"trend": 1.5}, UsageError, "trend is 1.5; wanted -1 to 1"),
        ({"platform": "threads", "include": ("a", "b")}, UsageError, r"1 suggested at most \(threads\)"),
        ({"platform": "peertube", "include": ("o",)}, UsageError, "no hashtag on peertube"),
        ({"include": ("!!",)}, UsageError, "has no letter"),
    ],
)
def test_what_cannot_be_wanted_is_refused(wish: dict[str, object], error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        Wanted(**wish)  # type: ignore[arg-type]


def test_a_tag_is_included_once() -> None:
    with pytest.raises(UsageError, match="included twice"):
        _ranked({"beach": 1.0}, Wanted(include=("Beach", "beach")))


def test_the_command_chooses_and_explains(
    home: Home, clip: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TAG2VEC_CACHE", str(home.cache.folder))

    def run(*arguments: str) -> tuple[object, str, str]:
        monkeypatch.setattr(sys, "argv", ["tag2vec", "suggest", str(clip), "-m", str(home.model), *arguments])
        with pytest.raises(SystemExit) as end:
            main()
        return end.value.code, *capsys.readouterr()

    code, out, err = run("--for", "instagram", "--include", "MyBrand", "--exclude", "*trick*")
    assert code == 0 and out.startswith("#MyBrand #Yoyo ") and len(out.split()) == 5 and "trick" not in out
    assert "instagram: 5 tags a post at most (since 2025-12)" in err
    answer = json.loads(run("--exclude", "yoyo", "-k", "3", "--json")[1])
    assert {"stem": "yoyo", "rule": "exclude"}.items() <= answer["hidden"][0].items()
    assert {one["group"] for one in answer["suggestions"]} <= {"broad", "niche"}
    assert "\texclude\n" in run("--exclude", "yoyo", "-k", "3", "--explain")[1]
    code, _, err = run("--for", "instagrm")
    assert code == 2 and "Did you mean 'instagram'" in err


def test_one_clip_and_a_batch_choose_alike(suggester: Suggester, home: Home, clip: Path) -> None:
    wish = {"platform": "instagram", "diversity": 0.3, "exclude": ["yoyotricks"], "include": ["piano"]}
    alone = suggester.suggest(clip, **wish)
    others = [home.folder / "clips" / "piano" / "09.mp4", clip]
    batch = dict(suggester.suggest_many(others, workers=2, **wish))
    assert batch[clip].suggestions == alone.suggestions and len(alone) == 5 and alone[0].tag == "piano"
    assert alone[0].score is not None and 0 < alone[0].score < 0.5
