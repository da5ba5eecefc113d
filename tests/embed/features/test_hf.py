"""Networks of the transformers library: real ones, small and untrained, saved to a folder and read again."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
import transformers
from safetensors.torch import load_file, save_file

from tag2vec import plugins
from tag2vec.embed.features import Features, describe
from tag2vec.embed.features.hf import HuggingFace
from tag2vec.errors import UsageError
from tests.clips import moving
from tests.networks import CLASSES, SIDE, write_hf, write_labels

FRAMES = moving(20, SIDE, SIDE)  # of the size that the networks want: nothing is interpolated


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("hf")
    return {kind: write_hf(root / kind, kind) for kind in ("resnet", "vit", "videomae", "clip")}


def _prepared(frames: np.ndarray, folder: Path) -> torch.Tensor:
    facts = json.loads((folder / "preprocessor_config.json").read_text())
    scaled = (frames / 255 - facts["image_mean"]) / facts["image_std"]
    return torch.from_numpy(scaled.transpose(0, 3, 1, 2)).float()


def test_pictures_go_through_the_network_itself(folders: dict[str, Path]) -> None:
    folder = folders["resnet"]
    network = transformers.ResNetForImageClassification.from_pretrained(folder).eval()
    seen = _prepared(FRAMES[[1, 4, 7, 10, 12, 15, 18]], folder)
    made = HuggingFace(str(folder), rate=7.0, least=1)
    with torch.no_grad():
        wanted = network.resnet(seen).pooler_output.flatten(1)
        scores = network(seen).logits.softmax(dim=1)
    np.testing.assert_allclose(made(FRAMES, 20.0), wanted, rtol=1e-3, atol=1e-5)
    assert made.dim == 16
    naming = made.naming()
    assert naming.classes() == CLASSES
    np.testing.assert_allclose(naming(FRAMES, 20.0), scores, rtol=1e-3, atol=1e-5)


def test_a_video_network_sees_one_window(folders: dict[str, Path]) -> None:
    made = HuggingFace(str(folders["videomae"]))
    network = transformers.VideoMAEModel.from_pretrained(folders["videomae"]).eval()
    with torch.no_grad():
        window = _prepared(FRAMES[[2, 7, 12, 17]], folders["videomae"])
        wanted = network(window[None]).last_hidden_state.mean(dim=1)
    np.testing.assert_allclose(made(FRAMES, 20.0), wanted, rtol=1e-3, atol=1e-4)
    assert made.naming()(FRAMES, 20.0).shape == (1, len(CLASSES))
    assert made(FRAMES[:1], 20.0).shape == (1, 12)  # a clip of one frame, shown four times


def test_a_pooling_that_was_not_trained_is_not_used(folders: dict[str, Path]) -> None:
    made = HuggingFace(str(folders["vit"]), rate=100.0)
    network = transformers.ViTForImageClassification.from_pretrained(folders["vit"]).eval()
    with torch.no_grad():
        tokens = network.vit(_prepared(FRAMES, folders["vit"])).last_hidden_state
    np.testing.assert_allclose(made(FRAMES, 20.0), tokens.mean(dim=1), rtol=1e-3, atol=1e-5)
    with pytest.raises(UsageError, match="does not say what its classes are called"):
        made.naming()


def test_texts_lie_beside_pictures(folders: dict[str, Path]) -> None:
    made = HuggingFace(str(folders["clip"]))
    assert made.reads_texts and made(FRAMES, 20.0).shape == (8, 10) and made.dim == 10
    found = made.texts(["a video of yoyo", "a video of a grand piano"])
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, rtol=1e-5)
    # A longer text beside it changes nothing.
    np.testing.assert_allclose(made.texts(["a video of yoyo"])[0], found[0], rtol=1e-4, atol=1e-5)
    with pytest.raises(UsageError, match="no weights for classifier|names no classes|does not say"):
        made.naming()
    assert not HuggingFace(str(folders["resnet"])).reads_texts


def test_the_weights_are_a_setting(folders: dict[str, Path], tmp_path: Path) -> None:
    folder = write_hf(tmp_path / "model")
    kept = describe(HuggingFace(str(folder)))["settings"]
    assert plugins.make(Features, "hf", kept) == HuggingFace(str(folder)) and kept["download"] is False
    state = load_file(folder / "model.safetensors")
    save_file({name: value + 1 for name, value in state.items()}, folder / "model.safetensors", {"format": "pt"})
    with pytest.raises(UsageError, match="another one than was used before"):
        plugins.make(Features, "hf", kept)


def test_what_is_not_right_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    with pytest.raises(UsageError, match=r"Nothing is downloaded unasked.*hf:model=org/absent,download=true"):
        plugins.spelled(Features, "hf:org/absent")
    with pytest.raises(UsageError, match="There is no folder"):
        plugins.spelled(Features, f"hf:{tmp_path}/no/such")
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match=r"no \.safetensors weights"):
        plugins.spelled(Features, f"hf:{tmp_path}/empty")
    folder = write_hf(tmp_path / "model")
    with pytest.raises(UsageError, match="has 2 class names"):
        HuggingFace(str(folder), labels=str(write_labels(tmp_path / "few.txt", CLASSES[:2]))).naming()
    state = load_file(folder / "model.safetensors")
    save_file({k: v for k, v in state.items() if "stages.1" not in k}, folder / "model.safetensors", {"format": "pt"})
    with pytest.raises(UsageError, match="has no weights for"):
        HuggingFace(str(folder))
    (folder / "preprocessor_config.json").unlink()
    with pytest.raises(UsageError, match="cannot be used as a model of pictures"):
        HuggingFace(str(folder))
