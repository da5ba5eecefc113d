"""The tag space on a corpus whose structure is known: groups of tags that stand together."""

from __future__ import annotations

import random
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
from gensim.models import Word2Vec

from tag2vec import Corpus, TagSpace
from tag2vec.embed.newtags import with_tags_of
from tag2vec.embed.skipgram import SpaceConfig, word2vec_settings
from tag2vec.errors import ArtifactError, UnknownName, UsageError
from tests.scraping.test_corpus import write_posts

GROUPS = {
    "skate": ["Skateboarding", "kickflip", "ollie", "skatepark", "grind"],
    "swim": ["Swimming", "pool", "goggles", "butterfly", "laps"],
    "piano": ["Piano", "sonata", "etude", "keys", "chopin"],
}


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    draw = random.Random(0)
    folder = tmp_path_factory.mktemp("space")
    posts = [
        {"id": f"{name}{i}", "tags": [*draw.sample(tags, 3), *draw.sample(["love", "fun", "weekend"], 1)]}
        for i in range(150)
        for name, tags in GROUPS.items()
    ]
    return Corpus.build(write_posts(folder / "p.jsonl", posts), folder / "corpus")


@pytest.fixture(scope="module")
def space(corpus: Corpus) -> TagSpace:
    return TagSpace.fit(corpus, dim=16)


@pytest.mark.parametrize("algorithm", ["skipgram", "cbow"])
def test_tags_of_a_group_find_each_other(corpus: Corpus, algorithm: str) -> None:
    space = TagSpace.fit(corpus, dim=16, algorithm=algorithm)
    for tags in GROUPS.values():
        assert {r.tag for r in space.related(tags[0], 4)} == set(tags[1:])
        # The three others of the group, and the three general tags that stand beside anything as often.
        assert {r.tag for r in space.complete(tags[:2], 6)} == {*tags[2:], "love", "fun", "weekend"}


def test_answers_are_ordered_and_leave_out_what_was_asked(space: TagSpace) -> None:
    answer = space.complete(["kickflip", "#Kickflip", "ollie"], 100)
    assert len(answer) == len(space) - 2
    assert [a.score for a in answer] == sorted((a.score for a in answer), reverse=True)
    assert not {"kickflip", "ollie"} & {a.tag for a in answer}
    assert answer[0].count == space.entries[space.rows[answer[0].stem]].count


def test_what_is_related_by_output_is_what_stands_beside(space: TagSpace) -> None:
    assert space.related("kickflip", 5, space="output") == space.complete(["kickflip"], 5)
    assert space.related("kickflip", 5, space="output") != space.related("kickflip", 5)
    with pytest.raises(UnknownName, match=r"no space named 'outputs'\. Did you mean 'output'"):
        space.related("kickflip", space="outputs")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("asked", "tag", "step"),
    [
        ("#kickflip", "kickflip", "exact"),
        ("KICK-FLIP", "kickflip", "exact"),
        ("kickflips", "kickflip", "stem"),
        ("skateboard", "Skateboarding", "stem"),
        ("skatebording", "Skateboarding", "spelling"),
        ("swiming", "Swimming", "spelling"),
    ],
)
def test_an_unknown_tag_is_found_and_says_how(space: TagSpace, asked: str, tag: str, step: str) -> None:
    found = space.resolve(asked)
    assert (found.asked, found.tag, found.step) == (asked, tag, step)
    assert space.forms[found.row] == tag


def test_what_cannot_be_found_is_a_clear_error(space: TagSpace) -> None:
    with pytest.raises(UnknownName, match="#xylophon is not among the 18 tags.*none is spelt like it"):
        space.related("#xylophon")
    with pytest.raises(UsageError, match="'#!' has no letter"):
        space.related("#!")
    with pytest.raises(UsageError, match="No tag given"):
        space.complete([])
    with pytest.raises(UsageError, match="k is 0"):
        space.related("kickflip", 0)
    assert "kickflips" in space and "xylophon" not in space


def test_the_vector_of_a_tag_is_found_by_its_stem(space: TagSpace) -> None:
    vector = space["#skateboard"]
    assert vector.shape == (16,) and vector.dtype == np.float32
    assert np.array_equal(vector, space.inputs[space.rows["skateboard"]])
    with pytest.raises(ValueError, match="read-only"):
        vector[0] = 1
    assert space.inputs.flags.writeable  # the view alone is locked
    for misspelt in ("skatebording", "xylophon"):
        with pytest.raises(LookupError, match=f"#{misspelt} is not among the 18 tags") as failed:
            space[misspelt]
        assert isinstance(failed.value, UnknownName) and misspelt not in space
    with pytest.raises(UnknownName, match=r"nearest spelling is #Skateboarding.*resolve\('skatebording'\)"):
        space["skatebording"]
    with pytest.raises(UsageError, match="'#!' has no letter"):
        space["#!"]
    with pytest.raises(TypeError, match="not iterable"):
        iter(space)


def test_the_vectors_are_those_of_gensim_and_rare_tags_change_nothing(tmp_path: Path) -> None:
    posts = [{"tags": ["hub", f"t{i}", f"rare{i}x{j}"]} for i in range(9) for j in range(10 + i)]
    corpus = Corpus.build(write_posts(tmp_path / "p.jsonl", posts), tmp_path / "corpus", stemmer="none")
    config = SpaceConfig(dim=8, epochs=3, seed=2, refine=0)
    space = TagSpace.fit(corpus, **asdict(config))
    gensim = Word2Vec(list(corpus), **word2vec_settings(config))
    assert [entry.stem for entry in space.entries] == ["hub", *(f"t{i}" for i in range(8, -1, -1))]
    assert [entry.stem for entry in space.entries] == gensim.wv.index_to_key
    assert np.array_equal(space.inputs, gensim.wv.vectors) and np.array_equal(space.outputs, gensim.syn1neg)


def test_the_same_seed_gives_the_same_bytes(corpus: Corpus, tmp_path: Path) -> None:
    for name in ("a", "b"):
        TagSpace.fit(corpus, dim=16, seed=3).save(tmp_path / name)
    for file in ("inputs.npy", "outputs.npy", "bias.npy", "tags.jsonl", "tag2vec.json"):
        assert (tmp_path / "a/space" / file).read_bytes() == (tmp_path / "b/space" / file).read_bytes()
    assert not np.array_equal(TagSpace.fit(corpus, dim=16, seed=4).inputs, TagSpace.load(tmp_path / "a").inputs)


def test_saved_and_loaded_it_answers_alike(space: TagSpace, tmp_path: Path) -> None:
    space.save(tmp_path / "model")
    loaded = TagSpace.load(tmp_path / "model")
    assert loaded.related("ollie") == space.related("ollie")
    assert loaded.complete(["ollie"]) == space.complete(["ollie"])
    assert Path(loaded.config["corpus"]) == Path(space.config["corpus"])
    assert TagSpace.load(tmp_path / "model" / "space").digest == space.digest
    with pytest.raises(ArtifactError, match="is a corpus folder; wanted a model folder"):
        TagSpace.load(space.config["corpus"])


def test_too_few_posts_and_bad_settings(tmp_path: Path, corpus: Corpus) -> None:
    one = Corpus.build(write_posts(tmp_path / "p.jsonl", [{"tags": ["a", "b"]}]))
    with pytest.raises(UsageError, match="No tag occurs in at least 5 posts"):
        TagSpace.fit(one)
    with pytest.raises(UsageError, match="dim is 0"):
        TagSpace.fit(corpus, dim=0)
    with pytest.raises(UsageError, match="refine is -1; wanted 0 or more"):
        TagSpace.fit(corpus, refine=-1)
    with pytest.raises(UsageError, match="algorithm is 'glove'"):
        TagSpace.fit(corpus, algorithm="glove")


def test_new_tags_of_clips_get_rows_of_their_own(space: TagSpace) -> None:
    full = with_tags_of(space, [["Kickflip", "FlipTrick"], ["FlipTrick"], ["sonata", "Toccata"], ["kickflip"]])
    assert len(full) == len(space) + 2
    assert np.array_equal(full.inputs[: len(space)], space.inputs)
    assert full.entries[full.rows["fliptrick"]].forms == {"FlipTrick": 2}
    assert "kickflip" in {r.tag for r in full.related("FlipTrick", 5)}
    assert full.forms[full.rows["kickflip"]] == "kickflip"  # a few clips do not outvote the posts
    shouted = with_tags_of(space, [["OLLIE"]] * 1000)
    assert shouted.forms[shouted.rows["olli"]] == "OLLIE" and len(shouted) == len(space)
    assert space.forms[space.rows["olli"]] == "ollie"
    again = with_tags_of(space, [["Toccata", "sonata"], ["FlipTrick", "kickflip"]])
    assert np.allclose(again.inputs[again.rows["toccata"]], full.inputs[full.rows["toccata"]])


def test_a_tag_of_digits_is_found_where_the_corpus_keeps_them(tmp_path: Path) -> None:
    posts = [{"tags": ["2024", "party", f"x{i % 3}"]} for i in range(9)]
    corpus = Corpus.build(write_posts(tmp_path / "p.jsonl", posts), tmp_path / "corpus", keep_digits=True)
    space = TagSpace.fit(corpus, dim=4, min_count=3)
    assert "2024" in space and space.resolve("#2024").step == "exact"
