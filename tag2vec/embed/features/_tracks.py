"""Point tracks through the optical flow: dense sampling, linking, and which tracks are worth describing.

Wang, Klaeser, Schmid, Liu: Action Recognition by Dense Trajectories, CVPR 2011, sections 2.1 and 2.2; what the camera
did is taken off as in Wang and Schmid: Action Recognition with Improved Trajectories, ICCV 2013, section 3.1.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from tag2vec.embed.features._scales import Scale

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Tracks:
    """n tracks of `length` steps, ordered by their start."""

    start: NDArray[np.int64]  # (n,) index of the first frame
    points: Floats  # (n, length + 1, 2) x, y in pixels
    steps: Floats  # (n, length, 2) what each step is without the camera's motion

    def __len__(self) -> int:
        return len(self.start)

    def __getitem__(self, rows: NDArray[np.int64] | NDArray[np.bool_]) -> Tracks:
        return Tracks(self.start[rows], self.points[rows], self.steps[rows])


def link(scale: Scale, length: int, stride: int, quality: float) -> Tracks:
    """All tracks of `length` steps that stay inside the picture.

    New points start wherever a cell of `stride` pixels holds none, in every frame from which a whole track
    still fits, where the picture has structure to hold on to.
    """
    t, h, w = scale.gray.shape
    points = np.empty((0, length + 1, 2), np.float32)
    steps = np.empty((0, length, 2), np.float32)
    age = np.empty(0, np.int64)
    done: list[Tracks] = []
    for i in range(t - 1):
        if i + length < t:
            here = points[np.arange(len(age)), age]
            new = _sample(scale.gray[i], here, stride, quality)
            fresh = np.empty((len(new), length + 1, 2), np.float32)
            fresh[:, 0] = new
            points = np.concatenate([points, fresh])
            steps = np.concatenate([steps, fresh[:, 1:]])
            age = np.concatenate([age, np.zeros(len(new), np.int64)])
        every = np.arange(len(age))
        x, y = points[every, age].T
        at = (y / scale.step).astype(np.intp), (x / scale.step).astype(np.intp)
        steps[every, age] = scale.rest[i][at]
        moved = scale.flow[i][at]
        x, y, age = x + moved[:, 0], y + moved[:, 1], age + 1
        points[every, age, 0] = x
        points[every, age, 1] = y
        inside = (x >= 0) & (x < w) & (y >= 0) & (y < h)
        whole = inside & (age == length)
        done.append(Tracks(np.full(np.count_nonzero(whole), i + 1 - length), points[whole], steps[whole]))
        live = inside & ~whole
        points, steps, age = points[live], steps[live], age[live]
    return _joined(done)


def _joined(parts: list[Tracks]) -> Tracks:
    columns = zip(*((p.start, p.points, p.steps) for p in parts), strict=True)
    return Tracks(*map(np.concatenate, columns))


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
    steps = np.zeros((len(at), length, 2), np.float32)
    return Tracks(np.zeros(len(at), np.int64), np.repeat(at[:, None], length + 1, axis=1), steps)


def spread(tracks: Tracks, max_std: float, max_jump: float) -> Floats:
    """(n,) pixels that the own path of each track spreads, the wider way; -1 for those that are erratic.

    A track is erratic when its points spread more than `max_std` pixels in the picture, or when one step is longer
    than `max_jump` pixels and most of the whole way.
    """
    own = _own_path(tracks).std(axis=1).max(axis=1, initial=0)
    wide = tracks.points.std(axis=1).max(axis=1, initial=0)
    steps = np.linalg.norm(np.diff(tracks.points, axis=1), axis=2)
    jump = steps.max(axis=1, initial=0)
    erratic = (wide > max_std) | ((jump > max_jump) & (jump > 0.7 * steps.sum(axis=1)))
    return np.where(erratic, np.float32(-1), own)


def thin(parts: list[Tracks], most: int) -> list[Tracks]:
    """At most `most` of all tracks, evenly spread over their order: over the parts, in time, over the picture."""
    ends = np.cumsum([len(part) for part in parts])
    if ends[-1] <= most:
        return parts
    taken = np.arange(most) * ends[-1] // most
    cuts = np.searchsorted(taken, ends[:-1])
    return [part[own - end + len(part)] for part, own, end in zip(parts, np.split(taken, cuts), ends, strict=True)]


def shape(tracks: Tracks, frames: float, length: int, least: float) -> Floats:
    """(n, 2 * length): the own path over the first `frames` frames as `length` steps of equal time, over its way.

    A way of less than `least` pixels counts as that long: what hardly moves has no direction, and next to no shape.
    """
    path = _own_path(tracks)
    at = np.linspace(0, frames, length + 1)
    low = np.minimum(at.astype(np.intp), path.shape[1] - 2)
    part = (at - low).astype(np.float32)[:, None]
    even = path[:, low] + part * (path[:, low + 1] - path[:, low])
    steps = np.diff(even, axis=1)
    way = np.linalg.norm(steps, axis=2).sum(axis=1)
    scaled: Floats = (steps / np.maximum(way, least)[:, None, None]).reshape(len(tracks), 2 * length)
    return scaled


def _own_path(tracks: Tracks) -> Floats:
    """(n, length + 1, 2): where the points would be if the camera stood still, from their first."""
    return np.pad(np.cumsum(tracks.steps, axis=1), ((0, 0), (1, 0), (0, 0)))
