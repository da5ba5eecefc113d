"""Motions of training and fighting. Nominal pixels, radians, `t` (frames,) in seconds."""

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
    limb,
    part,
    point,
    poses,
    reach,
    shoulder,
)


def benchpress(t: Array, rng: np.random.Generator) -> list[Part]:
    """Seen from the head of the bench: a wide bar with plates goes straight up and down over a lying body."""
    lift = np.sin(2 * np.pi * 0.75 * t)
    y = -8 - rng.uniform(13, 16) * lift
    parts = [part("box", point(0.0, 42.0), 0.0, (16, 6), 2), disk(point(0.0, 28.0), 9, 0)]
    for side in (-1, 1):
        root, grip = point(side * 12.0, 32.0), point(side * 24.0, y)
        parts += limb(root, reach(root, grip, 24, -side), 24, 8, 0)[0]
    parts.append(bar(point(-62.0, y), point(62.0, y), 5, 1))
    for x in (-50.0, -42.0, 42.0, 50.0):
        parts.append(part("box", point(x, y), 0.0, (3.5, 15), 1))
    return parts


def pushups(t: Array, rng: np.random.Generator) -> list[Part]:
    """A straight body turns up and down about its toes, the hands stay on the floor."""
    toes, hand = point(-52.0, 38.0), point(30.0, 42.0)
    tilt = -0.29 + 0.17 * np.sin(2 * np.pi * 0.85 * t)
    hip = along(toes, tilt, 40)
    arm = reach(shoulder(hip, tilt - 0.04, 1.25), hand, 1.25 * ARM, -1)
    legs = [(tilt + np.pi, tilt + np.pi)]
    return body(hip, [arm], legs, spine=tilt - 0.04, size=1.25).parts


def lunges(t: Array, rng: np.random.Generator) -> list[Part]:
    """One leg steps forward, the body sinks straight down and comes back up, slowly."""
    dip = (1 - np.cos(2 * np.pi * 0.62 * t)) / 2
    hip = point(-6 + 10 * dip, 6 + 20 * dip)
    legs = [reach(hip, point(-2 + 34 * dip, 43.0), 19, -1), reach(hip, point(-10 - 16 * dip, 43.0), 19, -1)]
    pieces: list[Part] = []
    for leg in legs:
        pieces += limb(hip, leg, 19, 9, 0)[0]
    arms = [(DOWN + 0.5, DOWN - 1.1), (DOWN + 0.7, DOWN - 0.9)]
    return pieces + body(hip, arms, [], size=1.15).parts


def hulahoop(t: Array, rng: np.random.Generator) -> list[Part]:
    """A hoop seen as an ellipse circles and wobbles around the hips, which sway against it."""
    turn = 2 * np.pi * 1.35 * t
    hip = point(4 * np.cos(turn + np.pi), 8 + 1.5 * np.sin(turn))
    spread = rng.uniform(0.2, 0.4)
    arms = [(UP - 0.9, UP - spread), (UP + 0.9, UP + spread)]
    legs = ((DOWN - 0.25, DOWN + 0.1), (DOWN + 0.25, DOWN - 0.1))
    dancer = body(hip, arms, legs, spine=UP + 0.08 * np.cos(turn))
    centre = point(9 * np.cos(turn), 6 + 4 * np.sin(turn))
    hoop = [part("ring", centre, 0.28 * np.sin(turn), (size, size * 0.32), 1) for size in (38.0, 35.0)]
    return [*dancer.parts, *hoop]


def boxing(t: Array, rng: np.random.Generator) -> list[Part]:
    """Two boxers face each other, bob, and throw quick straight punches, left and right by turns."""
    parts: list[Part] = []
    for sign, lag in ((-1.0, 0.0), (1.0, rng.uniform(0.2, 0.4))):
        beat = t * 1.25 + lag
        bob = 2 * np.sin(2 * np.pi * 2.5 * t + lag)
        hip = point(sign * 27 + bob, 16 + abs(bob))
        top = shoulder(hip, UP - sign * 0.12)
        arms = []
        for half in (0.0, 0.5):
            u = (beat + half) % 1.0
            out = poses(u, [(0.0, 0.0), (0.16, 1.0), (0.32, 0.0), (1.0, 0.0)])
            target = top + point(-sign * (10 + 13 * out), -1 - 3 * out)
            arms.append(reach(top, target, ARM, int(-sign)))
        legs = ((DOWN - 0.5, DOWN - 0.1), (DOWN + 0.5, DOWN + 0.4))
        boxer = body(hip, arms, legs, spine=UP - sign * 0.12, tint=int(sign > 0))
        parts += [*boxer.parts, *(disk(hand, 6.5, 2) for hand in boxer.hands)]
    return parts


def fencing(t: Array, rng: np.random.Generator) -> list[Part]:
    """Two fencers advance and retreat together; one lunges with a long blade as the other parries."""
    parts: list[Part] = []
    drift = 13 * np.sin(2 * np.pi * 0.6 * t)
    for sign, lag in ((-1.0, 0.0), (1.0, 0.5)):
        u = (t * 1.2 + lag) % 1.0
        lunge = poses(u, [(0.0, 0.0), (0.25, 1.0), (0.35, 1.0), (0.65, 0.0), (1.0, 0.0)])
        hip = point(sign * (38 - 11 * lunge) + drift, 16 + 6 * lunge)
        legs = [reach(hip, point(sign * (28 - 22 * lunge) + drift, 43.0), LEG, int(sign)),
                reach(hip, point(sign * 50 + drift, 43.0), LEG, int(sign))]  # fmt: skip
        forward = np.pi / 2 + sign * np.pi / 2  # towards the other one
        arm = forward + sign * (0.8 - 0.8 * lunge)
        back = (forward + np.pi + 0.7 * sign, UP - 0.2 * sign)
        fencer = body(hip, [(arm, forward + 0.0 * arm), back], legs, tint=int(sign > 0))
        flick = forward + 0.35 * np.sin(2 * np.pi * 1.8 * t + lag * 9) * (1 - lunge)
        parts += [*fencer.parts, bar(fencer.hands[0], along(fencer.hands[0], flick, 34), 3, 2)]
    return parts


def nunchucks(t: Array, rng: np.random.Generator) -> list[Part]:
    """A fighter whirls a pair of linked sticks in each hand, in full circles and against each other."""
    hip = point(0.0, 18 + 1.5 * np.sin(2 * np.pi * 0.9 * t))
    top = shoulder(hip)
    arms, parts = [], []
    for side, lag in ((-1.0, 0.0), (1.0, rng.uniform(0, 1.5))):
        turn = side * 2 * np.pi * 1.7 * t + lag
        hand = top + point(side * 21 + 4 * np.cos(turn / 2), 2 + 4 * np.sin(turn / 2))
        arms.append(reach(top, hand, ARM, int(side)))
        link = along(hand, turn - 0.9, 7)
        parts += [bar(hand, link, 5, 1), bar(link, along(link, turn, 19), 6, 1)]
    legs = ((DOWN - 0.4, DOWN - 0.1), (DOWN + 0.4, DOWN + 0.1))
    return [*body(hip, arms, legs).parts, *parts]
