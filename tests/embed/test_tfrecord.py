"""TFRecords of YouTube-8M: both checksums, both levels, and the clips list made of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks.tfrecords import write_seconds
from tag2vec.embed.clips import Clip, read_clips
from tag2vec.embed.features.given import Given
from tag2vec.embed.frames import Frames
from tag2vec.embed.tfrecord import records, video
from tag2vec.errors import SourceError
from tests.tfrecords import write_videos

ROWS = np.random.default_rng(0).normal(size=(5, 8)).astype(np.float32)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "vocabulary.csv").write_text("Index,TrainVideoCount,Name\n0,9,Video game\n1,8,Trailer (clip)\n2,7,\n")
    return write_videos(tmp_path / "a.tfrecord", ((f"id{i}", [i % 3, 0], row) for i, row in enumerate(ROWS)))


def test_video_level(path: Path) -> None:
    for i, (where, _, content) in enumerate(records(path)):
        found = video(content, where)
        assert where == f"{path}: record {i + 1}" and found.id == f"id{i}" and found.labels == (i % 3, 0)
        np.testing.assert_array_equal(np.concatenate([found.parts["rgb"], found.parts["audio"]]), ROWS[i])


def test_frame_level_is_dequantised(tmp_path: Path) -> None:
    rgb, audio = (np.array([[0, 127, 255], [1, 2, 3]], np.uint8) for _ in range(2))
    write_seconds(tmp_path / "b.tfrecord", [("x", [1], rgb, audio[:, :2])])
    features = Given(str(tmp_path))
    assert features.dim == 5 and features.blocks == {"rgb": 3, "audio": 2}
    found = features.of(Clip.of("x"), Frames.none())
    assert found.shape == (2, 5)
    np.testing.assert_allclose(found[0], [-1.9921875, 0, 2.0078125, -1.9921875, 0], atol=1e-4)
    np.testing.assert_allclose(np.diff(found[1]), [4 / 255, 4 / 255, -8 / 255, 4 / 255], atol=1e-6)
    write_seconds(tmp_path / "b.tfrecord", [("x", [1], rgb, audio[:1, :2])])
    with pytest.raises(SourceError, match="2 rows of rgb and 1 rows of audio"):
        Given(str(tmp_path))


def test_a_flipped_byte_names_its_record_and_costs_nothing_before(path: Path) -> None:
    whole = list(records(path))
    content = path.read_bytes()
    for at in range(whole[2][1], whole[3][1], 7):
        path.write_bytes(content[:at] + bytes([content[at] ^ 4]) + content[at + 1 :])
        before = []
        with pytest.raises(SourceError, match=r"a\.tfrecord: record 3 is damaged"):
            for one in records(path):
                before.append(one)
        assert before == whole[:2]


def test_a_file_that_ends_early(path: Path) -> None:
    last = list(records(path))[4][1]
    content = path.read_bytes()
    for size in (last + 5, last + 12, last + 40, len(content) - 1):
        path.write_bytes(content[:size])
        with pytest.raises(SourceError, match="record 5 is damaged: the file ends inside it"):
            list(records(path))
    (path.parent / "b.tfrecord").write_bytes(b"no records at all")
    with pytest.raises(SourceError, match="record 1 is damaged: its length"):
        list(records(path.parent / "b.tfrecord"))


def test_labels_become_tags(path: Path) -> None:
    for where in (path, path.parent):
        clips = read_clips(where)
        assert [str(clip) for clip in clips] == [f"id{i}" for i in range(5)]
        assert [clip.tags for clip in clips[:3]] == [("VideoGame",), ("Trailer", "VideoGame"), ("VideoGame",)]
    vocabulary = path.parent / "vocabulary.csv"
    vocabulary.write_text("label_id,label_name\n0,Game\n1,Car\n")
    with pytest.raises(SourceError, match="record 3 has the label 2"):
        read_clips(path)
    vocabulary.write_text("number,word\n0,Game\n")
    with pytest.raises(SourceError, match="columns number, word; wanted Index and Name"):
        read_clips(path)
    vocabulary.unlink()
    with pytest.raises(SourceError, match="There is no .*vocabulary.csv"):
        read_clips(path)


def test_what_is_before_the_damage_is_given(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[list(records(path))[3][1] + 20] ^= 1
    path.write_bytes(content)
    features = Given(str(path))
    np.testing.assert_array_equal(features.of(Clip.of("id2"), Frames.none()), ROWS[2])
    with pytest.raises(SourceError, match=r"id4: not among .* record 4 is damaged"):
        features.of(Clip.of("id4"), Frames.none())


def test_real_shards(shared_data: Path) -> None:
    clips = read_clips(shared_data / "yt8m")
    assert len(clips) == 1140 and all(clip.tags for clip in clips)
    features = Given(str(shared_data / "yt8m" / "validate2L.tfrecord"))
    assert features.blocks == {"rgb": 1024, "audio": 128}
    assert np.isfinite(features.of(clips[0], Frames.none())).all()
