"""Reading clips: every kind of file gives frames or a reason, in bounded time and memory."""

from __future__ import annotations

import contextlib
import gc
import os
import struct
import subprocess
import sys
import time
import zlib
from pathlib import Path

import numpy as np
import pytest

from tag2vec.embed.decoding.parent import Part, run
from tag2vec.embed.frames import read_frames
from tag2vec.embed.limits import FrameLimits
from tag2vec.errors import UsageError, VideoError
from tests.clips import moving, still, texture, write_clip, write_sound

DATA = os.environ.get("TAG2VEC_DATA")


def _open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir())) if Path("/proc/self/fd").is_dir() else 0


@pytest.mark.parametrize(
    ("name", "codec"),
    [("a.mp4", "libx264"), ("a.mkv", "libx264"), ("a.avi", "mpeg4"), ("a.gif", "gif"), ("a.avi", "mjpeg")],
)
def test_containers_and_codecs(tmp_path: Path, name: str, codec: str) -> None:
    pictures = still(12)
    found = read_frames(write_clip(tmp_path / name, pictures, fps=25, codec=codec))
    assert found.rgb.shape == pictures.shape and found.rgb.dtype == np.uint8
    assert found.fps == pytest.approx(25, rel=0.01)
    assert found.duration_s == pytest.approx(12 / 25, abs=0.05)
    assert found.warning is None


def test_lossless_frames_come_back_exactly(tmp_path: Path) -> None:
    pictures = moving(5, 31, 45)
    found = read_frames(write_clip(tmp_path / "a.mkv", pictures, codec="ffv1"))
    np.testing.assert_array_equal(found.rgb, pictures)


def test_large_pictures_are_scaled_down_and_small_ones_kept(tmp_path: Path) -> None:
    wide = write_clip(tmp_path / "wide.mp4", [texture(480, 640)] * 2)
    assert read_frames(wide).rgb.shape == (2, 240, 320, 3)
    tall = write_clip(tmp_path / "tall.mp4", [texture(640, 480)] * 2)
    assert read_frames(tall, FrameLimits(max_side=100)).rgb.shape == (2, 100, 75, 3)
    one = write_clip(tmp_path / "one.mkv", [np.full((1, 1, 3), 90, np.uint8)] * 3, codec="ffv1")
    assert read_frames(one).rgb.ravel().tolist() == [90] * 9


def test_fast_and_long_clips_are_bounded(tmp_path: Path) -> None:
    fast = read_frames(write_clip(tmp_path / "fast.mp4", still(120), fps=120))
    assert len(fast.rgb) == 30 and fast.fps == pytest.approx(30, rel=0.02)
    slow = write_clip(tmp_path / "slow.mp4", still(60), fps=10)
    cut = read_frames(slow, FrameLimits(max_seconds=2))
    assert len(cut.rgb) == 20 and cut.fps == pytest.approx(10)
    assert cut.duration_s == pytest.approx(6) and cut.warning is None


@pytest.mark.parametrize("fps", [10, 24, 25, 29.97, 30])
def test_no_frame_is_lost_at_common_rates(tmp_path: Path, fps: float) -> None:
    found = read_frames(write_clip(tmp_path / "a.mkv", still(40, 32, 32), fps=fps))  # mkv rounds to milliseconds
    assert len(found.rgb) == 40 and found.fps == pytest.approx(fps, rel=0.01)


def test_variable_rate_gives_the_average(tmp_path: Path) -> None:
    times = [0, 0.1, 0.2, 0.5, 0.6, 1.0]
    found = read_frames(write_clip(tmp_path / "a.mp4", still(6), times_s=times))
    assert len(found.rgb) == 6 and found.fps == pytest.approx(5)


def test_a_still_picture_is_a_clip_of_one_frame(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mp4", still(1))
    assert len(read_frames(path).rgb) == 1 and read_frames(path).fps > 0
    gif = write_clip(tmp_path / "a.gif", still(1, 20, 20), codec="gif")
    assert read_frames(gif).rgb.shape == (1, 20, 20, 3)


@pytest.mark.parametrize("pix_fmt", ["yuv420p10le", "gray", "yuv444p", "yuvj420p"])
def test_formats_keep_black_gray_and_white(tmp_path: Path, pix_fmt: str) -> None:
    levels = np.repeat(np.repeat(np.array([[0, 128, 255]], np.uint8), 32, 0), 32, 1)
    picture = np.stack([levels] * 3, axis=2)
    found = read_frames(write_clip(tmp_path / "a.mp4", [picture] * 3, pix_fmt=pix_fmt, options={"crf": "1"})).rgb[
        1, 16, [16, 48, 80]
    ]
    np.testing.assert_allclose(found, [[0] * 3, [128] * 3, [255] * 3], atol=3)


def test_rotation_is_undone(tmp_path: Path) -> None:
    import av

    picture = np.zeros((64, 96, 3), np.uint8)
    picture[:, :20] = 255  # bright at the left
    plain, turned = write_clip(tmp_path / "plain.mp4", [picture] * 3), tmp_path / "turned.mp4"
    with av.open(str(plain)) as source, av.open(str(turned), "w") as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        stream.set_display_rotation(-90)  # to be shown a quarter clockwise: the left becomes the top
        for packet in source.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                target.mux(packet)
    found = read_frames(turned).rgb
    assert found.shape == (3, 96, 64, 3)
    assert found[0, :10].mean() > 200 and found[0, 40:].mean() < 30


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"", "empty"),
        (b"\x00" * 5000, "not a video"),
        (b"only some text, no clip at all\n" * 50, "not a video"),
        (b"#EXTM3U\n#EXTINF:1,\nfile:SECRET\n#EXT-X-ENDLIST\n", "playlist"),
        (b"ffconcat version 1.0\nfile SECRET\n", "playlist"),
    ],
)
def test_what_is_no_clip_is_refused(tmp_path: Path, content: bytes, word: str) -> None:
    secret = write_clip(tmp_path / "secret.mp4", still(3))
    for name in ("a.mp4", "a.m3u8", "a.txt"):
        (tmp_path / name).write_bytes(content.replace(b"SECRET", str(secret).encode()))
        with pytest.raises(VideoError, match=word):
            read_frames(tmp_path / name)


def test_paths_that_are_no_files(tmp_path: Path) -> None:
    with pytest.raises(VideoError, match="no such file"):
        read_frames(tmp_path / "absent.mp4")
    with pytest.raises(VideoError, match="folder"):
        read_frames(tmp_path)
    os.mkfifo(tmp_path / "fifo.mp4")
    for path in (tmp_path / "fifo.mp4", Path("/dev/zero")):
        with pytest.raises(VideoError, match="pipe or device"):
            read_frames(path)
    with pytest.raises(VideoError):
        read_frames("http://127.0.0.1:9/clip.mp4")
    with pytest.raises(VideoError):
        read_frames("a\0b.mp4")


def test_odd_names_are_only_names(tmp_path: Path) -> None:
    for name in ("concat:a|b.mp4", "-i.mp4", "ünï cødé #1?.mp4", "x%03d.mp4"):
        assert len(read_frames(write_clip(tmp_path / "plain.mp4", still(2)).rename(tmp_path / name)).rgb) == 2


def test_sound_only(tmp_path: Path) -> None:
    with pytest.raises(VideoError, match="sound but no picture"):
        read_frames(write_sound(tmp_path / "a.m4a"))


def test_a_cut_file_gives_what_it_has_and_a_warning(tmp_path: Path) -> None:
    whole = write_clip(tmp_path / "a.mkv", moving(90), options={"g": "10"})
    content = whole.read_bytes()
    for name, share in (("half.mkv", 0.5), ("most.mkv", 0.8)):
        (tmp_path / name).write_bytes(content[: int(len(content) * share)])
        found = read_frames(tmp_path / name)
        assert 10 < len(found.rgb) < 90 and found.warning is not None
    (tmp_path / "head.mkv").write_bytes(content[:200])
    with pytest.raises(VideoError):
        read_frames(tmp_path / "head.mkv")


@pytest.mark.parametrize("seed", range(4))
def test_flipped_bytes_never_crash_or_hang(tmp_path: Path, seed: int) -> None:
    content = bytearray(write_clip(tmp_path / "a.mp4", moving(30)).read_bytes())
    random = np.random.default_rng(seed)
    for at in random.integers(0, len(content), 40 * (seed + 1)):
        content[at] = random.integers(256)
    (tmp_path / "b.mp4").write_bytes(content)
    try:
        assert len(read_frames(tmp_path / "b.mp4", FrameLimits(timeout_s=20)).rgb) >= 1
    except VideoError as error:
        assert "20 seconds" not in str(error)


def test_a_slow_decoder_is_stopped(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mp4", moving(300))
    with contextlib.suppress(VideoError):
        read_frames(path), read_frames(path)
    before, start = _open_files(), time.monotonic()
    with pytest.raises(VideoError, match=r"within 0\.02 seconds"):
        read_frames(path, FrameLimits(timeout_s=0.02))
    assert time.monotonic() - start < 5
    part = Part(0.0, 0.0, 10.0, 1, ("pictures",))
    with path.open("rb") as file, pytest.raises(VideoError, match="within 60 seconds"):  # all parts of it together
        run(path, file, FrameLimits(), part, time.monotonic() - 1)
    assert _open_files() == before


@pytest.mark.skipif(sys.platform == "win32", reason="has no address space limit")
def test_memory_is_bounded(tmp_path: Path) -> None:
    pictures = [np.zeros((2160, 3840, 3), np.uint8)] * 2
    path = write_clip(tmp_path / "a.mp4", pictures, options={"preset": "ultrafast"})
    with pytest.raises(VideoError, match="memory"):
        read_frames(path, FrameLimits(memory_mb=128))
    with pytest.raises(VideoError, match="3840x2160"):
        read_frames(path, FrameLimits(max_pixels=8_000_000))
    assert read_frames(path).rgb.shape == (2, 180, 320, 3)


@pytest.mark.parametrize(("side", "reason"), [(9000, "9000x9000 pixels"), (16384, "too large")])
def test_huge_pictures_are_refused_before_they_are_decoded(tmp_path: Path, side: int, reason: str) -> None:
    chunks = [(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)), (b"IDAT", zlib.compress(bytes(9999)))]
    png = b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in chunks
    )
    (tmp_path / "a.png").write_bytes(png)
    with pytest.raises(VideoError, match=reason):
        read_frames(tmp_path / "a.png")


def test_nothing_is_left_behind(tmp_path: Path) -> None:
    good = write_clip(tmp_path / "a.mp4", still(5))
    (tmp_path / "bad.mp4").write_bytes(b"\x01" * 999)
    read_frames(good), read_frames(good)  # from now on one child waits
    gc.collect()  # what earlier tests left open must not be closed just now
    before = _open_files()
    for _ in range(3):
        read_frames(good)
        with pytest.raises(VideoError):
            read_frames(tmp_path / "bad.mp4")
    assert _open_files() == before
    with contextlib.suppress(ChildProcessError):  # no child at all is as good as none that has ended
        assert os.waitpid(-1, os.WNOHANG)[0] == 0, "a decoder was left as a zombie"


SPARE = """
import os, sys, time
from tag2vec.embed.decoding import starting
from tag2vec.embed.frames import read_frames
from tag2vec.embed.limits import FrameLimits

def waiting():
    return starting._children.waiting and starting._children.waiting.process

read = lambda: read_frames(sys.argv[1]).rgb.tobytes()
first = read()
assert waiting() is None  # there may be no second
"""


@pytest.mark.skipif(sys.platform == "win32", reason="starts each child when it is wanted")
@pytest.mark.parametrize(
    "story",
    [
        "read(); own = waiting(); assert read() == first and own.poll() == 0 and waiting() is not own",
        "read(); waiting().kill(); waiting().wait(); assert read() == first",
        "read(); assert read_frames(sys.argv[1], FrameLimits(max_side=32)).rgb.shape[2] == 32",
        "read(); child = os.fork(); assert read() == first; child and sys.exit(os.waitpid(child, 0)[1])",
        "read(); print(waiting().pid); sys.stdout.flush(); os.kill(os.getpid(), 9)",
        "read(); print(waiting().pid)",
    ],
)
def test_a_child_waits_for_the_next_file(tmp_path: Path, story: str) -> None:
    path = write_clip(tmp_path / "a.mp4", moving(5))
    done = subprocess.run([sys.executable, "-W", "error", "-c", SPARE + story, path], capture_output=True, text=True)
    assert done.returncode == (-9 if "os.kill" in story else 0) and not done.stderr, done.stderr
    end = time.monotonic() + 10
    while done.stdout and Path(f"/proc/{done.stdout.strip()}").exists():
        assert time.monotonic() < end, "the child outlived its parent"
        time.sleep(0.02)


def test_same_bytes_each_time(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mp4", moving(20))
    np.testing.assert_array_equal(read_frames(path).rgb, read_frames(path).rgb)


@pytest.mark.parametrize("bad", [{"max_side": 0}, {"max_fps": float("nan")}, {"timeout_s": -1}])
def test_limits_are_checked(bad: dict[str, float]) -> None:
    with pytest.raises(UsageError, match=next(iter(bad))):
        FrameLimits(**bad)  # type: ignore[arg-type]


def test_the_decoder_starts_light() -> None:
    code = "import sys, tag2vec.embed.decoding.child; print([m for m in ('numpy', 'cv2', 'torch') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.skipif(DATA is None, reason="TAG2VEC_DATA names no folder of clips")
def test_every_clip_that_decoders_trip_over() -> None:
    paths = sorted((Path(DATA or "") / "video" / "robust").iterdir())
    good = 0
    for path in paths:
        try:
            found = read_frames(path, FrameLimits(timeout_s=20, max_seconds=2))
            assert found.rgb.ndim == 4 and len(found.rgb) >= 1 and found.fps > 0 and found.duration_s > 0
            good += 1
        except VideoError as error:
            assert str(path) in str(error) and "20 seconds" not in str(error)
    assert good >= 50


def test_damaged_clips_are_read_or_refused_with_a_reason(tmp_path: Path) -> None:
    from benchmarks.fuzz import fuzz

    sources = [write_clip(tmp_path / "a.mp4", moving(20, 32, 32)), write_clip(tmp_path / "b.mkv", moving(20, 32, 32))]
    outcomes = fuzz([*sources, write_clip(tmp_path / "c.gif", still(5, 20, 20), codec="gif")], 30, workers=0)
    whats = {outcome.what for outcome in outcomes}
    assert len(outcomes) == 30 and whats == {"read", "warned", "refused"}
    assert all(outcome.reason for outcome in outcomes if outcome.what != "read")
    assert max(outcome.seconds for outcome in outcomes) < 30
