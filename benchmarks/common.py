"""What every benchmark shares: where it ran, and where its result is kept."""

from __future__ import annotations

import hashlib
import os
import platform
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psutil

RESULTS = Path(__file__).parent / "results"
PACKAGES = ("tag2vec", "torch", "gensim", "numpy", "opencv-python-headless", "av", "scikit-learn", "implicit")


def header(data: Iterable[Path]) -> list[str]:
    """Machine, date, versions, and name and checksum of each data file or clips list."""
    cores = len(os.sched_getaffinity(0))
    lines = [f"{date.today()}, {platform.machine()}, {cores} cores, Python {platform.python_version()}"]
    lines.append(", ".join(f"{name} {version(name)}" for name in PACKAGES))
    for path in data:
        lines.append(f"data: {path.name} sha256 {hashlib.sha256(path.read_bytes()).hexdigest()[:16]}")
    return lines


def table(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> list[str]:
    """A Markdown table; fractions with three digits."""
    text = [[f"{cell:.3f}" if isinstance(cell, float) else str(cell) for cell in row] for row in rows]
    return [f"| {' | '.join(row)} |" for row in [list(columns), ["---"] * len(columns), *text]]


def keep(name: str, lines: Sequence[str]) -> None:
    """Print `lines` and write them to results/<name>.md."""
    text = "\n".join(lines) + "\n"
    print(text)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name}.md").write_text(text, encoding="utf-8")


def seconds(call: Callable[[], Any], repeats: int = 3) -> float:
    """The least wall time of a few calls: what other work on the machine adds is not what is measured."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return min(times)


def resident(process: psutil.Process) -> float:
    """Megabytes of memory that a process and all its children have now; what they share counts for each."""
    total = 0
    with suppress(psutil.Error):
        for one in [process, *process.children(recursive=True)]:
            with suppress(psutil.Error):
                total += one.memory_info().rss
    return total / 2**20


def short(spec: str) -> str:
    """`spec` without the folders of files, which say nothing elsewhere."""
    return "+".join(f"{part.partition(':')[0]}:{Path(part).name}" if "/" in part else part for part in spec.split("+"))
