"""Gray pictures and the flow between them, computed or carried by the codec: what tracks are made from."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

MIN_SIDE = 48  # pixels: DIS flow needs room for its pyramid, a descriptor volume is 32 wide
STEP = 2  # pixels a side that one computed flow vector stands for
TILE = 4  # pixels a side of the smallest cell of a histogram, and that one carried flow vector stands for


def gray_pictures(frames: NDArray[np.uint8], min_frames: int) -> NDArray[np.uint8]:
    """(t, h, w, 3) RGB -> (t', h', w') gray, at least `min_frames` long, sides whole tiles and MIN_SIDE or more.

    Short clips hold their last picture and small ones repeat their edges, so that any clip can be described.
    """
    t, h, w = frames.shape[:3]
    bottom, right = (max(MIN_SIDE, -(-side // TILE) * TILE) - side for side in (h, w))
    gray = np.empty((max(t, min_frames), h + bottom, w + right), np.uint8)
    for i in range(t):
        one = cv2.cvtColor(frames[i], cv2.COLOR_RGB2GRAY)
        gray[i] = cv2.copyMakeBorder(one, 0, bottom, 0, right, cv2.BORDER_REPLICATE)
    gray[t:] = gray[t - 1]
    return gray


def room_for_flow(gray: NDArray[np.uint8]) -> NDArray[np.float32]:
    """For pictures (t, h, w) an array (t - 1, h / 2, w / 2, 2)."""
    t, h, w = gray.shape
    return np.empty((t - 1, h // STEP, w // STEP, 2), np.float32)


def optical_flow(
    gray: NDArray[np.uint8], room: NDArray[np.float32], farneback: bool = False
) -> Iterator[NDArray[np.float32]]:
    """(t, h, w) gray -> one after the other the flow (right, down), in pixels a frame of the full picture, in `room`.

    DIS flow (Kroeger et al. 2016) estimates at a quarter of the size and interpolates, so half of the size
    loses nothing and costs a quarter. The median is what keeps tracks on their side of a motion edge (Wang et
    al. 2011, section 2.1), who have the flow of Farneback (2003).
    """
    h, w = gray.shape[1:]
    full = np.zeros((h, w, 2), np.float32)
    estimate = _farneback if farneback else cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST).calc
    for i, field in enumerate(room):
        estimate(gray[i], gray[i + 1], full)
        half = cv2.resize(full, (w // STEP, h // STEP), interpolation=cv2.INTER_AREA)
        for c in range(2):
            field[:, :, c] = cv2.medianBlur(np.ascontiguousarray(half[:, :, c]), 3)
        yield field


def _farneback(one: NDArray[np.uint8], after: NDArray[np.uint8], flow: NDArray[np.float32]) -> None:
    """As OpenCV's own example has it: three sizes, windows of 15 pixels, three rounds, polynomials of 5 pixels."""
    cv2.calcOpticalFlowFarneback(one, after, flow, 0.5, 3, 15, 3, 5, 1.2, 0)


def carried_flow(
    motion: NDArray[np.float32], pictures: NDArray[np.uint8], gray: NDArray[np.uint8]
) -> NDArray[np.float32]:
    """(t', rows, columns, 2) motion between `pictures` (t', h', w', 3) -> (t - 1, h / 4, w / 4, 2) flow for `gray`.

    A quarter of the size: the motion has cells of 8 pixels, and histograms of a small flow cost less.
    The median takes away single blocks that the encoder found elsewhere (Kantorov and Laptev, CVPR 2014).
    """
    t, h, w = gray.shape
    high, wide = (-(-side // TILE) for side in pictures.shape[1:3])
    flow = np.zeros((t - 1, h // TILE, w // TILE, 2), np.float32)  # a picture that is held stands still
    for field, grid in zip(flow, motion, strict=False):
        for c in range(2):
            plane = cv2.resize(cv2.medianBlur(np.ascontiguousarray(grid[:, :, c]), 3), (wide, high))
            edges = (0, max(0, field.shape[0] - high), 0, max(0, field.shape[1] - wide))
            field[:, :, c] = cv2.copyMakeBorder(plane, *edges, cv2.BORDER_REPLICATE)
    return flow
