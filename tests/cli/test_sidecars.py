"""`suggest --sidecar`: an answer beside each clip, written once."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import cv2
import pytest

from tag2vec.cli import main
from tag2vec.embed.frames import read_frames
from tests.conftest import Home

Run = Callable[..., tuple[object, str, str]]


@pytest.fixture
def folder(home: Home, tmp_path: Path) -> Path:
    for name in ("yoyo/09.mp4", "piano/09.mp4"):
        shutil.copy(home.folder / "clips" / name, tmp_path / name.replace("/", "-"))
    (tmp_path / "broken.mp4").write_bytes(b"no video")
    return tmp_path


@pytest.fixture
def run(home: Home, folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("TAG2VEC_CACHE", str(home.cache.folder))

    def run(*arguments: str) -> tuple[object, str, str]:
        asked = ["tag2vec", "suggest", str(folder), "-m", str(home.model), "--workers", "0", *arguments]
        monkeypatch.setattr(sys, "argv", asked)
        with pytest.raises(SystemExit) as end:
            main()
        return end.value.code, *capsys.readouterr()

    return run


def test_each_clip_gets_its_file_and_done_ones_are_left_alone(folder: Path, run: Run) -> None:
    code, out, err = run("--sidecar", "-k", "3")
    assert (code, out) == (1, "") and "2 written, 0 were there, 1 failed" in err and "broken.mp4" in err
    text = folder / "yoyo-09.mp4.txt"
    assert text.read_text().startswith("#Yoyo #") and len(text.read_text().split()) == 3
    assert not (folder / "broken.mp4.txt").exists()
    (folder / "broken.mp4").unlink()
    text.write_text("#mine\n")
    assert "0 written, 2 were there, 0 failed" in run("--sidecar")[2] and text.read_text() == "#mine\n"
    newer = text.stat().st_mtime_ns + 10**9
    os.utime(folder / "yoyo-09.mp4", ns=(newer, newer))
    assert "1 written, 1 were there, 0 failed" in run("--sidecar")[2] and text.read_text().startswith("#Yoyo ")


def test_json_has_the_whole_answer(folder: Path, run: Run) -> None:
    run("--sidecar", "--json", "-k", "2")
    answer = json.loads((folder / "piano-09.mp4.json").read_text())
    assert answer["suggestions"][0]["stem"] == "piano" and len(answer["suggestions"]) == 2


def test_a_file_of_somebody_else_is_not_written_over(folder: Path, run: Run) -> None:
    notes = folder / "yoyo-09.mp4.txt"
    notes.write_text("my notes\n")
    os.utime(notes, ns=(0, 0))
    code, _, err = run("--sidecar")
    assert code == 1 and "holds something else" in err and notes.read_text() == "my notes\n"
    code, _, err = run("--sidecar", "--csv")
    assert code == 2 and "leave --csv and --segments out" in err


def test_pictures_and_folders_of_them_get_theirs(home: Home, folder: Path, run: Run) -> None:
    for path in folder.iterdir():
        path.unlink()
    frames = read_frames(home.folder / "clips" / "yoyo" / "09.mp4")
    (folder / "walk").mkdir()
    for i, rgb in enumerate(frames.rgb):
        cv2.imwrite(str(folder / "walk" / f"{i}.png"), rgb[:, :, ::-1])
    asked = ("--sidecar", "-k", "3", "--fps", f"{frames.fps:g}")
    assert "1 written, 0 were there, 0 failed" in run(*asked)[2]
    assert (folder / "walk.txt").read_text().startswith("#Yoyo ")
    assert "0 written, 1 were there, 0 failed" in run(*asked)[2]
    older = (folder / "walk" / "3.png").stat().st_mtime_ns - 10**9
    os.utime(folder / "walk.txt", ns=(older, older))
    assert "1 written, 0 were there, 0 failed" in run(*asked)[2]
    assert "1 written, 1 were there, 0 failed" in run(str(folder / "walk" / "3.png"), *asked)[2]
    assert len((folder / "walk" / "3.png.txt").read_text().split()) == 3
