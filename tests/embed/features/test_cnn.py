"""The five-layer network: its shape, its training on clips, and what it gives."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from tag2vec.embed.clips import Clip
from tag2vec.embed.cnntraining import fit_cnn
from tag2vec.embed.features.cnn import FiveLayerCnn, Layers, squares
from tag2vec.errors import SourceError, UsageError
from tests.clips import moving, still, write_clip
from tests.conftest import Run
from tests.networks import CLASSES, SIDE, write_cnn


def _clips(folder: Path) -> list[Clip]:
    """Red and blue clips, each of a group of its own."""
    made = []
    for number in range(12):
        tag = ("red", "blue")[number % 2]
        pictures = still(4, 24, 32, seed=number) // 4
        pictures[..., 0 if tag == "red" else 2] += 150
        path = write_clip(folder / f"{number}.mp4", pictures)
        made.append(Clip(path, (tag,), str(number)))
    return made


def test_the_layers_are_those_of_the_paper() -> None:
    network = Layers(5)
    shapes = [tuple(part.weight.shape) for part in network.body if isinstance(part, torch.nn.Conv2d)]
    assert shapes == [(32, 3, 3, 3), (64, 32, 3, 3), (128, 64, 3, 3), (256, 128, 3, 3), (512, 256, 3, 3)]
    assert network(torch.zeros(2, 3, 64, 64)).shape == (2, 512) and network.head(torch.zeros(2, 512)).shape == (2, 5)


def test_it_learns_to_tell_clips_apart_and_repeats(tmp_path: Path) -> None:
    clips = _clips(tmp_path)
    done = fit_cnn(clips, tmp_path / "a.safetensors", side=16, workers=0)
    assert done.classes == ["blue", "red"] and not done.failed
    assert min(line["held_out"] for line in done.curve) < 0.5 and max(line["accuracy"] for line in done.curve) == 1
    fit_cnn(clips, tmp_path / "b.safetensors", side=16, workers=0)
    assert (tmp_path / "a.safetensors").read_bytes() == (tmp_path / "b.safetensors").read_bytes()
    naming = FiveLayerCnn(str(tmp_path / "a.safetensors")).naming()
    red = np.zeros((5, 20, 30, 3), np.uint8)
    red[..., 0] = 190
    assert naming.classes()[int(naming(red, 5.0).mean(axis=0).argmax())] == "red"


def test_the_command(tmp_path: Path, run: Run) -> None:
    rows = [f"{clip.path},{' '.join(clip.tags)},{clip.group}" for clip in _clips(tmp_path)]
    (tmp_path / "clips.csv").write_text("\n".join(["path,tags,group", *rows, "gone.mp4,red,g"]))
    code, out, said = run(
        "fit-cnn", tmp_path / "clips.csv", "-o", tmp_path / "a.safetensors", "--side", 16, "--frames", 2
    )
    assert code == 1 and out.strip() == str(tmp_path / "a.safetensors")
    assert "gone.mp4 cannot be opened" in said and "network: 2 tags, epoch " in said
    assert FiveLayerCnn(out.strip()).classes() == ["blue", "red"]


def test_features_are_means_over_places(tmp_path: Path) -> None:
    made, frames = FiveLayerCnn(str(write_cnn(tmp_path / "tiny.safetensors")), rate=100), moving(6)
    network = Layers(len(CLASSES))
    from safetensors.torch import load_file

    network.load_state_dict(load_file(made.file))
    with torch.no_grad():
        wanted = network.body(torch.from_numpy(squares(frames, SIDE))).mean(dim=(2, 3))
    np.testing.assert_allclose(made(frames, 6.0), wanted, rtol=1e-4, atol=1e-6)
    assert made.classes() == CLASSES and made.naming().dim == len(CLASSES)


def test_what_is_not_right_is_said(tmp_path: Path) -> None:
    clips = _clips(tmp_path)
    with pytest.raises(SourceError, match="carry 1 first tags"):
        fit_cnn(clips[::2], tmp_path / "a.safetensors", side=16, workers=0)
    with pytest.raises(UsageError, match=r"ends in \.safetensors"):
        fit_cnn(clips, tmp_path / "a.pt")
    with pytest.raises(UsageError, match="side=2"):
        fit_cnn(clips, tmp_path / "a.safetensors", side=2)
    (tmp_path / "no.safetensors").write_bytes(b"nothing")
    with pytest.raises(UsageError, match="is no network that fit-cnn wrote"):
        FiveLayerCnn(str(tmp_path / "no.safetensors"))
