"""Executing the notebooks of the documents: `make notebooks` stores what they print anew, tests compare."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode

FOLDER = Path(__file__).parent.parent / "docs" / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
LIMIT_S = 300  # a cell
METADATA = {  # nothing of the machine it ran on
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def execute(path: Path, folder: Path) -> NotebookNode:
    """The notebook, run in a kernel of its own that works in `folder`. Raises CellExecutionError."""
    notebook = nbformat.read(path, as_version=4)
    quietly = {"record_timing": False, "coalesce_streams": True}
    client = NotebookClient(notebook, timeout=LIMIT_S, resources={"metadata": {"path": str(folder)}}, **quietly)
    # IPython keeps what was typed in its folder, matplotlib draws into the notebook unless it is told otherwise.
    inherited = {name: value for name, value in os.environ.items() if name != "MPLBACKEND"}
    client.execute(env=inherited | {"IPYTHONDIR": str(folder / "ipython"), "TAG2VEC_CACHE": str(folder / "cache")})
    notebook.metadata = METADATA
    return notebook


def main() -> None:
    for path in NOTEBOOKS:
        with tempfile.TemporaryDirectory() as folder:
            nbformat.write(execute(path, Path(folder)), path)
            print(f"{path.name}: {path.stat().st_size // 1000} kB")


if __name__ == "__main__":
    main()
