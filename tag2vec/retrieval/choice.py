"""Which index, when none is named: the one place that decides."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from tag2vec import plugins
from tag2vec.errors import UsageError
from tag2vec.retrieval.indexes import Index, Vectors

QUICK = 50_000_000  # numbers: an exact search reads so many in about 20 ms on one core
BY_SPEED = ("flat", "ivf", "ivfsq")  # as vectors become too many to read all, and then to hold
UNITS = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}


@dataclass(frozen=True)
class Wish:
    """What an index is wanted for: `recall` is the share of the 15 nearest to be found, 1 means all of them always;
    `memory` is in bytes, what is available now when None; `kept` says that it is built once and stored."""

    recall: float = 0.99
    memory: int | None = None
    kept: bool = False

    def __post_init__(self) -> None:
        if not 0 < self.recall <= 1:
            raise UsageError(f"recall is {self.recall:g}; wanted a share above 0, and 1 at most.")

    @property
    def limit(self) -> int:
        return available() if self.memory is None else self.memory


def choose(n: int, dim: int, wish: Wish | None = None) -> str:
    """The index for n vectors of `dim` dimensions, as `plugins.spelled` reads it.

    Exact search as long as it is quick; inverted lists for more vectors, where they are built once and kept; codes
    where whole vectors do not fit into memory. Raises UsageError when nothing fits.
    """
    wish = wish or Wish()
    if find_spec("faiss") is None:
        return "exact"
    quick = not wish.kept or n * dim <= QUICK
    names = BY_SPEED[:1] if wish.recall == 1 else BY_SPEED if quick else BY_SPEED[1:]
    for name in names:
        if plugins.get(Index, name).needs(n, dim) <= wish.limit:
            return name if name == "flat" else f"{name}:recall={wish.recall:g}"
    raise UsageError(_too_large(names[-1], n, dim, wish.limit) + " Free memory, or take a machine with more.")


def chosen(n: int, dim: int, named: str | None = None, wish: Wish | None = None) -> Index:
    """The index that is `named`, or else the one that is chosen. Raises UsageError when it does not fit into memory."""
    wish = wish or Wish()
    if named is None:
        return plugins.spelled(Index, choose(n, dim, wish))
    name, settings = plugins.parse(Index, named)
    if "recall" in plugins.parameters(plugins.get(Index, name)):
        settings = {"recall": wish.recall} | settings
    index = plugins.make(Index, name, settings)
    if index.needs(n, dim) > wish.limit:
        fits = [one for one in BY_SPEED if plugins.get(Index, one).needs(n, dim) <= wish.limit]
        todo = f"--index {fits[0]} would fit." if fits else "None of the others would fit; free memory."
        raise UsageError(f"{_too_large(name, n, dim, wish.limit)} {todo}")
    return index


def built(
    vectors: NDArray[Any], named: str | None = None, wish: Wish | None = None, queries: Vectors | None = None
) -> Index:
    """The index that `chosen` gives for vectors (n, d), with them in it; for `queries` see Index.build."""
    n, dim = vectors.shape
    index = chosen(n, dim, named, wish)
    index.build(vectors, queries)
    return index


def _too_large(name: str, n: int, dim: int, limit: int) -> str:
    needs = plugins.get(Index, name).needs(n, dim)
    return f"The index '{name}' of {n:,} x {dim} vectors needs {size(needs)}, and there is {size(limit)} of memory."


def available() -> int:
    """Bytes of memory that could be used now without swapping, within the limit of the control group if any."""
    free = _number("/proc/meminfo", r"MemAvailable:\s+(\d+) kB")
    here = os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") if free is None else 1024 * free
    limit, used = _number("/sys/fs/cgroup/memory.max"), _number("/sys/fs/cgroup/memory.current")
    return here if limit is None or used is None else min(here, max(limit - used, 0))


def _number(path: str, pattern: str = r"(\d+)") -> int | None:
    try:
        found = re.search(pattern, Path(path).read_text(encoding="ascii"))
    except OSError:
        return None
    return int(found[1]) if found else None


def bytes_of(text: str) -> int:
    """`2G`, `500M`, `1.5 GB` or a number of bytes -> bytes. Raises UsageError."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([KMGT]?)(?:i?B)?", text.strip(), re.IGNORECASE)
    if not found:
        raise UsageError(f"'{text}' is no amount of memory; wanted a number with K, M, G or T, as 2G.")
    return int(float(found[1]) * UNITS[found[2].upper()])


def size(count: int) -> str:
    """Bytes for a person."""
    scale = next((name for name in "GM" if count >= UNITS[name]), "K")
    return f"{count / UNITS[scale]:.1f} {scale}B"
