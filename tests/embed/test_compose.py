"""Vectors for tags that a space lacks, on a space whose groups are known."""

from __future__ import annotations

import random

import numpy as np
import pytest

from tag2vec import Corpus, TagSpace
from tag2vec.embed.compose import LENGTH, directions, telling, vectors_at, words_inside
from tag2vec.embed.lookup import Composed, Found
from tag2vec.embed.newtags import with_composed
from tag2vec.errors import UnknownName, UsageError
from tests.scraping.test_corpus import write_posts

GROUPS = {
    "ball": ["basketball", "dunk", "hoops", "rebound", "bask"],
    "skate": ["Skateboarding", "kickflip", "ollie", "skatepark", "grind"],
    "word": ["never", "stop", "always", "more", "tops"],
}


@pytest.fixture(scope="module")
def space(tmp_path_factory: pytest.TempPathFactory) -> TagSpace:
    draw = random.Random(0)
    folder = tmp_path_factory.mktemp("compose")
    posts = [{"tags": draw.sample(tags, 3)} for _ in range(150) for tags in GROUPS.values()]
    return TagSpace.fit(Corpus.build(write_posts(folder / "p.jsonl", posts), folder / "corpus"), dim=16)


@pytest.mark.parametrize(
    ("tag", "words"),
    [
        ("#BasketballNeverStops", {"basketbal": 10, "never": 5, "stop": 5}),
        ("xdunkxdunk", {"dunk": 8}),
        ("kickflip", {"kickflip": 8}),
        ("xylophon", {}),
        ("", {}),
    ],
)
def test_a_tag_is_split_into_known_ones(space: TagSpace, tag: str, words: dict[str, int]) -> None:
    found = {space.entries[row].stem: letters for row, letters in words_inside(space, tag).items()}
    assert found == words


def test_a_space_gets_rows_for_tags_whose_words_it_knows(space: TagSpace) -> None:
    full = with_composed(space, ["#KickflipDunks", "dunk", "kickflip_dunk", "Xylophon", "!!", "neverskatepark"])
    assert full.forms[len(space) :] == ["KickflipDunks", "neverskatepark"]
    np.testing.assert_array_equal(full.inputs[: len(space)], space.inputs)
    words = words_inside(space, "kickflipdunks")
    np.testing.assert_array_equal(full.outputs[len(space)], _placed(space.outputs, words))
    assert full.counts[len(space) :].tolist() == [0, 0] and full.bias[-1] == full.bias[-2] < space.bias.max()
    assert full.digest == space.digest and with_composed(space, ["dunk", "xylophon"]) is space


def _placed(vectors: np.ndarray, words: dict[int, int]) -> np.ndarray:
    return vectors_at(vectors, directions(vectors, [words], [[]]))[0]


def test_a_tag_is_placed_by_the_words_inside_it_unless_it_is_misspelt(space: TagSpace) -> None:
    placed = space.place("#skateparkdunks")
    assert isinstance(placed, Composed) and placed.words == ("skatepark", "dunk") and placed.step == "words"
    assert {one.tag for one in space.related("#skateparkdunks", 10)} == {*GROUPS["skate"], *GROUPS["ball"]}
    for tag, step in (("skatebording", "spelling"), ("kickflips", "stem"), ("dunk", "exact")):
        found = space.place(tag)
        assert isinstance(found, Found) and found.step == step and found == space.resolve(tag)
    with pytest.raises(UnknownName, match="none is spelt like it"):
        space.place("xylophondunkyzzz")
    with pytest.raises(UnknownName, match="none is spelt like it"):
        space.resolve("olliedunkgrind")  # which looks for a row
    with pytest.raises(UsageError, match="no letter"):
        space.place("#!")


def test_what_stands_beside_a_placed_tag_is_what_stands_beside_its_words(space: TagSpace) -> None:
    answer = {one.tag for one in space.complete(["xxkickflipgrind"], 5)}
    assert answer == set(GROUPS["skate"])
    both = space.complete(["xxkickflipgrind", "ollie"], 4)
    assert {one.tag for one in both} == set(GROUPS["skate"]) - {"ollie"}
    assert space.related("xxkickflipgrind", 5, space="output") == space.complete(["xxkickflipgrind"], 5)


def test_companions_weigh_more_with_every_post(space: TagSpace) -> None:
    dunk, ollie = space.rows["dunk"], space.rows["olli"]
    words = directions(space.outputs, [{dunk: 4}], [[]])[0]
    beside = directions(space.outputs, [{}], [[[ollie]]])[0]
    towards = [float(directions(space.outputs, [{dunk: 4}], [[[ollie]] * n])[0] @ (beside - words)) for n in range(4)]
    assert towards == sorted(towards) and len(set(towards)) == 4
    assert np.allclose(
        directions(space.outputs, [{dunk: 4}], [[[], []]])[0], words
    )  # posts without a known tag say nothing
    assert not directions(space.outputs, [{}], [[]]).any()


def test_all_new_tags_lie_as_far_from_the_mean_of_the_rare_ones(space: TagSpace) -> None:
    rare = space.inputs[len(space) // 2 :]
    far = np.linalg.norm(rare - rare.mean(axis=0), axis=1).mean()
    placed = vectors_at(space.inputs, directions(space.inputs, [{0: 4}, {0: 4, 1: 9}], [[], []]))
    assert placed.dtype == np.float32
    assert np.allclose(np.linalg.norm(placed - rare.mean(axis=0), axis=1), LENGTH * far, rtol=1e-4)
    assert np.allclose(vectors_at(space.inputs, np.zeros((1, 16))), rare.mean(axis=0), atol=1e-6)


def test_words_must_hold_enough_of_a_tag(space: TagSpace) -> None:
    assert telling({0: 4}, "dunkyyyyyy") and not telling({0: 4}, "dunkyyyyyyy")


def test_a_long_tag_takes_no_time(space: TagSpace) -> None:
    assert len(words_inside(space, "dunkollie" * 300)) == 2
