"""The house: which room may import which, and what the front door costs."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import tag2vec

ROOT = Path(tag2vec.__file__).parent
# A room imports itself and what stands after it.
ORDER = [
    "cli",
    "web",
    "demo",
    "evaluation",
    "doctor",
    "retrieval",
    "embed",
    "scraping",
    "artifact",
    "cluster",
    "endings",
    "files",
    "plugins",
    "progress",
    "workers",
]
FREE = {"errors", "version"}


def _imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("tag2vec"):
            names = (
                [f"{node.module}.{alias.name}" for alias in node.names] if node.module == "tag2vec" else [node.module]
            )
            found |= {name.split(".")[1] for name in names}
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[1] for alias in node.names if alias.name.startswith("tag2vec.")}
    return found


def test_imports_run_one_way() -> None:
    for path in ROOT.rglob("*.py"):
        room = path.relative_to(ROOT).parts[0].removesuffix(".py")
        if room in FREE or room.startswith("__"):
            continue
        allowed = {room, *ORDER[ORDER.index(room) + 1 :], *FREE}
        assert _imports(path) <= allowed, f"{path} imports {_imports(path) - allowed}"


def test_importing_the_package_and_printing_help_bring_nothing_heavy() -> None:
    script = (
        "import sys\n"
        "import tag2vec\n"
        "from tag2vec.cli import main\n"
        "sys.argv = ['tag2vec', '--help']\n"
        "try:\n    main()\n"
        "except SystemExit as end:\n    assert end.code == 0\n"
        "heavy = {'torch', 'faiss', 'cv2', 'gensim', 'numpy', 'sklearn', 'nltk', 'av'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "build-corpus" in done.stdout


def test_nothing_is_unpickled() -> None:
    for path in ROOT.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        assert "torch.load(" not in text and "pickle.load" not in text and "allow_pickle=True" not in text, path


def test_the_public_names_are_there() -> None:
    for name in tag2vec.__all__:
        assert getattr(tag2vec, name) is not None
