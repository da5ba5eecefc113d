"""Dense trajectories on clips whose motion is known."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from functools import cache

import cv2
import numpy as np
import pytest

from tag2vec.embed.features import _flow, _histograms, _tracks
from tag2vec.embed.features._scales import Scale, sizes
from tag2vec.embed.features._threads import side_by_side
from tag2vec.embed.features.trajectories import FEW, LENGTH, DenseTrajectories
from tag2vec.errors import UsageError
from tests.clips import moving, still, warped, with_patch

FEATURES = DenseTrajectories()
STILL, PAN = np.eye(3), np.array([[1, 0, 1], [0, 1, -2], [0, 0, 1]])
COLUMNS = dict(zip(FEATURES.blocks, np.cumsum([0, *FEATURES.blocks.values()])[:-1], strict=True))


def _block(found: np.ndarray, name: str) -> np.ndarray:
    return found[:, COLUMNS[name] : COLUMNS[name] + FEATURES.blocks[name]]


@pytest.mark.parametrize("farneback", [False, True])
def test_both_ways_to_compute_flow_see_what_moves(farneback: bool) -> None:
    gray = _flow.gray_pictures(warped(3, np.array([[1, 0, 4], [0, 1, 2], [0, 0, 1]])), 2)
    flow = np.stack(list(_flow.optical_flow(gray, _flow.room_for_flow(gray), farneback)))
    np.testing.assert_allclose(np.median(flow, axis=(0, 1, 2)), [4, 2], atol=0.3)


def test_widths() -> None:
    assert FEATURES.dim == 426
    assert FEATURES.blocks == {"shape": 30, "hog": 96, "hof": 108, "mbhx": 96, "mbhy": 96}


def _thing(fps: float, motion: np.ndarray, right: float, down: float, seconds: float = 0.7) -> np.ndarray:
    """A patch that moves so many pixels a second before a background that moves by `motion` a frame."""
    time = np.arange(round(seconds * fps)) / fps
    return with_patch(warped(len(time), motion), 120 + right * (time - 0.5), 80 + down * (time - 0.5))


@cache
def _circling(fps: float, radius: float = 20.0) -> np.ndarray:
    """The mean of all tracks of 1.2 seconds of a patch that goes round while the camera turns aside."""
    turn = 2 * np.pi * 0.7 * np.arange(round(1.2 * fps)) / fps
    background = warped(len(turn), np.array([[1, 0, 30 / fps], [0, 1, 0], [0, 0, 1]]))
    return FEATURES(with_patch(background, 110 + radius * np.sin(turn), 70 + radius * np.cos(turn)), fps).mean(axis=0)


@pytest.mark.parametrize(
    ("right", "down", "bin_", "camera"),
    [(90, 0, 0, STILL), (0, 90, 2, PAN), (-90, 0, 4, PAN), (0, -90, 6, STILL), (60, 60, 1, PAN)],
)
def test_tracks_tell_where_a_thing_moves_against_the_background(
    right: int, down: int, bin_: int, camera: np.ndarray
) -> None:
    """Shapes to a tenth of the way, flow histograms by their fullest direction; the camera moves or does not."""
    found = FEATURES(_thing(30, camera, right + 30 * camera[0, 2], down + 30 * camera[1, 2]), 30.0)
    steps = np.median(_block(found, "shape").reshape(-1, LENGTH, 2), axis=0)
    np.testing.assert_allclose(steps.sum(axis=0), np.array([right, down]) / np.hypot(right, down), atol=0.1)
    assert _block(found, "hof").reshape(-1, 12, 9).mean(axis=(0, 1))[:8].argmax() == bin_


@pytest.mark.parametrize("fps", [10.0, 12.0, 25.0, 60.0])
def test_the_frame_rate_changes_little(fps: float) -> None:
    """Less than half as much as if the same motion were smaller."""
    other = np.linalg.norm(_circling(24.0, radius=8.0) - _circling(24.0))
    assert np.linalg.norm(_circling(fps) - _circling(24.0)) < 0.1 < other / 2


def test_a_camera_that_moves_leaves_the_looks() -> None:
    """As in a still clip: a few tracks that hardly move by themselves."""
    found = FEATURES(warped(20, np.array([[1.005, 0, 2], [0, 1.005, 1], [0, 0, 1]])), 30.0)
    assert len(found) == FEW
    assert np.linalg.norm(_block(found, "shape").reshape(-1, LENGTH, 2).sum(axis=1), axis=1).max() < 1
    assert _block(found, "hof").reshape(-1, 12, 9)[:, :, :8].max() < 0.1


def test_a_size_without_tracks_has_no_rows() -> None:
    none = _tracks.Tracks(np.empty(0, np.int64), np.empty((0, 9, 2), np.float32), np.empty((0, 8, 2), np.float32))
    assert _tracks.shape(none, 7.5, LENGTH, 1.0).shape == (0, 2 * LENGTH)


def test_small_sizes_are_the_same_clip() -> None:
    """At each size the flow is that of its own pixels, and pictures that would be too small are left out."""
    gray = _flow.gray_pictures(warped(3, np.array([[1, 0, 4], [0, 1, 2], [0, 0, 1]])), 2)
    flow = np.stack(list(_flow.optical_flow(gray, _flow.room_for_flow(gray))))
    clips = list(sizes(Scale(gray, flow, flow, 1.0), 9, np.sqrt(2)))
    assert [clip.gray.shape[1:] for clip in clips] == [(240, 320), (168, 228), (120, 160), (84, 112), (60, 80)]
    for clip in clips:
        assert clip.flow.shape[1:3] == tuple(side // 2 for side in clip.gray.shape[1:])
        middle = np.median(clip.flow, axis=(0, 1, 2)) / clip.size
        np.testing.assert_allclose(middle, [4, 2], rtol=0.1)


def test_a_still_clip_keeps_its_looks() -> None:
    found = FEATURES(still(20), 30.0)
    assert np.abs(_block(found, "shape")).max() < 0.2  # what the flow invents in a still picture is next to nothing
    assert (np.linalg.norm(_block(found, "hog"), axis=1) > 0.99).all()
    assert _block(found, "hof").reshape(-1, 12, 9)[:, :, :8].max() == 0


def test_histograms_are_roots_of_shares() -> None:
    found = FEATURES(moving(20), 30.0)
    for name in ("hog", "hof"):
        np.testing.assert_allclose((_block(found, name) ** 2).sum(axis=1), 1, atol=1e-5)


def test_cell_sums_equal_a_plain_count() -> None:
    """The tiles, sums and look-ups against the definition, pixel by pixel, for one volume."""
    gray = _flow.gray_pictures(moving(LENGTH + 1, 64, 64), LENGTH + 1)
    flow = np.zeros((LENGTH, 32, 32, 2), np.float32)
    points = np.full((1, LENGTH + 1, 2), 32, np.float32)
    tracks = _tracks.Tracks(np.zeros(1, np.int64), points, np.diff(points, axis=1))
    found = _histograms.describe(Scale(gray, flow, flow, 1.0), tracks, float(LENGTH), 1.0)
    wanted = np.zeros((3, 2, 2, 8))
    for i in range(LENGTH):
        picture = gray[i].astype(float)
        for y in range(16, 48):
            for x in range(16, 48):
                gx, gy = picture[y, x + 1] - picture[y, x - 1], picture[y + 1, x] - picture[y - 1, x]
                low = int(np.arctan2(gy, gx) % (2 * np.pi) / (np.pi / 4)) % 8
                angles = np.array([low, low + 1]) * np.pi / 4
                along = np.linalg.solve([np.cos(angles), np.sin(angles)], [gx, gy])
                wanted[i * 3 // LENGTH, (y - 16) // 16, (x - 16) // 16, [low, (low + 1) % 8]] += along / 16 / 5
    np.testing.assert_allclose(found["hog"].ravel(), wanted.ravel(), rtol=1e-3, atol=1e-3 * wanted.max())
    assert found["hof"].reshape(12, 9)[:, 8].tolist() == [16.0] * 12  # 4x4 tiles


def test_tracks_are_thinned_evenly() -> None:
    clip = _thing(30, STILL, 90, 0)
    every = FEATURES(clip, 30.0)
    few = DenseTrajectories(max_tracks=50)(clip, 30.0)
    assert len(few) == 50 < len(every)
    rows = [np.flatnonzero((every == row).all(axis=1))[0] for row in few]
    assert np.diff(rows).min() >= len(every) // 50


def test_static_and_erratic_tracks_are_told_from_moving_ones() -> None:
    steps = np.zeros((5, LENGTH, 2), np.float32)
    steps[1, :, 0] = 1  # steady
    steps[2, 7, 0] = 30  # one jump
    steps[3, :, 1] = 0.05  # hardly moving
    steps[4, :, 1] = 1  # with the camera
    points = np.concatenate([np.zeros((5, 1, 2), np.float32), steps.cumsum(axis=1)], axis=1)
    own = steps * np.array([1, 1, 1, 1, 0], np.float32)[:, None, None]
    spread = _tracks.spread(_tracks.Tracks(np.zeros(5, np.int64), points.astype(np.float32), own), 50.0, 20.0)
    np.testing.assert_allclose(spread, [0, np.arange(16).std(), -1, np.arange(16).std() * 0.05, 0], rtol=1e-4)


@pytest.mark.parametrize("bad", [{"stride": 0}, {"max_tracks": 0}, {"quality": -1.0}, {"stride": 99}])
def test_settings_are_checked(bad: dict[str, float]) -> None:
    with pytest.raises(UsageError, match=next(iter(bad))):
        DenseTrajectories(**bad)  # type: ignore[arg-type]


@pytest.fixture
def threads() -> Iterator[None]:
    before = cv2.getNumThreads()
    yield
    cv2.setNumThreads(before)


@pytest.mark.usefixtures("threads")
def test_threads_change_nothing() -> None:
    cv2.setNumThreads(1)
    one = FEATURES(moving(20, 240, 320), 30.0)
    cv2.setNumThreads(4)
    np.testing.assert_array_equal(one, FEATURES(moving(20, 240, 320), 30.0))


@pytest.mark.usefixtures("threads")
def test_threads_are_kept_from_clip_to_clip() -> None:
    """New ones each time would leave memory behind."""
    cv2.setNumThreads(2)
    seen = {name for _ in range(20) for name in side_by_side(lambda _: threading.current_thread().name, range(8))}
    assert 0 < len(seen) <= 2 and threading.current_thread().name not in seen
