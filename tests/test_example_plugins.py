"""The examples of docs/add-a-plugin.md, as they stand there: put into their files, tested by the suites, used."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tag2vec import Corpus, plugins
from tag2vec.embed.features import Features
from tests.conftest import Home
from tests.test_docs import ROOT, blocks

PAGE = "docs/add-a-plugin.md"
# What the contract suite of each example is, and what its tests are named by.
SUITES = {
    "tag2vec/scraping/sources/fasttext.py": ("tests/scraping/test_any_file.py", "fasttext"),
    "tag2vec/embed/features/colours.py": ("tests/embed/features/test_contract.py", "colours"),
    "tag2vec/embed/pooling/top.py": ("tests/embed/pooling/test_contract.py", "[top-"),
    "tag2vec/retrieval/indexes/tensor.py": ("tests/retrieval/test_indexes.py", "[tensor]"),
}
COMMANDS = """
import shlex, sys
from tag2vec.cli import main
for line in sys.stdin:
    sys.argv = shlex.split(line)
    try:
        main()
    except SystemExit as end:
        assert not end.code, line
"""  # in one process: starting each anew would take longer than what they do


@pytest.fixture(scope="module")
def examples() -> dict[str, str]:
    """{file: its text} of the examples."""
    page = (ROOT / PAGE).read_text(encoding="utf-8")
    return dict(re.findall(r"^`(tag2vec/\S+\.py)`:\n\n```python\n(.*?)```", page, re.DOTALL | re.MULTILINE))


@pytest.fixture(scope="module")
def checkout(examples: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project with the examples in it."""
    folder = tmp_path_factory.mktemp("checkout")
    for name in ("tag2vec", "tests"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", folder)
    for file, text in examples.items():
        assert not (folder / file).exists()
        (folder / file).write_text(text, encoding="utf-8")
    return folder


def _python(checkout: Path, *arguments: str, **how: Any) -> str:
    """What a process says that imports the package of `checkout`."""
    done = subprocess.run(
        [sys.executable, *arguments],
        env=os.environ | {"PYTHONPATH": str(checkout)},
        capture_output=True,
        text=True,
        check=False,
        **how,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return str(done.stdout + done.stderr)


def test_every_code_on_the_page_is_an_example_with_a_command(examples: dict[str, str]) -> None:
    assert examples.keys() == SUITES.keys()
    assert list(examples.values()) == blocks(PAGE, "python")
    assert len(blocks(PAGE, "bash")) == len(examples)


def test_they_keep_the_style(checkout: Path) -> None:
    for command in ("check", "format --check"):
        _python(checkout, "-m", "ruff", *command.split(), "--no-cache", *SUITES, cwd=checkout)


def test_the_contract_suites_test_them_without_being_touched(checkout: Path) -> None:
    suites, names = zip(*SUITES.values(), strict=True)
    options = ["-vv", "-p", "no:cacheprovider", f"--basetemp={checkout / 'tmp'}", "-k", " or ".join(names)]
    said = _python(checkout, "-m", "pytest", *options, *suites, cwd=checkout)
    for suite, name in SUITES.values():
        tests = [line for line in said.splitlines() if line.startswith(f"{suite}::") and name in line]
        assert tests and all("PASSED" in line for line in tests), said
    assert "skipped" not in said


@pytest.fixture
def folder(home: Home, tmp_path: Path) -> Path:
    """A folder with a model, some of the clips that `make demo` leaves, and its posts as fastText has them."""
    header, *clips = (home.folder / "clips.csv").read_text(encoding="utf-8").splitlines(keepends=True)
    (tmp_path / "clips.csv").write_text(header + "".join(line for line in clips if "yoyo" in line or "piano" in line))
    shutil.copytree(home.folder / "clips", tmp_path / "clips")
    shutil.copytree(home.model, tmp_path / "model")
    posts = map(json.loads, (home.folder / "posts.jsonl").read_text(encoding="utf-8").splitlines())
    (tmp_path / "captions.txt").write_text("\n".join(map(_caption, posts)), encoding="utf-8")
    return tmp_path


def _caption(post: dict[str, Any]) -> str:
    labels = (f"__label__{tag.replace(' ', '-')}" for tag in post["tags"])
    return " ".join([*labels, *post.get("title", "").split(), *post.get("text", "").split()])


def test_their_commands_use_them(home: Home, checkout: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TAG2VEC_CACHE", str(home.cache.folder))
    lines = [*blocks(PAGE, "bash"), "tag2vec info model\n", "tag2vec suggest clips/yoyo/09.mp4 -m model\n"]
    said = _python(checkout, "-c", COMMANDS, cwd=folder, input="".join(lines))
    stems, wanted = (
        {entry.stem for entry in Corpus.load(one / "corpus").vocabulary()} for one in (folder, home.folder)
    )
    assert stems == wanted
    for used in (r"features\b.*'colours'.*'grid': 3", r"pooling\b.*'top:share=0.1'", r"index\b.*\btensor$"):
        assert re.search(used, said, re.MULTILINE), said
    assert re.search("^#[Yy]oyo #", said, re.MULTILINE), said


@pytest.fixture
def installed(examples: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of installed distributions, with the one of the page in it."""
    (package := tmp_path / "my_package").mkdir()
    (package / "__init__.py").touch()
    (package / "colours.py").write_text(examples["tag2vec/embed/features/colours.py"], encoding="utf-8")
    (info := tmp_path / "my_package-1.0.dist-info").mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: my_package\nVersion: 1.0\n")
    (toml,) = blocks(PAGE, "toml")
    for group, points in tomllib.loads(toml)["project"]["entry-points"].items():
        (info / "entry_points.txt").write_text("\n".join([f"[{group}]", *(f"{k} = {v}" for k, v in points.items())]))
    monkeypatch.syspath_prepend(tmp_path)
    plugins._theirs.cache_clear()
    yield tmp_path
    plugins._theirs.cache_clear()


def test_another_distribution_ships_one(installed: Path) -> None:
    assert "colours" in plugins.names(Features)
    made = plugins.spelled(Features, "colours:3")
    assert type(made).__module__ == "my_package.colours" and plugins.name_of(made) == "colours"
    found = made(np.full((4, 6, 6, 3), 51, np.uint8), 25.0)
    assert found.shape == (4, 27) and found.dtype == np.float32 and np.allclose(found, 0.2)
