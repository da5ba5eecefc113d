"""The motion vectors of clips whose motion is known, in the codecs and orders of pictures that carry them."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

from tag2vec.embed.extract import extract
from tag2vec.embed.features.trajectories import DenseTrajectories
from tag2vec.embed.frames import read_frames
from tag2vec.embed.limits import FrameLimits
from tests.clips import moving, warped, with_patch, write_clip

MOTION = frozenset({"pictures", "motion"})
STEP = (3.0, -2.0)
QUICK = "trajectories:scales=1,stride=8,max_tracks=800"
B = "bframes=3:b-adapt=0:scenecut=0"


def _inner(motion: np.ndarray) -> np.ndarray:
    """From the fifth picture on, away from the edges, where new picture comes in: (n, 2)."""
    return motion[4:-1, 2:-2, 2:-2].reshape(-1, 2)


@pytest.mark.parametrize(
    ("name", "codec", "options"),
    [
        ("a.mp4", "libx264", {"x264-params": "bframes=0:ref=1"}),
        ("a.mp4", "libx264", {"x264-params": f"{B}:b-pyramid=none"}),
        ("a.mkv", "libx264", {"x264-params": f"{B}:b-pyramid=normal"}),
        ("a.avi", "libx264", {"x264-params": B}),  # which does not say in which order its pictures are shown
        ("a.h264", "libx264", {"x264-params": B}),  # nor does this
        ("a.mp4", "mpeg4", {}),
        ("a.avi", "mpeg4", {"bf": "2"}),  # whose B pictures FFmpeg gives without vectors
        ("a.mpg", "mpeg1video", {"bf": "2"}),
        ("a.flv", "flv1", {}),
    ],
)
def test_a_known_translation(tmp_path: Path, name: str, codec: str, options: dict[str, str]) -> None:
    """Within half a pixel in 9 of 10 cells, and in the median within a tenth."""
    path = write_clip(tmp_path / name, moving(24, 192, 256, STEP), codec=codec, pix_fmt="yuv420p", options=options)
    found = read_frames(path, wants=MOTION)
    assert found.motion is not None and found.motion.dtype == np.float32 and found.motion.shape == (24, 24, 32, 2)
    assert found.codec is not None and (found.motion[-1] == 0).all() and found.warning is None
    np.testing.assert_array_equal(found.rgb, read_frames(path).rgb)
    inner = _inner(found.motion)
    np.testing.assert_allclose(np.median(inner, axis=0), STEP, atol=0.1)
    assert (np.abs(inner - STEP).max(axis=1) < 0.5).mean() > 0.9
    again = read_frames(path, wants=MOTION).motion
    assert again is not None and again.tobytes() == found.motion.tobytes()


def test_motion_is_that_of_the_pictures_as_they_are_shown(tmp_path: Path) -> None:
    """Scaled with them, and added up over those that are left out."""
    path = write_clip(tmp_path / "a.mp4", moving(48, 192, 256, STEP), fps=60, options={"x264-params": B})
    half = read_frames(path, FrameLimits(max_side=128, max_fps=30), MOTION)
    assert half.motion is not None and half.motion.shape == (24, 12, 16, 2)
    np.testing.assert_allclose(np.median(_inner(half.motion), axis=0), STEP, atol=0.1)  # half as large, twice as long


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_vectors_turn_with_the_picture(tmp_path: Path, degrees: int) -> None:
    path = write_clip(tmp_path / "a.mp4", moving(12, 96, 160, STEP), options={"x264-params": "ref=1"})
    with av.open(str(path)) as source, av.open(str(tmp_path / "turned.mp4"), "w") as container:
        stream = container.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                container.mux(packet)
    content = (tmp_path / "turned.mp4").read_bytes()
    one = 1 << 16
    plain, turned = (
        np.array([a, b, 0, -b, a, 0, 0, 0, 1 << 30], ">i4").tobytes()
        for a, b in ((one, 0), {90: (0, one), 180: (-one, 0), 270: (0, -one)}[degrees])
    )
    at = content.index(plain, content.index(b"tkhd"))  # the matrix of the track; that of the film stands before
    (tmp_path / "turned.mp4").write_bytes(content[:at] + turned + content[at + len(turned) :])
    found = read_frames(tmp_path / "turned.mp4", wants=MOTION)
    assert found.motion is not None and found.rgb.shape[1:3] == ((96, 160) if degrees == 180 else (160, 96))
    assert found.motion.shape[1:3] == tuple(side // 8 for side in found.rgb.shape[1:3])
    right, down = STEP  # the matrix turns clockwise
    wanted = {90: (-down, right), 180: (-right, -down), 270: (down, -right)}[degrees]
    np.testing.assert_allclose(np.median(_inner(found.motion), axis=0), wanted, atol=0.1)


def test_odd_sizes_and_single_pictures(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mp4", moving(8, 50, 86, STEP))
    found = read_frames(path, FrameLimits(max_side=31), MOTION)
    assert found.motion is not None and found.motion.shape == (8, 2, 3, 2) and np.isfinite(found.motion).all()
    one = write_clip(tmp_path / "one.mp4", moving(1))
    assert read_frames(one, wants=MOTION).motion is None
    assert len(extract(one, "trajectories:flow=codec").arrays[0]) >= 1


def test_trajectories_follow_the_vectors(tmp_path: Path) -> None:
    """The shapes of the tracks are those of computed flow, to a tenth."""
    time = np.arange(30.0)
    clip = with_patch(warped(30, np.eye(3)), 40 + 4 * time, 40 + 3 * time)
    path = write_clip(tmp_path / "a.mp4", clip, options={"x264-params": "ref=1"})
    shapes = []
    for kind in (DenseTrajectories(), DenseTrajectories(flow="codec", scales=3, stride=5)):
        found = extract(path, kind)
        assert found.warning is None
        shapes.append(np.median(found.arrays[0][:, :30].reshape(-1, 15, 2).sum(axis=1), axis=0))
    np.testing.assert_allclose(shapes, [[0.8, 0.6]] * 2, atol=0.1)


@pytest.mark.parametrize(
    ("name", "encoder", "codec"), [("a.webm", "libvpx-vp9", "vp9"), ("a.mkv", "ffv1", "ffv1"), ("a.gif", "gif", "gif")]
)
def test_flow_is_computed_where_the_codec_carries_none_and_this_is_said(
    tmp_path: Path, name: str, encoder: str, codec: str
) -> None:
    path = write_clip(tmp_path / name, moving(16), codec=encoder, pix_fmt={"vp9": "yuv420p"}.get(codec))
    found, computed = extract(path, "trajectories:flow=codec"), extract(path, QUICK)
    np.testing.assert_array_equal(found.arrays[0], computed.arrays[0])
    assert found.warning == f"The file carries no motion vectors (codec {codec}); its flow was computed."
    assert computed.warning is None
