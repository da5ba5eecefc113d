"""Long clips: parts spread over their length, and nothing followed from one part into the next."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks.fuzz import Colours
from tag2vec import Suggester
from tag2vec.embed.extract import Extracted, extract, extract_segments
from tag2vec.embed.features.trajectories import DenseTrajectories
from tag2vec.embed.frames import read_frames, read_windows
from tag2vec.embed.limits import FrameLimits
from tag2vec.errors import UsageError, VideoError
from tag2vec.retrieval.suggestions import Suggestions
from tests.clips import add_sound, moving, tone, write_clip
from tests.conftest import Home

LIMITS = FrameLimits(max_seconds=4, windows=4)


def _clip(path: Path, seconds: int = 40, gop: int = 10, **settings: str) -> Path:
    """A clip of 10 frames a second whose brightness is four times the second."""
    frames = (np.full((32, 32, 3), 4 * (i // 10), np.uint8) for i in range(10 * seconds))
    return write_clip(path, frames, fps=10, options={"g": str(gop), "sc_threshold": "0", "crf": "1", **settings})


def _seconds(rgb: np.ndarray) -> list[int]:
    return sorted({round(float(frame.mean()) / 4) for frame in rgb})


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.ts"])
def test_parts_are_spread_over_a_long_clip(tmp_path: Path, name: str) -> None:
    path = _clip(tmp_path / name)
    found = read_windows(path, LIMITS)
    late = 1 if name == "a.ts" else 0  # where key frames are not listed, the next one may be found
    assert [_seconds(seen.rgb) for seen in found] == [[0], [10 + late], [20 + late], [30 + late]]
    assert [seen.start_s for seen in found] == pytest.approx([0, 10 + late, 20 + late, 30 + late], abs=0.05)
    assert all(len(seen.rgb) == 10 and seen.fps == pytest.approx(10) and seen.warning is None for seen in found)
    assert len(read_windows(path, FrameLimits(max_seconds=50))) == 1
    assert _seconds(read_frames(path, LIMITS).rgb) == [0, 1, 2, 3]


def test_without_key_frames_to_go_to_the_start_is_used_and_said(tmp_path: Path) -> None:
    found = read_windows(_clip(tmp_path / "a.mp4", gop=10_000), LIMITS)
    assert [_seconds(seen.rgb) for seen in found] == [[0], [1], [2], [3]]
    assert found[0].warning is not None and "too few key frames" in found[0].warning
    few = read_windows(_clip(tmp_path / "b.mp4", gop=300), LIMITS)
    assert [_seconds(seen.rgb) for seen in few] == [[0], [1], [2], [30]]
    assert few[0].warning is None


def test_a_clip_that_ends_early_gives_what_it_has(tmp_path: Path) -> None:
    content = _clip(tmp_path / "a.mkv").read_bytes()
    (tmp_path / "b.mkv").write_bytes(content[: int(0.3 * len(content))])
    found = read_windows(tmp_path / "b.mkv", LIMITS)
    assert 1 <= len(found) < 4 and _seconds(found[0].rgb) == [0]
    assert found[0].warning is not None and "could not be decoded" in found[0].warning


def test_a_given_start_is_kept_exactly(tmp_path: Path) -> None:
    path = _clip(tmp_path / "a.mp4", gop=70)
    found = read_frames(path, FrameLimits(start_s=17, max_seconds=2))
    assert _seconds(found.rgb) == [17, 18] and found.start_s == pytest.approx(17) and found.duration_s == 40
    assert [s for seen in read_windows(path, FrameLimits(start_s=38, max_seconds=9)) for s in _seconds(seen.rgb)] == [
        38,
        39,
    ]
    with pytest.raises(VideoError, match="no picture that can be decoded after 50 s"):
        read_frames(path, FrameLimits(start_s=50))
    with pytest.raises(UsageError, match="start_s=-1"):
        FrameLimits(start_s=-1)


def test_features_are_those_of_each_part(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mkv", moving(90, 64, 64), fps=10, options={"g": "10"})
    limits = FrameLimits(max_seconds=4, windows=2)
    parts = read_windows(path, limits)
    for kind in (DenseTrajectories(), Colours()):
        alone = np.concatenate([kind(seen.rgb, seen.fps) for seen in parts])
        whole = extract(path, kind, limits)
        np.testing.assert_allclose(whole.arrays[0], alone, rtol=1e-3, atol=1e-3)
        assert whole.duration_s == pytest.approx(9)


@pytest.mark.parametrize("wants", [{"sound"}, {"pictures", "sound"}])
def test_each_part_has_its_own_sound(tmp_path: Path, wants: set[str]) -> None:
    louder = np.linspace(0, 1, 24 * 16_000, dtype=np.float32)  # the level says what time it is
    silent = write_clip(tmp_path / "silent.mp4", moving(240, 32, 48, (0.1, 0.0)), fps=10, options={"g": "10"})
    clip = add_sound(silent, tmp_path / "a.mp4", louder * tone(440, 24, level=1.0), 16_000)
    parts = read_windows(clip, FrameLimits(max_seconds=4), frozenset(wants))
    assert len(parts) == 4 and [len(part.rgb) > 0 for part in parts] == ["pictures" in wants] * 4
    for part in parts:
        assert part.sound is not None and len(part.sound) == 16_000
        assert 24 * np.pi / 2 * np.abs(part.sound).mean() == pytest.approx(part.start_s + 0.5, abs=0.3)


def test_segments_are_the_seconds_one_by_one(tmp_path: Path) -> None:
    path = _clip(tmp_path / "a.mp4", seconds=11, gop=30)
    for workers in (0, 2):
        found = list(extract_segments(path, Colours(), 5, workers=workers))
        assert [(start, end) for start, end, _ in found] == [(0, 5), (5, 10), (10, 11)]
        for start, _, one in found:
            assert isinstance(one, Extracted)
            np.testing.assert_allclose(one.arrays[0][:10], 4 * start, atol=2)
    short = list(extract_segments(path, Colours(), 5, FrameLimits(max_seconds=2), workers=0))
    assert [len(one.arrays[0]) for _, _, one in short if isinstance(one, Extracted)] == [20, 20, 10]
    assert [end for _, end, _ in extract_segments(path, Colours(), 10.9, workers=0)] == [10.9]
    late = list(extract_segments(path, Colours(), 5, FrameLimits(start_s=3), workers=0))
    assert [(start, end) for start, end, _ in late] == [(3, 8), (8, 11)]
    for start, _, one in late:
        assert isinstance(one, Extracted)
        np.testing.assert_allclose(one.arrays[0][:10], 4 * start, atol=2)
    with pytest.raises(UsageError, match=r"wanted 0\.5 s or more"):
        next(extract_segments(path, Colours(), 0))


def test_segments_of_a_clip_that_does_not_say_how_long_it_is(tmp_path: Path) -> None:
    frames = (np.full((32, 32, 3), 4 * (i // 10), np.uint8) for i in range(70))
    path = write_clip(tmp_path / "a.h264", frames, fps=25, options={"g": "10", "crf": "1"})
    found = list(extract_segments(path, Colours(), 1, workers=0))
    assert len(found) == 3 and found[-1][:2] == pytest.approx((2, 2.8), abs=0.05)


def test_tags_by_time(home: Home, tmp_path: Path) -> None:
    """Two held-out clips, one after the other: each half gets its own tags."""
    two = [read_frames(home.folder / "clips" / name / "09.mp4").rgb for name in ("yoyo", "piano")]
    path = write_clip(tmp_path / "a.mp4", np.concatenate(two), options={"crf": "10"})
    answers = list(Suggester.load(home.model).suggest_segments(path, 2, k=3, workers=0))
    assert [(round(start), round(end)) for start, end, _ in answers] == [(0, 2), (2, 3)]
    assert [one[0].stem for _, _, one in answers if isinstance(one, Suggestions)] == ["yoyo", "piano"]
    command = [sys.executable, "-m", "tag2vec", "suggest", str(path), "-m", str(home.model), "--segments", "2"]
    for form in ([], ["--json"], ["--csv"]):
        done = subprocess.run([*command, *form], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        if form == ["--json"]:
            (first, second) = json.loads(done.stdout)["segments"]
            assert (first["start_s"], second["start_s"]) == (0, 2) and second["suggestions"][0]["stem"] == "piano"
        elif form == ["--csv"]:
            assert done.stdout.startswith("clip,start_s,end_s,rank,") and len(done.stdout.splitlines()) == 31
        else:
            assert [line.split("\t")[0] for line in done.stdout.splitlines()] == ["0:00-0:02", "0:02-0:03.3"]
