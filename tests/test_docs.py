"""The documents keep their promises: quickstarts run, commands exist, links lead somewhere."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer.core import TyperGroup

from tests.conftest import Home

ROOT = Path(__file__).parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("data/*.md"), *ROOT.glob("benchmarks/*.md")])


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", (ROOT / page).read_text(encoding="utf-8"), re.DOTALL)


@pytest.fixture
def folder(home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder as `make demo` leaves one, without what the quickstarts make."""
    for name in ("posts.jsonl", "clips.csv", "clips"):
        source = home.folder / name
        shutil.copytree(source, tmp_path / name) if source.is_dir() else shutil.copy(source, tmp_path / name)
    monkeypatch.setenv("TAG2VEC_CACHE", str(home.cache.folder))
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    return tmp_path


def test_the_quickstart_on_the_command_line_runs(folder: Path) -> None:
    (script,) = blocks("README.md", "bash")
    done = subprocess.run(["bash", "-ec", script], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert re.search(r"^#[Yy]oyo #", done.stdout, re.MULTILINE)


def test_the_quickstart_of_the_library_runs(folder: Path) -> None:
    (script,) = blocks("README.md", "python")
    done = subprocess.run([sys.executable, "-c", script], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert re.search(r"^#[Yy]oyo #", done.stdout.splitlines()[-1])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8")):
        assert target.startswith("http") or (page.parent / target).exists(), f"{page}: {target}"


def test_every_command_is_in_the_readme() -> None:
    from tag2vec.cli import with_commands

    text = (ROOT / "README.md").read_text(encoding="utf-8")
    names = [c.name or c.callback.__name__ for c in with_commands().registered_commands if c.callback]
    assert len(names) >= 8
    for name in names:
        assert name in text or name == "fit-video", name


def test_the_commands_of_published_systems_can_be_given() -> None:
    from tag2vec.cli import app, corpus, evaluate, fit, fitvideo

    assert all((corpus, evaluate, fit, fitvideo))
    script = "".join(blocks("docs/seeds.md", "bash")).replace("\\\n", "")
    for line in script.splitlines():
        command, (_, *words) = typer.main.get_command(app), shlex.split(line)
        while isinstance(command, TyperGroup):
            command = command.commands[words.pop(0)]
        command.make_context(line, words)
    assert script.count("fit-video") == 6


def test_the_recipes_of_deployment_name_options_that_there_are() -> None:
    from tag2vec.cli import with_commands

    known = {name for one in typer.main.get_command(with_commands()).commands["serve"].params for name in one.opts}
    for recipe in (ROOT / "docs" / "deploy").iterdir():
        commands = [
            line for line in recipe.read_text().splitlines() if line.startswith(("ExecStart=", "ENTRYPOINT", "CMD"))
        ]
        options = set(re.findall(r"--[a-z-]+", " ".join(commands)))
        assert options and options <= known, recipe


def test_tables_have_what_benchmarks_printed() -> None:
    """All figures with three decimals of a row stand in one file of results; tables of what was tried first do not."""
    figure = re.compile(r"(?<![\w.])\d\.\d{3}(?!\d)")
    printed = [set(figure.findall(path.read_text("utf-8"))) for path in ROOT.glob("benchmarks/results/*.md")]
    for page in PAGES:
        for text in re.split(r"\n\n(?!\|)", page.read_text(encoding="utf-8")):
            for row in [] if "was chosen" in text else text.splitlines():
                figures = set(figure.findall(row))
                assert not row.startswith("|") or any(figures <= found for found in printed), f"{page.name}: {row}"
