"""`tag2vec doctor`: what works, what does not and the line that mends it, on a machine as it is and on broken ones."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tag2vec.doctor import checks
from tests.conftest import Run


def _elsewhere(folder: Path) -> subprocess.CompletedProcess[str]:
    """In a process that finds what is in `folder` first."""
    command = [sys.executable, "-m", "tag2vec", "doctor"]
    path = os.pathsep.join([str(folder), *filter(None, [os.environ.get("PYTHONPATH")])])
    return subprocess.run(command, env=os.environ | {"PYTHONPATH": path}, capture_output=True, text=True, timeout=120)


def test_a_whole_machine(run: Run) -> None:
    code, out, err = run("doctor")
    assert code == 0 and not err
    for one in checks():
        assert one.what in out and one.found.split()[0] in out
        assert one.ok or one.optional, one
    assert "torch" in out and "DIS flow 64x64 computed" in out and "h264" in out


@pytest.mark.parametrize(("package", "what"), [("av", "clips (PyAV)"), ("torch", "training (torch)")])
def test_a_broken_package_is_named(tmp_path: Path, package: str, what: str) -> None:
    (tmp_path / f"{package}.py").write_text("raise ImportError('lib.so: wrong ELF class')")
    done = _elsewhere(tmp_path)
    assert done.returncode == 1
    [line] = [line for line in done.stdout.splitlines() if what in line]
    assert line.startswith("!!") and "ImportError: lib.so: wrong ELF class" in line
    assert "what is marked !! must be mended" in done.stderr and "Traceback" not in done.stderr


def test_two_builds_of_faiss_are_one_too_many(tmp_path: Path) -> None:
    for name in ("faiss_cpu", "faiss_gpu"):
        (tmp_path / f"{name}-9.9.9.dist-info").mkdir()
        (tmp_path / f"{name}-9.9.9.dist-info" / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {name}\nVersion: 9.9.9\n"
        )
    done = _elsewhere(tmp_path)
    assert done.returncode == 1
    assert "faiss-cpu and faiss-gpu are both installed" in done.stdout
    assert "pip uninstall faiss-cpu faiss-gpu, then install one of them again" in done.stdout
