"""Suggestions with no tagged clip: by the names of a network's classes, or by the tags as texts."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tag2vec import Suggester, TagSpace
from tag2vec.embed.cache import Cache
from tag2vec.embed.features._network import Network
from tag2vec.embed.newtags import with_composed
from tag2vec.embed.prompts import Prompts
from tag2vec.embed.zeroshot import BEST, ClassNames, place_name, zero_shot
from tag2vec.errors import UsageError
from tests.conftest import Home
from tests.networks import CLASSES, write_hf, write_labels, write_onnx
from tests.test_end_to_end import run


@dataclass(frozen=True)
class Sure(Network):
    """A network that is sure of the classes that it is told."""

    names: tuple[str, ...] = ()
    dim: int = 0

    def classes(self) -> list[str]:
        return list(self.names)

    def __call__(self, frames: NDArray[np.uint8], fps: float) -> NDArray[np.float32]:
        return np.eye(len(self.names), dtype=np.float32)[[0] * len(frames)]


@pytest.fixture(scope="module")
def space(home: Home) -> TagSpace:
    return TagSpace.load(home.model)


def test_names_are_placed_by_what_the_space_knows_of_them(space: TagSpace) -> None:
    yoyo, piano = space.rows[space.stems.stem("yoyo")], space.rows[space.stems.stem("piano")]
    assert place_name(space, "yo-yo") == place_name(space, "Yoyo") == ({yoyo: 1}, 1.0)
    assert place_name(space, "qwxzk, yoyo") == ({yoyo: 1}, 1.0)
    assert place_name(space, "qwxzk_piano") == ({piano: 5}, 0.5)
    assert place_name(space, "pianoyoyos") == ({piano: 5, yoyo: 5}, 1.0)
    # Nothing is guessed from a spelling, and a short word inside a long name says nothing.
    for name in ("pianx", "qwxzk", "", "piano qwxzkqwxzkqwxzk", ","):
        assert place_name(space, name) is None


def test_what_a_network_is_sure_of_comes_first(space: TagSpace) -> None:
    names = ClassNames(space, Sure(names=("yoyo", "piano", "qwxzk")))
    assert names.left_out == ["qwxzk"] and names.known == [0, 1]
    for number, tag in enumerate(("yoyo", "piano")):
        seen = np.zeros((4, 3), np.float32)
        seen[:, number], seen[:, 2] = 0.3, 0.7
        scores = names.items @ names.place([seen]).query
        assert space.forms[int(scores.argmax())].lower() == tag
    # The point is the mean of the names' vectors, weighted with their probabilities.
    point = names.place([np.array([[0.6, 0.2, 0.2]], np.float32)]).query[space.dim : 2 * space.dim]
    np.testing.assert_allclose(point, 0.75 * space["yoyo"] + 0.25 * space["piano"], rtol=1e-4, atol=1e-6)
    assert np.isfinite(names.place([np.array([[0, 0, 1.0]], np.float32)]).query).all()
    many = ClassNames(space, Sure(names=tuple(space.forms[: BEST + 5])))
    even = many.place([np.full((1, BEST + 5), 1 / (BEST + 5), np.float32)]).query[space.dim : 2 * space.dim]
    np.testing.assert_allclose(even, space.inputs[:BEST].mean(axis=0), rtol=1e-3, atol=1e-5)
    with pytest.raises(UsageError, match="None of the 1 class names"):
        ClassNames(space, Sure(names=("qwxzk",)))


def test_a_model_without_a_video_embedder_suggests(home: Home, space: TagSpace, tmp_path: Path) -> None:
    shutil.copytree(home.model / "space", tmp_path / "model" / "space")
    network, labels = write_onnx(tmp_path / "tiny.onnx"), write_labels(tmp_path / "labels.txt")
    clip = home.folder / "clips" / "yoyo" / "09.mp4"
    asked = ["--zero-shot", f"onnx:{network}", "--labels", labels]
    done = run(home, "suggest", clip, "-m", tmp_path / "model", "-k", "5", *asked, "--json")
    assert done.returncode == 0, done.stderr
    assert "1 of 4 class names are not known here and left out: qwxzk" in done.stderr
    suggester = Suggester(space, zero_shot(space, f"onnx:{network}", labels))
    answer = [s["tag"] for s in json.loads(done.stdout)["suggestions"]]
    assert answer == [s.tag for s in suggester.suggest(clip, 5)]
    named = {tag.lower() for tag in answer} & {"yoyo", "juggling", "piano"}
    assert named
    both = run(home, "suggest", clip, "-m", home.model, "--labels", labels)
    assert both.returncode == 2 and "--zero-shot" in both.stderr
    other = run(home, "suggest", clip, "-m", home.model, "--zero-shot", "trajectories")
    assert other.returncode == 2 and "no network that names classes" in other.stderr


def test_class_names_of_a_transformers_model(home: Home, space: TagSpace, tmp_path: Path) -> None:
    embedder = zero_shot(space, f"hf:{write_hf(tmp_path / 'resnet')}")
    assert isinstance(embedder, ClassNames) and embedder.names == CLASSES and embedder.left_out == ["qwxzk"]
    assert len(Suggester(space, embedder).suggest(home.folder / "clips" / "piano" / "09.mp4", 4)) == 4


def test_tags_are_compared_with_pictures_where_a_network_reads_texts(
    home: Home, space: TagSpace, tmp_path: Path
) -> None:
    folder, cache = write_hf(tmp_path / "clip", "clip"), Cache(tmp_path / "cache")
    embedder = zero_shot(space, f"hf:{folder}", cache=cache)
    assert isinstance(embedder, Prompts) and embedder.items.shape == (len(space), 10)
    (network,) = embedder.kinds
    assert isinstance(network, Network)
    wanted = network.texts([f"a video of {space.forms[7]}"])[0]
    np.testing.assert_allclose(embedder.items[7], wanted, atol=2e-3)
    # An answer is the tag whose text lies nearest to what is seen.
    assert int((embedder.items @ embedder.place([wanted[None] * 3]).query).argmax()) == 7
    again = zero_shot(space, f"hf:{folder}", cache=cache)
    np.testing.assert_array_equal(again.items, embedder.items)
    clip = home.folder / "clips" / "piano" / "09.mp4"
    assert len(Suggester(space, again).suggest(clip, 3)) == 3
    (tmp_path / "mine.txt").write_text("PianoFriends\nyoyo\nBreastStrokeSwimmer\n")
    composed = Suggester(space, again, cache=cache).suggest(clip, vocabulary=tmp_path / "mine.txt")
    assert {one.tag for one in composed} == {"PianoFriends", "Yoyo", "BreastStrokeSwimmer"}
    seen = again.place([network.texts(["a video of PianoFriends"])])
    grown = again.grown(with_composed(space, ["PianoFriends"]))
    assert int((grown.items @ seen.query).argmax()) == len(space)
    np.testing.assert_allclose(grown.scores_of(seen, np.array([len(space)])), [1.0], atol=2e-3)


def test_the_preprocess_file_of_the_documents_is_one(tmp_path: Path) -> None:
    from tag2vec.embed.features.onnx import _preparation
    from tests.test_docs import blocks

    (text,) = blocks("docs/features.md", "json")
    (tmp_path / "network.preprocess.json").write_text(text)
    assert _preparation(tmp_path / "network.preprocess.json").resize == 256
