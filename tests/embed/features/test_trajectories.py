"""Dense trajectories on clips whose motion is known."""

from __future__ import annotations

import numpy as np
import pytest

from tag2vec.embed.features import _flow, _histograms, _tracks
from tag2vec.embed.features.trajectories import LENGTH, DenseTrajectories
from tag2vec.errors import UsageError
from tests.clips import moving, still

FEATURES = DenseTrajectories()
COLUMNS = dict(zip(FEATURES.blocks, np.cumsum([0, *FEATURES.blocks.values()])[:-1], strict=True))


def _block(found: np.ndarray, name: str) -> np.ndarray:
    return found[:, COLUMNS[name] : COLUMNS[name] + FEATURES.blocks[name]]


def test_widths() -> None:
    assert FEATURES.dim == 426
    assert FEATURES.blocks == {"shape": 30, "hog": 96, "hof": 108, "mbhx": 96, "mbhy": 96}


@pytest.mark.parametrize(("right", "down"), [(2, 0), (-2, 0), (0, 2), (0, -1), (2, 1)])
def test_shapes_point_where_the_picture_moves(right: int, down: int) -> None:
    found = FEATURES(moving(24, step=(right, down)), 30.0)
    steps = np.median(_block(found, "shape").reshape(-1, LENGTH, 2), axis=0)
    wanted = np.array([right, down]) / np.hypot(right, down) / LENGTH
    np.testing.assert_allclose(steps.mean(axis=0), wanted, atol=0.01)


@pytest.mark.parametrize(("step", "bin_"), [((3, 0), 0), ((0, 3), 2), ((-3, 0), 4), ((0, -3), 6)])
def test_flow_histograms_point_there_too(step: tuple[int, int], bin_: int) -> None:
    hof = _block(FEATURES(moving(24, step=step), 30.0), "hof").reshape(-1, 12, 9).mean(axis=(0, 1))
    assert hof.argmax() == bin_


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
    found = _histograms.describe(gray, flow, _tracks.Tracks(np.zeros(1, np.int64), points))
    wanted = np.zeros((3, 2, 2, 8))
    for i in range(LENGTH):
        picture = gray[i].astype(float)
        for y in range(16, 48):
            for x in range(16, 48):
                gx, gy = picture[y, x + 1] - picture[y, x - 1], picture[y + 1, x] - picture[y - 1, x]
                low = int(np.arctan2(gy, gx) % (2 * np.pi) / (np.pi / 4)) % 8
                angles = np.array([low, low + 1]) * np.pi / 4
                along = np.linalg.solve([np.cos(angles), np.sin(angles)], [gx, gy])
                wanted[i * 3 // LENGTH, (y - 16) // 16, (x - 16) // 16, [low, (low + 1) % 8]] += along / 16
    np.testing.assert_allclose(found["hog"].ravel(), wanted.ravel(), rtol=1e-3, atol=1e-3 * wanted.max())
    assert found["hof"].reshape(12, 9)[:, 8].tolist() == [16.0 * 5] * 12  # 4x4 tiles in each of 5 frames


def test_tracks_are_thinned_evenly() -> None:
    clip = moving(40)
    every = FEATURES(clip, 30.0)
    few = DenseTrajectories(max_tracks=50)(clip, 30.0)
    assert len(few) == 50 < len(every)
    rows = [np.flatnonzero((every == row).all(axis=1))[0] for row in few]
    assert np.diff(rows).min() >= len(every) // 50


def test_static_and_erratic_tracks_are_told_from_moving_ones() -> None:
    steps = np.zeros((4, LENGTH, 2), np.float32)
    steps[1, :, 0] = 1  # steady
    steps[2, 7, 0] = 30  # one jump
    steps[3, :, 1] = 0.05  # hardly moving
    points = np.concatenate([np.zeros((4, 1, 2), np.float32), steps.cumsum(axis=1)], axis=1)
    tracks = _tracks.Tracks(np.zeros(4, np.int64), points.astype(np.float32))
    assert _tracks.moving(tracks, 1.0, 50.0, 20.0).tolist() == [False, True, False, False]


@pytest.mark.parametrize("bad", [{"stride": 0}, {"max_tracks": 0}, {"quality": -1.0}, {"stride": 99}])
def test_settings_are_checked(bad: dict[str, float]) -> None:
    with pytest.raises(UsageError, match=next(iter(bad))):
        DenseTrajectories(**bad)  # type: ignore[arg-type]


def test_threads_change_nothing() -> None:
    import cv2

    before = cv2.getNumThreads()
    try:
        cv2.setNumThreads(1)
        one = FEATURES(moving(20, 240, 320), 30.0)
        cv2.setNumThreads(4)
        np.testing.assert_array_equal(one, FEATURES(moving(20, 240, 320), 30.0))
    finally:
        cv2.setNumThreads(before)
