"""The motion that codecs carry, from blocks with vectors to a small grid for each picture.

Kantorov and Laptev: Efficient Feature Extraction, Encoding, and Classification for Action Recognition (CVPR 2014). An
encoder looks for blocks that are cheap to predict, which is mostly, not always, where things went.
"""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

CELL = 8  # pixels a side of a cell at least, in the file as in the picture: no codec here has smaller blocks
AT_ONCE = 2**22  # bytes of vectors
PICTURES_AT_ONCE = 32
VECTOR_BYTES = 40
VECTOR = np.dtype(  # FFmpeg's AVMotionVector, as far as it is used
    {
        "names": ["source", "w", "h", "x", "y", "right", "down", "scale"],
        "formats": ["<i4", "u1", "u1", "<i2", "<i2", "<i4", "<i4", "<u2"],
        "offsets": [0, 4, 5, 10, 12, 24, 28, 32],
        "itemsize": VECTOR_BYTES,
    }
)


class Motion:
    """Collects what moved between the pictures that are shown, from the vectors of all that are decoded.

    The grid of a picture is used as the motion at the same places of the picture before. A block may have several
    vectors: their mean counts. What has none, mostly because it looks new, takes those around it, else moves on as it
    did.
    """

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height  # pixels of the pictures that are shown
        rows, columns = max(1, height // CELL), max(1, width // CELL)
        self._now = np.zeros((rows, columns, 2), np.float32)  # pixels a decoded picture
        self._since = np.zeros_like(self._now)  # the same, added up since the picture shown last
        self._shown: list[Floats] = []
        # Shown pixels for one in the file, right and down, the shares, and the vectors, of each picture.
        self._waiting: list[tuple[float, float, float, float, bytes]] = []
        self._bytes = 0
        self._ends: set[int] = set()  # how many were waiting when one was shown
        self._some = False

    def add(self, width: int, height: int, early: float, late: float, vectors: bytes) -> None:
        """A decoded picture of `width` x `height` pixels with its vectors.

        `early` and `late` are the shares of vectors from earlier and to later pictures that are its motion since the
        picture before.
        """
        if self._bytes + len(vectors) > AT_ONCE or len(self._waiting) >= PICTURES_AT_ONCE:
            self._work()
        self._waiting.append((self.width / width, self.height / height, early, late, vectors))
        self._bytes += len(vectors)

    def show(self) -> None:
        """The picture that was added last is shown."""
        self._ends.add(len(self._waiting))

    def between(self) -> Floats | None:
        """(t, rows, columns, 2) from each shown picture to the next, 0 after the last; None without any vector."""
        self._work()
        return np.stack([*self._shown[1:], np.zeros_like(self._now)]) if self._some else None

    def _work(self) -> None:
        """Many pictures at once: most of them have few vectors, and each call of numpy costs time."""
        for number, (sums, counts) in enumerate(self._sums(), 1):
            np.divide(sums, counts, out=self._now, where=counts > 0)
            self._since += self._now
            if number in self._ends:
                self._shown.append(self._since)
                self._since = np.zeros_like(self._now)
        self._waiting, self._bytes, self._ends = [], 0, set()

    def _sums(self) -> Iterator[tuple[Floats, Floats]]:
        """For each picture the motion of blocks times their area, and their area: (rows, columns, 2) and (..., 1)."""
        rows, columns = self._now.shape[:2]
        if not self._waiting:
            return
        *facts, parts = zip(*self._waiting, strict=True)
        found = np.frombuffer(b"".join(parts), VECTOR)
        self._some |= len(found) > 0
        sizes = [len(part) // VECTOR_BYTES for part in parts]
        wide, high, early, late = np.repeat(np.array(facts, np.float32), sizes, axis=1)
        share = np.where(found["source"] < 0, -early, late) / np.maximum(found["scale"], 1)
        area = np.where(share == 0, 0, found["w"] * (found["h"] / np.float32(4)))
        right, down = found["right"] * share * wide * area, found["down"] * share * high * area
        first = np.repeat(np.arange(len(parts)) * rows * columns, sizes)
        totals = np.zeros((3, len(parts) * rows * columns))
        for x_side, y_side in ((-0.25, -0.25), (0.25, -0.25), (-0.25, 0.25), (0.25, 0.25)):  # the quarters of a block
            x = (found["x"] + x_side * found["w"]) * wide * (columns / self.width)
            y = (found["y"] + y_side * found["h"]) * high * (rows / self.height)
            place = first + y.astype(np.intp).clip(0, rows - 1) * columns + x.astype(np.intp).clip(0, columns - 1)
            for total, weight in zip(totals, (right, down, area), strict=True):
                total += np.bincount(place, weight, len(total))
        for sums in totals.astype(np.float32).reshape(3, -1, rows, columns).transpose(1, 2, 3, 0):
            around = cv2.boxFilter(sums, -1, (3, 3), normalize=False, borderType=cv2.BORDER_CONSTANT)
            filled = np.where(sums[:, :, 2:] > 0, sums, around)
            yield filled[:, :, :2], filled[:, :, 2:]


def turned(motion: Floats, turns: int) -> Floats:
    """(t, rows, columns, 2), the picture turned anticlockwise by so many quarters."""
    for _ in range(turns % 4):
        right, down = np.moveaxis(np.rot90(motion, axes=(1, 2)), 3, 0)
        motion = np.stack([down, -right], axis=3)
    return motion
