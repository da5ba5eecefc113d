"""A model folder that the library writes is the one that the command writes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tag2vec import Corpus, fit_model
from tag2vec.errors import ArtifactError, UsageError
from tests.conftest import Home, Run


def _files(model: Path) -> dict[str, bytes]:
    """But for manifests, which know when they were written."""
    return {str(p.relative_to(model)): p.read_bytes() for p in model.rglob("*") if p.is_file() and p.suffix != ".json"}


def test_the_command_and_the_library_write_the_same(home: Home, tmp_path: Path, run: Run) -> None:
    corpus = home.folder / "corpus"
    done = run("fit-embedding", corpus, "-o", tmp_path / "command", "--dim", 8, "--epochs", 4, "--refine", 2)
    assert done[0] == 0, done
    told: list[int] = []
    fit_model(corpus, tmp_path / "library", told.append, dim=8, epochs=4, refine=2)
    assert told[-1] == 6
    assert _files(tmp_path / "library") == _files(tmp_path / "command")
    folders = {p.name for p in (tmp_path / "library").iterdir()}
    assert {"space", "forms", "languages", "trends"} <= folders
    fit_model(Corpus.load(corpus), tmp_path / "again", dim=8, epochs=4, refine=2)
    assert _files(tmp_path / "again") == _files(tmp_path / "library")


def test_what_cannot_be_written_is_said_before_the_work(home: Home, tmp_path: Path) -> None:
    (tmp_path / "model" / "forms").mkdir(parents=True)
    (tmp_path / "model" / "forms" / "mine.txt").touch()
    told: list[int] = []
    with pytest.raises(ArtifactError, match="forms is a folder with other files"):
        fit_model(home.folder / "corpus", tmp_path / "model", told.append)
    with pytest.raises(UsageError, match="dim"):
        fit_model(home.folder / "corpus", tmp_path / "other", dim=0)
    with pytest.raises(ArtifactError, match="nothing"):
        fit_model(tmp_path / "nothing", tmp_path / "other")
    assert not told
    assert not (tmp_path / "other").exists()
