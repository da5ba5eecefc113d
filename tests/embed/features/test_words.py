"""Titles as they are written."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer

from tag2vec.embed.clips import Clip
from tag2vec.embed.features.words import CODES, DIGIT, Words
from tag2vec.embed.frames import Frames
from tag2vec.embed.pooled import Poolings
from tag2vec.embed.told import Told
from tag2vec.errors import UsageError

TITLES = ["Best goals of the WEEK", "best goals ever!", "Morning yoga for beginners", "yoga, yoga and tea", "Tea time"]


def _clip(title: str | None, tags: tuple[str, ...] = (), about: str | None = None) -> Clip:
    return Clip(Path("none.mp4"), tags, "g", title, about)


def _rows(title: str | None) -> np.ndarray:
    return Words().of(_clip(title), Frames.none())


def _codes(rows: np.ndarray, kind: int) -> set[int]:
    codes = rows[:, 0] * DIGIT + rows[:, 1]
    return set(codes[codes // CODES == kind].astype(int).tolist())


def test_rows_are_grams() -> None:
    rows = _rows("Tea TIME tea")
    assert len(_codes(rows, 0)) == 4  # tea, time, tea time, time tea
    assert rows[:, 2].max() == pytest.approx(1 + np.log(2))
    np.testing.assert_array_equal(rows[:, :2], rows[:, :2].astype(np.float16))


def test_words_ignore_case_and_runs_keep_it() -> None:
    small, capital = _rows("yoga"), _rows("YOGA")
    assert _codes(small, 0) == _codes(capital, 0) and not _codes(small, 1) & _codes(capital, 1)


@pytest.mark.parametrize("title", [None, "", "  \n"])
def test_no_title_has_no_row(title: str | None) -> None:
    assert _rows(title).shape == (0, 3)


@pytest.mark.parametrize("title", ["日本語 のタイトル", "🎉🎉", "\ud800 lone", "a" * 5000, "e\u0301té"])
def test_any_text_is_read(title: str) -> None:
    rows = _rows(title)
    assert len(rows) and np.isfinite(rows).all()


def _poolings(titles: list[str], columns: int = 2**14) -> Poolings:
    return Poolings((Words(),), f"terms:columns={columns}").fit([[_rows(t)] for t in titles], 1)


def test_likeness_is_that_of_tfidf() -> None:
    """With columns enough, products of the words' half are those of scikit-learn's TfidfVectorizer."""
    mine = _poolings(TITLES, 2**18).many([[_rows(title)] for title in TITLES])[:, : 2**18] * np.sqrt(2)
    theirs = TfidfVectorizer(sublinear_tf=True, ngram_range=(1, 2), token_pattern=r"(?u)\w+|[^\w\s]").fit_transform(
        TITLES
    )
    # The number of texts is taken to be that of the most frequent gram: here "yoga", "tea", "best" stand in two.
    assert np.corrcoef((mine @ mine.T).ravel(), (theirs @ theirs.T).toarray().ravel())[0, 1] > 0.99


def test_what_was_never_seen_takes_nothing_away() -> None:
    poolings = _poolings(TITLES)
    one, other = (poolings.one([_rows(title)])[: 2**14] for title in ("best goals", "best goals Xqzwv"))
    assert one @ other / np.linalg.norm(one) / np.linalg.norm(other) > 0.99
    assert not poolings.one([_rows("Xqzwv")])[: 2**14].any()


def test_rare_words_count_for_more() -> None:
    poolings = Poolings((Words(),), "terms").fit([[_rows(t)] for t in [*TITLES, *["video of tea"] * 20]], 1)
    tea, yoga = (poolings.one([_rows(title)]) for title in ("tea yoga", "tea goals"))
    common = poolings.one([_rows("tea")])
    assert common @ tea < 0.6 and common @ yoga < 0.6


def test_a_clip_is_found_by_its_tags_and_what_is_told_of_it() -> None:
    clips = [_clip("a"), _clip("b", ("penalty", "kick")), _clip("c", (), "a penalty in the last minute")]
    poolings = Poolings((Words(),)).fit([[_rows(clip.title)] for clip in clips], 1, clips)
    told = Told.of(poolings, clips)
    assert told is not None
    alike = told.alike(poolings.titles(poolings.one([_rows("Penalty!")])))
    assert alike[0] == 0 and alike[1] > 0.1 and alike[2] > 0.1
    again = Told.from_arrays(list(told.arrays().values()), poolings.read)
    np.testing.assert_array_equal(again.alike(poolings.one([_rows("Penalty!")])), alike)


def test_beside_other_kinds_titles_are_compared_as_if_alone() -> None:
    from tag2vec.embed.features.text import Title
    from tests.spaces import space

    kinds = (Words(), Title().bound(space()))
    clips = [_clip(title) for title in TITLES]
    arrays = [[kind.of(clip, Frames.none()) for kind in kinds] for clip in clips]
    both, alone = Poolings(kinds).fit(arrays, 1), _poolings(TITLES)
    for one in arrays:
        np.testing.assert_allclose(both.titles(both.one(one)), alone.one(one[:1]), atol=1e-5)
    assert both.told(clips[0]).shape == (both.read,) == (alone.out_dim,)


def test_wrong_settings() -> None:
    with pytest.raises(UsageError, match="columns=0"):
        Poolings((Words(),), "terms:columns=0")


def test_what_is_trained_is_not_compared_with_what_is_written() -> None:
    poolings = Poolings((Words(),), "terms:columns=16,out=4")
    assert poolings.read == 0 and Told.of(poolings, [_clip("a")]) is None
    assert poolings.titles(np.ones(4, np.float32)).size == 0
