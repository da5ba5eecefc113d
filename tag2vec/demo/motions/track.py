"""Motions of the jumps of athletics. Nominal pixels, radians, `t` (frames,) in seconds."""

from __future__ import annotations

import numpy as np

from tag2vec.demo.parts import UP, Array, Part, along, arms_in_step, bar, body, gait, part, point, poses


def highjump(t: Array, rng: np.random.Generator) -> list[Part]:
    """A run-up, a jump off one foot, and over the bar head first with the back to it, onto the mat."""
    u = t / 1.9 % 1.0
    air = np.clip((u - 0.42) / 0.4, 0, 1.5)
    x = np.where(u < 0.42, -112 + 88 * u / 0.42, -24 + 62 * air)
    y = np.where(air > 0, 14 - 168 * air * (1 - air) + 8 * air, 14 - 2.5 * abs(np.sin(2 * np.pi * 1.9 * t)))
    flying = np.clip(air * 8, 0, 1)
    spine = UP + 0.1 + poses(air, [(0.0, 0.0), (0.5, 1.5), (1.0, 2.5), (1.5, 2.5)])
    legs = []
    for run, bend in zip(gait(t, 1.9, 0.7, 1.3), (0.5, 0.9), strict=True):
        hang = spine + np.pi + 0.4
        legs.append((run[0] * (1 - flying) + hang * flying, run[1] * (1 - flying) + (hang + bend) * flying))
    arms = []
    for run in arms_in_step(t, 1.9, 0.8, 1.2):
        back = spine + np.pi - 0.5
        arms.append((run[0] * (1 - flying) + back * flying, run[1] * (1 - flying) + back * flying))
    jumper = body(point(x, y), arms, legs, spine=spine)
    posts = [part("box", point(px, 24.0), 0.0, (1.5, 27), 1) for px in (-14.0, 22.0)]
    rail = bar(point(-14.0, 0.0), point(22.0, 0.0), 3, 1)
    return [*posts, rail, *jumper.parts, part("box", point(50.0, 48.0), 0.0, (34, 13), 2)]


def polevault(t: Array, rng: np.random.Generator) -> list[Part]:
    """A run with a long pole, which is planted and rises like a clock hand; over the bar upside down."""
    u = t / 2.0 % 1.0
    x_run = -128 + 100 * np.clip(u / 0.38, 0, 1)
    plant = point(22.0, 46.0)
    rise = np.clip((u - 0.38) / 0.34, 0, 1)
    clock = poses(rise, [(0.0, -np.pi + 0.85), (1.0, UP - 0.02)])
    grip = along(plant, clock, 62 + 10 * rise)
    over = np.clip((u - 0.72) / 0.26, 0, 1.1)
    running = point(x_run, 12 - 2.5 * abs(np.sin(2 * np.pi * 1.9 * t)))
    upside = UP - 0.1 - poses(rise, [(0.0, 0.0), (0.35, 0.3), (0.9, 2.9), (1.0, 3.0)])
    hung = along(grip, upside, -22.0)
    last = along(along(plant, UP - 0.02, 72), UP - 3.1, -22.0)
    falling = last + point(48 * over, -34 * over + 190 * over**2)
    early, late = (u < 0.38)[:, None], (u >= 0.72)[:, None]
    hip = np.where(early, running, np.where(late, falling, hung))
    spine = np.where(u < 0.38, UP + 0.1, upside - 1.6 * over)
    flying = np.clip((u - 0.36) * 20, 0, 1)
    legs = []
    for run, lag in zip(gait(t, 1.9, 0.7, 1.3), (0.0, 0.3), strict=True):
        straight = spine + np.pi - lag
        legs.append((run[0] * (1 - flying) + straight * flying, run[1] * (1 - flying) + straight * flying))
    arm = np.where(u < 0.38, 0.9, np.where(u < 0.72, spine + 0.1, spine + 2.0))
    fore = np.where(u < 0.38, -0.4, arm)
    vaulter = body(hip, [(arm, fore)], legs, spine=spine)
    held = along(vaulter.hands[0], -0.15, 52)
    drop = point(-46 * over, 120 * over**2)
    tip = np.where(early, held, plant + drop)
    tail = np.where(early, along(vaulter.hands[0], np.pi - 0.15, 14), along(plant, clock - 0.8 * over, 74) + drop)
    rail = [
        part("box", point(46.0, 12.0), 0.0, (1.5, 46), 1),
        bar(point(24.0, -34.0), point(60.0, -34.0), 3, 1),
    ]
    return [*rail, *vaulter.parts, bar(tail, tip, 3.5, 2)]
