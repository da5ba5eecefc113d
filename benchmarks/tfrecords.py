"""Frame-level TFRecords of YouTube-8M, written by another implementation than the one that reads them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import tfrecord
from numpy.typing import NDArray
from tfrecord import example_pb2 as pb

Quantised = NDArray[np.uint8]


def write_seconds(path: Path, videos: Iterable[tuple[str, Sequence[int], Quantised, Quantised]]) -> Path:
    """(id, labels, rgb (seconds, n), audio (seconds, m)) each."""
    with path.open("wb") as file:
        for name, labels, rgb, audio in videos:
            content = _example(name, labels, rgb, audio).SerializeToString()
            length = len(content).to_bytes(8, "little")
            file.write(length + tfrecord.TFRecordWriter.masked_crc(length))
            file.write(content + tfrecord.TFRecordWriter.masked_crc(content))
    return path


def _example(name: str, labels: Sequence[int], rgb: Quantised, audio: Quantised) -> pb.SequenceExample:
    def rows(array: Quantised) -> pb.FeatureList:
        return pb.FeatureList(feature=[pb.Feature(bytes_list=pb.BytesList(value=[row.tobytes()])) for row in array])

    context = {
        "id": pb.Feature(bytes_list=pb.BytesList(value=[name.encode()])),
        "labels": pb.Feature(int64_list=pb.Int64List(value=labels)),
    }
    return pb.SequenceExample(
        context=pb.Features(feature=context),
        feature_lists=pb.FeatureLists(feature_list={"rgb": rows(rgb), "audio": rows(audio)}),
    )
