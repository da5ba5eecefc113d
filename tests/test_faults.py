"""Every command that writes, on a disk that fails: a clear sentence, nothing half written, the same command goes on.

Each meets one kind of fault at one place; with TAG2VEC_FAULTS=20 all kinds at as many places.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

import pytest

from tag2vec import artifact
from tests.faults import GIVEN, Kind, copied, faulty, set_up

PLACES = int(os.environ.get("TAG2VEC_FAULTS", "1"))
COMMANDS = {
    "build": "build-corpus posts.jsonl -o new",
    "grow": "build-corpus more.jsonl --update corpus",
    "embed": "fit-embedding corpus -o new --dim 8 --epochs 2 --refine 1",
    "update": "fit-embedding grown --update younger",
    "clips": f"fit-video model clips.csv {GIVEN} --epochs 2",
    "extract": "extract clips.csv -o new --workers 1",
    "pooled": "extract clips.csv -o new --workers 1 --pooling mean",
    "index": "fit-index model --index ivf",
    "found": "index-clips clips.csv -m model -o new --workers 1",
    "beside": "suggest 0.mp4 1.mp4 -m model --sidecar --json --workers 1",
    "export": "export model -o new.vec",
    "projector": "export model -o new",
    "import": "import-vectors words.vec -o new",
    "study": "study new clips.csv -m model -o new",
}
if PLACES > 1:  # these take long
    COMMANDS |= {
        "report": "evaluate video model clips.csv --report new",
        "cnn": "fit-cnn clips.csv -o new.safetensors --frames 2 --side 32",
    }

MET: list[tuple[str, Kind, int]] = [
    ("import", "large", 131),  # numpy writes the end of an array when it closes the file, and does not look
    ("index", "large", 15_021),  # nor does FAISS
    ("export", "kill", 3),
    ("clips", "readonly", 36),
    ("grow", "kill", 21),
]
KINDS: tuple[Kind, ...] = ("full", "readonly", "kill", "large")
CASES = [
    (command, kind)
    for number, command in enumerate(COMMANDS)
    for place, kind in enumerate(KINDS)
    if PLACES > 1 or (number + place) % len(KINDS) == 0  # one of each is enough for a while
]


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return set_up(tmp_path_factory.mktemp("faults") / "start")


def _files(folder: Path) -> dict[str, str]:
    """What stands there but the cache, with checksums; none of files that say how many seconds something took."""
    found = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    names = {str(path.relative_to(folder)): path for path in found}
    return {
        name: "" if "/arrays/" in name or name.endswith(".mp4.json") else hashlib.sha256(_content(path)).hexdigest()
        for name, path in names.items()
        if not name.startswith("cache/")
    }


def _content(path: Path) -> bytes:
    """Of a corpus not the story: an update that was done when it was killed is one more when it is given again."""
    if path.parts[-2:] != ("corpus", artifact.MANIFEST):
        return path.read_bytes()
    told = json.loads(path.read_text())
    told["config"] = {name: value for name, value in told["config"].items() if name not in ("earlier", "report")}
    return json.dumps(told).encode()


@cache
def _undisturbed(start: Path, command: str) -> tuple[dict[str, str], int, int]:
    """The files afterwards, how often something changes until then, and how large the largest file is."""
    folder = copied(start, start.parent / f"{command}-whole")
    ended = faulty(folder, COMMANDS[command].split())
    assert ended.code == 0, ended.said
    wanted = _files(folder)
    before = _files(start)
    most = max((folder / name).stat().st_size for name in wanted if wanted[name] != before.get(name, "-"))
    return wanted, ended.changes, most


@pytest.mark.parametrize(("command", "kind"), CASES)
def test_a_fault_costs_nothing_that_was_there(start: Path, command: str, kind: Kind) -> None:
    _, changes, most = _undisturbed(start, command)
    draw = random.Random(f"{command} {kind}")
    for _ in range(PLACES):
        _check(start, command, kind, draw.randrange(most) if kind == "large" else draw.randint(1, changes))


@pytest.mark.parametrize(("command", "kind", "nth"), MET)
def test_a_fault_that_cost_something_once(start: Path, command: str, kind: Kind, nth: int) -> None:
    _check(start, command, kind, nth)


@pytest.mark.parametrize("command", COMMANDS if PLACES > 1 else ("grow", "clips", "index", "found", "beside"))
def test_two_at_once_are_one_or_the_other(start: Path, command: str) -> None:
    wanted, _, _ = _undisturbed(start, command)
    for _ in range(PLACES):
        folder = copied(start, start.parent / f"{command}-whole")
        with ThreadPoolExecutor(2) as both:
            ended = list(both.map(faulty, [folder] * 2, [COMMANDS[command].split()] * 2))
        assert 0 in (one.code for one in ended), ended
        for one in ended:
            assert "Traceback" not in one.said, ended
            assert one.code == 0 or (one.code == 1 and "tag2vec: " in one.said), ended
        assert _files(folder) == wanted, ended


def _check(start: Path, command: str, kind: Kind, nth: int) -> None:
    wanted, changes, _ = _undisturbed(start, command)
    # Paths of features and corpora stand in manifests: each run is in a folder of the same name.
    folder = copied(start, start.parent / f"{command}-whole")
    hit = faulty(folder, COMMANDS[command].split(), kind, nth)
    told = f"{kind} at {nth} of {changes}, {hit.code}: {hit.said}"
    assert "Traceback" not in hit.said, told
    if hit.code:
        assert hit.code == (-9 if kind == "kill" else 1), told
        assert kind == "kill" or "tag2vec: " in hit.said, told
        for path in folder.rglob(artifact.MANIFEST):
            if not any(part.startswith(".") for part in path.relative_to(folder).parts):
                artifact.read(path.parent)  # old or new, but whole
        again = faulty(folder, COMMANDS[command].split())
        assert again.code == 0, f"{told}\nand then {again.said}"
    left = _files(folder)
    if kind == "readonly" and not hit.code:  # all is done; what it worked with could not be removed any more
        left = {name: digest for name, digest in left.items() if name in wanted or not _working(name)}
    assert sorted(left) == sorted(wanted), told
    assert [name for name in wanted if left[name] != wanted[name]] == [], told


def _working(name: str) -> bool:
    return name.startswith("model/training/") or any(part.startswith(".") for part in Path(name).parts)
