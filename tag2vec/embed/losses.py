"""The losses of training while it lasts, as TensorBoard shows them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tag2vec.embed import ranks
from tag2vec.embed.training import EpochTick
from tag2vec.errors import ArtifactError, importing


@contextmanager
def logged(folder: str | Path | None) -> Iterator[EpochTick]:
    """What adds the scalars `train/PART` and `held_out/PART` of each epoch to `folder`, as one event file.

    Nothing is written without a folder, nor by other processes of torchrun than the first. Raises MissingExtra,
    ArtifactError where nothing can be written.
    """
    if folder is None or not ranks.first():
        yield lambda part, line: None
        return
    with importing("--tensorboard", "tensorboard", "tensorboard"):
        from torch.utils.tensorboard import SummaryWriter
    with _writing(folder):
        writer: Any = SummaryWriter(str(folder))

    def tick(part: str, line: dict[str, Any]) -> None:
        with _writing(folder):
            for name in line.keys() - {"epoch"}:
                writer.add_scalar(f"{name}/{part}", line[name], line["epoch"])
            writer.flush()

    yield tick
    with _writing(folder):
        writer.close()


@contextmanager
def _writing(folder: str | Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ArtifactError(
            f"Could not write the losses into {folder}: {error.strerror or error}. Name another folder."
        ) from error
