"""Frames of synthetic clips: the parts of a motion, drawn with made-up textures over a made-up scene.

Only the motion (and the plain shapes that carry it) belongs to the category. Background, colours, size,
place, speed, phase, left and right, camera shake, brightness and noise are drawn anew for each clip.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from tag2vec.demo.motions import motion
from tag2vec.demo.parts import Array, Part

WIDTH, HEIGHT = 160, 120  # pixels
FPS = 25
FRAMES = 50

Image = npt.NDArray[np.uint8]
_MARGIN = 8  # pixels of background around the frame, so that a shaking camera never sees its edge
_FINE = 4  # shapes are drawn this much larger and shrunk, for smooth edges


@dataclass(frozen=True)
class _Camera:
    """How nominal coordinates become pixels: mirrored or not, scaled, moved, and shaken (t, 2) in pixels."""

    flip: int
    scale: float
    place: Array
    shake: Array


def render(category: str, seed: int) -> Image:
    """A synthetic clip of `category`, (50, 120, 160, 3) uint8 RGB at 25 fps; same seed, same bits."""
    rng = np.random.default_rng([seed, zlib.crc32(category.encode())])
    speed = rng.uniform(0.8, 1.2)
    t = rng.uniform(0.0, 20.0) + speed * np.arange(FRAMES) / FPS
    parts = motion(category)(t, rng)
    camera = _camera(rng)
    scenery, colours = _scene(rng, 1 + max(p.tint for p in parts))
    frames = _backgrounds(scenery, camera)
    for piece in parts:
        _draw(frames, piece, camera, _patch(piece, colours[piece.tint], camera.scale, rng))
    return _exposed(frames, rng)


def _camera(rng: np.random.Generator) -> _Camera:
    """A hand-held camera: its shake is a smoothed random walk of about a pixel."""
    steps = rng.normal(0.0, 1.0, (FRAMES + 8, 2))
    smooth = np.stack([np.convolve(steps[:, i], np.ones(9) / 9, "valid") for i in (0, 1)], axis=1)
    return _Camera(
        flip=int(rng.choice([-1, 1])),
        scale=rng.uniform(0.88, 1.12),
        place=np.array([WIDTH / 2, HEIGHT / 2]) + rng.uniform([-9, -5], [9, 5]),
        shake=np.clip(smooth * rng.uniform(0.3, 1.6), -_MARGIN / 2, _MARGIN / 2),
    )


def _texture(rng: np.random.Generator, height: int, width: int, cell: float) -> npt.NDArray[np.float32]:
    """(height, width) float32 of mean 0 and deviation 1: random blotches about `cell` pixels wide."""
    shape = (max(2, round(height / cell)), max(2, round(width / cell)))
    coarse = rng.standard_normal(shape, dtype=np.float32)
    fine = np.asarray(cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC), dtype=np.float32)
    even: npt.NDArray[np.float32] = (fine - fine.mean()) / (fine.std() + 1e-6)
    return even


def _scene(rng: np.random.Generator, tints: int) -> tuple[Image, npt.NDArray[np.float32]]:
    """A background (h, w, 3) and one colour a tint (tints, 3), on the other side of its brightness."""
    height, width = HEIGHT + 2 * _MARGIN, WIDTH + 2 * _MARGIN
    dark = bool(rng.integers(2))
    base = rng.uniform(45, 95, 3) if dark else rng.uniform(150, 205, 3)
    picture = np.zeros((height, width, 3), np.float32) + base.astype(np.float32)
    for cell, strength in ((45.0, 14.0), (12.0, 9.0), (4.0, 7.0)):
        hue = rng.uniform(0.4, 1.0, 3) * strength * rng.uniform(0.6, 1.3)
        picture += _texture(rng, height, width, cell)[..., None] * hue.astype(np.float32)
    shades = rng.permutation(np.linspace(0, 60, tints))  # so that no two tints can fall together
    colours = (145 if dark else 30) + shades[:, None] + rng.uniform(0, 30, (tints, 3))
    return np.clip(picture, 0, 255).astype(np.uint8), colours.astype(np.float32)


def _backgrounds(scenery: Image, camera: _Camera) -> Image:
    """(t, h, w, 3): the part of the scenery that the camera sees in each frame."""
    frames = np.empty((FRAMES, HEIGHT, WIDTH, 3), np.uint8)
    for frame, (dx, dy) in zip(frames, camera.shake, strict=True):
        shift = np.array([[1, 0, dx - _MARGIN], [0, 1, dy - _MARGIN]])
        cv2.warpAffine(scenery, shift, (WIDTH, HEIGHT), dst=frame, flags=cv2.INTER_LINEAR)
    return frames


def _patch(piece: Part, colour: npt.NDArray[np.float32], scale: float, rng: np.random.Generator) -> Image:
    """(h, w, 4) RGBA, colours times alpha: the piece at its largest, along x, with a texture of its own."""
    half = piece.half.max(axis=0) * scale
    width, height = (2 * np.ceil(half).astype(int) + 2).tolist()
    skin = _texture(rng, height, width, rng.uniform(2.5, 4.5))[..., None] * rng.uniform(16, 26)
    paint = np.clip(colour + skin, 0, 255)
    alpha = _mask(piece.shape, width, height, half)[..., None]
    return np.concatenate([paint * alpha, 255 * alpha], axis=2).astype(np.uint8)


def _mask(shape: str, width: int, height: int, half: Array) -> npt.NDArray[np.float32]:
    """(height, width) float32 in 0..1: the outline of a shape of extents `half` amid its patch."""
    big = np.zeros((height * _FINE, width * _FINE), np.uint8)
    centre = (width * _FINE // 2, height * _FINE // 2)
    rx, ry = (max(1, int(v * _FINE)) for v in half)
    if shape == "bar":
        reach = max(0, rx - ry)
        ends = [(centre[0] + side * reach, centre[1]) for side in (-1, 1)]
        cv2.line(big, ends[0], ends[1], 255, max(1, 2 * ry))
    elif shape == "box":
        cv2.rectangle(big, (centre[0] - rx, centre[1] - ry), (centre[0] + rx, centre[1] + ry), 255, -1)
    elif shape == "disk":
        cv2.ellipse(big, centre, (rx, ry), 0, 0, 360, 255, -1)
    else:
        rim = 3 * _FINE
        cv2.ellipse(big, centre, (max(1, rx - rim // 2), max(1, ry - rim // 2)), 0, 0, 360, 255, rim)
        if shape == "wheel":
            for turn in np.arange(3) * np.pi / 3:
                spoke = (int(rx * np.cos(turn)), int(ry * np.sin(turn)))
                ends = [(centre[0] + side * spoke[0], centre[1] + side * spoke[1]) for side in (-1, 1)]
                cv2.line(big, ends[0], ends[1], 255, 2 * _FINE)
    small = cv2.resize(big, (width, height), interpolation=cv2.INTER_AREA)
    return np.asarray(small, dtype=np.float32) / np.float32(255)


def _draw(frames: Image, piece: Part, camera: _Camera, patch: Image) -> None:
    """Lay a patch over every frame where its part is; parts outside the frame cost nothing."""
    side = np.array([camera.flip, 1.0])
    centre = piece.centre * side * camera.scale + camera.place + camera.shake
    angle = np.broadcast_to(piece.angle if camera.flip == 1 else np.pi - piece.angle, FRAMES)
    cos, sin = np.cos(angle), np.sin(angle)
    sizes = np.broadcast_to(piece.half, (FRAMES, 2))
    fit = sizes / sizes.max(axis=0)  # a stick that grows shorter squeezes its texture
    half = sizes * camera.scale + 1
    extent = np.stack([abs(cos) * half[:, 0] + abs(sin) * half[:, 1], abs(sin) * half[:, 0] + abs(cos) * half[:, 1]], 1)
    low = np.clip(np.floor(centre - extent), 0, [WIDTH, HEIGHT]).astype(int)
    high = np.clip(np.ceil(centre + extent) + 1, 0, [WIDTH, HEIGHT]).astype(int)
    middle = np.array([patch.shape[1] - 1, patch.shape[0] - 1]) / 2
    for i in np.flatnonzero((high > low).all(axis=1)):
        turn = np.array([[cos[i], -sin[i]], [sin[i], cos[i]]]) * fit[i]
        move = np.column_stack([turn, centre[i] - low[i] - turn @ middle])
        size = (int(high[i, 0] - low[i, 0]), int(high[i, 1] - low[i, 1]))
        laid = cv2.warpAffine(patch, move, size, flags=cv2.INTER_LINEAR)
        region = frames[i, low[i, 1] : high[i, 1], low[i, 0] : high[i, 0]]
        clear = 255 - laid[..., 3:].astype(np.uint16)
        region[:] = laid[..., :3] + ((region * clear + 127) // 255).astype(np.uint8)


def _exposed(frames: Image, rng: np.random.Generator) -> Image:
    """Brightness and sensor noise: one large noise picture, cut at another place for each frame."""
    gain, lift, sigma = rng.uniform(0.85, 1.1), rng.uniform(-12, 12), rng.uniform(1.0, 3.0)
    table = np.clip(np.arange(256) * gain + lift, 0, 255).astype(np.uint8)
    noise = np.rint(rng.standard_normal((HEIGHT + 40, WIDTH + 40, 1), dtype=np.float32) * sigma).astype(np.int16)
    noise = np.repeat(noise, 3, axis=2)
    bright = cv2.LUT(frames.reshape(-1, WIDTH, 3), table).reshape(frames.shape)
    for frame, (y, x) in zip(bright, rng.integers(0, 40, (FRAMES, 2)), strict=True):
        cv2.add(frame, noise[y : y + HEIGHT, x : x + WIDTH], dst=frame, dtype=cv2.CV_8U)
    return np.asarray(bright, dtype=np.uint8)
