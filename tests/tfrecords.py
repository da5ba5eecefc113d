"""TFRecord files for the tests, written by another implementation than the one that reads them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import tfrecord
from numpy.typing import NDArray
from tfrecord import example_pb2 as pb


def write_videos(path: Path, videos: Iterable[tuple[str, Sequence[int], NDArray[np.float32]]]) -> Path:
    """Video level: (id, labels, row of rgb then 2 numbers of audio) each."""
    writer = tfrecord.TFRecordWriter(str(path))
    for name, labels, row in videos:
        writer.write(
            {
                "id": (name.encode(), "byte"),
                "labels": (list(labels), "int"),
                "mean_rgb": (row[:-2].tolist(), "float"),
                "mean_audio": (row[-2:].tolist(), "float"),
            }
        )
    writer.close()
    return path


def write_seconds(path: Path, name: str, rgb: NDArray[np.uint8], audio: NDArray[np.uint8]) -> Path:
    """Frame level: one video with rgb (seconds, n) and audio (seconds, m)."""

    def rows(array: NDArray[np.uint8]) -> pb.FeatureList:
        return pb.FeatureList(feature=[pb.Feature(bytes_list=pb.BytesList(value=[row.tobytes()])) for row in array])

    context = {
        "id": pb.Feature(bytes_list=pb.BytesList(value=[name.encode()])),
        "labels": pb.Feature(int64_list=pb.Int64List(value=[1])),
    }
    example = pb.SequenceExample(
        context=pb.Features(feature=context),
        feature_lists=pb.FeatureLists(feature_list={"rgb": rows(rgb), "audio": rows(audio)}),
    )
    content = example.SerializeToString()
    with path.open("wb") as file:
        length = len(content).to_bytes(8, "little")
        file.write(length + tfrecord.TFRecordWriter.masked_crc(length))
        file.write(content + tfrecord.TFRecordWriter.masked_crc(content))
    return path
