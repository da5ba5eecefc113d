"""Motions in water and on the playground. Nominal pixels, radians, `t` (frames,) in seconds."""

from __future__ import annotations

import numpy as np

from tag2vec.demo.parts import (
    ARM,
    DOWN,
    UP,
    Array,
    Part,
    along,
    bar,
    body,
    disk,
    limb,
    part,
    point,
    poses,
    reach,
    shoulder,
)


def breaststroke(t: Array, rng: np.random.Generator) -> list[Part]:
    """A swimmer from above: both arms sweep out alike, then both legs kick out alike, then a glide."""
    u = t * 0.8 % 1.0
    x = 30 * (t - t.mean()) - 3 * np.cos(2 * np.pi * (t * 0.8 - 0.1)) + rng.uniform(-8, 8)
    hip = point(x - 12, 0.0)
    neck = along(hip, 0.0, 32)
    parts = [bar(hip, neck, 17, 0), disk(along(neck, 0.0, 10), 8.5, 0)]
    sweep = poses(u, [(0.0, 0.15), (0.35, 1.9), (0.5, 1.2), (0.65, 0.15), (1.0, 0.15)])
    fold = poses(u, [(0.0, 0.0), (0.3, 0.6), (0.5, -1.5), (0.65, 0.0), (1.0, 0.0)])
    frog = poses(u, [(0.0, 0.15), (0.35, 0.15), (0.6, 1.5), (0.8, 0.5), (1.0, 0.15)])
    kick = poses(u, [(0.0, 0.0), (0.35, 0.0), (0.6, 1.9), (0.72, -0.3), (1.0, 0.0)])
    for side in (-1, 1):
        parts += limb(neck + point(-3.0, side * 7.0), (side * sweep, side * (sweep + fold)), 16, 7, 0)[0]
        away = np.pi - side * frog
        parts += limb(hip + point(0.0, side * 4.0), (away, away + side * kick), 18, 8, 0)[0]
    return parts


def diving(t: Array, rng: np.random.Generator) -> list[Part]:
    """A diver comes down turning over and over, opens up, and a splash rises from the water."""
    u = t / 1.5 % 1.0
    fall = np.clip(u / 0.55, 0, 1.6)
    hip = point(-16 + 26 * fall, -92 + 60 * fall + 78 * fall**2)
    spin = UP + poses(u, [(0.0, 0.0), (0.06, 0.5), (0.42, 8.2), (0.55, 3 * np.pi), (1.0, 3 * np.pi)])
    tuck = poses(u, [(0.0, 0.0), (0.1, 1.0), (0.36, 1.0), (0.5, 0.0), (1.0, 0.0)])
    thigh = spin + np.pi - 1.9 * tuck
    leg = (thigh, thigh + 2.2 * tuck)
    arm = spin + 2.2 * tuck
    diver = body(hip, [(arm, arm - 0.5 * tuck)], [leg, leg], spine=spin, size=1.05)
    splash = []
    since = (u - 0.5) % 1.0 * 1.5
    for _ in range(8):
        vx, vy = rng.uniform(-45, 45), rng.uniform(-150, -90)
        drop = point(10 + vx * since, 50 + vy * since + 170 * since**2)
        splash.append(disk(np.where((since < 1.0)[:, None], drop, 400.0), 5, 1))
    return [*diver.parts, *splash, part("box", point(0.0, 62.0), 0.0, (110, 14), 1)]


def kayaking(t: Array, rng: np.random.Generator) -> list[Part]:
    """Head on: a long paddle with two blades dips left and right by turns, the boat rocks."""
    turn = 2 * np.pi * 0.85 * t
    rock = 0.1 * np.sin(turn + 0.6)
    boat = point(3 * np.sin(turn / 2), 30 + 2 * np.sin(2 * turn))
    hip = boat + point(0.0, -5.0)
    tilt = 0.85 * np.sin(turn)
    grip = hip + point(7 * np.cos(turn), -13 + 3 * np.cos(2 * turn))
    ends = [along(grip, tilt, side * 50.0) for side in (-1, 1)]
    top = shoulder(hip, UP + rock)
    arms = [reach(top, along(grip, tilt, side * 15.0), ARM, -side) for side in (-1, 1)]
    hull = part("disk", boat, rock, (36, 10), 1)
    rower = body(hip, arms, [], spine=UP + rock)
    blades = [part("disk", end, tilt, (11, 6.5), 2) for end in ends]
    return [*rower.parts, hull, bar(ends[0], ends[1], 3.5, 2), *blades]


def swing(t: Array, rng: np.random.Generator) -> list[Part]:
    """A pendulum: a seat on long ropes, legs stretched on the way forward, bent on the way back."""
    phase = 2 * np.pi * 0.52 * t
    tilt = rng.uniform(0.6, 0.75) * np.sin(phase)
    pivot = point(0.0, -78.0)
    seat = along(pivot, DOWN - tilt, 104)
    pump = np.cos(phase)
    thigh = -0.1 - tilt
    legs = [(thigh, thigh + 0.8 - 0.7 * pump), (thigh + 0.1, thigh + 0.9 - 0.7 * pump)]
    spine = UP - tilt - 0.3 * pump
    grip = along(seat, UP - tilt, 22) + point(3.0, 0.0)
    arm = reach(shoulder(seat, spine), grip, ARM, 1)
    child = body(seat, [arm], legs, spine=spine)
    ropes = [bar(pivot + point(s, 0.0), seat + point(s, 0.0), 2.5, 1) for s in (-3.0, 4.0)]
    return [*ropes, *child.parts, part("box", seat + point(0.0, 4.0), -tilt, (10, 2.5), 1)]
