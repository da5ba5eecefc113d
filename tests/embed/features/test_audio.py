"""Log-mel statistics of sounds that are known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tag2vec.embed.clips import Clip
from tag2vec.embed.extract import extract
from tag2vec.embed.features.audio import BANDS, HIGHEST, LOWEST, LogMel
from tag2vec.embed.frames import Frames
from tests.clips import tone, write_wave

AUDIO = LogMel()


def _of(sound: np.ndarray | None) -> np.ndarray:
    nothing = Frames.none()
    return AUDIO.of(Clip.of("a.wav"), Frames(nothing.rgb, 0.0, 0.0, None, sound))


def _mel(hertz: float) -> float:
    return float(1127 * np.log1p(hertz / 700))


@pytest.mark.parametrize("hertz", [200, 440, 1000, 3000, 7000])
def test_a_tone_lands_in_its_band(hertz: float) -> None:
    found = _of(tone(hertz, 2))
    wanted = (_mel(hertz) - _mel(LOWEST)) / (_mel(HIGHEST) - _mel(LOWEST)) * (BANDS + 1) - 1
    assert found.shape == (2, 128) and found.dtype == np.float32
    assert found[0, :BANDS].argmax() == pytest.approx(wanted, abs=1)


def test_louder_is_larger_and_a_beat_varies() -> None:
    soft, loud = _of(tone(1000, 1, level=0.05)), _of(tone(1000, 1, level=0.5))
    band = loud[0, :BANDS].argmax()
    assert loud[0, band] - soft[0, band] == pytest.approx(np.log(10), abs=0.05)
    beat = tone(1000, 1) * (np.arange(16000) // 2000 % 2)
    assert _of(beat)[0, BANDS + band] > 1 > 0.1 > loud[0, BANDS + band]


def test_silence_and_short_sounds() -> None:
    np.testing.assert_allclose(_of(np.zeros(16000, np.float32)), [[np.log(0.01)] * 64 + [0] * 64], atol=1e-5)
    for samples in (1, 399, 1600):
        found = _of(tone(1000, 1)[:samples])
        assert found.shape == (1, 128) and np.isfinite(found).all()
    assert _of(None).shape == (0, 128)


@pytest.mark.parametrize(("seconds", "rows"), [(1.0, 1), (1.4, 1), (1.5, 2), (9.9, 10)])
def test_the_rest_is_a_row_when_it_is_long_enough(seconds: float, rows: int) -> None:
    assert len(_of(tone(500, seconds))) == rows


def test_the_rate_of_the_file_changes_nothing(tmp_path: Path) -> None:
    # Nothing above 6 kHz: what lies beyond half of 16 kHz cannot be kept.
    draw = np.random.default_rng(0).uniform(100, 6000, 40)
    found = {
        rate: extract(
            write_wave(tmp_path / f"{rate}.wav", sum(tone(f, 2, rate, 0.02) for f in draw), rate), AUDIO
        ).arrays[0]
        for rate in (16_000, 44_100, 48_000)
    }
    assert found[16_000].shape == (2, 128)
    for rate in (44_100, 48_000):
        np.testing.assert_allclose(found[rate], found[16_000], atol=0.05)
    again = extract(tmp_path / "44100.wav", AUDIO).arrays[0]
    assert again.tobytes() == found[44_100].tobytes()
