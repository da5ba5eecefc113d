"""A folder of pictures as one clip, and pictures on their own: real files, decoded by the real child."""

from __future__ import annotations

import os
import shutil
import struct
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from tag2vec.embed.cache import Cache
from tag2vec.embed.clips import find_clips, pictures_in
from tag2vec.embed.extract import extract
from tag2vec.embed.frames import check_file, read_frames, read_windows
from tag2vec.embed.limits import FrameLimits
from tag2vec.errors import SourceError, VideoError
from tag2vec.retrieval.suggest import Suggester
from tests.clips import moving, still, texture, write_clip
from tests.conftest import Home

ONE = {1: 0, 8: 90, 3: 180, 6: 270}  # EXIF's orientation -> degrees anticlockwise that make the picture upright


def _write(path: Path, rgb: NDArray[np.uint8]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), rgb[:, :, ::-1])
    return path


def _folder(folder: Path, frames: NDArray[np.uint8], suffix: str = "png") -> Path:
    for i, rgb in enumerate(frames):
        _write(folder / f"f{i}.{suffix}", rgb)
    return folder


def _turn(path: Path, orientation: int) -> None:
    """Write EXIF's orientation into a JPEG."""
    tiff = b"II*\0" + struct.pack("<IHHHIHHI", 8, 1, 0x112, 3, 1, orientation, 0, 0)
    segment = b"\xff\xe1" + struct.pack(">H", len(tiff) + 8) + b"Exif\0\0" + tiff
    data = path.read_bytes()
    path.write_bytes(data[:2] + segment + data[2:])


def test_the_frames_are_the_pictures_in_natural_order(tmp_path: Path) -> None:
    frames = moving(12, 48, 64)
    found = read_frames(_folder(tmp_path / "a", frames))
    np.testing.assert_array_equal(found.rgb, frames)
    assert (found.fps, found.duration_s, found.warning) == (pytest.approx(25), pytest.approx(12 / 25), None)
    slow = read_frames(tmp_path / "a", FrameLimits(picture_fps=5))
    assert (slow.fps, slow.duration_s, len(slow.rgb)) == (pytest.approx(5), pytest.approx(12 / 5), 12)


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "bmp", "tiff", "avif"])
def test_one_picture_of_each_format(tmp_path: Path, suffix: str) -> None:
    rgb = cv2.GaussianBlur(texture(48, 64), (0, 0), 3)
    path = _write(tmp_path / "a" / f"one.{suffix}", rgb)
    for found in (read_frames(path), read_frames(path.parent)):
        assert found.rgb.shape == (1, 48, 64, 3) and found.fps > 0 and found.warning is None
        assert np.abs(found.rgb[0].astype(int) - rgb).mean() < 7


def test_pictures_are_upright_and_those_turned_otherwise_than_the_first_too(tmp_path: Path) -> None:
    upright = cv2.GaussianBlur(texture(64, 64), (0, 0), 4)
    for i, (orientation, degrees) in enumerate([*ONE.items(), (1, 0)] * 2):
        lying = np.rot90(upright, -degrees // 90)
        _turn(_write(tmp_path / "a" / f"{i}.jpg", np.ascontiguousarray(lying)), orientation)
    (tmp_path / "a" / "0.jpg").unlink()  # so that the first is a turned one
    found = read_frames(tmp_path / "a")
    assert len(found.rgb) == 9 and found.warning is None
    for rgb in found.rgb:
        assert np.abs(rgb.astype(int) - upright).mean() < 8


def test_pictures_of_another_size_are_scaled_to_the_first_and_it_is_said(tmp_path: Path) -> None:
    folder = _folder(tmp_path / "a", still(3, 48, 64))
    _write(folder / "f9.png", texture(480, 640))
    _write(folder / "f10.png", texture(64, 48))
    found = read_frames(folder)
    assert found.rgb.shape == (5, 48, 64, 3)
    assert found.warning == "2 of the pictures have another size than the first and were scaled to 64x48."


def test_a_broken_picture_is_named_and_the_others_are_used(tmp_path: Path) -> None:
    folder = _folder(tmp_path / "a", still(6, 48, 64))
    cut = folder / "f2.png"
    cut.write_bytes(cut.read_bytes()[:-2000])
    (folder / "f3.png").write_bytes(b"")
    _write(folder / "f4.jpg", texture(48, 64))
    (folder / "f4.png").write_bytes((folder / "f4.jpg").read_bytes()[:-600])  # a JPEG that was cut off
    (folder / "f4.jpg").unlink()
    found = read_frames(folder)
    assert len(found.rgb) == 4 and found.warning
    for told in ("3 of the pictures are broken", "f2.png cannot be decoded", "f3.png", "f4.png is damaged, and used"):
        assert told in found.warning
    assert found.fps == pytest.approx(3 / 0.2)  # those left are shown when they were to be


def test_a_folder_of_nothing_but_broken_pictures_is_refused_with_their_names(tmp_path: Path) -> None:
    for i in range(5):
        (tmp_path / f"{i}.png").write_bytes(b"no picture")
    with pytest.raises(VideoError, match=r"holds no picture that can be decoded: 0\.png is not a .*; 1\.png"):
        read_frames(tmp_path)
    (tmp_path / "sub").mkdir()
    for read in (read_frames, check_file):
        with pytest.raises(VideoError, match="is a folder without pictures"):
            read(tmp_path / "sub")


def test_what_a_picture_may_cost_is_bounded(tmp_path: Path) -> None:
    folder = _folder(tmp_path / "a", still(2, 48, 64))
    _write(folder / "f5.png", np.zeros((400, 500, 3), np.uint8))
    small = FrameLimits(max_pixels=100_000)
    found = read_frames(folder, small)
    assert len(found.rgb) == 2 and "f5.png has pictures of 500x400 pixels, more than the 100000" in (
        found.warning or ""
    )
    with pytest.raises(VideoError, match="not decoded within 0.001 seconds"):
        read_frames(folder, FrameLimits(timeout_s=0.001))


def test_of_many_pictures_so_many_are_looked_at_as_of_a_clip(tmp_path: Path) -> None:
    frames = moving(60, 32, 32)
    folder = _folder(tmp_path / "a", frames)
    limits = FrameLimits(picture_fps=10, max_seconds=2, windows=2)
    clip = write_clip(tmp_path / "a.mkv", frames, fps=10, codec="ffv1")
    ours, theirs = read_windows(folder, limits), read_windows(clip, limits)
    assert [len(one.rgb) for one in ours] == [10, 10] and ours[1].start_s == pytest.approx(3)
    np.testing.assert_array_equal(ours[1].rgb, frames[30:40])
    np.testing.assert_array_equal(ours[0].rgb, theirs[0].rgb)
    fast = read_frames(folder, FrameLimits(picture_fps=60))
    assert len(fast.rgb) == 30 and fast.fps == pytest.approx(30, rel=0.02)
    late = read_frames(folder, replace(limits, start_s=5.5))
    np.testing.assert_array_equal(late.rgb, frames[55:])


def test_a_folder_is_looked_at_without_following_what_is_no_file(tmp_path: Path) -> None:
    folder = _folder(tmp_path / "a", still(2, 32, 32))
    os.mkfifo(folder / "f2.png")
    (folder / "f3.png").mkdir()
    (folder / "._f1.png").write_bytes(b"what macOS leaves beside a picture")
    assert [path.name for path in pictures_in(folder)] == ["f0.png", "f1.png"]
    assert len(read_frames(folder).rgb) == 2


def test_which_folders_are_clips(tmp_path: Path) -> None:
    for name in ("walk", "run/2"):
        _folder(tmp_path / name, still(2, 16, 16))
    assert find_clips([tmp_path]) == [tmp_path / "run" / "2", tmp_path / "walk"]
    assert find_clips([tmp_path / "walk"]) == [tmp_path / "walk"]
    assert find_clips([tmp_path / "walk" / "f0.png"]) == [tmp_path / "walk" / "f0.png"]
    clip = write_clip(tmp_path / "a.mp4", still(2))
    assert find_clips([tmp_path]) == [clip]  # pictures beside clips are covers of these
    (tmp_path / "none").mkdir()
    with pytest.raises(SourceError, match=r"no video files .* and no pictures"):
        find_clips([tmp_path / "none"])


def test_the_cache_knows_the_pictures_their_order_and_their_rate(tmp_path: Path) -> None:
    folder, cache = _folder(tmp_path / "a", moving(4, 48, 64)), Cache(tmp_path / "cache")
    assert not extract(folder, "trajectories", cache=cache).cached
    assert extract(folder, "trajectories", cache=cache).cached
    assert not extract(folder, "trajectories", FrameLimits(picture_fps=5), cache).cached
    moved = shutil.copytree(folder, tmp_path / "b")
    assert extract(moved, "trajectories", cache=cache).cached
    (moved / "f0.png").rename(moved / "f8.png")
    assert not extract(moved, "trajectories", cache=cache).cached


def test_the_frames_of_a_clip_get_its_hashtags(home: Home, clip: Path, tmp_path: Path) -> None:
    seen = read_frames(clip)
    _folder(tmp_path / "a", seen.rgb)
    suggester = Suggester.load(home.model, cache=home.cache)
    found = suggester.suggest(tmp_path / "a", 5, fps=seen.fps)
    assert found.line() == suggester.suggest(clip, 5).line() and found.clip == str(tmp_path / "a")
    one = suggester.suggest(tmp_path / "a" / "f0.png", 5)
    assert len(one) == 5 and "One picture shows no motion" in (one.warning or "")
