"""Several kinds of features: together never worse than the best of them."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from tag2vec.embed.clips import Clip
from tag2vec.embed.video import VideoEmbedder
from tests.clips import texture
from tests.networks import write_onnx
from tests.spaces import TAGS, space

LEARN, ASK, WIDE, KINDS = 150, 150, 24, 3
RECIPES = pytest.mark.parametrize("recipe", ["fusion", "softfusion"])
LABELS = np.random.default_rng(5).integers(KINDS, size=LEARN + ASK)


def _told(what: NDArray[np.intp], strength: float, seed: int) -> NDArray[np.float32]:
    """Vectors in which `what` is told."""
    draw = np.random.default_rng(seed)
    middles = strength * draw.normal(size=(what.max() + 1, WIDE))
    return (middles[what] + draw.normal(size=(len(what), WIDE))).astype(np.float32)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("fusion")
    parts = {
        "good": _told(LABELS, 0.45, 0),
        "noise": _told(np.zeros_like(LABELS), 0, 1),
        "first": _told(np.minimum(LABELS, 1), 0.8, 2),  # 0, or 1 and 2
        "last": _told(np.maximum(LABELS, 1), 0.8, 3),  # 0 and 1, or 2
    }
    for name, vectors in parts.items():
        np.savez(folder / f"{name}.npz", **{f"c{i}": vector for i, vector in enumerate(vectors)})
    return folder


def _right(folder: Path, recipe: str, *parts: str) -> float:
    """The share of clips that it did not learn from, of which it says the right tag first."""
    clips = [Clip(Path(f"c{i}.mp4"), (TAGS[LABELS[i]],), str(i)) for i in range(LEARN)]
    features = "+".join(f"given:{folder / part}.npz" for part in parts)
    video = VideoEmbedder.fit(space(), clips, features, recipe=recipe, workers=0)
    found = {part: np.load(folder / f"{part}.npz") for part in parts}
    arrays = [[found[part][f"c{i}"] for part in parts] for i in range(LEARN, LEARN + ASK)]
    best = video.scores(video.poolings.many(arrays)).argmax(axis=1)
    return float(np.mean([video.space.forms[row] == TAGS[LABELS[LEARN + i]] for i, row in enumerate(best)]))


@RECIPES
def test_noise_is_not_listened_to(folder: Path, recipe: str) -> None:
    alone = _right(folder, recipe, "good")
    assert 0.6 < alone < 0.97
    assert _right(folder, recipe, "good", "noise") >= alone - 0.02


@RECIPES
def test_what_each_kind_tells_is_put_together(folder: Path, recipe: str) -> None:
    parts = [_right(folder, recipe, part) for part in ("first", "last")]
    assert _right(folder, recipe, "first", "last") > max(parts) + 0.1


@RECIPES
def test_titles_and_thumbnails(tmp_path: Path, recipe: str) -> None:
    """Real pictures through a real network, some clips without a title; what was saved answers the same."""
    clips = []
    for i in range(24):
        picture = texture(72, 96, seed=i) // 2
        picture[..., i % 2] += 100  # reddish or greenish
        cv2.imwrite(str(tmp_path / f"{i}.png"), cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
        title = None if i % 6 > 3 else f"{'yoga at home' if i % 2 else 'goals of the week'} {i}"
        clips.append(Clip(tmp_path / f"{i}.png", (TAGS[i % 2],), str(i), title))
    tags = space()
    tags.save(tmp_path / "model")
    features = f"words+onnx:{write_onnx(tmp_path / 'tiny.onnx')}"
    video = VideoEmbedder.fit(tags, clips, features, recipe=recipe, epochs=5, workers=0)
    assert not video.failed and len(video.trained_clips) == len(clips)
    assert video.head.gate.shape == (2, 2) and video.learnt.told is not None
    video.save(tmp_path / "model")
    again = VideoEmbedder.load(tmp_path / "model")
    vectors = video.learnt.vectors.astype(np.float32)
    np.testing.assert_array_equal(again.scores(vectors), video.scores(vectors))
