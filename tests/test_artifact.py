"""The folder format: what is refused, and that a failed or killed write leaves the old folder whole."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tag2vec import artifact
from tag2vec.errors import ArtifactError, UsageError
from tag2vec.files import write_whole


def _write(folder: Path, value: float = 1.0, kind: str = "thing") -> None:
    with artifact.write(folder, kind, {"value": value}) as draft:
        draft.array("numbers.npy", np.full((3, 2), value, np.float32))
        draft.lines("lines.jsonl", iter([{"a": 1}, {"ä": "ß"}]))


def _edit(folder: Path, **changes: object) -> None:
    path = folder / artifact.MANIFEST
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_what_is_written_is_read(tmp_path: Path) -> None:
    _write(tmp_path / "a" / "b")
    found = artifact.read(tmp_path / "a" / "b", "thing")
    assert found.config == {"value": 1.0}
    assert found.files["numbers.npy"]["shape"] == [3, 2]
    assert found.files["numbers.npy"]["dtype"] == "float32"
    assert found.array("numbers.npy").tolist() == [[1.0, 1.0]] * 3
    assert list(found.lines("lines.jsonl")) == [{"a": 1}, {"ä": "ß"}]
    with pytest.raises(ArtifactError, match="has no 'other'"):
        found.path("other")


def test_writing_again_replaces_the_whole_folder(tmp_path: Path) -> None:
    _write(tmp_path / "x", 1.0)
    first = artifact.read(tmp_path / "x").digest
    _write(tmp_path / "x", 2.0)
    assert artifact.read(tmp_path / "x").array("numbers.npy")[0, 0] == 2.0
    assert artifact.read(tmp_path / "x").digest != first
    assert [p.name for p in tmp_path.iterdir()] == ["x"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"kind": "other"}, "is a other folder; wanted a thing"),
        ({"format": 99}, "format 99 .* reads up to format 1"),
        ({"files": {"../secret": {"sha256": ""}}}, "not a plain file name"),
        ({"files": {"absent.npy": {"sha256": ""}}}, "lacks its file 'absent.npy'"),
        ({"files": []}, "not a manifest"),
        ({"format": "1"}, "not a manifest"),
    ],
)
def test_a_changed_manifest_is_refused(tmp_path: Path, changes: dict[str, object], message: str) -> None:
    _write(tmp_path / "x")
    _edit(tmp_path / "x", **changes)
    with pytest.raises(ArtifactError, match=message):
        artifact.read(tmp_path / "x", "thing")


def test_a_changed_file_is_refused(tmp_path: Path) -> None:
    _write(tmp_path / "x")
    path = tmp_path / "x" / "numbers.npy"
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    with pytest.raises(ArtifactError, match="damaged or was changed"):
        artifact.read(tmp_path / "x")


def test_broken_and_absent_manifests_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match="There is no folder"):
        artifact.read(tmp_path / "absent")
    with pytest.raises(ArtifactError, match="not a tag2vec folder"):
        artifact.read(tmp_path)
    (tmp_path / artifact.MANIFEST).write_text("{" * 100_000)
    with pytest.raises(ArtifactError, match="not a manifest"):
        artifact.read(tmp_path)


def test_pickled_arrays_are_not_loaded(tmp_path: Path) -> None:
    with artifact.write(tmp_path / "x", "thing") as draft:
        np.savez(draft.path / "bad.npz", np.array([{}], dtype=object))
    with pytest.raises(ValueError, match="pickle"):
        artifact.read(tmp_path / "x").array("bad.npz")["arr_0"]  # type: ignore[call-overload]


def test_files_may_lie_in_folders(tmp_path: Path) -> None:
    with artifact.write(tmp_path / "x", "thing") as draft:
        (draft.path / "inner").mkdir()
        draft.array("inner/a.npy", np.arange(3.0))
    found = artifact.read(tmp_path / "x")
    assert found.files["inner/a.npy"]["shape"] == [3] and found.array("inner/a.npy").tolist() == [0, 1, 2]
    (tmp_path / "x" / "inner" / "a.npy").write_bytes(b"other")
    with pytest.raises(ArtifactError, match="damaged or was changed"):
        artifact.read(tmp_path / "x")


@pytest.mark.parametrize("array", [np.zeros((2, 3)), np.zeros((3, 2), int), np.full((3, 2), np.nan), np.zeros(3)])
def test_numbers_of_another_kind_are_refused(tmp_path: Path, array: NDArray[Any]) -> None:
    with artifact.write(tmp_path / "x", "thing") as draft:
        draft.array("a.npy", array)
        draft.array("good.npy", np.zeros((3, 2), np.float16))
    found = artifact.read(tmp_path / "x")
    assert found.floats("good.npy", (3, None)).shape == (3, 2)
    with pytest.raises(ArtifactError, match=r"wanted finite floats of shape \(3, None\)"):
        found.floats("a.npy", (3, None))


@pytest.mark.parametrize("error", [KeyError("k"), ValueError("v"), RuntimeError("r"), FileNotFoundError("f")])
def test_what_others_wrote_is_a_clear_error(tmp_path: Path, error: Exception) -> None:
    with (
        pytest.raises(ArtifactError, match="does not hold what tag2vec writes .*Make it anew"),
        artifact.reading(tmp_path),
    ):
        raise error
    with pytest.raises(PermissionError), artifact.reading(tmp_path):
        raise PermissionError
    with pytest.raises(UsageError, match="mine"), artifact.reading(tmp_path):
        raise UsageError("mine")


def test_too_little_memory_is_not_called_damage(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match=r"needs more memory than there is.*Free some"), artifact.reading(tmp_path):
        np.zeros(2**50)


def test_other_folders_are_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "me.jpg").touch()
    with pytest.raises(ArtifactError, match="folder with other files"):
        _write(tmp_path / "photos")
    _write(tmp_path / "x", kind="other")
    with pytest.raises(ArtifactError, match="is a other; a thing is not written over it"):
        _write(tmp_path / "x")
    (tmp_path / "file").touch()
    with pytest.raises(ArtifactError, match="is a file"):
        _write(tmp_path / "file")


def test_an_exception_leaves_the_old_folder(tmp_path: Path) -> None:
    _write(tmp_path / "x", 1.0)
    with pytest.raises(RuntimeError), artifact.write(tmp_path / "x", "thing") as draft:
        draft.array("numbers.npy", np.zeros(3))
        raise RuntimeError
    assert artifact.read(tmp_path / "x").config == {"value": 1.0}
    with pytest.raises(RuntimeError), artifact.write(tmp_path / "new" / "y", "thing"):
        raise RuntimeError
    assert [p.name for p in tmp_path.iterdir()] == ["x"]


def test_a_full_disk_is_one_clear_error(tmp_path: Path) -> None:
    _write(tmp_path / "x", 1.0)
    with (
        pytest.raises(ArtifactError, match="No space left on device.*unchanged"),
        artifact.write(tmp_path / "x", "thing"),
        Path("/dev/full").open("w") as full,
    ):  # the kernel's own full disk
        full.write("x" * 100_000)
    assert artifact.read(tmp_path / "x").config == {"value": 1.0}


def test_killed_at_any_moment_the_folder_is_the_old_or_the_new_one(tmp_path: Path) -> None:
    folder = tmp_path / "x[1]"  # a name that is a pattern too
    _write(folder, 0.0)
    script = (
        "import sys, numpy as np\n"
        "from tag2vec import artifact\n"
        "print('go', flush=True)\n"
        "for i in range(1, 100_000):\n"
        "    with artifact.write(sys.argv[1], 'thing', {'value': float(i)}) as draft:\n"
        "        draft.array('numbers.npy', np.full((3, 2), i, np.float32))\n"
    )
    for kill in range(12):
        process = subprocess.Popen([sys.executable, "-c", script, str(folder)], stdout=subprocess.PIPE)
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(0.005 + 0.003 * kill)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        process.stdout.close()
        found = artifact.read(folder, "thing")
        assert found.array("numbers.npy")[0, 0] == found.config["value"]
    _write(folder, 5.0)
    assert sorted(p.name for p in tmp_path.iterdir()) == [folder.name]


def test_one_that_reads_keeps_nobody_from_writing(tmp_path: Path) -> None:
    folder = tmp_path / "x"
    _write(folder, 0.0)
    ended = threading.Event()

    def read() -> None:
        while not ended.is_set():
            with suppress(ArtifactError):  # it may be replaced twice meanwhile
                artifact.read(folder, "thing")

    with ThreadPoolExecutor(2) as pool:
        readers = [pool.submit(read) for _ in range(2)]
        try:
            for i in range(60):
                _write(folder, float(i))
        finally:
            ended.set()
        for one in readers:
            one.result()
    assert artifact.read(folder).config == {"value": 59.0}
    assert [p.name for p in tmp_path.iterdir()] == ["x"]


def test_what_a_killed_run_left_of_a_file_is_removed_and_not_that_of_a_living_one(tmp_path: Path) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    path = tmp_path / "x[1].txt"  # a name that is a pattern too
    for pid in (ended.pid, os.getppid()):
        path.with_name(f".{path.name}.new-{pid}").touch()
    write_whole(path, "whole")
    assert sorted(p.name for p in tmp_path.iterdir()) == [f".{path.name}.new-{os.getppid()}", path.name]
