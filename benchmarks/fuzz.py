"""Damaged clips: bytes of real ones flipped, cut, spliced, blanked and repeated, and what reading them comes to.

Every file must give features, features with a warning, or a sentence that says why not, in bounded time; anything else
stops the run with its traceback. The same seed makes the same files.
"""

from __future__ import annotations

import argparse
import re
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.common import header, keep, table
from tag2vec.embed.clips import find_clips
from tag2vec.embed.extract import extract
from tag2vec.embed.features import Features
from tag2vec.embed.limits import FrameLimits
from tag2vec.errors import VideoError
from tag2vec.workers import in_order, usable_cores

LIMITS = FrameLimits(max_side=64, max_seconds=1.0, timeout_s=20.0, memory_mb=1024)
LARGEST = 400_000  # bytes of a clip that is damaged: larger ones have the same parts
HEAD = 4096  # bytes at the beginning, where damage does most: a quarter of the files are damaged there


@dataclass(frozen=True)
class Colours(Features):
    """Mean colours, one row a frame."""

    dim: int = 3

    def __call__(self, frames: NDArray[np.uint8], fps: float) -> NDArray[np.float32]:
        return frames.mean(axis=(1, 2), dtype=np.float32)


@dataclass(frozen=True)
class Outcome:
    what: str  # read, warned or refused
    reason: str  # of a warning or refusal, without names and numbers
    seconds: float


def damaged(contents: Sequence[bytes], number: int, seed: int = 0) -> bytes:
    """File `number` of a run: one of `contents`, damaged in one of five ways."""
    draw = np.random.default_rng([seed, number])
    content = bytearray(contents[int(draw.integers(len(contents)))])
    at = int(draw.integers(min(len(content), HEAD) if draw.random() < 0.25 else len(content)))
    run = int(draw.integers(1, 2 + len(content) // 8))
    match draw.integers(5):
        case 0:
            for one in draw.integers(at, len(content), draw.integers(1, 50)):
                content[one] = draw.integers(256)
        case 1:
            del content[at:]
        case 2:
            other = contents[int(draw.integers(len(contents)))]
            content[at:] = other[int(draw.integers(len(other))) :]
        case 3:
            content[at : at + run] = bytes(len(content[at : at + run]))
        case _:
            content[at:at] = content[at : at + run]
    return bytes(content)


def read(path: Path) -> Outcome:
    """What reading `path` comes to. Raises whatever is no VideoError."""
    start = time.perf_counter()
    try:
        found = extract(path, Colours(), LIMITS)
        what, reason = ("warned", found.warning) if found.warning else ("read", "")
        assert len(found.arrays[0]) >= 1 and np.isfinite(found.arrays[0]).all() and np.isfinite(found.duration_s)
    except VideoError as error:
        what, reason = "refused", str(error).removeprefix(str(path))
    return Outcome(what, _general(reason), time.perf_counter() - start)


def fuzz(sources: Sequence[Path], files: int, workers: int, seed: int = 0) -> list[Outcome]:
    """Make `files` damaged files of `sources` and read each."""
    contents = [path.read_bytes() for path in sources]
    with tempfile.TemporaryDirectory() as folder:
        jobs = _written(contents, files, seed, Path(folder))
        return _outcomes(in_order(_once, jobs, workers))


def _written(contents: Sequence[bytes], files: int, seed: int, folder: Path) -> Iterable[Path]:
    for number in range(files):
        path = folder / f"{number}.mp4"
        path.write_bytes(damaged(contents, number, seed))
        yield path


def _once(path: Path) -> Outcome:
    try:
        return read(path)
    finally:
        path.unlink()


def _outcomes(results: Iterable[tuple[int, object]]) -> list[Outcome]:
    found = []
    for number, result in results:
        if not isinstance(result, Outcome):
            raise RuntimeError(f"file {number}: {result}")
        found.append(result)
    return found


def _general(reason: str) -> str:
    """A reason without what differs from clip to clip."""
    text = re.sub(r"\d+(\.\d+)?", "N", reason.strip()).split("; what could")[0].split(". ")[0].rstrip(".")
    return re.sub(r" \(exit code -?N\)", "", text)


def tables(outcomes: Sequence[Outcome]) -> list[str]:
    whats, reasons = Counter(o.what for o in outcomes), Counter((o.what, o.reason) for o in outcomes if o.reason)
    rows = [[len(outcomes), *(whats[name] for name in ("read", "warned", "refused")), max(o.seconds for o in outcomes)]]
    return [
        *table(["files", "read", "read with a warning", "refused", "longest seconds"], rows),
        "",
        *table(["outcome", "reason", "files"], [[*key, count] for key, count in reasons.most_common()]),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clips", type=Path, nargs="+", required=True, help="files and folders to damage")
    parser.add_argument("--whole", type=Path, nargs="*", default=[], help="folders whose files are read as they are")
    parser.add_argument("--files", type=int, default=2000)
    parser.add_argument("--workers", type=int, default=usable_cores())
    options = parser.parse_args()
    sources = [path for path in map(Path, find_clips(options.clips)) if 0 < path.stat().st_size <= LARGEST]
    start = time.perf_counter()
    outcomes = fuzz(sources, options.files, options.workers)
    lines = [
        "# Damaged clips",
        "",
        *header([]),
        f"{len(sources)} clips of up to {LARGEST:,} bytes; {time.perf_counter() - start:.0f} s, no exception",
        f"limits of a file: {LIMITS.timeout_s:g} s, {LIMITS.memory_mb} MB, {LIMITS.max_seconds:g} s of the clip",
        "",
        *tables(outcomes),
    ]
    for folder in options.whole:
        paths = sorted(path for path in folder.rglob("*") if path.is_file())
        lines += ["", f"## {folder.name}, as they are", ""]
        lines += tables(_outcomes(in_order(read, paths, options.workers)))
    keep("fuzz", lines)


if __name__ == "__main__":
    main()
