"""Motions of things that carry someone along. Nominal pixels, radians, `t` (frames,) in seconds."""

from __future__ import annotations

import numpy as np

from tag2vec.demo.parts import (
    ARM,
    DOWN,
    LEG,
    UP,
    Array,
    Part,
    along,
    bar,
    body,
    disk,
    gait,
    part,
    point,
    reach,
    shoulder,
)


def _crossing(t: Array, speed: float, rng: np.random.Generator) -> Array:
    """(t,): x of something that rides by and is near the middle half way through the clip."""
    x: Array = speed * (t - t.mean()) + rng.uniform(-12, 12)
    return x


def biking(t: Array, rng: np.random.Generator) -> list[Part]:
    """Two spoked wheels roll across, the rider pedals."""
    x = _crossing(t, 52, rng)
    wheels = [point(x + side * 22, 32.0) for side in (-1, 1)]
    crank, saddle, bars = point(x - 2, 31.0), point(x - 9, 6.0), point(x + 17, 4.0)
    pedals = 2 * np.pi * 1.5 * t
    legs = []
    for lag in (0.0, np.pi):
        legs.append(reach(saddle, along(crank, pedals + lag, 8), 1.15 * LEG, -1))
    arm = reach(shoulder(saddle, UP + 0.75, 1.15), bars, 1.15 * ARM, 1)
    rider = body(saddle, [arm], legs, spine=UP + 0.75, size=1.15)
    frame = [bar(wheels[0], crank, 3, 1), bar(crank, bars, 3, 1), bar(bars, wheels[1], 3, 1)]
    return [*(part("wheel", w, 9 * t, (17, 17), 1) for w in wheels), *frame, *rider.parts]


def horseriding(t: Array, rng: np.random.Generator) -> list[Part]:
    """A galloping horse rocks and reaches out with four legs, its rider bounces against it."""
    x, hz = _crossing(t, 62, rng), 1.7
    turn = 2 * np.pi * hz * t
    rock = 0.16 * np.sin(turn)
    middle = point(x, 10 + 5 * np.cos(turn))
    front, rear = along(middle, rock, 23), along(middle, rock + np.pi, 22)
    parts: list[Part] = []
    for joint, lag in ((front, 0.0), (front, 0.09), (rear, 0.45), (rear, 0.54)):
        thigh, shin = gait(t + lag / hz, hz, 0.8, 1.2)[0]
        knee = along(joint, thigh, 16)
        parts += [bar(joint, knee, 6, 0), bar(knee, along(knee, shin, 16), 5, 0)]
    head = along(front, -0.95 + rock, 22)
    tail = along(rear, np.pi - 0.3 + 0.4 * np.sin(turn + 1), 15)
    parts += [part("disk", middle, rock, (28, 11), 0), bar(front, head, 8, 0), bar(rear, tail, 4, 0)]
    parts.append(bar(head, along(head, 0.7 + rock, 10), 7, 0))
    seat = middle + point(-4.0, -10 - 3 * np.cos(turn - 0.8))
    arms = [(DOWN - 0.6, 0.2 + rock)]
    rider = body(seat, arms, [(0.9, DOWN + 0.5)], spine=UP + 0.25 + rock, size=0.72, tint=1)
    return parts + rider.parts


def skateboarding(t: Array, rng: np.random.Generator) -> list[Part]:
    """Rolling along, crouching and popping the board: it flips over in the air under the jumping rider."""
    x = _crossing(t, 45, rng)
    u = t / 1.05 % 1.0
    air = np.clip((u - 0.45) / 0.45, 0, 1)
    jump = 4 * air * (1 - air)
    crouch = np.clip(1 - abs(u - 0.36) / 0.25, 0, 1)
    board = point(x, 44 - 22 * jump)
    tilt = -0.7 * np.sin(2 * np.pi * air) * (air < 0.5) - 2 * np.pi * air
    hip = point(x - 2, 18 - 30 * jump + 9 * crouch)
    legs = [reach(hip, board + point(side * 12.0, -5 - 4 * jump), LEG, -1) for side in (-1, 1)]
    lift = 0.5 + 1.2 * jump
    rider = body(
        hip,
        [(DOWN - lift, DOWN - lift - 0.4), (DOWN + lift, DOWN + lift + 0.4)],
        legs,
        spine=UP + 0.3 * crouch,
    )
    deck = part("box", board, tilt, (19, 2.5), 1)
    wheels = [disk(along(along(board, tilt, s * 12), tilt + DOWN, 4.0), 3.5, 1, x / 3.5) for s in (-1, 1)]
    return [*rider.parts, deck, *wheels]


def skiing(t: Array, rng: np.random.Generator) -> list[Part]:
    """Filmed from behind: the skier carves left and right while flags grow, part and pass by."""
    parts: list[Part] = []
    for k in range(8):
        depth = 1 - 0.86 * ((t * 0.55 + k / 8) % 1.0)
        side = -1 if k % 2 else 1
        near = 0.14 / depth
        foot = point(side * (5 + 95 * near), -26 + 66 * near)
        parts.append(part("box", foot - point(0.0, 22 * near), 0.0, (8 * near + 1, 22 * near + 2), 1 + k % 2))
    carve = 2 * np.pi * 0.6 * t
    lean = 0.55 * np.cos(carve)
    hip = point(27 * np.sin(carve), 22 + 3 * np.cos(2 * carve))
    legs = ((DOWN - 0.25 + lean, DOWN + 0.15 + lean), (DOWN + 0.25 + lean, DOWN - 0.1 + lean))
    arms = ((DOWN + 1.1, DOWN + 0.6), (DOWN - 1.1, DOWN - 0.6))
    skier = body(hip, arms, legs, spine=UP + 0.5 * lean, size=0.8)
    skis = [bar(along(f, DOWN + lean, -7), along(f, DOWN + lean, 9), 4, 3) for f in skier.feet]
    poles = [bar(h, along(h, DOWN + 0.4 * s, 19), 2.5, 3) for h, s in zip(skier.hands, (1, -1), strict=True)]
    return [*parts, *skis, *skier.parts, *poles]
