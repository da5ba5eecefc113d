"""Damaged files that users bring, of each format: what can be read of them, or a clear error.

Posts are in tests/scraping, clips in `benchmarks.fuzz`. TAG2VEC_FUZZ=3000 tries as many changes of each in place of
a few.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import h5py
import numpy as np
import pytest

from tag2vec import plugins
from tag2vec.embed.clips import read_clips
from tag2vec.embed.features import Features
from tag2vec.embed.features._tables import open_table
from tag2vec.embed.vectorfiles import Table, read_table, write_table
from tag2vec.errors import Tag2VecError
from tag2vec.retrieval.vocabulary import vocabulary
from tag2vec.retrieval.wanted import Wanted, excluded
from tests.networks import write_cnn, write_onnx
from tests.spaces import space
from tests.test_fuzz import changed
from tests.tfrecords import write_videos

ROUNDS = int(os.environ.get("TAG2VEC_FUZZ", "40"))
ROWS = {"a": np.arange(6, dtype=np.float32).reshape(2, 3), "b": np.ones((1, 3), np.float32)}
WORDS = Table(["surf", "wave", "été"], np.eye(3, 4, dtype=np.float32), [3, 2, 1])
PICTURES = np.zeros((8, 32, 32, 3), np.uint8)
TEXT = "surf\nwave # with a remark\n#Ocean beach\n*game*\n"


def _h5(path: Path) -> None:
    with h5py.File(path, "w") as file:
        for name, rows in ROWS.items():
            file[name] = rows


def _table(path: Path) -> None:
    found = open_table(path)
    for name in found.entries:
        with suppress(Tag2VecError):
            found.entries[name].parts()


WRITING: dict[str, Callable[[Path], object]] = {
    "given.npz": lambda path: np.savez(path, **ROWS),  # type: ignore[arg-type]
    "folder/a.npy": lambda path: np.save(path, ROWS["a"]),
    "given.csv": lambda path: path.write_text("a,0,1,2\nb,1,1,1\n"),
    "given.h5": _h5,
    "given.tfrecord": lambda path: write_videos(path, [(f"v{i}", [i], np.ones(5, np.float32)) for i in range(4)]),
    "clips.csv": lambda path: path.write_text("path,tags,group,title\na.mp4,surf wave,g,My wave\nb.mp4,#été,h,\n"),
    "words.vec": lambda path: write_table(path, WORDS),
    "words.bin": lambda path: write_table(path, WORDS),
    "words.tsv": lambda path: write_table(path, WORDS),
    "tags.txt": lambda path: path.write_text(TEXT, encoding="utf-8"),
    "cnn.safetensors": lambda path: write_cnn(path),
    "net.onnx": lambda path: write_onnx(path),
}
READING: dict[str, Callable[[Path], object]] = {
    "folder/a.npy": lambda path: _table(path.parent),
    **dict.fromkeys([name for name in WRITING if name.startswith("given")], _table),
    **dict.fromkeys([name for name in WRITING if name.startswith("words")], read_table),
    "clips.csv": read_clips,
    "tags.txt": lambda path: (vocabulary(space(), Wanted(vocabulary=path)), excluded([str(path)])),
    "cnn.safetensors": lambda path: plugins.spelled(Features, f"cnn:{path}")(PICTURES, 25.0),
    "net.onnx": lambda path: plugins.spelled(Features, f"onnx:{path}")(PICTURES, 25.0),
}


@pytest.mark.parametrize("name", WRITING)
def test_a_damaged_file_is_read_as_far_as_it_goes_or_a_clear_error(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    WRITING[name](path)
    whole = path.read_bytes()
    READING[name](path)
    for number in range(ROUNDS):
        path.write_bytes(changed(random.Random(f"{name} {number}"), path, whole))
        try:
            READING[name](path)
        except Tag2VecError as error:
            assert len(str(error)) > 20
        except Exception as error:
            raise AssertionError(f"round {number}") from error
