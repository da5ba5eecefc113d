"""How the camera moved between two frames, and what of the flow is left when that is taken away.

Wang and Schmid: Action Recognition with Improved Trajectories (ICCV 2013), section 3.1. Corners, one a cell of the
picture, and the flow at them are the matches; a homography that most of them agree on is the camera's motion. The
paper masks people, found by a detector; here every cell has one vote, so that people must fill the picture to win.
"""

from __future__ import annotations

from collections.abc import Iterable

import cv2
import numpy as np
from numpy.typing import NDArray

from tag2vec.embed.features._threads import side_by_side

Floats = NDArray[np.float32]
Matrices = NDArray[np.float64]

HALF = 2  # corners are looked for in the picture at half its size
CELL = 8  # pixels of the picture at half its size, a side: at most one corner in each
QUALITY = 0.001  # of the strongest corner response: weaker corners are no matches
NEAR = 1.0  # pixels between the flow at a corner and the camera's motion there, for the corner to agree,
DRIFT = 0.1  # and this share of the length of the flow more: that of fast motion is less exact
AGREE = 0.5  # of the corners must agree
FEWEST = 20  # corners; a homography through fewer may be chance
BEND = 0.2  # of the picture's longer side: no corner of the picture moves further against its middle in one frame


def camera_motion(gray: NDArray[np.uint8], flow: Iterable[Floats]) -> Matrices:
    """(t - 1, 3, 3): where the background's points of frame i are in frame i + 1, in pixels.

    gray (t, h, w), flow t - 1 fields (h / step, w / step, 2). The identity where no camera motion can be told: a flat
    picture, a cut, or motion that fills the picture. The same input gives the same bytes: OpenCV seeds its draws.
    """
    return np.stack(side_by_side(_homography, gray[:-1], flow))


def _homography(picture: NDArray[np.uint8], field: Floats) -> Matrices:
    still = np.eye(3)
    h, w = picture.shape
    at = _corners(np.asarray(cv2.resize(picture, (w // HALF, h // HALF), interpolation=cv2.INTER_AREA), np.uint8))
    if len(at) < FEWEST:
        return still
    before = (at * HALF + (HALF - 1) / 2).astype(np.float32)
    x, y = (before / (h // len(field))).astype(np.intp).T
    moved = field[y, x]
    near = NEAR + DRIFT * float(np.median(np.linalg.norm(moved, axis=1)))
    # This RANSAC found as many agreeing corners as OpenCV's plain one, in a tenth of the time where few agree.
    found, agrees = cv2.findHomography(before, before + moved, cv2.USAC_FAST, near)
    if found is None or np.mean(agrees) < AGREE:
        return still
    homography = np.asarray(found, np.float64)
    return homography if _plausible(homography, h, w) else still


def _corners(small: NDArray[np.uint8]) -> NDArray[np.intp]:
    """(n, 2) x, y of the strongest corner of each cell that has one."""
    rows, columns = small.shape[0] // CELL, small.shape[1] // CELL
    response = cv2.cornerMinEigenVal(small, 3)[: rows * CELL, : columns * CELL]
    cells = response.reshape(rows, CELL, columns, CELL).swapaxes(1, 2).reshape(rows * columns, CELL * CELL)
    best = cells.argmax(axis=1)
    strength = cells[np.arange(len(cells)), best]
    found = np.flatnonzero(strength > QUALITY * max(float(strength.max(initial=0)), 1e-12))
    x = found % columns * CELL + best[found] % CELL
    y = found // columns * CELL + best[found] // CELL
    return np.stack([x, y], axis=1)


def _plausible(homography: Matrices, h: int, w: int) -> bool:
    """Whether a camera can do this in one frame: the picture may shift far, but bends and grows little."""
    edges = np.array([[0, 0], [w, 0], [0, h], [w, h]], np.float64)
    if not ((edges @ homography[2, :2] + homography[2, 2]) > 0.1).all():  # nor is anything seen from behind
        return False
    moved = shift(homography, edges)
    return bool(np.abs(moved - moved.mean(axis=0)).max() < BEND * max(h, w))


def shift(homography: Matrices, points: NDArray[np.floating]) -> Matrices:
    """(n, 2) x, y -> (n, 2): how far the camera's motion takes each point."""
    there = points @ homography[:, :2].T + homography[:, 2]
    return np.asarray(there[:, :2] / there[:, 2:] - points, np.float64)


def remove(flow: Floats, camera: Matrices, step: int) -> Floats:
    """The flow, a vector for `step` pixels a side, without the camera's motion (t - 1, 3, 3): what moved by itself."""
    rows, columns = flow.shape[1:3]
    x = (np.arange(columns) * step + (step - 1) / 2).astype(np.float32)
    y = (np.arange(rows) * step + (step - 1) / 2).astype(np.float32)[:, None]
    rest = flow.copy()
    for field, matrix in zip(rest, camera.astype(np.float32), strict=True):
        if (matrix == np.eye(3)).all():
            continue
        depth = matrix[2, 0] * x + (matrix[2, 1] * y + matrix[2, 2])
        field[:, :, 0] -= (matrix[0, 0] * x + (matrix[0, 1] * y + matrix[0, 2])) / depth - x
        field[:, :, 1] -= (matrix[1, 0] * x + (matrix[1, 1] * y + matrix[1, 2])) / depth - y
    return rest
