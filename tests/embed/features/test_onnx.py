"""Exported networks: what they see and give, and what is said when a file is not right."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import onnxruntime
import pytest

from tag2vec import TagSpace, VideoEmbedder, plugins
from tag2vec.embed.clips import Clip
from tag2vec.embed.extract import Extracted, extract, extract_many
from tag2vec.embed.features import Features, describe
from tag2vec.embed.features._network import Preparation, in_batches, probabilities, spread
from tag2vec.embed.features.onnx import OnnxNetwork
from tag2vec.errors import UsageError
from tests.clips import moving, write_clip
from tests.conftest import Home
from tests.networks import CLASSES, write_labels, write_onnx


@pytest.fixture
def network(tmp_path: Path) -> Path:
    return write_onnx(tmp_path / "tiny.onnx")


def _directly(file: Path, pictures: np.ndarray, output: str) -> np.ndarray:
    return onnxruntime.InferenceSession(file).run([output], {"pixel_values": pictures})[0]


def test_features_and_probabilities_are_those_of_onnxruntime(network: Path, tmp_path: Path) -> None:
    # Frames of the size that the network wants after the resize: nothing is interpolated.
    frames = moving(40, 20, 20)
    made = OnnxNetwork(str(network))
    wanted = (frames[spread(40, 8), 2:18, 2:18] / 255 - [0.5, 0.4, 0.3]) / [0.2, 0.25, 0.3]
    pictures = wanted.transpose(0, 3, 1, 2).astype(np.float32)
    assert made.dim == 6 and made.output == "features"
    np.testing.assert_allclose(made(frames, 20.0), _directly(network, pictures, "features"), rtol=1e-4, atol=1e-5)
    naming = OnnxNetwork(str(network), labels=str(write_labels(tmp_path / "labels.txt"))).naming()
    scores = _directly(network, pictures, "logits").astype(np.float64)
    softmax = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(naming(frames, 20.0), softmax, rtol=1e-4, atol=1e-6)
    assert naming.classes() == CLASSES and naming.dim == 4
    np.testing.assert_allclose(probabilities(softmax.astype(np.float32)), softmax, rtol=1e-6)


def test_half_precision_and_networks_for_one_picture(network: Path, tmp_path: Path) -> None:
    frames = moving(9)
    wanted = OnnxNetwork(str(network))(frames, 9.0)
    half = OnnxNetwork(str(write_onnx(tmp_path / "half.onnx", half=True)))(frames, 9.0)
    np.testing.assert_allclose(half, wanted, rtol=0.02, atol=0.02)
    alone = OnnxNetwork(str(write_onnx(tmp_path / "alone.onnx", batch=1)))(frames, 9.0)
    np.testing.assert_allclose(alone, wanted, rtol=1e-5, atol=1e-6)


def test_one_clip_and_many_agree(network: Path, tmp_path: Path) -> None:
    kind = OnnxNetwork(str(network))
    paths = [write_clip(tmp_path / f"{seed}.mp4", moving(12, seed=seed)) for seed in range(3)]
    alone = [extract(Clip.of(path), kind).arrays[0] for path in paths]
    for number, found in extract_many(paths, kind, workers=2):
        assert isinstance(found, Extracted)
        np.testing.assert_array_equal(found.arrays[0], alone[number])


def test_the_frames_that_are_seen(network: Path) -> None:
    made = OnnxNetwork(str(network), rate=1.0, least=3)
    assert [len(made.seen(np.zeros((t, 2, 2, 3), np.uint8), 10.0)) for t in (1, 2, 20, 100)] == [1, 2, 3, 10]
    assert spread(10, 5).tolist() == [1, 3, 5, 7, 9] and spread(2, 4).tolist() == [0, 0, 1, 1]
    with pytest.raises(UsageError, match="rate > 0"):
        OnnxNetwork(str(network), rate=0)
    with pytest.raises(UsageError, match="features, classes"):
        OnnxNetwork(str(network), gives="class")  # type: ignore[arg-type]


def test_pictures_are_resized_and_cut() -> None:
    picture = np.zeros((1, 40, 100, 3), np.uint8)
    picture[:, :, 40:60] = (200, 100, 50)  # what is in the middle, of 20 x 40 pixels
    made = Preparation(10, 5, 10, [0, 0, 0], [1, 1, 1], bgr=True)
    np.testing.assert_allclose(made(picture)[0, :, 5, 2] * 255, [50, 100, 200], rtol=1e-5)
    assert made(picture).shape == (1, 3, 10, 5) and made(picture).min() > 0
    small = cv2.resize(moving(1, 12, 12)[0], (24, 24), interpolation=cv2.INTER_LINEAR)
    found = Preparation(24, 24, 24, [0, 0, 0], [1, 1, 1])(moving(1, 12, 12))[0]
    np.testing.assert_allclose(found * 255, small.transpose(2, 0, 1), atol=1e-3)


def test_memory_that_runs_out_halves_the_batch_and_says_so() -> None:
    sizes = []

    def call(part: np.ndarray) -> np.ndarray:
        sizes.append(len(part))
        if len(part) > 3:
            raise RuntimeError("CUDA out of memory. Tried to allocate 2 GiB")
        return part * 2

    rows = np.arange(20, dtype=np.float32)[:, None]
    with pytest.warns(UserWarning, match="going on with . pictures at once"):
        np.testing.assert_array_equal(in_batches(call, rows, 8), rows * 2)
    assert sizes[:3] == [8, 4, 2]
    with pytest.raises(UsageError, match="no memory for one picture"), pytest.warns(UserWarning):
        in_batches(lambda part: np.zeros((10**9, 10**9)), rows)  # numpy's own error
    with pytest.raises(RuntimeError, match="bad shape"):
        in_batches(lambda part: (_ for _ in ()).throw(RuntimeError("bad shape")), rows)


def test_the_file_is_a_setting_and_another_one_is_refused(network: Path, tmp_path: Path) -> None:
    kept = describe(OnnxNetwork(str(network)))["settings"]
    assert len(kept["sha256"]) == 64 and json.loads(json.dumps(kept)) == kept
    assert plugins.make(Features, "onnx", kept) == OnnxNetwork(str(network))
    write_onnx(network, classes=5)
    with pytest.raises(UsageError, match="another one than was used before"):
        plugins.make(Features, "onnx", kept)
    write_onnx(network)
    beside = tmp_path / "tiny.preprocess.json"
    beside.write_text(beside.read_text() + " ")
    with pytest.raises(UsageError, match="preprocess file .* is another one"):
        plugins.make(Features, "onnx", kept)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, r'There is no .*tiny.preprocess.json.*wanted JSON such as \{"size"'),
        ("{", "does not say how"),
        ("[]", "does not say how"),
        ('{"size": {"height": 16, "width": 16}, "image_mean": [0, 0, 0]}', "image_std"),
        ('{"size": {"height": 16, "width": 16}, "image_mean": [0], "image_std": [1]}', "image_mean"),
        ('{"size": {"height": 0, "width": 16}, "image_mean": [0, 0, 0], "image_std": [1, 1, 1]}', "1 <= size"),
        ('{"size": {"height": 9, "width": 9}, "image_mean": [0, 0, 0], "image_std": [1, 1, 1]}', "cannot be run"),
    ],
)
def test_a_preprocess_file_that_is_not_right_is_said(network: Path, text: str | None, message: str) -> None:
    beside = network.with_name("tiny.preprocess.json")
    beside.unlink() if text is None else beside.write_text(text)
    with pytest.raises(UsageError, match=message):
        OnnxNetwork(str(network))


def test_files_that_are_not_right_are_said(network: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="needs file"):
        plugins.spelled(Features, "onnx")
    with pytest.raises(UsageError, match="cannot be read"):
        plugins.spelled(Features, f"onnx:{tmp_path}/absent.onnx")
    with pytest.raises(UsageError, match=r"has no output 'embedding'; it has logits, features"):
        OnnxNetwork(str(network), output="embedding")
    with pytest.raises(UsageError, match="does not say what its classes are called"):
        OnnxNetwork(str(network)).naming()
    labels = write_labels(tmp_path / "labels.txt", CLASSES[:3])
    with pytest.raises(UsageError, match="3 class names; the outputs of .* are logits 4, features 6"):
        OnnxNetwork(str(network), labels=str(labels)).naming()
    network.write_bytes(b"no network")
    with pytest.raises(UsageError, match="is no network that onnxruntime"):
        OnnxNetwork(str(network))


def test_a_real_network_names_what_it_sees(shared_data: Path) -> None:
    weights = shared_data / "weights"
    kind = OnnxNetwork(str(weights / "squeezenet1_0.onnx"), labels=str(weights / "imagenet_labels.txt")).naming()
    frames = moving(3, 227, 227)
    found = kind(frames, 3.0)
    assert found.shape == (3, 1000) and kind.classes()[0] == "tench"
    facts = json.loads((weights / "squeezenet1_0.preprocess.json").read_text())
    pictures = Preparation(227, 227, 256, facts["image_mean"], facts["image_std"])(frames)
    scores = _directly(Path(kind.file), pictures, "logits").astype(np.float64)
    near = np.exp(scores - scores.max(axis=1, keepdims=True))
    np.testing.assert_allclose(found, near / near.sum(axis=1, keepdims=True), rtol=1e-3, atol=1e-5)


def test_a_model_finds_its_network_in_its_own_folder(home: Home, tmp_path: Path) -> None:
    network, space = write_onnx(tmp_path / "tiny.onnx"), TagSpace.load(home.model)
    space.save(tmp_path / "model")
    clips = [Clip(home.folder / "clips" / tag / "00.mp4", (tag,), tag) for tag in ("yoyo", "piano")]
    VideoEmbedder.fit(space, clips, f"onnx:{network}", workers=0).save(tmp_path / "model")
    assert VideoEmbedder.load(tmp_path / "model").config.pooling == ["moments"]
    for file in (network, network.with_name("tiny.preprocess.json")):
        file.rename(tmp_path / "model" / file.name)
    assert VideoEmbedder.load(tmp_path / "model").kinds[0].dim == 6
    write_onnx(tmp_path / "model" / "tiny.onnx", classes=5)
    with pytest.raises(UsageError, match="another one than was used before"):
        VideoEmbedder.load(tmp_path / "model")
