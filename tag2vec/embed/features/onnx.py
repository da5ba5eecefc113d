"""Any network that was exported to ONNX, run by onnxruntime: one row of features a frame.

Beside NAME.onnx lies NAME.preprocess.json, which says how its pictures are prepared. Nothing is downloaded.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tag2vec.embed.features._network import (
    Array,
    Network,
    Preparation,
    checksum,
    in_batches,
    lines,
    one_row_each,
    probabilities,
)
from tag2vec.errors import Tag2VecError, UsageError, importing

# The first of these that this onnxruntime has is tried; what it cannot do runs on the processor.
GPUS = ("CUDAExecutionProvider", "MIGraphXExecutionProvider", "DmlExecutionProvider", "CoreMLExecutionProvider")
NEEDS = (
    'wanted JSON such as {"size": {"height": 224, "width": 224}, "image_mean": [0.485, 0.456, 0.406], '
    '"image_std": [0.229, 0.224, 0.225]}; where it differs from these, also "resize" (pixels of the shorter side '
    'before the crop; the larger of size), "rescale_factor" (1/255) and "channel_order" (RGB).'
)


@dataclass(frozen=True)
class OnnxNetwork(Network):
    """`onnx:FILE`. Its features are the output named `output`, else `features`, else the first one.

    `labels` names a file with a class name a line: then the output of that width has the scores of the classes.
    Half precision is used where the network was exported so.
    """

    file: str
    labels: str = ""
    output: str = ""
    preprocess: str = ""  # sha256 of the preprocess file; filled in when left empty

    def __post_init__(self) -> None:
        super().__post_init__()
        path = Path(self.file).absolute()
        weights = [path, *(one for one in [path.with_name(path.name + ".data")] if one.is_file())]
        self._fill(file=str(path), sha256=checksum(weights, self.sha256, f"The network {path}"))
        if self.labels:
            self._fill(labels=str(Path(self.labels).absolute()))
        beside = _beside(path)
        prepared = _preparation(beside)
        self._fill(preprocess=checksum([beside], self.preprocess, f"The preprocess file {beside}"))
        black = np.zeros((1, 3, prepared.height, prepared.width), np.float32)
        try:
            outputs = _run(self.file, self.sha256, black)
        except Tag2VecError:
            raise
        except Exception as error:  # its own exceptions have no base but this one
            raise UsageError(f"{path} cannot be run on a picture of {black.shape[1:]}: {error}") from error
        self._fill(output=self._named(outputs))
        self._fill(dim=one_row_each(outputs[self.output]).shape[1])

    def classes(self) -> list[str]:
        if not self.labels:
            raise UsageError(
                f"{self.file} does not say what its classes are called. Give a file with a class name a line "
                "in the order of its outputs: --labels FILE, or onnx:file=FILE,labels=FILE."
            )
        return lines(self.labels)

    def __call__(self, frames: NDArray[np.uint8], fps: float) -> Array:
        """frames (t, h, w, 3) uint8 RGB -> (n, dim) float32, n of them evenly spread."""
        pictures = _preparation(_beside(Path(self.file)))(self.seen(frames, fps))
        rows = in_batches(lambda part: one_row_each(_run(self.file, self.sha256, part)[self.output]), pictures)
        return probabilities(rows) if self.gives == "classes" else rows

    def _named(self, outputs: dict[str, NDArray[Any]]) -> str:
        """Name of the output that is wanted."""
        if self.gives == "classes":
            wide = len(self.classes())
            fitting = [name for name, rows in outputs.items() if one_row_each(rows).shape[1] == wide]
            if len(fitting) != 1:
                widths = ", ".join(f"{name} {one_row_each(rows).shape[1]}" for name, rows in outputs.items())
                raise UsageError(
                    f"{self.labels} has {wide} class names; the outputs of {self.file} are {widths}. Wanted one line "
                    "for each class, in the order of one of the outputs."
                )
            return fitting[0]
        name = self.output or ("features" if "features" in outputs else next(iter(outputs)))
        if name not in outputs:
            raise UsageError(f"{self.file} has no output '{name}'; it has {', '.join(outputs)}.")
        return name


def _beside(network: Path) -> Path:
    return network.with_name(network.stem + ".preprocess.json")


def _preparation(path: Path) -> Preparation:
    """What a preprocess file says. Raises UsageError."""
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
        height, width = int(facts["size"]["height"]), int(facts["size"]["width"])
        mean, std = ([float(value) for value in facts[key]] for key in ("image_mean", "image_std"))
        order = facts.get("channel_order", "RGB")
        resize = int(facts.get("resize", max(height, width)))
        rescale = float(facts.get("rescale_factor", 1 / 255))
    except OSError as error:
        raise UsageError(
            f"There is no {path}, which says how pictures are prepared for the network; {NEEDS}"
        ) from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UsageError(f"{path} does not say how pictures are prepared ({error!r}); {NEEDS}") from error
    if not (min(height, width) >= 1 and max(height, width) <= resize <= 4096):
        raise UsageError(f"{path} has size {height} x {width} and resize {resize}; wanted 1 <= size <= resize <= 4096.")
    if len(mean) != 3 or len(std) != 3 or min(std) <= 0 or order not in ("RGB", "BGR"):
        raise UsageError(f"{path} has image_mean {mean}, image_std {std}, channel_order {order!r}; {NEEDS}")
    return Preparation(height, width, resize, mean, std, rescale, order == "BGR")


def _run(file: str, sha256: str, pictures: Array) -> dict[str, NDArray[Any]]:
    """All outputs of the network for pictures (n, 3, h, w), by name."""
    session = _session(file, sha256)
    (into,) = session.get_inputs()
    given = pictures.astype(np.float16) if into.type == "tensor(float16)" else pictures
    parts = [given] if into.shape[0] != 1 else [given[i : i + 1] for i in range(len(given))]
    names = [one.name for one in session.get_outputs()]
    found = [session.run(names, {into.name: part}) for part in parts]
    return {name: np.concatenate(rows) for name, rows in zip(names, zip(*found, strict=True), strict=True)}


@lru_cache(maxsize=4)
def _session(file: str, sha256: str) -> Any:
    """The network, opened once a process. Raises MissingExtra and UsageError."""
    with importing("onnx:FILE", "onnxruntime", "onnx"):
        import onnxruntime
    options = onnxruntime.SessionOptions()
    # One thread: the same numbers alone and in a worker process, of which there is one a core.
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    have = onnxruntime.get_available_providers()
    providers = [*[name for name in GPUS if name in have][:1], "CPUExecutionProvider"]
    try:
        session = onnxruntime.InferenceSession(file, options, providers)
    except Exception as error:  # its own exceptions have no base but this one
        raise UsageError(f"{file} is no network that onnxruntime {onnxruntime.__version__} can run: {error}") from error
    inputs = [(one.type, one.shape) for one in session.get_inputs()]
    if len(inputs) != 1 or len(inputs[0][1]) != 4 or inputs[0][0] not in ("tensor(float)", "tensor(float16)"):
        raise UsageError(
            f"{file} takes {inputs}; wanted one input of pictures (batch, 3, height, width), float or float16."
        )
    return session
