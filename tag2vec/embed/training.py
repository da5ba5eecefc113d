"""The training loop: early stopping on held-out groups, then the same number of epochs on all clips."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tag2vec.embed.heads import Head


@dataclass(frozen=True)
class TrainConfig:
    """How a head is trained. `patience` counts epochs without a better held-out loss."""

    lr: float = 1e-3
    weight_decay: float = 1e-2
    batch: int = 64
    patience: int = 10
    held_out: float = 0.15
    seed: int = 1


@dataclass(frozen=True)
class Examples:
    """Pooled clips (n, p), target distributions (n, v), row of the first tag (n,), groups (n)."""

    pooled: Tensor
    targets: Tensor
    words: Tensor
    groups: Sequence[str]

    def __len__(self) -> int:
        return len(self.groups)

    def take(self, rows: NDArray[np.intp]) -> Examples:
        at = torch.from_numpy(rows)
        return Examples(self.pooled[at], self.targets[at], self.words[at], [self.groups[i] for i in rows])


def train(
    make: Callable[[], Head],
    examples: Examples,
    config: TrainConfig,
    tick: Callable[[int], None] | None = None,
) -> tuple[Head, list[dict[str, Any]]]:
    """A head trained on all examples, and the loss curve [{"epoch", "train", "held_out"}].

    The number of epochs is where the loss on held-out groups was least; with too few groups to hold some out it is
    the head's own maximum. `tick` gets the number of epochs done.
    """
    learn, check = _split(examples, config)
    curve: list[dict[str, Any]] = []
    best = make_seeded(make, config).epochs
    if len(check):
        curve = _run(make_seeded(make, config), learn, check, config, best, tick)
        best = 1 + min(range(len(curve)), key=lambda epoch: curve[epoch]["held_out"])
    head = make_seeded(make, config)
    final = _run(head, examples, None, config, best, tick)
    return head.eval(), curve or final


def make_seeded(make: Callable[[], Head], config: TrainConfig) -> Head:
    """A new head, its weights drawn with the seed: the two runs start alike."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        return make()


def _run(
    head: Head,
    learn: Examples,
    check: Examples | None,
    config: TrainConfig,
    epochs: int,
    tick: Callable[[int], None] | None,
) -> list[dict[str, Any]]:
    optimizer = torch.optim.AdamW(head.parameters(), lr=config.lr, weight_decay=config.weight_decay)
    curve: list[dict[str, Any]] = []
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        for epoch in range(epochs):
            head.train()
            total = 0.0
            for rows in torch.split(torch.randperm(len(learn)), config.batch):
                points = head(learn.pooled[rows])
                loss = head.loss(points, learn.targets[rows], learn.words[rows])
                optimizer.zero_grad()
                loss.backward()  # type: ignore[no-untyped-call]
                optimizer.step()
                total += float(loss.detach()) * len(rows)
            curve.append({"epoch": epoch + 1, "train": total / len(learn)})
            if tick:
                tick(epoch + 1)
            if check is not None:
                curve[-1]["held_out"] = _loss(head, check)
                least = min(range(len(curve)), key=lambda e: curve[e]["held_out"])
                if epoch - least >= config.patience:
                    break
    return curve


def _loss(head: Head, examples: Examples) -> float:
    head.eval()
    with torch.no_grad():
        return float(head.loss(head(examples.pooled), examples.targets, examples.words))


def _split(examples: Examples, config: TrainConfig) -> tuple[Examples, Examples]:
    """Whole groups aside, about `held_out` of the clips; none when there are fewer than 5 groups."""
    groups = sorted(set(examples.groups))
    if len(groups) < 5:
        return examples, examples.take(np.array([], dtype=np.intp))
    order = np.random.default_rng(config.seed).permutation(len(groups))
    sizes = np.array([examples.groups.count(groups[g]) for g in order])
    # Groups in random order until the share is reached, passing over one that alone would exceed twice the share.
    aside: set[str] = set()
    taken = 0
    for group, size in zip(order, sizes, strict=True):
        if taken + size <= 1.5 * config.held_out * len(examples):
            aside.add(groups[group])
            taken += int(size)
        if taken >= config.held_out * len(examples):
            break
    is_aside = np.array([group in aside for group in examples.groups])
    return examples.take(np.flatnonzero(~is_aside)), examples.take(np.flatnonzero(is_aside))
