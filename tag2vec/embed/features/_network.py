"""What networks over pictures share: the frames they see, their preparation, batches, files and the device."""

from __future__ import annotations

import hashlib
import re
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from tag2vec.embed.features import Features
from tag2vec.errors import UsageError

Array = NDArray[np.float32]
Gives = Literal["features", "classes"]

BATCH = 32  # pictures that go through a network at once, until memory says otherwise


@dataclass(frozen=True)
class Network(Features):
    """Features that a network computes of some frames of a clip, one row a frame.

    With `gives="classes"` a row has the probabilities of the network's classes in place of its features.
    """

    rate: float = field(default=2.0, kw_only=True)  # frames a second that are looked at
    least: int = field(default=8, kw_only=True)  # and how many of a short clip
    gives: Gives = field(default="features", kw_only=True)
    sha256: str = field(default="", kw_only=True)  # of the weights; filled in when left empty

    dim: int = field(default=0, init=False)
    pooling: ClassVar[str] = "moments"
    gpu: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if not (self.rate > 0 and self.least >= 1):
            raise UsageError(f"rate={self.rate} and least={self.least} were given; wanted rate > 0 and least >= 1.")
        if self.gives not in get_args(Gives):
            raise UsageError(f"gives={self.gives} was given; wanted one of {', '.join(get_args(Gives))}.")

    def classes(self) -> list[str]:
        """The names of its classes, in the order of its probabilities. Raises UsageError when it has none."""
        raise UsageError(f"{type(self).__name__} names no classes.")

    @property
    def reads_texts(self) -> bool:
        """Whether it puts texts beside pictures: then `texts` is there."""
        return False

    def texts(self, texts: Sequence[str]) -> Array:
        """Where texts lie among the features of pictures: (n, dim) of length 1. Raises UsageError."""
        raise UsageError(f"{type(self).__name__} reads no texts; wanted a network such as CLIP or SigLIP.")

    def naming(self) -> Network:
        """The same network, giving the probabilities of its classes."""
        return replace(self, gives="classes")

    def seen(self, frames: NDArray[np.uint8], fps: float) -> NDArray[np.uint8]:
        """The frames (n, h, w, 3) of `frames` that are looked at, evenly spread."""
        return frames[spread(len(frames), min(len(frames), max(self.least, round(self.rate * len(frames) / fps))))]


def spread(length: int, n: int) -> NDArray[np.intp]:
    """Positions (n,) in 0..length - 1: the middles of n equal parts; some are repeated when n > length."""
    return np.asarray((np.arange(n) + 0.5) * length / n, dtype=np.intp)


@dataclass(frozen=True)
class Preparation:
    """How a picture is prepared: shorter side to `resize` and centre crop, then (rgb * rescale - mean) / std."""

    height: int
    width: int
    resize: int
    mean: Sequence[float]
    std: Sequence[float]
    rescale: float = 1 / 255
    bgr: bool = False

    def __call__(self, frames: NDArray[np.uint8]) -> Array:
        """frames (n, h, w, 3) uint8 RGB -> (n, 3, height, width)."""
        import cv2

        cut = self._centre(frames)
        way = cv2.INTER_AREA if cut.shape[1] > self.height else cv2.INTER_LINEAR
        pictures = np.stack([cv2.resize(one, (self.width, self.height), interpolation=way) for one in cut])
        std = np.asarray(self.std, np.float32)
        scaled = pictures * (np.float32(self.rescale) / std) - np.asarray(self.mean, np.float32) / std
        planes = scaled[..., ::-1] if self.bgr else scaled
        return np.ascontiguousarray(planes.transpose(0, 3, 1, 2), dtype=np.float32)

    def _centre(self, frames: NDArray[np.uint8]) -> NDArray[np.uint8]:
        # What the crop keeps is cut out first: resizing the rest of a very wide picture would only cost memory.
        _, h, w, _ = frames.shape
        share = min(h, w) / self.resize
        high, wide = (max(1, min(side, round(n * share))) for side, n in ((h, self.height), (w, self.width)))
        top, left = (h - high) // 2, (w - wide) // 2
        return frames[:, top : top + high, left : left + wide]


def in_batches(call: Callable[[Array], Array], pictures: Array, batch: int = BATCH) -> Array:
    """call(pictures) in parts of `batch`; when memory runs out, in parts of half as many, which a warning says.

    Raises UsageError when there is no memory for one picture.
    """
    done: list[Array] = []
    start = 0
    while start < len(pictures):
        try:
            done.append(call(pictures[start : start + batch]))
        except Exception as error:  # each library has its own for this
            if not _out_of_memory(error):
                raise
            if batch == 1:
                raise UsageError(f"There is no memory for one picture of {pictures.shape[1:]}: {error}") from error
            batch //= 2
            warnings.warn(f"The network ran out of memory; going on with {batch} pictures at once.", stacklevel=2)
            continue
        start += batch
    return np.concatenate(done)


def _out_of_memory(error: Exception) -> bool:
    return isinstance(error, MemoryError) or bool(re.search(r"out of memory|alloc.*memory|bad_alloc", str(error), re.I))


def one_row_each(output: NDArray[Any]) -> Array:
    """(n, d) as it is, (n, d, h, w) averaged over places, (n, tokens, d) over tokens -> (n, d) float32."""
    found = output.astype(np.float32)
    if found.ndim == 4:
        return np.asarray(found.mean(axis=(2, 3)))
    return np.asarray(found.mean(axis=1)) if found.ndim == 3 else found.reshape(len(found), -1)


def probabilities(scores: Array) -> Array:
    """Rows (n, classes) of scores to probabilities: the softmax, unless they add up to 1 already."""
    if (scores >= 0).all() and np.allclose(scores.sum(axis=1), 1, atol=1e-3):
        return scores
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True), dtype=np.float32)


def checksum(files: Sequence[Path], wanted: str, what: str) -> str:
    """sha256 of the bytes of `files`, one after the other.

    Raises UsageError when one cannot be read, or when another checksum is `wanted`.
    """
    digest = hashlib.sha256()
    try:
        for path in files:
            with path.open("rb") as file:
                hashlib.file_digest(file, lambda: digest)
    except OSError as error:
        raise UsageError(f"{what} cannot be read: {error}. Give the path of one that is there.") from error
    found = digest.hexdigest()
    if wanted not in ("", found):
        raise UsageError(
            f"{what} is another one than was used before: its sha256 is {found[:12]}, wanted {wanted[:12]}. "
            "Put that one back, or fit the model again with this one."
        )
    return found


def lines(path: str) -> list[str]:
    """The names in a text file, one a line. Raises UsageError."""
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            f"Cannot read the class names in {path}: {error}. Wanted a UTF-8 text, a name a line."
        ) from error
    return [line.strip() for line in text.strip("\n").split("\n")]
