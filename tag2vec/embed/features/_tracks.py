"""Point tracks through the optical flow: dense sampling, linking, and which tracks are worth describing.

Wang, Klaeser, Schmid, Liu: Action Recognition by Dense Trajectories, CVPR 2011, sections 2.1 and 2.2.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from tag2vec.embed.features._flow import STEP

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Tracks:
    """n tracks of `length` steps."""

    start: NDArray[np.int64]  # (n,) index of the first frame
    points: Floats  # (n, length + 1, 2) x, y in pixels

    def __len__(self) -> int:
        return len(self.start)

    def __getitem__(self, rows: NDArray[np.int64] | NDArray[np.bool_]) -> Tracks:
        return Tracks(self.start[rows], self.points[rows])


def link(gray: NDArray[np.uint8], flow: Floats, length: int, stride: int, quality: float) -> Tracks:
    """All tracks of `length` steps that stay inside the picture.

    gray (t, h, w), flow (t - 1, h / 2, w / 2, 2). New points start wherever a cell of `stride` pixels holds
    none, in every frame from which a whole track still fits, where the picture has structure to hold on to.
    """
    t, h, w = gray.shape
    points = np.empty((0, length + 1, 2), np.float32)
    age = np.empty(0, np.int64)
    done: list[tuple[int, Floats]] = []
    for i in range(t - 1):
        if i + length < t:
            here = points[np.arange(len(age)), age]
            new = _sample(gray[i], here, stride, quality)
            fresh = np.empty((len(new), length + 1, 2), np.float32)
            fresh[:, 0] = new
            points, age = np.concatenate([points, fresh]), np.concatenate([age, np.zeros(len(new), np.int64)])
        x, y = points[np.arange(len(age)), age].T
        moved = flow[i, (y / STEP).astype(np.intp), (x / STEP).astype(np.intp)]
        x, y, age = x + moved[:, 0], y + moved[:, 1], age + 1
        points[np.arange(len(age)), age, 0] = x
        points[np.arange(len(age)), age, 1] = y
        inside = (x >= 0) & (x < w) & (y >= 0) & (y < h)
        whole = inside & (age == length)
        done.append((i + 1 - length, points[whole]))
        live = inside & ~whole
        points, age = points[live], age[live]
    start = np.concatenate([np.full(len(p), s) for s, p in done])
    return Tracks(start, np.concatenate([p for _, p in done]))


def _sample(gray: NDArray[np.uint8], taken: Floats, stride: int, quality: float) -> Floats:
    """(n, 2) centres of the cells that hold no point of `taken` (m, 2) and have a corner or texture."""
    rows, columns = gray.shape[0] // stride, gray.shape[1] // stride
    corner = cv2.cornerMinEigenVal(gray, 3)
    y, x = np.arange(rows) * stride + stride // 2, np.arange(columns) * stride + stride // 2
    # In a flat picture every response is 0 and every cell is taken: it has tracks too, if dull ones.
    free = corner[y[:, None], x] >= quality * corner.max()
    cell = (taken / stride).astype(np.intp)
    free[np.minimum(cell[:, 1], rows - 1), np.minimum(cell[:, 0], columns - 1)] = False
    at = np.argwhere(free)
    return np.stack([x[at[:, 1]], y[at[:, 0]]], axis=1).astype(np.float32)


def standing(gray: NDArray[np.uint8], length: int, stride: int) -> Tracks:
    """Tracks that start in the first frame at every cell and stay where they are."""
    at = _sample(gray[0], np.empty((0, 2), np.float32), stride, 0.0)
    return Tracks(np.zeros(len(at), np.int64), np.repeat(at[:, None], length + 1, axis=1))


def moving(tracks: Tracks, min_std: float, max_std: float, max_jump: float) -> NDArray[np.bool_]:
    """(n,) True for tracks that move and do so smoothly.

    A track is static when its points spread less than `min_std` pixels both ways. It is erratic when they
    spread more than `max_std`, or when one step is longer than `max_jump` pixels and most of the whole way.
    """
    spread = tracks.points.std(axis=1).max(axis=1)
    steps = np.linalg.norm(np.diff(tracks.points, axis=1), axis=2)
    jump = steps.max(axis=1)
    erratic = (spread > max_std) | ((jump > max_jump) & (jump > 0.7 * steps.sum(axis=1)))
    kept: NDArray[np.bool_] = (spread >= min_std) & ~erratic
    return kept


def thin(tracks: Tracks, most: int) -> Tracks:
    """At most `most` of the tracks, evenly spread over their order: in time, then over the picture."""
    if len(tracks) <= most:
        return tracks
    return tracks[np.arange(most) * len(tracks) // most]


def shape(tracks: Tracks) -> Floats:
    """(n, 2 * length) steps over the length of the way; zero for a point that never moved."""
    steps = np.diff(tracks.points, axis=1)
    way = np.linalg.norm(steps, axis=2).sum(axis=1)
    scaled: Floats = (steps / np.maximum(way, 1e-6)[:, None, None]).reshape(len(tracks), -1)
    return scaled
