"""The notebooks run from beginning to end, and what is stored in them is what they print."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode

from tests.notebooks import FOLDER, METADATA, NOTEBOOKS, execute

ROOT = FOLDER.parent.parent
each = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def outputs(notebook: NotebookNode) -> Iterator[tuple[str, NotebookNode]]:
    """The id of its cell and an output, in order; warnings of other versions of a library are none."""
    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            if output.get("name") != "stderr":
                yield cell.id, output


def printed(notebook: NotebookNode) -> str:
    """Everything that is text in the outputs."""
    texts = []
    for _, output in outputs(notebook):
        data = output.get("data", {})
        texts.append(output.get("text") or data.get("text/markdown") or data.get("text/plain", ""))
    return "\n".join(texts)


def shapes(notebook: NotebookNode) -> list[tuple[str, str, tuple[str, ...]]]:
    """Of each output the cell, the kind and the formats."""
    return [(cell, output.output_type, tuple(sorted(output.get("data", {})))) for cell, output in outputs(notebook)]


def close(one: float, other: float) -> bool:
    """Whether two figures are the same but for what another processor makes of them."""
    return abs(one - other) <= max(0.05, 0.1 * abs(one))


def parted(text: str) -> tuple[list[str], list[float]]:
    """The words of a text, and its numbers."""
    parts = re.findall(r"[-+]?\d[\d,]*\.?\d*|\w+", text)
    numbers = [part for part in parts if re.match(r"[-+]?\d", part)]
    return [part for part in parts if part not in numbers], [float(one.replace(",", "")) for one in numbers]


def test_there_are_notebooks() -> None:
    assert len(NOTEBOOKS) >= 3
    for path in NOTEBOOKS:
        assert f"docs/notebooks/{path.name}" in (ROOT / "README.md").read_text(encoding="utf-8")


@each
def test_it_is_stored_as_a_reader_wants_it(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    assert path.stat().st_size < 300_000
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    assert any("image/png" in output.get("data", {}) for _, output in outputs(notebook))
    assert not [cell for cell, output in outputs(notebook) if output.output_type == "error"]
    assert not [cell for cell in code for output in cell.outputs if output.get("name") == "stderr"]
    # Nothing of the machine that it ran on.
    assert notebook.metadata == METADATA
    assert not [cell for cell in notebook.cells if cell.metadata]
    assert not re.search(r"(?<![\w.])(/(tmp|home|root|usr|Users)/|[A-Z]:\\)", printed(notebook))


@each
def test_its_links_lead_somewhere(path: Path) -> None:
    text = "\n".join(cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "markdown")
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", text):
        assert target.startswith("http") or (path.parent / target).exists(), target


@each
def test_it_runs_and_prints_what_is_stored(path: Path, tmp_path: Path) -> None:
    stored, now = nbformat.read(path, as_version=4), execute(path, tmp_path)
    assert shapes(now) == shapes(stored)
    (words, numbers), (words_now, numbers_now) = parted(printed(stored)), parted(printed(now))
    # Other processors add up in another order: clips at the border, and tags that are equally good, may change places.
    assert len(words) == len(words_now) and len(numbers) == len(numbers_now), printed(now)
    assert sum(map(str.__eq__, words, words_now)) >= 0.9 * len(words), printed(now)
    assert sum(map(close, numbers, numbers_now)) >= 0.9 * len(numbers), printed(now)
