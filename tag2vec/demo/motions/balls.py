"""Motions of games with a ball. Positions in nominal pixels, angles in radians, `t` (frames,) in seconds."""

from __future__ import annotations

import numpy as np

from tag2vec.demo.parts import (
    ARM,
    DOWN,
    UP,
    Array,
    Part,
    along,
    arms_in_step,
    bar,
    body,
    disk,
    gait,
    part,
    point,
    poses,
    reach,
    shoulder,
)

_STANDING = ((DOWN - 0.25, DOWN - 0.05), (DOWN + 0.25, DOWN + 0.2))


def baseball(t: Array, rng: np.random.Generator) -> list[Part]:
    """A pitcher's arm whirls, the ball flies flat and fast to the batter, who swings and sends it away."""
    u = t / 1.3 % 1.0
    whirl = poses(u, [(0.0, 0.0), (0.34, 2 * np.pi), (1.0, 2 * np.pi)]) + DOWN + 0.6
    knee = poses(u, [(0.0, 0.0), (0.15, 1.1), (0.34, 0.3), (0.6, 0.0), (1.0, 0.0)])
    legs = ((DOWN - knee, DOWN + knee), (DOWN + 0.3, DOWN + 0.3))
    pitcher = body(point(-54.0, 14.0), [(whirl, whirl), (DOWN - 0.5, -0.3)], legs)
    twist = poses(u, [(0.0, 0.0), (0.56, 0.0), (0.72, 1.0), (0.85, 1.0), (1.0, 0.0)])
    arm = -0.9 - 2.6 * twist
    batter = body(point(54.0, 14.0), [(arm, arm), (arm - 0.3, arm)], _STANDING, spine=UP - 0.15, tint=1)
    bat = bar(batter.hands[0], along(batter.hands[0], arm - 0.2, 30), 5, 2)
    x = poses(u, [(0.0, -46.0), (0.3, -46.0), (0.31, -44.0)]) + np.clip((u - 0.31) / 0.31, 0, 1) * 82
    away = np.clip(u - 0.64, 0, None) * 1.3 * 260
    shown = np.where(u < 0.3, 400.0, 0.0)  # until it is thrown, the ball is out of sight
    return [*pitcher.parts, *batter.parts, bat, disk(point(x - away, -14 - 0.7 * away + shown), 6, 2, 9 * t)]


def basketball(t: Array, rng: np.random.Generator) -> list[Part]:
    """A player dribbles on the spot: the ball bounces under gravity, the hand rides on top of it."""
    u = (t / 0.66 + 0.5) % 1.0
    rise = 4 * u * (1 - u)
    ball = point(24.0, 44 - 40 * rise)
    hip = point(-5.0, 16 + 2 * np.sin(2 * np.pi * t / 0.66))
    palm = point(20.0, np.minimum(ball[:, 1] - 10, 12.0))
    arm = reach(shoulder(hip, UP + 0.2), palm, ARM, 1)
    legs = ((DOWN - 0.6, DOWN + 0.4), (DOWN - 0.1, DOWN + 0.7))
    player = body(hip, [(DOWN + 0.6, DOWN - 0.5), arm], legs, spine=UP + 0.2)
    return [*player.parts, disk(ball, 10, 1, t)]


def billiards(t: Array, rng: np.random.Generator) -> list[Part]:
    """A break from above: the cue pushes, seven balls scatter, meet the cushions and slow down."""
    since = t - t[0] - rng.uniform(0.15, 0.4)
    turn = rng.uniform(-0.5, 0.5)
    rolling = np.clip(since - 0.2, 0, 1.9)
    parts = []
    for i in range(7):
        direction = turn + i * 2 * np.pi / 7 + rng.uniform(-0.3, 0.3)
        way = rng.uniform(110, 190) * (rolling - rolling**2 / 3.8)
        start = along(point(12.0, 0.0), direction, 10)
        parts.append(disk(_cushioned(along(start, direction, way)), 6.5, i % 3, way / 6.5))
    coming = np.clip(since, 0, 0.2) / 0.2
    cue_ball = along(point(0.0, 0.0), turn + np.pi, 48 - 40 * coming) + point(-40 * (rolling - rolling**2 / 3.8), 0.0)
    push = along(point(0.0, 0.0), turn + np.pi, 56 + 14 * np.cos(np.clip(since, -0.3, 0.3) / 0.3 * np.pi))
    cue = bar(push, along(push, turn + np.pi, 60), 4, 3)
    return [*parts, disk(cue_ball, 6.5, 3), cue]


def _cushioned(path: Array) -> Array:
    """A straight path (t, 2) folded back at the edges of the table, as a ball bounces off them."""
    limit = np.array([62.0, 42.0])
    folded: Array = limit - abs((path + limit) % (4 * limit) - 2 * limit)
    return folded


def golf(t: Array, rng: np.random.Generator) -> list[Part]:
    """A long slow backswing, one quick stroke through, the finish held, and back to the ball."""
    u = t / 1.9 % 1.0
    swing = poses(u, [(0.0, 0.0), (0.4, -2.1), (0.45, -2.1), (0.62, 2.0), (0.8, 2.0), (1.0, 0.0)])
    arm = DOWN - swing * 0.9
    hip = point(2 * np.sin(swing / 2) - 6.0, 14.0)
    legs = ((DOWN - 0.35, DOWN - 0.1), (DOWN + 0.35, DOWN + 0.1))
    player = body(hip, [(arm, arm), (arm + 0.15, arm + 0.15)], legs, spine=UP + 0.15 * np.sin(swing / 2))
    hands = (player.hands[0] + player.hands[1]) / 2
    head = along(hands, DOWN - swing, 27)
    flight = np.clip(u - 0.54, 0, None) * 1.9
    ball = point(-2 + 190 * flight, 42 - 230 * flight + 90 * flight**2)
    return [*player.parts, bar(hands, head, 4, 1), disk(head, 5, 1), disk(ball, 5, 2)]


def soccer(t: Array, rng: np.random.Generator) -> list[Part]:
    """A player runs across and keeps tapping a rolling ball ahead of the feet."""
    x = 66 * (t - t.mean()) + rng.uniform(-10, 10)
    hip = point(x, 14 - 2.5 * abs(np.sin(2 * np.pi * 1.7 * t)))
    runner = body(hip, arms_in_step(t, 1.7, 0.9, 1.3), gait(t, 1.7, 0.75, 1.3), spine=UP + 0.15)
    ahead = x + 18 + 13 * abs(np.sin(2 * np.pi * 0.85 * t))
    return [*runner.parts, disk(point(ahead, 38.0), 8, 1, ahead / 8)]


def tennis(t: Array, rng: np.random.Generator) -> list[Part]:
    """Two players send a ball low over the net and back, each with a swing of the racket."""
    u = t / 1.3 % 1.0
    side = np.where(u < 0.5, 1.0, -1.0)
    v = u * 2 % 1.0
    parts = [part("box", point(0.0, 32.0), 0.0, (1.5, 14), 3)]
    for sign, lag, tint in ((1.0, 0.5, 0), (-1.0, 0.0, 1)):
        hit = poses((u - lag + 0.5) % 1.0, [(0.0, 0.0), (0.3, -0.2), (0.62, 1.0), (0.8, 0.8), (1.0, 0.0)])
        arm = np.pi / 2 + sign * (-1.5 + 2.9 * hit)
        hip = point(sign * (54 + 4 * np.cos(2 * np.pi * (u - lag))), 16.0)
        player = body(hip, [(arm, arm), (DOWN, DOWN - 0.5 * sign)], _STANDING, size=0.9, tint=tint)
        racket = along(player.hands[0], arm, 13)
        parts += [*player.parts, bar(player.hands[0], racket, 3, 2), part("disk", racket, arm, (9, 6), 2)]
    return [*parts, disk(point(side * (76 * v - 38), 4 - 18 * 4 * v * (1 - v)), 6, 3, 8 * t)]


def volleyball(t: Array, rng: np.random.Generator) -> list[Part]:
    """A large ball in steep arcs over a high net; whoever meets it jumps with both arms up."""
    u = t / 1.8 % 1.0
    side = np.where(u < 0.5, 1.0, -1.0)
    v = u * 2 % 1.0
    parts = [part("box", point(0.0, 24.0), 0.0, (1.5, 26), 3)]
    for sign, lag, tint in ((1.0, 0.5, 0), (-1.0, 0.0, 1)):
        w = (u - lag + 0.5) % 1.0
        jump = np.clip(1 - ((w - 0.5) / 0.17) ** 2, 0, None)
        raise_ = poses(w, [(0.0, 0.0), (0.3, 0.3), (0.48, 1.0), (0.6, 0.6), (0.85, 0.0), (1.0, 0.0)])
        arm = DOWN - 0.3 + 2.7 * raise_ if sign > 0 else DOWN + 0.3 - 2.7 * raise_
        bend = 0.5 * np.clip(1 - abs(w - 0.28) / 0.12, 0, 1)
        legs = ((DOWN - bend - 0.1, DOWN + bend), (DOWN - bend + 0.25, DOWN + bend + 0.2))
        hip = point(sign * 40.0, 20 + 8 * bend - 17 * jump)
        parts += body(hip, [(arm, arm), (arm + 0.3, arm + 0.3)], legs, size=0.9, tint=tint).parts
    return [*parts, disk(point(side * (64 * v - 32), -24 - 30 * 4 * v * (1 - v)), 9, 2, 4 * t)]


def juggling(t: Array, rng: np.random.Generator) -> list[Part]:
    """Three balls in a cascade: thrown from the inside, caught on the outside, by turns left and right."""
    parts, period = [], 1.7
    hands = []
    for lag in (0.0, 0.5):
        sign = 1.0 if lag == 0.0 else -1.0
        turn = 2 * np.pi * (3 * t / period + lag)
        hands.append(point(sign * (19 - 6 * np.cos(turn)), 18 + 5 * np.sin(turn)))
    hip = point(0.0, 36.0)
    top = shoulder(hip, UP, 1.15)
    arms = [reach(top, hand, 1.15 * ARM, bend) for hand, bend in zip(hands, (1, -1), strict=True)]
    parts += body(hip, arms, _STANDING, size=1.15).parts
    for k in range(3):
        u = (t / period + k / 3) % 1.0
        side = np.where(u < 0.5, 1.0, -1.0)
        v = np.clip(u * 2 % 1.0 / 0.8, 0, 1)  # the last fifth of each half is held in the hand
        held = np.clip((u * 2 % 1.0 - 0.8) / 0.2, 0, 1)
        x = side * (13 - 38 * v + 12 * held)
        parts.append(disk(point(x, 16 - 56 * 4 * v * (1 - v) + 6 * np.sin(np.pi * held)), 7, 1, 3 * t))
    return parts
