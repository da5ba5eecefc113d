"""Folders that a stranger damaged on purpose, with checksums that fit: each is an answer or a clear error.

TAG2VEC_FUZZ=3000 tries as many changes of each folder in place of a few.
"""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import random
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tag2vec import Corpus, Suggester, TagSpace, artifact
from tag2vec.errors import Tag2VecError
from tag2vec.retrieval.stored import fit_index
from tests.conftest import Home

ROUNDS = int(os.environ.get("TAG2VEC_FUZZ", "25"))
_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(["torch", "faiss", "tag2vec.retrieval.suggest", "tag2vec.embed.video"])

VALUES: list[Any] = [None, True, -1, 0, 10**30, 1e308, "", "\x00", "../../x", [], {}, [[]], {"": 0}, "ab" * 40_000]


def _use_model(folder: Path) -> None:
    space = TagSpace.load(folder)
    space.related(space.forms[0])
    space.complete(space.forms[:2])
    suggester = Suggester.load(folder)
    rows = [np.ones((3, kind.dim), np.float32) for kind in suggester.video.kinds]
    suggester.suggest_features(rows).line()


def _use_corpus(folder: Path) -> None:
    corpus = Corpus.load(folder)
    TagSpace.fit(corpus, dim=4, epochs=1, refine=1)
    list(corpus.written())


@pytest.mark.parametrize(
    ("part", "use"),
    [("model/space", _use_model), ("model/video", _use_model), ("model/index", _use_model), ("corpus", _use_corpus)],
)
def test_a_damaged_folder_is_an_answer_or_a_clear_error(
    home: Home, tmp_path: Path, part: str, use: Callable[[Path], None]
) -> None:
    for name in ("model", "corpus"):
        shutil.copytree(home.folder / name, tmp_path / name)
    if part == "model/index":
        fit_index(tmp_path / "model", "ivf")
    told = tmp_path / "told"
    for start in range(0, ROUNDS, 25):
        process = _CONTEXT.Process(target=_rounds, args=(tmp_path, part, use, range(start, start + 25), told))
        process.start()
        process.join(600)
        assert process.exitcode == 0, told.read_text()


def _rounds(folder: Path, part: str, use: Callable[[Path], None], rounds: range, told: Path) -> None:
    """Ends with 1, or is killed, when a change is neither answered nor refused; `told` has the last one."""
    whole = folder / part
    files = {path: path.read_bytes() for path in sorted(whole.rglob("*")) if path.is_file()}
    for number in rounds:
        draw = random.Random(f"{part} {number}")
        path = draw.choice(list(files))
        path.write_bytes(_changed(draw, path, files[path]))
        _seal(whole, path)
        told.write_text(f"round {number}, {path.relative_to(folder)}")
        with suppress(Tag2VecError):
            use(folder / part.split("/")[0])
        path.write_bytes(files[path])
        (whole / artifact.MANIFEST).write_bytes(files[whole / artifact.MANIFEST])


def _changed(draw: random.Random, path: Path, data: bytes) -> bytes:
    if path.suffix in (".json", ".jsonl") and draw.random() < 0.7:
        lines = data.decode().split("\n") if path.suffix == ".jsonl" else [data.decode()]
        at = draw.randrange(min(len(lines), 50))
        lines[at] = json.dumps(_other(draw, json.loads(lines[at] or "0")))
        return "\n".join(lines).encode()
    changed, kind = bytearray(data), draw.randrange(3)
    if kind == 0:
        return bytes(changed[: draw.randrange(len(changed) + 1)])
    if kind == 1:
        return bytes(changed + draw.randbytes(draw.randrange(1, 500)))
    for _ in range(draw.choice([1, 4, 64])):  # where a file says what is in it, mostly
        changed[min(int(draw.expovariate(1 / 100)), len(changed) - 1)] = draw.randrange(256)
    return bytes(changed)


def _other(draw: random.Random, value: Any) -> Any:
    """`value` with one thing in it replaced."""
    if isinstance(value, dict) and value and draw.random() < 0.85:
        key = draw.choice(list(value))
        return {**value, key: _other(draw, value[key])}
    if isinstance(value, list) and value and draw.random() < 0.85:
        at = draw.randrange(len(value))
        return [*value[:at], _other(draw, value[at]), *value[at + 1 :]]
    return draw.choice(VALUES)


def _seal(folder: Path, changed: Path) -> None:
    """Make the manifest's checksum fit, as whoever changes a file on purpose does."""
    path = folder / artifact.MANIFEST
    if changed != path:
        manifest = json.loads(path.read_bytes())
        manifest["files"][str(changed.relative_to(folder))]["sha256"] = hashlib.sha256(changed.read_bytes()).hexdigest()
        path.write_text(json.dumps(manifest))
