"""The training loop: early stopping on held-out groups, then the same number of epochs on all clips."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tag2vec.embed.heads import Head

FOLDS = 5  # a fifth of the groups is held out
SPLITS = 3  # so often, unless there are MANY clips
MANY = 2000


@dataclass(frozen=True)
class TrainConfig:
    """How a head is trained. `patience` counts epochs without a better loss on held-out groups."""

    lr: float = 1e-3
    weight_decay: float = 1e-2
    batch: int = 64
    patience: int = 8
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
    make: Callable[[], Head], examples: Examples, config: TrainConfig, tick: Callable[[int], None] | None = None
) -> tuple[Head, list[dict[str, Any]]]:
    """A head trained on all examples, and the loss curve [{"epoch", "train", "held_out"}].

    The number of epochs is where the mean loss on held-out groups was least; with too few groups to hold some out it
    is the head's own maximum. `tick` gets the number of epochs done.
    """
    curves = []
    for learn, check in _splits(examples, config):
        curves.append(_run(make_prepared(make, learn, config), learn, check, config, tick))
    curve = [
        {"epoch": e + 1} | {name: float(np.mean([c[e][name] for c in curves])) for name in ("train", "held_out")}
        for e in range(min(map(len, curves), default=0))
    ]
    head = make_prepared(make, examples, config)
    best = 1 + min(range(len(curve)), key=lambda epoch: curve[epoch]["held_out"]) if curve else head.epochs
    final = _run(head, examples, None, config, tick, best)
    return head.eval(), curve or final


def make_prepared(make: Callable[[], Head], examples: Examples, config: TrainConfig) -> Head:
    """A new head, its weights drawn with the seed: all runs start alike."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        head = make()
    head.prepare(examples.pooled)
    return head


def _run(
    head: Head,
    learn: Examples,
    check: Examples | None,
    config: TrainConfig,
    tick: Callable[[int], None] | None,
    epochs: int | None = None,
) -> list[dict[str, Any]]:
    learn, check = _reduced(head, learn), check and _reduced(head, check)
    optimizer = torch.optim.AdamW(head.parameters(), lr=config.lr, weight_decay=config.weight_decay)
    curve: list[dict[str, Any]] = []
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        for epoch in range(epochs or head.epochs):
            head.train()
            total = 0.0
            for rows in torch.split(torch.randperm(len(learn)), config.batch):
                points = head.points(learn.pooled[rows])
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
                least = min(range(epoch + 1), key=lambda e: curve[e]["held_out"])
                if epoch - least >= config.patience:
                    break
    return curve


def _reduced(head: Head, examples: Examples) -> Examples:
    with torch.no_grad():
        return replace(examples, pooled=head.reduce(examples.pooled))


def _loss(head: Head, examples: Examples) -> float:
    head.eval()
    with torch.no_grad():
        return float(head.loss(head.points(examples.pooled), examples.targets, examples.words))


def _splits(examples: Examples, config: TrainConfig) -> Iterator[tuple[Examples, Examples]]:
    """(learn, check) pairs: whole groups aside, every category on both sides where it has the groups for it.

    One split says little about a few clips, so there are several until there are many clips. A clip is no check when
    its word stands on no clip that is learnt from.
    """
    words = examples.words.numpy()
    if len(set(examples.groups)) < FOLDS:
        return
    pairs = group_folds(words, examples.groups, FOLDS, config.seed)
    for learn, check in pairs[: 1 if len(words) > MANY else SPLITS]:
        fair = check[np.isin(words[check], words[learn])]
        if len(fair):
            yield examples.take(learn), examples.take(fair)


def group_folds(
    categories: Sequence[Any] | NDArray[Any], groups: Sequence[str], folds: int, seed: int
) -> list[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """(train, test) rows of each fold: groups stay whole, categories keep their share as far as that allows.

    There must be at least as many groups as folds.
    """
    from sklearn.model_selection import StratifiedGroupKFold

    _, labels, counts = np.unique(np.asarray(categories), return_inverse=True, return_counts=True)
    labels[counts[labels] < folds] = -1  # too small to be spread over all folds: kept in balance together
    splitter = StratifiedGroupKFold(folds, shuffle=True, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # the rest may be too small as well
        return list(splitter.split(np.zeros(len(labels)), labels, list(groups)))
