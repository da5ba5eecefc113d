"""Motions of music, dance and tricks. Nominal pixels, radians, `t` (frames,) in seconds."""

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
    part,
    point,
    poses,
    reach,
    shoulder,
)


def drumming(t: Array, rng: np.random.Generator) -> list[Part]:
    """Two sticks strike two drums by turns; a drummer's arms go with them."""
    hip = point(0.0, 22.0)
    top = shoulder(hip)
    arms, sticks = [], []
    for side, lag in ((-1, 0.0), (1, np.pi)):
        lift = (1 + np.sin(2 * np.pi * 2.6 * t + lag)) / 2
        hand = point(side * 20.0, 8 - 9 * lift)
        arms.append(reach(top, hand, ARM, side))
        outward = 0.5 - 1.25 * lift
        angle = outward if side > 0 else np.pi - outward
        sticks.append(bar(hand, along(hand, angle, 32), 5, 1))
    drums = [part("box", point(side * 46.0, 40.0), 0.0, (21, 12), 2) for side in (-1, 1)]
    tops = [part("disk", point(side * 46.0, 28.0), 0.0, (21, 5), 3) for side in (-1, 1)]
    return [*body(hip, arms, []).parts, *drums, *tops, *sticks]


def piano(t: Array, rng: np.random.Generator) -> list[Part]:
    """Keys from above with ten fingers that go up and down one after another at their columns."""
    parts: list[Part] = []
    for k in range(14):
        parts.append(part("box", point(-65.0 + 10 * k, 14.0), 0.0, (4.2, 24), 1))
    for hand in (-1, 1):
        palm = point(hand * 36 + 5 * np.sin(2 * np.pi * 0.4 * t + hand), 46.0)
        parts.append(part("disk", palm + point(0.0, 4.0), 0.0, (27, 10), 0))
        for finger in range(5):
            hz, lag = rng.uniform(1.2, 1.8), rng.uniform()
            press = poses((t * hz + lag) % 1.0, [(0.0, 0.0), (0.35, 1.0), (0.7, 0.0), (1.0, 0.0)])
            root = palm + point(-20.0 + 10 * finger, -4.0)
            tip = root + point(0.0, -16 - 22 * press)
            # A finger that is lifted higher shows more of itself: its end moves, its root stays.
            parts += [bar(root, tip, 7, 0), disk(tip, 4.5, 0)]
    return parts


def salsa(t: Array, rng: np.random.Generator) -> list[Part]:
    """Two dancers hold hands, step towards each other and away, sway and circle their arms."""
    beat = 2 * np.pi * 0.9 * t
    joined = point(6 * np.cos(beat), -16 + 9 * np.sin(beat))
    parts: list[Part] = []
    for sign in (-1.0, 1.0):
        hip = point(sign * (22 + 7 * np.sin(beat)) + 4 * np.sin(2 * beat), 15 + 1.5 * np.cos(2 * beat))
        step = 0.55 * np.sin(beat + (sign > 0) * np.pi)
        legs = ((DOWN - step, DOWN + 0.4 * step), (DOWN + step, DOWN - 0.4 * step))
        spine = UP + 0.22 * np.sin(beat + sign)
        arm = reach(shoulder(hip, spine), joined, ARM, int(sign))
        free = DOWN - sign * (0.9 + 0.6 * np.cos(beat))
        parts += body(hip, [(free, free - sign), arm], legs, spine=spine, tint=int(sign > 0)).parts
    return parts


def yoyo(t: Array, rng: np.random.Generator) -> list[Part]:
    """A spinning disc goes down its string and comes back to a hand that flicks it on its way."""
    u = t / 0.95 % 1.0
    down = np.sin(np.pi * u) ** 2
    hip = point(-16.0, 16.0)
    hand = point(5.0, -18 + 9 * np.sin(2 * np.pi * u))
    legs = ((DOWN - 0.2, DOWN), (DOWN + 0.2, DOWN + 0.1))
    player = body(hip, [(DOWN + 0.4, DOWN - 0.4), reach(shoulder(hip), hand, ARM, 1)], legs)
    disc = point(8.0, hand[:, 1] + 12 + 46 * down)
    spin = 16 * t
    toy = [disk(disc, 10, 1, spin), part("box", disc, spin, (8, 2), 2)]
    return [*player.parts, bar(player.hands[1], disc, 2, 2), *toy]
