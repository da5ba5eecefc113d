"""Probabilities from scores and near clips."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors

from tag2vec import Suggester, VideoEmbedder
from tag2vec.artifact import MANIFEST
from tag2vec.embed.evidence import NEIGHBOURS, Mixture, Neighbours, fitted
from tag2vec.embed.forms import Forms
from tag2vec.embed.videofiles import LOOKS
from tests.conftest import Home

NO_TITLE = np.zeros(0, np.float32)


def test_shares_are_those_of_the_nearest() -> None:
    draw = np.random.default_rng(0)
    vectors, carried = draw.normal(size=(100, 8)).astype(np.float32), [[i % 3] for i in range(100)]
    one = draw.normal(size=8).astype(np.float32)
    found = NearestNeighbors(n_neighbors=NEIGHBOURS, metric="cosine").fit(vectors).kneighbors(one[None])
    likeness, near = 1 - found[0][0], found[1][0]
    wanted = [likeness[near % 3 == tag].sum() / likeness.sum() for tag in range(3)]
    np.testing.assert_allclose(Neighbours(vectors, carried, range(3)).shares(one, NO_TITLE)[0], wanted, rtol=1e-4)


def test_clips_without_likeness_say_nothing() -> None:
    away = np.zeros((3, 4), np.float32)
    found = Neighbours(away, [[0], [1], [0, 1]], range(2)).shares(np.ones(4, np.float32), NO_TITLE)
    np.testing.assert_array_equal(found, 0)


def test_a_mixture_is_between_both() -> None:
    scores, shares = np.array([-2.0, 0.0, 3.0], np.float32), np.array([1.0, 0.0, 0.5], np.float32)
    both = np.stack([shares, shares[::-1]])
    alone = 1 / (1 + np.exp(-scores))
    np.testing.assert_allclose(Mixture().of(scores, both), alone, rtol=1e-5)
    np.testing.assert_allclose(Mixture(weight=0.25).of(scores, both), 0.75 * alone + 0.25 * shares, rtol=1e-5)
    half = (shares + shares[::-1]) / 2
    found = Mixture(weight=0.25, written=0.5).of(scores, both)
    np.testing.assert_allclose(found, 0.75 * alone + 0.25 * half, rtol=1e-5)
    wide = Mixture(0.5, 2.0, 1.0).of(np.array([-1e9, 1e9], np.float32), np.zeros((2, 2), np.float32))
    assert np.isfinite(wide).all() and wide[0] < wide[1]


@pytest.mark.parametrize(("network", "clips"), [(True, False), (False, True)])
def test_the_better_witness_gets_the_weight(network: bool, clips: bool) -> None:
    draw = np.random.default_rng(0)
    carried = (draw.random(4000) < 0.3).astype(np.float32)
    logits = (4 * carried - 2) * network + draw.normal(size=4000)
    shares = np.clip(0.6 * carried * clips + 0.4 * draw.random(4000), 0, 1)
    mixture = fitted(logits.astype(np.float32), np.stack([shares, shares]).astype(np.float32), carried)
    assert (mixture.weight >= 0.5) == clips


def test_the_better_likeness_counts() -> None:
    draw = np.random.default_rng(0)
    carried = (draw.random(4000) < 0.3).astype(np.float32)
    shares = np.stack([draw.random(4000), np.clip(0.6 * carried + 0.4 * draw.random(4000), 0, 1)]).astype(np.float32)
    assert fitted(np.zeros(4000, np.float32), shares, carried).written == 1
    assert fitted(np.zeros(4000, np.float32), shares[::-1], carried).written == 0


def test_probabilities_come_true() -> None:
    draw = np.random.default_rng(0)
    truth = draw.normal(size=20000) * 2 - 1
    carried = (draw.random(20000) < 1 / (1 + np.exp(-truth))).astype(np.float32)
    scores = (3 * truth + 2).astype(np.float32)  # three times too sure
    mixture = fitted(scores[:10000], np.zeros((2, 10000), np.float32), carried[:10000])
    found = mixture.of(scores[10000:], np.zeros((2, 10000), np.float32))
    for low in np.arange(0, 1, 0.2):
        inside = (found >= low) & (found < low + 0.2)
        assert abs(found[inside].mean() - carried[10000:][inside].mean()) < 0.05


def test_a_model_keeps_what_is_compared_and_does_without_it(home: Home, clip: Path, tmp_path: Path) -> None:
    """A folder of an earlier version has no such file."""
    video = VideoEmbedder.load(home.model)
    kept = video.learnt.kept
    assert kept is not None and kept.shape[1] < video.learnt.vectors.shape[1]
    np.testing.assert_array_equal(replace(video.learnt, kept=None).looks, kept)

    older = tmp_path / "older"
    shutil.copytree(home.model, older)
    (older / "video" / LOOKS).unlink()
    manifest = json.loads((older / "video" / MANIFEST).read_text())
    del manifest["files"][LOOKS]
    (older / "video" / MANIFEST).write_text(json.dumps(manifest))
    assert VideoEmbedder.load(older).learnt.kept is None
    fitted = VideoEmbedder.fit(video.base, home.folder / "clips.csv", cache=home.cache)
    one, other, again = (
        suggester.suggest(clip, 30, explain=True).json()["suggestions"]
        for suggester in (
            Suggester.load(home.model, cache=home.cache),
            Suggester.load(older, cache=home.cache),
            Suggester(video.base, fitted, cache=home.cache, forms=Forms.load(home.model, video.base)),
        )
    )
    assert one == other == again


def test_with_nothing_to_tell_apart_scores_stay() -> None:
    ones = np.ones(5, np.float32)
    assert fitted(ones, np.stack([ones, ones]), ones) == Mixture()
