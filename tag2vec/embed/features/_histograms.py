"""What surrounds a track: histograms of gradient (HOG), flow (HOF) and motion boundary (MBH) directions.

Wang, Klaeser, Schmid, Liu (CVPR 2011, section 3; IJCV 2013): a volume of 32x32 pixels follows the track and is
cut into 2x2 cells and 3 parts in time. Here every frame is first reduced to sums over tiles of 4x4 pixels, then to
sums over 16x16 pixels at every tile corner; a track only looks its four cells up. So the price depends on the
pictures, hardly on the number of tracks.

A vector votes for the two of the eight directions next to its own, with its coordinates along these two: the
same neighbours as with angles and linear weights, but made of sums, minima and maxima, which is three times as
fast as arc tangents and counting, and as good for recognition.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from tag2vec.embed.features._flow import TILE
from tag2vec.embed.features._scales import Scale
from tag2vec.embed.features._threads import side_by_side, usable
from tag2vec.embed.features._tracks import Tracks

Floats = NDArray[np.float32]

BINS = {"hog": 8, "hof": 9, "mbhx": 8, "mbhy": 8}
CHANNELS = sum(BINS.values())
CELL = 16  # pixels a side; 2x2 of them around a track
PARTS = 3  # of a track's time
PAD = CELL // TILE  # empty tiles around the picture, so that a volume may reach over the edge
BLOCK = 4  # frames at once
STILL = 0.4  # pixels, as `describe` scales them: slower flow has no direction worth counting (Wang et al.'s threshold)


def describe(scale: Scale, tracks: Tracks, span: float, speed: float) -> dict[str, Floats]:
    """The histograms along n tracks, ordered by start: name -> (n, 4 * PARTS * bins) float32, not normalised.

    The parts are thirds of `span` frames, whole or not. `speed` times pixels a frame is the flow that is counted.
    Both make one of any frame rate, the latter also of any picture size.
    """
    length = tracks.steps.shape[1]
    sums = np.zeros((len(tracks), PARTS, 4, CHANNELS), np.float32)
    offsets = np.array([[-1, -1], [1, -1], [-1, 1], [1, 1]], np.float32) * (CELL / 2)
    weights = _shares(length, span)
    # Tracks are ordered by their start, so those alive in a frame are one range.
    frames = np.arange(len(scale.flow))
    ranges = np.searchsorted(tracks.start, [frames - length + 1, frames + 1]).T
    alive = [i for i in range(len(frames)) if ranges[i, 0] < ranges[i, 1]]
    for i, cells in _all_cells(scale, speed, alive):
        rows = np.arange(*ranges[i])
        step = i - tracks.start[rows]
        at = tracks.points[rows, step][:, None] + offsets  # (n, 4, 2)
        x, y = np.floor(at / TILE + (PAD + 0.5)).astype(np.intp).transpose(2, 0, 1)
        found = cells[:, y, x].transpose(1, 2, 0)
        for part in range(PARTS):
            own = np.flatnonzero(weights[step, part])
            sums[rows[own], part] += found[own] * weights[step[own], part, None, None]
    np.maximum(sums, 0, out=sums)  # running sums may end at -1e-9
    ends = np.cumsum(list(BINS.values()))
    parts = np.split(sums, ends[:-1], axis=3)
    return {name: part.reshape(len(tracks), -1) for name, part in zip(BINS, parts, strict=True)}


def _shares(length: int, span: float) -> Floats:
    """(length, PARTS): what a step of a track weighs in a part, by how much of it lies there; a column's sum is 1."""
    edges = np.arange(PARTS + 1) * (span / PARTS)
    first = np.arange(length)[:, None]
    common = np.minimum(first + 1, edges[1:]) - np.maximum(first, edges[:-1])
    return np.asarray(common.clip(0) * PARTS / span, np.float32)


def _all_cells(scale: Scale, speed: float, frames: list[int]) -> Iterator[tuple[int, Floats]]:
    """(i, cells of frame i) in order, made by as many threads as cv2 may use."""
    blocks = [frames[first : first + BLOCK] for first in range(0, len(frames), BLOCK)]
    at_once = 2 * usable()
    for first in range(0, len(blocks), at_once):
        some = blocks[first : first + at_once]
        for block, cells in zip(some, side_by_side(partial(_cells, scale, speed), some), strict=True):
            yield from ((i, cells[:, at]) for at, i in enumerate(block))


def _cells(scale: Scale, speed: float, frames: list[int]) -> Floats:
    """(CHANNELS, n, rows, columns) of n frames: (y, x) is the cell centred on the pixel (y - PAD, x - PAD) * TILE.

    The frames stand one above the other, as one tall picture: many small calls would cost more than what they compute,
    and threads that call often wait for each other.
    """
    gray, flow, rest = (part[frames] for part in (scale.gray, scale.flow, scale.rest))
    n, high, wide = len(gray), gray.shape[1] // TILE, gray.shape[2] // TILE
    tiles = np.zeros((CHANNELS, n, high + 2 * PAD, wide + 2 * PAD), np.float32)
    inside = tiles[:, :, PAD:-PAD, PAD:-PAD]
    right, down = cv2.split(_tall(rest) * np.float32(speed))
    still = (cv2.magnitude(right, down) < STILL).astype(np.float32)
    moves = 1 - still
    _directions(*_gradient(gray), inside[:8])
    _directions(right * moves, down * moves, inside[8:16])
    _tile(still, inside[16])
    # Boundaries hardly see the camera: those of the flow as it is were as good. Their length is no matter.
    for plane, out in zip(cv2.split(_tall(flow)), (inside[17:25], inside[25:]), strict=True):
        _directions(*_gradient(np.asarray(plane, np.float32).reshape(flow.shape[:3])), out)
    # One picture of all channels, one above the other: the empty tiles between them keep them apart. A window
    # of an even size reaches from y - 2 to y + 1, so its centre is the upper edge of tile y.
    tall = tiles.reshape(-1, tiles.shape[3])
    sums = cv2.boxFilter(tall, -1, (PAD, PAD), normalize=False, borderType=cv2.BORDER_CONSTANT)
    return np.asarray(sums, np.float32).reshape(tiles.shape)


def _directions(x: Floats, y: Floats, out: Floats) -> None:
    """Fill 8 channels of tiles with the votes of the vectors (x, y): right first, then clockwise on the screen."""
    one, root = np.empty_like(x), float(np.sqrt(2))
    wide, high, left, up = np.abs(x), np.abs(y), -x, -y
    # Along an axis counts what the other coordinate leaves over; along a diagonal what both share.
    votes = (
        (np.subtract, x, high, 1.0),
        (np.minimum, x, y, root),
        (np.subtract, y, wide, 1.0),
        (np.minimum, left, y, root),
        (np.subtract, left, high, 1.0),
        (np.minimum, left, up, root),
        (np.subtract, up, wide, 1.0),
        (np.minimum, x, up, root),
    )
    for channel, (operation, a, b, scale) in zip(out, votes, strict=True):
        operation(a, b, out=one)
        cv2.threshold(one, 0, 0, cv2.THRESH_TOZERO, dst=one)  # three times as fast as np.maximum
        _tile(one, channel, scale)


def _tile(picture: Floats, out: Floats, scale: float = 1.0) -> None:
    """Fill `out` (n, rows, columns) with the means over the tiles: pictures of full and of half size weigh the same."""
    n, high, wide = out.shape
    mean = cv2.resize(picture, (wide, n * high), interpolation=cv2.INTER_AREA)
    np.multiply(mean.reshape(out.shape), np.float32(scale), out=out)


def _tall(pictures: NDArray[Any]) -> NDArray[Any]:
    """(n, h, w, ...) -> (n * h, w, ...)"""
    return pictures.reshape(-1, *pictures.shape[2:])


def _gradient(pictures: NDArray[np.uint8] | Floats) -> tuple[Floats, Floats]:
    """Central differences right and down of pictures (n, h, w), each (n * h, w); 0 at the edges."""
    tall = _tall(pictures)
    right, down = (cv2.Sobel(tall, cv2.CV_32F, *axis, ksize=1) for axis in ((1, 0), (0, 1)))
    edges = down.reshape(pictures.shape)
    edges[:, [0, -1]] = 0
    return np.asarray(right, np.float32), np.asarray(down, np.float32)
