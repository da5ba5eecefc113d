"""normalise -> stem -> form."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tag2vec.demo.posts import categories, general_tags
from tag2vec.errors import UnknownName
from tag2vec.scraping.normalise import Stems, hashtags, normalise, stemmer, stemmer_names, written
from tag2vec.scraping.post import Post


@pytest.mark.parametrize(
    ("tag", "form", "normal"),
    [
        ("#Skate-Boarding", "SkateBoarding", "skateboarding"),
        ("logan paul vlog", "loganpaulvlog", "loganpaulvlog"),
        ("ＦＵＬＬ", "FULL", "full"),
        ("ﬁlm", "film", "film"),
        ("Straße", "Straße", "strasse"),
        ("İstanbul", "İstanbul", "i̇stanbul"),
        ("हिन्दी", "हिन्दी", "हिन्दी"),
        ("ภาษาไทย", "ภาษาไทย", "ภาษาไทย"),
        ("日本語", "日本語", "日本語"),
        ("a\u200bb\u202ec\u00a0d", "abcd", "abcd"),
        ("snake_case", "snake_case", "snakecase"),
        ("🛹skate", "skate", "skate"),
        ("2017", "2017", ""),
        ("#", "", ""),
        ("١٢٣", "١٢٣", ""),
    ],
)
def test_forms_and_normal_forms(tag: str, form: str, normal: str) -> None:
    assert written(tag) == form
    assert normalise(tag) == normal


@given(st.text(max_size=40))
def test_normalising_twice_changes_nothing_and_forms_share_their_stem(tag: str) -> None:
    assert normalise(normalise(tag)) == normalise(tag)
    assert normalise(written(tag)) == normalise(tag)
    assert " " not in normalise(tag) and "\n" not in written(tag)


def test_hashtags_in_text() -> None:
    text = "Sick #KickFlip, #2024 and ＃日本 at https://a.example/#part &#39; a#b (#Ollie!) #fun#sun"
    assert hashtags(text) == ["KickFlip", "2024", "日本", "Ollie", "fun"]


def test_stemmers() -> None:
    assert stemmer("english")(["skateboarding"]) == ["skateboard"]
    assert stemmer("none")(["skateboarding"]) == ["skateboarding"]
    assert stemmer("lancaster")(["skateboarding"]) == ["skateboard"]
    assert {"none", "english", "german", "hindi"} <= set(stemmer_names())
    with pytest.raises(UnknownName, match="Did you mean 'english'"):
        stemmer("englisch")


def test_snowball_stems_are_those_of_nltk() -> None:
    from nltk.stem.snowball import SnowballStemmer

    words = {normalise(w) for c in categories() for t in c.tags for w in (t, f"{t}s", f"{t}ing")} | set(general_tags())
    ours, theirs = stemmer("english"), SnowballStemmer("english").stem
    differ = [word for word, stem in zip(words, ours([*words]), strict=True) if stem != theirs(word)]
    assert len(words) > 800 and len(differ) <= 0.01 * len(words), differ


def test_a_post_gives_each_stem_once_in_the_form_first_seen() -> None:
    post = Post("1", ("Skateboarding", "skateboards", "123", ""), title="new #Kickflips", text="#skateboard day")
    assert Stems("english").of(post) == {"skateboard": "Skateboarding", "kickflip": "Kickflips"}


def test_tags_that_stand_together_are_taken_apart() -> None:
    assert Stems("none").of(Post("1", ("#sun#Fun", "c# tutorial", "##wow", "#one"))) == {
        "sun": "sun",
        "fun": "Fun",
        "ctutorial": "ctutorial",
        "wow": "wow",
        "one": "one",
    }
