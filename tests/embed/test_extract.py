"""Features of clips through the cache and through worker processes."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tag2vec.embed.extract import Cache, Extracted, extract, extract_many
from tag2vec.embed.features import Features
from tag2vec.embed.limits import FrameLimits
from tag2vec.errors import ArtifactError, MissingExtra, UsageError, VideoError
from tests.clips import moving, still, write_clip


@dataclass(frozen=True)
class Grid(Features):
    """Mean colours, one row a frame; `scale` is a setting like any other."""

    scale: float = 1.0
    dim: int = 3

    def __call__(self, frames: NDArray[np.uint8], fps: float) -> NDArray[np.float32]:
        return (frames.mean(axis=(1, 2)) * self.scale / 3).astype(np.float32)


@dataclass(frozen=True)
class Moody(Features):
    """Fails as the clip's brightness tells it to."""

    dim: int = 1

    def __call__(self, frames: NDArray[np.uint8], fps: float) -> NDArray[np.float32]:
        level = round(float(frames.mean()) / 50)
        if level == 1:
            os._exit(7)
        if level == 2:
            raise MissingExtra("this", "that", "those")
        if level == 3:
            raise ZeroDivisionError("a bug")
        return np.full(1, level, np.float32)


def _plain(path: Path, level: int) -> Path:
    return write_clip(path, [np.full((32, 32, 3), level * 50, np.uint8)] * 3)


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("clips")
    return [write_clip(folder / f"{i}.mp4", moving(6 + i, 32, 48, seed=i)) for i in range(5)]


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "cache")


def test_one_clip(clips: list[Path]) -> None:
    found = extract(clips[0], Grid())
    assert found.arrays[0].shape == (6, 3) and found.arrays[0].dtype == np.float32
    assert found.duration_s == pytest.approx(0.2) and set(found.timing_s) == {"decode", "features"}
    assert found.warning is None and not found.cached


def test_cached_and_fresh_are_the_same_bytes(clips: list[Path], cache: Cache) -> None:
    without, fresh, kept = (extract(clips[0], Grid(), cache=c) for c in (None, cache, cache))
    assert kept.cached and not fresh.cached
    assert without.arrays[0].tobytes() == fresh.arrays[0].tobytes() == kept.arrays[0].tobytes()
    assert kept.timing_s == fresh.timing_s and kept.duration_s == fresh.duration_s


def test_what_changes_the_numbers_changes_the_key(clips: list[Path], cache: Cache, tmp_path: Path) -> None:
    key = cache.keys(clips[0], [Grid()], FrameLimits())[0]
    assert cache.keys(clips[0], [Grid()], FrameLimits(timeout_s=9, memory_mb=999, max_pixels=99))[0] == key
    copy = tmp_path / "another name.mp4"
    copy.write_bytes(clips[0].read_bytes())
    assert cache.keys(copy, [Grid()], FrameLimits())[0] == key
    others = [
        cache.keys(clips[1], [Grid()], FrameLimits())[0],
        cache.keys(clips[0], [Grid(scale=2)], FrameLimits())[0],
        cache.keys(clips[0], [Moody()], FrameLimits())[0],
        *(cache.keys(clips[0], [Grid()], FrameLimits(**{n: 7}))[0] for n in ("max_side", "max_fps", "max_seconds")),
    ]
    assert len({key, *others}) == 1 + len(others)


@pytest.mark.parametrize("damage", ["cut", "flip", "empty", "text"])
def test_a_damaged_file_is_made_again(clips: list[Path], cache: Cache, damage: str) -> None:
    wanted = extract(clips[0], Grid(), cache=cache).arrays[0]
    [path] = cache.folder.rglob("*.safetensors")
    content = bytearray(path.read_bytes())
    content[-3] ^= 0xFF
    path.write_bytes({"cut": content[:-9], "flip": content, "empty": b"", "text": b"{}" * 99}[damage])
    again = extract(clips[0], Grid(), cache=cache)
    assert not again.cached and again.arrays[0].tobytes() == wanted.tobytes()
    assert extract(clips[0], Grid(), cache=cache).cached
    assert [p.name for p in cache.folder.rglob("*") if p.is_file()] == [path.name]  # nothing left aside


def test_large_numbers_keep_their_range(clips: list[Path], cache: Cache) -> None:
    fresh, kept = (extract(clips[0], Grid(scale=1e6), cache=cache) for _ in range(2))
    assert np.isfinite(kept.arrays[0]).all() and fresh.arrays[0].tobytes() == kept.arrays[0].tobytes()


def test_failures_are_not_kept(tmp_path: Path, cache: Cache) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(b"no clip")
    for _ in range(2):
        with pytest.raises(VideoError, match="not a video"):
            extract(path, Grid(), cache=cache)
    with pytest.raises(VideoError, match="no such file"):
        extract(tmp_path / "absent.mp4", Grid(), cache=cache)
    assert not cache.folder.exists()


def test_a_cache_that_cannot_be_written_costs_no_answer(clips: list[Path], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    cache = Cache(tmp_path / "file")
    found = extract(clips[0], Grid(), cache=cache)
    assert found.arrays[0].tobytes() == extract(clips[0], Grid()).arrays[0].tobytes()
    assert found.warning is not None and "TAG2VEC_CACHE" in found.warning
    with pytest.raises(ArtifactError, match="Could not write to the cache"):
        cache.put("0" * 64, found)


def test_the_folder_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TAG2VEC_CACHE", "/one")
    assert Cache().folder == Path("/one")
    monkeypatch.delenv("TAG2VEC_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", "/two")
    assert Cache().folder == Path("/two/tag2vec")
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert Cache().folder == Path.home() / ".cache" / "tag2vec"


@pytest.mark.parametrize("workers", [0, 2])
def test_many_are_one_by_one_in_order(clips: list[Path], tmp_path: Path, workers: int) -> None:
    paths = [*clips[:3], tmp_path / "absent.mp4", *clips[3:]]
    found = dict(extract_many(paths, Grid(), workers=workers))
    assert list(found) == list(range(6))
    assert isinstance(found.pop(3), VideoError)
    for number, one in found.items():
        assert isinstance(one, Extracted)
        assert one.arrays[0].tobytes() == extract(paths[number], Grid()).arrays[0].tobytes()
    assert list(extract_many([], Grid(), workers=workers)) == []


def test_a_worker_that_dies_costs_its_clip_only(tmp_path: Path) -> None:
    levels = [0, 1, 4, 2, 1, 5]
    paths = [_plain(tmp_path / f"{i}.mp4", level) for i, level in enumerate(levels)]
    found = [one for _, one in extract_many(paths, Moody(), workers=2)]
    for level, one in zip(levels, found, strict=True):
        if level == 1:
            assert isinstance(one, VideoError) and "ended abruptly" in str(one)
        elif level == 2:
            assert isinstance(one, MissingExtra) and "tag2vec[those]" in str(one)
        else:
            assert isinstance(one, Extracted) and one.arrays[0].tolist() == [level]


@pytest.mark.parametrize("workers", [0, 1])
def test_a_bug_is_not_hidden(tmp_path: Path, workers: int) -> None:
    with pytest.raises((RuntimeError, ZeroDivisionError), match="a bug"):
        list(extract_many([_plain(tmp_path / "a.mp4", 3)], Moody(), workers=workers))


def test_paths_are_taken_lazily_and_workers_end(clips: list[Path]) -> None:
    given = 0

    def endless() -> Iterator[Path]:
        nonlocal given
        while True:
            given += 1
            yield clips[0]

    results: Any = extract_many(endless(), Grid(), workers=1)
    assert [next(results)[0] for _ in range(3)] == [0, 1, 2]
    assert given <= 8
    results.close()


def test_a_script_needs_no_guard_and_may_define_features(clips: list[Path], tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "import sys\n"
        "from dataclasses import dataclass\n"
        "import numpy as np\n"
        "from tag2vec.embed.extract import extract_many\n"
        "from tag2vec.embed.features import Features\n"
        "@dataclass(frozen=True)\n"
        "class Own(Features):\n"
        "    dim: int = 1\n"
        "    def __call__(self, frames, fps):\n"
        "        return np.full(1, len(frames), np.float32)\n"
        "print([float(one.arrays[0][0]) for _, one in extract_many(sys.argv[1:], Own(), workers=2)])\n"
    )
    done = subprocess.run([sys.executable, str(script), *map(str, clips)], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "[6.0, 7.0, 8.0, 9.0, 10.0]", done.stderr


def test_misuse_is_said(clips: list[Path]) -> None:
    with pytest.raises(UsageError, match="workers=-1"):
        next(extract_many(clips, Grid(), workers=-1))
    with pytest.raises(UsageError, match="workers=100000; wanted 1024 at most"):
        next(extract_many(clips, Grid(), workers=100_000))


def test_still_clips_have_trajectories(tmp_path: Path) -> None:
    from tag2vec.embed.features.trajectories import DenseTrajectories

    found = extract(write_clip(tmp_path / "a.mp4", still(10)), DenseTrajectories())
    assert found.arrays[0].shape[1] == 426 and np.isfinite(found.arrays[0]).all()
