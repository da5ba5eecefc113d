"""The training loop: early stopping on held-out groups, then the same number of epochs on all clips."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tag2vec.embed import splits
from tag2vec.embed.checkpoint import Checkpoint
from tag2vec.embed.examples import Examples
from tag2vec.embed.heads import Judged
from tag2vec.embed.network import Network
from tag2vec.embed.ranks import alone, summed
from tag2vec.errors import MOST, UsageError, at_least

SETTLED_ON = 500  # held-out clips at most of each split

Schedule = Literal["constant", "cosine", "exponential"]
Balance = Literal["none", "weights", "sampling"]
Precision = Literal["float32", "bfloat16"]
Optimizer = Literal["adamw", "adam"]
EpochTick = Callable[[str, dict[str, Any]], None]
"""Called after each epoch with the part of training (held-out-0, ..., all) and its line of the curve."""


@dataclass(frozen=True)
class TrainConfig:
    """How a network is trained.

    `epochs` None: as many as the recipe has. `patience` counts epochs without a better loss on held-out groups.
    `decay` is what an exponential schedule multiplies the rate with after each epoch. `balance` gives clips of rare
    first tags more weight in the loss, or draws them more often. `frames` is how many rows of a clip a pooling that is
    trained is shown at most; which, is drawn anew each time. Each batch is worked on in `shards`, by as many processes
    at most: the number of processes changes nothing, that of shards what dropout leaves out. `clip` bounds the length
    of the gradient of poolings.
    """

    optimizer: Optimizer = "adamw"
    lr: float = 1e-3
    weight_decay: float = 1e-2
    schedule: Schedule = "constant"
    decay: float = 0.95
    batch: int = 64
    epochs: int | None = None
    patience: int = 8
    clip: float = 5.0
    balance: Balance = "none"
    frames: int = 300
    precision: Precision = "float32"
    shards: int = 1
    seed: int = 1

    def __post_init__(self) -> None:
        named = {"optimizer": Optimizer, "schedule": Schedule, "balance": Balance, "precision": Precision}
        for name, choices in named.items():
            if getattr(self, name) not in get_args(choices):
                raise UsageError(f"{name} is '{getattr(self, name)}'; wanted {' or '.join(get_args(choices))}.")
        for name in ("lr", "batch", "patience", "clip", "frames", "shards", "decay"):
            if not 0 < getattr(self, name) < float("inf"):
                raise UsageError(f"{name} is {getattr(self, name)}; wanted a number above 0.")
        at_least(self, MOST, epochs=1, seed=0)


@dataclass(frozen=True)
class HeldOut:
    """A network that learnt from some clips only, and the others."""

    network: Network
    learn: NDArray[np.intp]
    check: NDArray[np.intp]


@dataclass(frozen=True)
class Trained:
    """`curve` has a line {"epoch", "train", "held_out"} an epoch; `held_out` the networks that it comes from."""

    network: Network
    curve: list[dict[str, Any]]
    held_out: list[HeldOut]


def train(
    make: Callable[[], Network],
    examples: Examples,
    config: TrainConfig,
    tick: EpochTick | None,
    checkpoint: Checkpoint,
) -> Trained:
    """A network trained on all examples.

    The number of epochs is where the mean loss on held-out groups was least; with too few groups to hold some out it
    is the recipe's own maximum. What `checkpoint` has of an earlier run is not done again.
    """
    held_out, curves = [], []
    for number, (learn, check) in enumerate(splits.held_out(examples.words.numpy(), examples.groups, config.seed)):
        some, others = examples.take(learn), examples.take(check)
        network = _prepared(make, some, config)
        some, others = _reduced(network, some), _reduced(network, others)
        state = checkpoint.of(f"held-out-{number}")
        curves.append(_run(network, some, others.known_to(some), config, state, tick))
        # Clips of words that were not learnt say nothing of when to stop, but such clips come, and are suggested tags.
        rest = np.setdiff1d(np.arange(len(examples)), learn)
        held_out.append(HeldOut(network.eval(), learn, rest))
    curve = [
        {"epoch": e + 1} | {name: float(np.mean([c[e][name] for c in curves])) for name in ("train", "held_out")}
        for e in range(min(map(len, curves), default=0))
    ]
    network = _prepared(make, examples, config)
    best = 1 + min(range(len(curve)), key=lambda epoch: curve[epoch]["held_out"]) if curve else None
    final = _run(network, _reduced(network, examples), None, config, checkpoint.of("all"), tick, best)
    network.eval().head.settle(_judged(held, examples) for held in held_out)
    return Trained(network, curve or final, held_out)


def _judged(held: HeldOut, examples: Examples) -> Judged:
    """Of some held-out clips."""
    check = examples.take(held.check[:: -(-len(held.check) // SETTLED_ON)]).known_to(examples.take(held.learn))
    own = check.wanted(torch.arange(len(check))).targets[:, held.network.head.carried] == 1
    return held.network.head, held.network.vectors(check.seen), own.float()


def _prepared(make: Callable[[], Network], examples: Examples, config: TrainConfig) -> Network:
    """A new network, its weights drawn with the seed: all runs start alike."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        network = make()
    if isinstance(examples.seen, Tensor):
        network.head.prepare(examples.seen, examples.nothing)
    return network


def _reduced(network: Network, examples: Examples) -> Examples:
    """The same with fixed vectors as short as the head makes them."""
    return replace(examples, seen=network.vectors(examples.seen)) if isinstance(examples.seen, Tensor) else examples


def _run(
    network: Network,
    learn: Examples,
    check: Examples | None,
    config: TrainConfig,
    state: Checkpoint,
    tick: EpochTick | None,
    epochs: int | None = None,
) -> list[dict[str, Any]]:
    """Train `network`; with clips to `check` it ends as it was in its best epoch, else in its last."""
    device = "cuda" if torch.cuda.is_available() else "cpu"
    network.to(device)
    kind = torch.optim.AdamW if config.optimizer == "adamw" else torch.optim.Adam
    optimizer = kind(network.parameters(), lr=config.lr, weight_decay=config.weight_decay)
    most = epochs or config.epochs or network.head.epochs
    curve = state.restore(network, optimizer)
    for epoch in range(len(curve), most):
        if check is not None and epoch - _least(curve) > config.patience:
            break
        for group in optimizer.param_groups:
            group["lr"] = config.lr * _share(config, epoch, most)
        curve.append({"epoch": epoch + 1, "train": _epoch(network, optimizer, learn, config, epoch)})
        if check is not None:
            curve[-1]["held_out"] = _loss(network, check, config)
        if not all(map(math.isfinite, curve[-1].values())):
            raise UsageError(f"The loss grew beyond all numbers with lr={config.lr:g}; wanted a smaller one.")
        state.keep(network, optimizer, curve, best=check is not None and _least(curve) == epoch)
        if tick:
            tick(state.name, curve[-1])
    state.write(network, optimizer, curve)
    if check is not None:
        state.back_to_best(network)
    network.to("cpu")
    return curve


def _least(curve: Sequence[dict[str, Any]]) -> int:
    return min(range(len(curve)), key=lambda e: curve[e]["held_out"], default=0)


def _share(config: TrainConfig, epoch: int, epochs: int) -> float:
    """Of the rate, in an epoch."""
    if config.schedule == "cosine":
        return 0.5 + 0.5 * float(np.cos(np.pi * epoch / epochs))
    return config.decay**epoch if config.schedule == "exponential" else 1.0


def _epoch(
    network: Network, optimizer: torch.optim.Optimizer, learn: Examples, config: TrainConfig, epoch: int
) -> float:
    """The mean loss of the clips of one epoch. All that is drawn is drawn from the seed and the epoch."""
    network.train()
    weights = _weights(learn) if config.balance != "none" else torch.ones(len(learn))
    draw = torch.Generator().manual_seed(config.seed * 1_000_003 + epoch)
    if config.balance == "sampling":
        order = torch.multinomial(weights, len(learn), replacement=True, generator=draw)
        weights = torch.ones(len(learn))
    else:
        order = torch.randperm(len(learn), generator=draw)
    total = 0.0
    with torch.random.fork_rng():
        for number, rows in enumerate(torch.split(order, config.batch)):
            optimizer.zero_grad()
            done = torch.zeros(())
            for shard, part in enumerate(torch.tensor_split(rows, config.shards)):
                if len(part) and alone(shard):
                    seed = [config.seed, epoch, number, shard]
                    losses = _losses(network, learn, part, config, seed) * weights[part]
                    (losses.sum() / len(rows)).backward()  # type: ignore[no-untyped-call]
                    done += losses.detach().sum().cpu()
            total += float(summed(network, done))
            if network.poolings is not None:
                torch.nn.utils.clip_grad_norm_(network.poolings.parameters(), config.clip)
            optimizer.step()
    return total / len(learn)


def _losses(
    network: Network, examples: Examples, rows: Tensor, config: TrainConfig, seed: Sequence[int] | None
) -> Tensor:
    """The loss of each of the clips `rows`; in training what is drawn is drawn from `seed`."""
    draw = None
    if seed is not None:
        draw = np.random.default_rng(seed)
        torch.manual_seed(int(draw.integers(2**62)))
    device = next(network.parameters()).device
    shown, wanted = examples.shown(rows, config.frames, draw), examples.wanted(rows)
    shown = shown.to(device) if isinstance(shown, Tensor) else [(x.to(device), mask.to(device)) for x, mask in shown]
    wanted = replace(wanted, **{name: part.to(device) for name, part in vars(wanted).items()})
    with torch.autocast(device.type, torch.bfloat16, enabled=config.precision == "bfloat16"):
        losses: Tensor = network.head.loss(network(shown), wanted).float()
        return losses


def _loss(network: Network, examples: Examples, config: TrainConfig) -> float:
    network.eval()
    with torch.no_grad():
        parts = torch.split(torch.arange(len(examples)), config.batch)
        return float(torch.cat([_losses(network, examples, part, config, None) for part in parts]).mean())


def _weights(examples: Examples) -> Tensor:
    """As much as a clip's first tag is rare; their mean is 1."""
    _, words, counts = torch.unique(examples.words, return_inverse=True, return_counts=True)
    weights = 1.0 / counts[words]
    mean: Tensor = weights / weights.mean()
    return mean
