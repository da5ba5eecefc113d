"""What every pooling can be asked for beside its own settings: streams, a layer after it, Context Gating, dropout."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from tag2vec import plugins
from tag2vec.embed.pooling import Pooling, whole
from tag2vec.errors import UsageError

INPUT = {"dim", "blocks"}  # what a pooling is told of its features; the rest are its settings
WIDEST_GATE = 8192  # numbers of a vector that a gate takes: it has a weight for each pair of them, here 268 MB


@dataclass(frozen=True)
class Options:
    """In the order in which they are used."""

    streams: bool = False  # a pooling of its own for each block of the features
    out: int = 0  # units of a fully connected layer after the pooling, 0 for none
    gate: bool = False  # Context Gating
    dropout: float = 0.0  # share of the numbers that training leaves out

    def __post_init__(self) -> None:
        for name, value in (("streams", self.streams), ("gate", self.gate)):
            if not isinstance(value, bool):
                raise UsageError(f"A pooling got {name}={value}; wanted true or false.")
        if type(self.dropout) not in (int, float) or not 0 <= self.dropout < 1:
            raise UsageError(f"A pooling got dropout={self.dropout}; wanted a share from 0 to below 1, such as 0.3.")
        if self.out != 0:
            whole("A pooling", out=self.out)


class ContextGate(torch.nn.Module):
    """y = sigmoid(W x + b) * x: how much each number counts, given all others.

    Miech, Laptev and Sivic: Learnable pooling with Context Gating for video classification (2017), "Context Gating".
    """

    def __init__(self, dim: int) -> None:
        super().__init__()
        if dim > WIDEST_GATE:
            raise UsageError(
                f"gate=true got vectors of {dim:,} numbers; wanted at most {WIDEST_GATE:,}. Add out=1024, a layer that "
                "makes them shorter before."
            )
        self.weights = torch.nn.Linear(dim, dim)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.sigmoid(self.weights(x)) * x


class _Streams(Pooling):
    """The results of one pooling a block, side by side."""

    def __init__(self, parts: list[Pooling], widths: list[int]) -> None:
        super().__init__()
        self.parts = torch.nn.ModuleList(parts)
        self.widths = widths
        self.out_dim = sum(part.out_dim for part in parts)
        self.axes = max(part.axes for part in parts)

    def fit(self, sample: NDArray[np.float32], seed: int) -> None:
        for part, columns in zip(self.parts, np.split(sample, np.cumsum(self.widths)[:-1], axis=1), strict=True):
            assert isinstance(part, Pooling)
            part.fit(np.ascontiguousarray(columns), seed)

    def forward(self, x: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        columns: tuple[torch.Tensor, ...] = torch.split(x, self.widths, dim=2)
        return torch.cat([part(block, mask) for part, block in zip(self.parts, columns, strict=True)], dim=1)


class _Followed(Pooling):
    """A pooling, and what is done to its vectors."""

    def __init__(self, pooling: Pooling, options: Options) -> None:
        super().__init__()
        self.pooling = pooling
        self.out_dim = options.out or pooling.out_dim
        self.axes = pooling.axes
        steps: list[torch.nn.Module] = []
        if options.out:
            steps.append(torch.nn.Linear(pooling.out_dim, options.out))
        if options.gate:
            steps.append(ContextGate(self.out_dim))
        if options.dropout:
            steps.append(torch.nn.Dropout(options.dropout))
        self.steps = torch.nn.Sequential(*steps)
        if options.dropout and not self.learns:
            raise UsageError(
                f"A pooling got dropout={options.dropout}, which is of training, and has nothing to train. Leave it "
                "out, or add out=1024 or gate=true."
            )

    def fit(self, sample: NDArray[np.float32], seed: int) -> None:
        self.pooling.fit(sample, seed)

    def forward(self, x: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        vectors: torch.Tensor = self.steps(self.pooling(x, mask))
        return vectors


def made(spelled: str, dim: int, blocks: dict[str, int]) -> Pooling:
    """The pooling that `spelled` names, for features of `dim` columns in `blocks`.

    Raises UnknownName, and UsageError for a setting that it does not have or cannot use.
    """
    name, settings = plugins.parse(Pooling, spelled)
    if settings.keys() & INPUT:
        raise UsageError(f"'{spelled}' sets the width of its input; wanted {name}:SETTING=VALUE.")
    shared = {field.name for field in fields(Options)}
    own = plugins.parameters(plugins.get(Pooling, name)).keys() - INPUT
    plugins.refuse_unknown(Pooling, name, settings, own | shared)
    options = Options(**{key: settings.pop(key) for key in shared & settings.keys()})
    if options.streams:
        streams = [_one(name, width, {block: width}, settings) for block, width in blocks.items()]
        pooling: Pooling = _Streams(streams, list(blocks.values()))
    else:
        pooling = _one(name, dim, blocks, settings)
    return _Followed(pooling, options) if options.out or options.gate or options.dropout else pooling


def _one(name: str, dim: int, blocks: dict[str, int], settings: dict[str, Any]) -> Pooling:
    return plugins.make(Pooling, name, {"dim": dim, "blocks": blocks} | settings)
