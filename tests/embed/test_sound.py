"""The sound of clips: what is decoded of it, and what happens to files that have none or a damaged one."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from tag2vec.embed.decoding import SOUND_RATE
from tag2vec.embed.frames import read_frames
from tag2vec.embed.limits import FrameLimits
from tag2vec.errors import VideoError
from tests.clips import add_sound, moving, tone, write_clip, write_sound, write_wave

DATA = os.environ.get("TAG2VEC_DATA")
SOUND = frozenset({"sound"})
BOTH = frozenset({"pictures", "sound"})


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_clip(tmp_path_factory.mktemp("clips") / "a.mp4", moving(30))


def _pitch(sound: np.ndarray) -> float:
    return float(np.abs(np.fft.rfft(sound)).argmax()) * SOUND_RATE / len(sound)


@pytest.mark.parametrize("name", ["a.wav", "a.m4a", "a.mp3", "a.ogg", "a.flac"])
def test_files_of_sound_alone(tmp_path: Path, name: str) -> None:
    codec = {"a.wav": "pcm_s16le", "a.m4a": "aac", "a.mp3": "mp3", "a.ogg": "libopus", "a.flac": "flac"}[name]
    found = read_frames(write_wave(tmp_path / name, tone(440, 1, 48_000), 48_000, codec), wants=SOUND)
    assert found.sound is not None and found.sound.dtype == np.float32 and found.rgb.shape == (0, 0, 0, 3)
    assert len(found.sound) == pytest.approx(SOUND_RATE, rel=0.1) and found.duration_s == pytest.approx(1, rel=0.1)
    assert _pitch(found.sound) == pytest.approx(440, abs=2) and found.warning is None


@pytest.mark.parametrize("rate", [8_000, 44_100, 96_000])
def test_channels_are_averaged_at_any_rate(tmp_path: Path, rate: int) -> None:
    left, right = tone(300, 1, rate, 0.8), tone(300, 1, rate, 0.2)
    found = read_frames(write_wave(tmp_path / "a.wav", np.stack([left, right]), rate), wants=SOUND).sound
    assert found is not None and len(found) == pytest.approx(SOUND_RATE, abs=40)
    np.testing.assert_allclose(found[1000:15000], tone(300, 1, level=0.5)[1000:15000], atol=2e-3)
    six = np.zeros((6, rate), np.float32)
    six[4] = tone(300, 1, rate, 0.6)
    found = read_frames(write_wave(tmp_path / "six.wav", six, rate), wants=SOUND).sound
    assert found is not None and np.abs(found[1000:15000]).max() == pytest.approx(0.1, abs=0.01)


def test_pictures_and_sound_of_one_clip(clip: Path, tmp_path: Path) -> None:
    path = add_sound(clip, tmp_path / "both.mp4", tone(1000, 1, 44_100))
    both, alone = read_frames(path, wants=BOTH), read_frames(path, wants=SOUND)
    np.testing.assert_array_equal(both.rgb, read_frames(clip).rgb)
    assert both.sound is not None and alone.sound is not None and _pitch(both.sound) == pytest.approx(1000, abs=2)
    np.testing.assert_array_equal(both.sound, alone.sound)
    assert len(alone.rgb) == 0 and both.warning is None and read_frames(path).sound is None


def test_no_sound_is_normal(clip: Path) -> None:
    assert read_frames(clip, wants=BOTH).sound is None
    found = read_frames(clip, wants=SOUND)
    assert found.sound is None and found.warning is None and found.duration_s == pytest.approx(1, abs=0.05)


def test_sound_is_bounded(tmp_path: Path) -> None:
    path = write_wave(tmp_path / "a.wav", tone(100, 3))
    found = read_frames(path, FrameLimits(max_seconds=1.5), SOUND)
    assert found.sound is not None and len(found.sound) == 1.5 * SOUND_RATE and found.duration_s == pytest.approx(3)


def test_numbers_that_are_no_sound(tmp_path: Path) -> None:
    wild = np.array([np.nan, np.inf, -np.inf, 1e30, 0.5] * 2000, np.float32)
    found = read_frames(write_wave(tmp_path / "a.wav", wild), wants=SOUND).sound
    assert found is not None and found[:5].tolist() == [0, 1, -1, 1, 0.5]


def test_files_without_pictures_are_refused_where_pictures_are_wanted(tmp_path: Path) -> None:
    with pytest.raises(VideoError, match="sound but no picture"):
        read_frames(write_sound(tmp_path / "a.m4a"), wants=BOTH)
    (tmp_path / "b.mp3").write_bytes(b"no sound at all" * 99)
    with pytest.raises(VideoError, match="not a video"):
        read_frames(tmp_path / "b.mp3", wants=SOUND)


def test_damaged_sound_costs_no_picture(clip: Path, tmp_path: Path) -> None:
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, 44_100).astype(np.float32)
    path = add_sound(clip, tmp_path / "a.mkv", noise, codec="flac")
    content = path.read_bytes()
    at = len(content) * 2 // 3  # sound is most of this file
    path.write_bytes(content[:at] + bytes(3000) + content[at + 3000 :])
    found = read_frames(path, wants=BOTH)
    assert len(found.rgb) >= 1 and found.sound is not None and len(found.sound) > 2000
    assert found.warning is not None
    (tmp_path / "cut.mkv").write_bytes(content[:at])
    cut = read_frames(tmp_path / "cut.mkv", wants=SOUND)
    assert cut.sound is not None and 2000 < len(cut.sound) < SOUND_RATE


@pytest.mark.parametrize("seed", range(2))
def test_flipped_bytes_never_crash_or_hang(clip: Path, tmp_path: Path, seed: int) -> None:
    content = bytearray(add_sound(clip, tmp_path / "a.mp4", tone(700, 1, 44_100)).read_bytes())
    random = np.random.default_rng(seed)
    for at in random.integers(0, len(content), 30 * (seed + 1)):
        content[at] = random.integers(256)
    (tmp_path / "b.mp4").write_bytes(content)
    try:
        found = read_frames(tmp_path / "b.mp4", FrameLimits(timeout_s=20), SOUND)
        assert found.sound is None or np.isfinite(found.sound).all()
    except VideoError as error:
        assert "20 seconds" not in str(error)


@pytest.mark.skipif(DATA is None, reason="TAG2VEC_DATA names no folder of clips")
def test_every_clip_that_decoders_trip_over() -> None:
    heard = 0
    for path in sorted((Path(DATA or "") / "video" / "robust").iterdir()):
        try:
            found = read_frames(path, FrameLimits(timeout_s=20, max_seconds=2), SOUND)
            assert found.sound is None or (np.isfinite(found.sound).all() and len(found.sound) <= 2 * SOUND_RATE)
            heard += found.sound is not None
        except VideoError as error:
            assert str(path) in str(error) and "20 seconds" not in str(error)
    assert heard >= 10
