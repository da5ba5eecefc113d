"""Folders that somebody changed on purpose, with checksums that fit: each is an answer or a clear error.

The folders are those of `tests.written`. TAG2VEC_FUZZ=3000 tries as many changes of each part in place of a few.
"""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import random
import shutil
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tag2vec import artifact
from tag2vec.errors import Tag2VecError
from tests.test_compatibility import DATA, VERSIONS
from tests.written import questions

ROUNDS = int(os.environ.get("TAG2VEC_FUZZ", "20"))
PARTS = {  # whose files are changed, and who is asked then
    "corpus": ("corpus",),
    "model": ("tags", "clips"),
    "videos": ("videos/fisher", "videos/netvlad", "videos/groups", "videos/fusion", "videos/transformer"),
    "found": ("found/exact", "found/flat", "found/hnsw", "found/ivf", "found/ivfsq"),
    "features": ("extracted/features",),
    "pooled": ("extracted/pooled",),
    "study": ("study",),
}
MET = {  # rounds of longer runs that were neither, once
    "corpus": [235, 350],
    "model": [41],
    "videos": [618],
    "found": [27, 335],
    "features": [24],
    "pooled": [30],
}
VALUES: list[Any] = [None, True, -1, 0, 10**30, 1e308, "", "\x00", "../../x", [], {}, [[]], {"": 0}, "ab" * 40_000]

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(["tests.written"])


@pytest.mark.parametrize("part", PARTS)
def test_a_folder_changed_on_purpose_is_an_answer_or_a_clear_error(tmp_path: Path, part: str) -> None:
    folder = Path(shutil.copytree(DATA / VERSIONS[-1], tmp_path / "kept"))
    told = tmp_path / "told"
    every = [*MET.get(part, ()), *range(ROUNDS)]
    for start in range(0, len(every), 50):
        rounds = every[start : start + 50]
        process = _CONTEXT.Process(target=_rounds, args=(folder, part, rounds, told))
        process.start()
        process.join(600)
        assert process.exitcode == 0, told.read_text()
    beside = {path.name for path in tmp_path.iterdir()} | {path.name for path in folder.iterdir()}
    assert beside == {"kept", "told"} | {path.name for path in (DATA / VERSIONS[-1]).iterdir()}


def _rounds(folder: Path, part: str, rounds: list[int], told: Path) -> None:
    """Ends with 1, or is killed, when a change is neither answered nor refused; `told` has the last one."""
    asked = [question for name, question in questions(folder).items() if name in PARTS[part]]
    files = {path: path.read_bytes() for path in sorted((folder / part).rglob("*")) if path.is_file()}
    if part in ("videos", "found"):  # those that are asked
        names = {name.partition("/")[2] for name in PARTS[part]}
        files = {path: data for path, data in files.items() if path.relative_to(folder).parts[1] in names}
    for number in rounds:
        draw = random.Random(f"{part} {number}")
        path = draw.choice(list(files))
        path.write_bytes(changed(draw, path, files[path]))
        _seal(path)
        told.write_text(f"round {number}, {path.relative_to(folder)}")
        for question in asked:
            with suppress(Tag2VecError):
                question()
        for again, data in files.items():
            again.write_bytes(data)


def changed(draw: random.Random, path: Path, data: bytes) -> bytes:
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


def _seal(changed: Path) -> None:
    """Make the manifest's checksum fit, where it has one, as whoever changes a file on purpose does."""
    inside = next((folder for folder in changed.parents if (folder / artifact.MANIFEST).is_file()), None)
    if inside is None or changed.name == artifact.MANIFEST:
        return
    path = inside / artifact.MANIFEST
    manifest = json.loads(path.read_bytes())
    if listed := manifest["files"].get(changed.relative_to(inside).as_posix()):
        listed["sha256"] = hashlib.sha256(changed.read_bytes()).hexdigest()
    path.write_text(json.dumps(manifest))
