"""What a training run needs to go on after it was killed: a file a part, written aside and moved into place."""

from __future__ import annotations

import json
import shutil
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from tag2vec.embed import ranks
from tag2vec.errors import ArtifactError
from tag2vec.files import write_whole

FOLDER = "training"  # inside a model folder, until training is done
EVERY_S = 10.0  # on small sets of clips, writing an epoch takes longer than the epoch


@dataclass
class Checkpoint:
    """`folder` None: nothing is kept. A run with another `key` does not go on with what is there."""

    folder: Path | None
    key: str = ""
    name: str = ""
    best: dict[str, Tensor] = field(default_factory=dict)
    written_s: float = field(default_factory=time.monotonic)

    def of(self, name: str) -> Checkpoint:
        """That of one part of a run."""
        return Checkpoint(self.folder, self.key, name)

    def restore(self, network: nn.Module, optimizer: torch.optim.Optimizer) -> list[dict[str, Any]]:
        """Put both where they were, and give the lines of the epochs that are done; none when there is nothing."""
        if self.folder is None or not self._file.is_file():
            return []
        try:
            with safe_open(self._file, "pt") as file:
                facts = json.loads(file.metadata()["training"])
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        except (SafetensorError, OSError, KeyError, TypeError, ValueError):
            return []
        if facts["key"] != self.key:
            return []
        network.load_state_dict(_under("network", tensors))
        self.best = _under("best", tensors)
        state = optimizer.state_dict()
        state["state"] = {
            int(place): {name: tensors[f"optimizer.{place}.{name}"] for name in names}
            for place, names in facts["optimizer"].items()
        }
        optimizer.load_state_dict(state)
        curve: list[dict[str, Any]] = facts["curve"]
        return curve

    def keep(
        self, network: nn.Module, optimizer: torch.optim.Optimizer, curve: list[dict[str, Any]], best: bool
    ) -> None:
        """Note an epoch, and write it when the last one that was written is a while ago; `best` when none before was
        better."""
        if best:
            state = network.state_dict()
            if not self.best:
                self.best = {name: torch.empty_like(part) for name, part in state.items()}
            for name, part in state.items():  # in place: new memory each epoch takes longer than a step
                self.best[name].copy_(part)
        if time.monotonic() - self.written_s >= EVERY_S:
            self.write(network, optimizer, curve)

    def write(self, network: nn.Module, optimizer: torch.optim.Optimizer, curve: list[dict[str, Any]]) -> None:
        """Write the last epoch that was noted. Raises ArtifactError."""
        if self.folder is None or not ranks.first():
            return
        states = optimizer.state_dict()["state"]
        tensors = {f"network.{name}": part for name, part in network.state_dict().items()}
        tensors |= {f"best.{name}": part for name, part in self.best.items()}
        tensors |= {f"optimizer.{place}.{n}": part for place, each in states.items() for n, part in each.items()}
        facts = {"key": self.key, "curve": curve, "optimizer": {place: list(each) for place, each in states.items()}}
        whole = {name: part.contiguous().clone() for name, part in tensors.items()}
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ArtifactError(f"Could not make {self.folder}: {error.strerror or error}.") from error
        write_whole(self._file, save(whole, {"training": json.dumps(facts)}))
        self.written_s = time.monotonic()

    def back_to_best(self, network: nn.Module) -> None:
        """Put the network where it was in its best epoch."""
        if self.best:
            network.load_state_dict(self.best)

    def remove(self) -> None:
        """Training is done, and what it made is kept elsewhere."""
        if self.folder is not None and ranks.first():
            shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def _file(self) -> Path:
        assert self.folder is not None
        return self.folder / f"{self.name}.safetensors"


def _under(name: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {key.removeprefix(f"{name}."): part for key, part in tensors.items() if key.startswith(f"{name}.")}
