"""Video-level TFRecords of YouTube-8M for the tests, written by another implementation than the one that reads them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import tfrecord
from numpy.typing import NDArray


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
