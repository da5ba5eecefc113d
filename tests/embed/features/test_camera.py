"""The camera's motion, found and taken off, in clips whose motion is known."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from numpy.typing import NDArray

from tag2vec.embed.features import _camera, _flow, _tracks
from tag2vec.embed.features._scales import Scale
from tests.clips import warped, with_patch

CORNERS = np.array([[0, 0], [319, 0], [0, 239], [319, 239], [160, 120]], np.float64)
SHIFT = np.array([[1, 0, 3], [0, 1, 1.5], [0, 0, 1]])


def _about_middle(a: float, b: float) -> NDArray[np.float64]:
    """x, y times (a, -b; b, a) about the middle of the picture."""
    middle = np.array([[1, 0, 160], [0, 1, 120], [0, 0, 1]])
    return middle @ np.array([[a, -b, 0], [b, a, 0], [0, 0, 1]]) @ np.linalg.inv(middle)


CAMERAS = {
    "still": np.eye(3),
    "shift": SHIFT,
    "zoom": _about_middle(1.01, 0),
    "turn": _about_middle(np.cos(0.01), np.sin(0.01)),
    "tilt": np.array([[1, 0, 1], [0, 1, 0], [1e-5, 0, 1]]),
}


def _scale(frames: NDArray[np.uint8]) -> tuple[Scale, NDArray[np.float64]]:
    gray = _flow.gray_pictures(frames, 16)
    flow = np.stack(list(_flow.optical_flow(gray, _flow.room_for_flow(gray))))
    camera = _camera.camera_motion(gray, flow)
    return Scale(gray, flow, _camera.remove(flow, camera, 2), 1.0), camera


@pytest.mark.parametrize("name", CAMERAS)
def test_motion_of_the_whole_picture_is_the_cameras(name: str) -> None:
    """Found to 0.3 pixels a frame at the corners of the picture; no track is left, though all of them moved."""
    scale, camera = _scale(warped(18, CAMERAS[name]))
    wanted = _camera.shift(CAMERAS[name], CORNERS)
    for found in camera:
        np.testing.assert_allclose(_camera.shift(found, CORNERS), wanted, atol=0.3)
    tracks = _tracks.link(scale, 15, 5, 0.001)
    seen = _tracks.Tracks(tracks.start, tracks.points, np.diff(tracks.points, axis=1))
    assert len(tracks) > 2000 and (_tracks.spread(tracks, 50.0, 20.0) >= 1).mean() < 0.01
    assert name == "still" or (_tracks.spread(seen, 50.0, 20.0) >= 1).mean() > 0.9


@pytest.mark.parametrize("name", CAMERAS)
def test_points_go_where_the_picture_goes(name: str) -> None:
    """After half a second 95 of 100 points are within 2 pixels of where the texture is."""
    tracks = _tracks.link(_scale(warped(18, CAMERAS[name]))[0], 15, 5, 0.001)
    place = tracks.points[:, 0].astype(np.float64)
    for _ in range(15):
        place += _camera.shift(CAMERAS[name], place)
    assert np.quantile(np.linalg.norm(place - tracks.points[:, -1], axis=1), 0.95) < 2


def test_only_the_thing_that_moves_by_itself_has_tracks() -> None:
    """A patch moves left while the camera moves the background right and down: what is kept is on or beside it."""
    n = 20
    x, y = 150 - 2.0 * np.arange(n), np.full(n, 80.0)
    scale, _ = _scale(with_patch(warped(n, SHIFT), x, y))
    tracks = _tracks.link(scale, 15, 5, 0.001)
    kept = _tracks.spread(tracks, 50.0, 20.0) >= 1
    frames = tracks.start[:, None] + np.arange(16)
    middle = np.stack([x[frames] + 40, y[frames] + 40], axis=2)
    outside = np.abs(tracks.points - middle).max(axis=2).min(axis=1) - 40  # pixels, when it was nearest
    on = np.abs(tracks.points - middle).max(axis=(1, 2)) < 40
    assert on.sum() > 200 and kept[on].mean() > 0.98
    assert kept[outside > 24].mean() < 0.01  # flow is estimated from patches of 32 pixels: so wide is the halo
    steps = np.median(tracks.steps[kept & on], axis=(0, 1))
    np.testing.assert_allclose(steps, [-5, -1.5], rtol=0.1)  # against the background


def test_without_a_majority_there_is_no_camera() -> None:
    """Four quarters that move apart: none of them is most of the picture, so nothing is taken off."""
    frames = warped(4, np.eye(3))
    for i, (rows, columns) in enumerate(product((slice(0, 120), slice(120, 240)), (slice(0, 160), slice(160, 320)))):
        turned = np.array([[1, 0, [9, 0, 0, -9][i]], [0, 1, [0, 9, -9, 0][i]], [0, 0, 1]])
        frames[:, rows, columns] = warped(4, turned, seed=i)[:, rows, columns]
    assert (_scale(frames)[1] == np.eye(3)).all()


@pytest.mark.parametrize("kind", ["flat", "noise", "cut"])
def test_where_no_motion_can_be_told_there_is_none(kind: str) -> None:
    frames = {
        "flat": np.full((4, 240, 320, 3), 90, np.uint8),
        "noise": np.random.default_rng(0).integers(0, 256, (4, 240, 320, 3)).astype(np.uint8),
        "cut": np.concatenate([warped(1, SHIFT, seed=i) for i in range(4)]),
    }[kind]
    assert (_scale(frames)[1][:3] == np.eye(3)).all()


@pytest.mark.parametrize(
    "matrix",
    [np.diag([0.1, 0.1, 1]), np.diag([1, -1, 1]), np.array([[1, 0, 0], [0, 1, 0], [-0.01, 0, 1]]), np.ones((3, 3))],
)
def test_impossible_cameras_are_refused(matrix: NDArray[np.float64]) -> None:
    assert not _camera._plausible(matrix, 240, 320)
    assert all(_camera._plausible(possible, 240, 320) for possible in CAMERAS.values())


def test_the_same_clip_has_the_same_camera() -> None:
    frames = with_patch(warped(10, CAMERAS["zoom"]), np.linspace(50, 90, 10), np.full(10, 70.0))
    assert _scale(frames)[1].tobytes() == _scale(frames)[1].tobytes()
