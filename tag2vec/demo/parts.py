"""Textured parts and the jointed figure that all synthetic clips are put together from.

Coordinates are pixels of a nominal 160x120 frame around its centre: x to the right, y down, so an
angle of 0 points right and pi/2 points down. Angles are radians. Everything has one row a frame, (t, ...).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.floating[Any]]
Value = Array | float
Limb = tuple[Value, Value]
Shape = Literal["disk", "bar", "box", "ring", "wheel"]

DOWN = np.pi / 2
UP = -np.pi / 2

ARM, LEG = 11.5, 14.0  # pixels: half the length of the limbs of a `body` of size 1


@dataclass(frozen=True)
class Part:
    """One rigid piece and its way through the clip, in pixels and radians.

    `half` is half its extent along and across its own axis. Parts of the same `tint` share a colour.
    Any of the three may have one row instead of t: then it never changes.
    """

    shape: Shape
    centre: Array  # (t, 2)
    angle: Array  # (t,)
    half: Array  # (t, 2)
    tint: int


@dataclass(frozen=True)
class Body:
    """A jointed figure: its parts, and where it can hold or ride things, each (t, 2) in pixels."""

    parts: list[Part]
    hands: list[Array]
    feet: list[Array]


def point(x: Value, y: Value) -> Array:
    """(t, 2) from two coordinates, each (t,) or one number; two numbers give (1, 2)."""
    return np.stack(np.broadcast_arrays(np.atleast_1d(x), np.atleast_1d(y)), axis=-1).astype(np.float64)


def along(start: Array, angle: Value, length: Value) -> Array:
    """(t, 2): the points `length` pixels away from `start` (t, 2) in the direction `angle`."""
    return start + point(length * np.cos(angle), length * np.sin(angle))


def part(shape: Shape, centre: Array, angle: Value, half: tuple[Value, Value], tint: int) -> Part:
    """A Part from arrays or single numbers."""
    return Part(shape, centre, np.atleast_1d(np.asarray(angle, dtype=np.float64)), point(*half), tint)


def disk(centre: Array, radius: float, tint: int, angle: Value = 0.0) -> Part:
    """A ball; its texture turns by `angle`."""
    return part("disk", centre, angle, (radius, radius), tint)


def bar(start: Array, end: Array, width: float, tint: int) -> Part:
    """A round-ended stick from `start` to `end`, both (t, 2); it may change its length."""
    way = end - start
    length = np.hypot(way[:, 0], way[:, 1])
    angle = np.arctan2(way[:, 1], way[:, 0])
    return part("bar", (start + end) / 2, angle, (length / 2 + width / 2, width / 2), tint)


def limb(start: Array, angles: Limb, length: float, width: float, tint: int) -> tuple[list[Part], Array]:
    """Two sticks with a joint between them, the directions of both given, and where the second one ends."""
    joint = along(start, angles[0], length)
    end = along(joint, angles[1], length)
    return [bar(start, joint, width, tint), bar(joint, end, width * 0.85, tint)], end


def shoulder(hip: Array, spine: Value = UP, size: float = 1.0) -> Array:
    """(t, 2): where the arms of a `body` begin."""
    return along(hip, spine, 20 * size)


def body(
    hip: Array,
    arms: Sequence[Limb],
    legs: Sequence[Limb],
    *,
    spine: Value = UP,
    size: float = 1.0,
    tint: int = 0,
) -> Body:
    """A figure about 70 px high at `size` 1 from its hip (t, 2), the direction of its spine and its limbs."""
    neck = along(hip, spine, 23 * size)
    head = along(neck, spine, 8.5 * size)
    parts: list[Part] = []
    feet: list[Array] = []
    hands: list[Array] = []
    for angles in legs:
        pieces, end = limb(hip, angles, LEG * size, 7.5 * size, tint)
        parts += pieces
        feet.append(end)
    parts += [bar(hip, neck, 12 * size, tint), disk(head, 7 * size, tint, spine)]
    top = shoulder(hip, spine, size)
    for angles in arms:
        pieces, end = limb(top, angles, ARM * size, 6 * size, tint)
        parts += pieces
        hands.append(end)
    return Body(parts, hands, feet)


def reach(start: Array, target: Array, length: float, bend: int) -> Limb:
    """The two directions that bring a limb of two sticks of `length` from `start` to `target`.

    `bend` is 1 or -1, the side of its joint. A target that is too far away is pointed at.
    """
    way = target - start
    distance = np.clip(np.hypot(way[:, 0], way[:, 1]), 1e-3, 2 * length - 1e-3)
    straight = np.arctan2(way[:, 1], way[:, 0])
    lift = bend * np.arccos(distance / (2 * length))
    return straight + lift, straight - lift


def gait(t: Array, hz: float, stride: float, bend: float) -> tuple[Limb, Limb]:
    """Legs that run to the right at `hz` double steps a second; `stride` and knee `bend` in radians."""
    legs = []
    for lag in (0.0, np.pi):
        phase = 2 * np.pi * hz * t + lag
        thigh = DOWN - stride * np.sin(phase)
        legs.append((thigh, thigh + bend * (1 + np.sin(phase + 2.2)) / 2))
    return legs[0], legs[1]


def arms_in_step(t: Array, hz: float, swing: float, bend: float) -> tuple[Limb, Limb]:
    """Arms that swing against the legs of `gait`, the elbow bent by `bend` radians."""
    arms = []
    for lag in (np.pi, 0.0):
        upper = DOWN - swing * np.sin(2 * np.pi * hz * t + lag)
        arms.append((upper, upper - bend))
    return arms[0], arms[1]


def poses(u: Array, keys: Sequence[tuple[float, float]]) -> Array:
    """(t,): the value at `u` (t,) between keyed values (when, value), slow at both ends of each stretch."""
    when = np.array([k[0] for k in keys])
    value = np.array([k[1] for k in keys])
    row = np.clip(np.searchsorted(when, u, side="right") - 1, 0, len(keys) - 2)
    share = np.clip((u - when[row]) / (when[row + 1] - when[row]), 0.0, 1.0)
    result: Array = value[row] + (value[row + 1] - value[row]) * share * share * (3 - 2 * share)
    return result
