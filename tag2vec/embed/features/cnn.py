"""The five-layer network of Palihena and Randika (2024), trained on one's own clips by `tag2vec fit-cnn`.

A Model to Determine Hashtags for Social Media Video Clips Using Computer Vision Techniques, section III: 3x3
convolutions of 32, 64, 128, 256 and 512 maps, each with ReLU and 2x2 max pooling, then the mean over places.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from tag2vec.embed.features._network import Array, Network, Preparation, checksum, in_batches, probabilities
from tag2vec.embed.threads import one_thread
from tag2vec.errors import UsageError

WIDTHS = (32, 64, 128, 256, 512)


class Layers(nn.Module):
    """Squares (n, 3, side, side), 0..1 -> features (n, 512); `head` turns those into scores of the classes."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        parts: list[nn.Module] = []
        for before, after in zip((3, *WIDTHS), WIDTHS, strict=False):
            convolution = nn.Conv2d(before, after, 3, padding=1)
            nn.init.kaiming_normal_(convolution.weight, nonlinearity="relu")
            parts += [convolution, nn.ReLU(), nn.MaxPool2d(2, ceil_mode=True)]
        self.body = nn.Sequential(*parts)
        self.head = nn.Linear(WIDTHS[-1], classes)

    def forward(self, squares: Tensor) -> Tensor:
        maps: Tensor = self.body(squares)
        return maps.mean(dim=(2, 3))


@dataclass(frozen=True)
class FiveLayerCnn(Network):
    """`cnn:FILE.safetensors`, a file that fit-cnn wrote. Its classes are the tags it was trained on."""

    file: str

    def __post_init__(self) -> None:
        super().__post_init__()
        path = Path(self.file).absolute()
        self._fill(file=str(path), sha256=checksum([path], self.sha256, f"The network {path}"))
        classes = self.classes()
        self._fill(dim=len(classes) if self.gives == "classes" else WIDTHS[-1])

    def classes(self) -> list[str]:
        return list(_load(self.file, self.sha256)[1])

    def __call__(self, frames: NDArray[np.uint8], fps: float) -> Array:
        """frames (t, h, w, 3) uint8 RGB -> (n, 512) float32, n of them evenly spread."""
        network, _, side = _load(self.file, self.sha256)
        device = network.head.weight.device

        def look(part: Array) -> Array:
            with torch.inference_mode(), one_thread(), torch.autocast("cuda", enabled=device.type == "cuda"):
                found = network(torch.from_numpy(part).to(device))
                found = network.head(found) if self.gives == "classes" else found
            rows: Array = found.float().cpu().numpy()
            return rows

        rows = in_batches(look, squares(self.seen(frames, fps), side))
        return probabilities(rows) if self.gives == "classes" else rows


def squares(frames: NDArray[np.uint8], side: int) -> Array:
    """The centre squares of frames (n, h, w, 3) -> (n, 3, side, side), 0..1."""
    return Preparation(side, side, side, (0, 0, 0), (1, 1, 1))(frames)


@lru_cache(maxsize=4)
def _load(file: str, sha256: str) -> tuple[Layers, tuple[str, ...], int]:
    """The network in `file`, the tags it was trained on and the side of its squares. Raises UsageError."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(file, framework="pt") as opened:
            facts = json.loads(opened.metadata()["cnn"])
            state = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118  (it is no mapping)
        network = Layers(len(facts["classes"]))
        network.load_state_dict(state)
        classes, side = tuple(map(str, facts["classes"])), int(facts["side"])
    except (OSError, SafetensorError, ValueError, KeyError, TypeError, RuntimeError) as error:
        raise UsageError(
            f"{file} is no network that fit-cnn wrote ({error}). Make one: tag2vec fit-cnn CLIPS -o FILE."
        ) from error
    device = "cuda" if torch.cuda.is_available() else "cpu"
    return network.eval().to(device), classes, side
