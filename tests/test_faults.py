"""Every command that writes, on a disk that fails: a clear sentence, nothing half written, the same command goes on.

Each meets half of the faults at one place; with TAG2VEC_FAULTS=20 all of them at as many places.
"""

from __future__ import annotations

import hashlib
import os
import random
import shutil
from functools import cache
from pathlib import Path

import pytest

from tag2vec import artifact
from tests.conftest import Home
from tests.faults import Kind, faulty

PLACES = int(os.environ.get("TAG2VEC_FAULTS", "1"))
COMMANDS = {
    "build": "build-corpus posts.jsonl -o new",
    "grow": "build-corpus more.jsonl --update corpus",
    "embed": "fit-embedding corpus -o new --epochs 2 --refine 1 --clips clips.csv",
    "clips": "fit-video model clips.csv --epochs 2",
    "extract": "extract some.csv -o new --workers 1",
    "pooled": "extract some.csv -o new --workers 1 --pooling mean",
    "index": "fit-index model --index ivf",
    "found": "index-clips some.csv -m model -o new --workers 1",
    "beside": "suggest clips/yoyo -m model --sidecar --json --workers 1",
    "export": "export model -o new.vec",
    "projector": "export model -o new",
    "import": "import-vectors words.vec -o new",
    "study": "study new some.csv -m model -o new",
    "report": "evaluate video model some.csv --report new",
}

KINDS: tuple[Kind, ...] = ("full", "readonly", "kill", "large")
CASES = [
    (command, kind)
    for number, command in enumerate(COMMANDS)
    for place, kind in enumerate(KINDS)
    if PLACES > 1 or (number + place) % 2  # half of them is enough for a while
]


@pytest.fixture(scope="module")
def start(home: Home, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What each command finds, every feature computed already."""
    folder = tmp_path_factory.mktemp("faults") / "start"
    shutil.copytree(home.folder, folder, ignore=shutil.ignore_patterns("features", "*.lock"))
    shutil.copytree(home.cache.folder, folder / "cache")
    lines = (folder / "clips.csv").read_text().splitlines(keepends=True)
    (folder / "some.csv").write_text("".join(lines[:5]))
    (folder / "more.jsonl").write_text('{"id": "new", "tags": ["yoyo", "walkthedog", "yoyo tricks"]}\n')
    (folder / "words.vec").write_text("2 3\nyoyo 0.1 0.2 0.3\nbasketball 0.3 0.2 0.1\n")
    return folder


def _copy(start: Path, to: Path) -> Path:
    shutil.rmtree(to, ignore_errors=True)
    shutil.copytree(start, to)
    return to


def _files(folder: Path) -> dict[str, tuple[int, str]]:
    """Size and checksum of all that stands there but the cache. Features have the seconds in them that they took."""
    found = {str(path.relative_to(folder)): path for path in sorted(folder.rglob("*")) if path.is_file()}
    facts = {name: path.read_bytes() for name, path in found.items() if not name.startswith("cache/")}
    return {
        name: (len(data), "" if "/arrays/" in name else hashlib.sha256(data).hexdigest())
        for name, data in facts.items()
    }


@cache
def _undisturbed(start: Path, command: str) -> tuple[dict[str, tuple[int, str]], int, int]:
    """The files afterwards, how often something changes until then, and how large the largest new file is."""
    folder = _copy(start, start.parent / f"{command}-whole")
    before = _files(folder)
    ended = faulty(folder, COMMANDS[command].split())
    assert ended.code == 0, ended.said
    wanted = _files(folder)
    shutil.rmtree(folder)
    return wanted, ended.changes, max(wanted[name][0] for name in wanted if wanted[name] != before.get(name))


@pytest.mark.parametrize(("command", "kind"), CASES)
def test_a_fault_costs_nothing_that_was_there(start: Path, tmp_path: Path, command: str, kind: Kind) -> None:
    wanted, changes, most = _undisturbed(start, command)
    draw = random.Random(f"{command} {kind}")
    for _ in range(PLACES):
        # The paths of features folders and corpora stand in manifests: the same folder as before.
        folder = _copy(start, start.parent / f"{command}-whole")
        nth = draw.randrange(most) if kind == "large" else draw.randint(1, changes)
        hit = faulty(folder, COMMANDS[command].split(), kind, nth)
        told = f"{kind} at {nth} of {changes}: {hit.said}"
        assert "Traceback" not in hit.said, told
        if hit.code == 0:
            assert kind == "large" or hit.changes < nth or _files(folder) == wanted, told
            continue
        assert hit.code == (-9 if kind == "kill" else 1), told
        assert kind == "kill" or "tag2vec: " in hit.said, told
        for path in folder.rglob(artifact.MANIFEST):
            if not any(part.startswith(".") for part in path.relative_to(folder).parts):
                artifact.read(path.parent)  # old or new, but whole
        again = faulty(folder, COMMANDS[command].split())
        assert again.code == 0, f"{told}\nand then {again.said}"
        left = _files(folder)
        assert sorted(left) == sorted(wanted), told
        assert [name for name in wanted if left[name] != wanted[name]] == [], told
