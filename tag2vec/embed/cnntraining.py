"""Training the five-layer network of the features `cnn` on tagged clips, after Palihena and Randika (2024).

They show each picture as it is, for 30 epochs at most, and stop after 3 without a better loss. A network then learns a
few hundred clips by heart: here it sees other frames of a clip each time, mirrored or not, and has longer.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import save
from torch import Tensor, nn

from tag2vec.embed.cache import Cache
from tag2vec.embed.clips import Clip, read_clips
from tag2vec.embed.features import Features
from tag2vec.embed.features._network import Array, spread
from tag2vec.embed.features.cnn import Layers, squares
from tag2vec.embed.gather import gather
from tag2vec.embed.limits import FrameLimits
from tag2vec.embed.splits import FOLDS, group_folds
from tag2vec.embed.threads import one_thread
from tag2vec.errors import SourceError, Tag2VecError, UsageError
from tag2vec.files import write_whole

BATCH = 15  # clips, as in the paper
EPOCHS, PATIENCE = 60, 8  # passes over the clips at most, and without a better loss on held-out ones
SEEN = 2  # frames of a clip in a pass, drawn anew
RATE = 1e-3  # of Adam


@dataclass(frozen=True)
class Squares(Features):
    """What the network is shown of a clip: `frames` centre squares, evenly spread, a row each."""

    side: int = 64
    frames: int = 8

    @property
    def dim(self) -> int:
        return 3 * self.side**2

    def __post_init__(self) -> None:
        if not (8 <= self.side <= 512 and 1 <= self.frames <= 64):
            raise UsageError(
                f"Got side={self.side}, frames={self.frames}; wanted a side of 8 to 512 and 1 to 64 frames."
            )

    def __call__(self, frames: NDArray[np.uint8], fps: float) -> Array:
        return squares(frames[spread(len(frames), self.frames)], self.side).reshape(self.frames, -1)


@dataclass(frozen=True)
class Trained:
    """What was trained: the classes, a line {"epoch", "train", "held_out", "accuracy"} an epoch, clips that failed."""

    classes: list[str]
    curve: list[dict[str, Any]]
    failed: list[tuple[Path, Tag2VecError]]


def fit_cnn(
    clips: str | Path | Sequence[Clip],
    out: str | Path,
    *,
    seed: int = 1,
    side: int = 64,
    frames: int = 8,
    limits: FrameLimits | None = None,
    cache: Cache | None = None,
    workers: int | None = None,
    tick: Callable[[int], None] | None = None,
) -> Trained:
    """Train on the first tag of each clip, shown in `frames` of its frames, and write `out` (.safetensors): the epoch
    with the least loss on held-out groups; with too few groups to hold some out, the last one. One seed, one file.

    Clips that cannot be decoded are left out. `tick` gets the number of clips read. Raises SourceError when fewer than
    two tags are left, UsageError for a bad setting, ArtifactError when `out` cannot be written.
    """
    out, kind = Path(out), Squares(side, frames)
    if out.suffix != ".safetensors" or not out.parent.is_dir():
        raise UsageError(f"Cannot write {out}; wanted a name that ends in .safetensors, in a folder that is there.")
    listed = [clip for clip in (read_clips(clips) if isinstance(clips, str | Path) else clips) if clip.tags]
    _classes(listed)  # before long work, not after
    found = gather(listed, kind, limits, cache, workers, tick)
    used, classes = found.clips, _classes(found.clips)
    shown = torch.from_numpy(np.stack([rows for (rows,) in found.arrays])).reshape(-1, frames, 3, side, side)
    labels = torch.tensor([classes.index(clip.tags[0]) for clip in used])
    network, curve = _train(shown, labels, [clip.group for clip in used], len(classes), seed)
    facts = {"classes": classes, "side": side, "frames": frames, "seed": seed, "clips": len(used)}
    content = save(
        {name: value.contiguous() for name, value in network.state_dict().items()}, {"cnn": json.dumps(facts)}
    )
    write_whole(out, content)
    return Trained(classes, curve, found.failed)


def _classes(clips: Sequence[Clip]) -> list[str]:
    """The first tags that clips carry. Raises SourceError when there are not two to tell apart."""
    found = sorted({clip.tags[0] for clip in clips})
    if len(found) < 2:
        raise SourceError(f"Clips that can be used carry {len(found)} first tags; wanted two or more to tell apart.")
    return found


@one_thread()
def _train(
    shown: Tensor, labels: Tensor, groups: Sequence[str], classes: int, seed: int
) -> tuple[Layers, list[dict[str, Any]]]:
    """Clips (n, frames, 3, side, side) float16 and their classes (n,) -> the network and its losses."""
    everything = np.arange(len(labels))
    learn, check = everything, everything[:0]
    if len(set(groups)) >= FOLDS:
        learn, check = group_folds(labels.numpy(), groups, FOLDS, seed)[0]
    device = "cuda" if torch.cuda.is_available() else "cpu"
    curve: list[dict[str, Any]] = []
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        network = Layers(classes).to(device)
        optimizer = torch.optim.Adam(network.parameters(), RATE)
        best = network.state_dict()
        for epoch in range(EPOCHS):
            network.train()
            total = 0.0
            for rows in torch.split(torch.from_numpy(learn)[torch.randperm(len(learn))], BATCH):
                loss = nn.functional.cross_entropy(_scores(network, _drawn(shown, rows)), labels[rows].to(device))
                optimizer.zero_grad()
                loss.backward()  # type: ignore[no-untyped-call]
                optimizer.step()
                total += float(loss.detach()) * len(rows)
            curve.append({"epoch": epoch + 1, "train": total / len(learn)} | _checked(network, shown, labels, check))
            least = min(range(epoch + 1), key=lambda e: curve[e].get("held_out", -e))
            if least == epoch:
                best = copy.deepcopy(network.state_dict())
            if epoch - least >= PATIENCE:
                break
    network.load_state_dict(best)
    return network.cpu().eval(), curve


def _drawn(shown: Tensor, rows: Tensor) -> Tensor:
    """Of each of the clips `rows` SEEN frames, at random, and half of the clips mirrored."""
    frames = torch.rand(len(rows), shown.shape[1]).argsort(dim=1)[:, :SEEN]
    mirrored = torch.rand(len(rows)) < 0.5
    some = shown[rows[:, None], frames]
    return torch.where(mirrored[:, None, None, None, None], some.flip(-1), some)


def _checked(network: Layers, shown: Tensor, labels: Tensor, check: NDArray[np.intp]) -> dict[str, float]:
    """Loss and accuracy on the clips in `check`; nothing without any."""
    if not len(check):
        return {}
    network.eval()
    with torch.no_grad():
        parts = torch.split(torch.from_numpy(check), BATCH)
        scores = torch.cat([_scores(network, shown[rows]) for rows in parts]).cpu()
    wanted = labels[torch.from_numpy(check)]
    right = (scores.argmax(dim=1) == wanted).double().mean()
    return {"held_out": float(nn.functional.cross_entropy(scores, wanted)), "accuracy": float(right)}


def _scores(network: Layers, clips: Tensor) -> Tensor:
    """Clips (m, frames, 3, side, side) -> scores (m, classes): those of the mean features of their frames."""
    features: Tensor = network(clips.flatten(0, 1).to(network.head.weight))
    scores: Tensor = network.head(features.reshape(*clips.shape[:2], -1).mean(dim=1))
    return scores
