"""Whether a long run keeps what it should give back: `python -m benchmarks.leaks [--clips N]`.

A loaded Suggester answers clips of the demo one by one, again and again; features are never kept. Memory is the
proportional share (PSS) of this process and its children; descriptors and threads are those of all of them. Each figure
is the least of READINGS: what comes and goes is no leak. The first point after the start is what later ones are held
to, since threads start, and a decoder waits, from the first clips on. Memory is to be read: it ends nothing.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import astuple, dataclass
from itertools import cycle, islice
from pathlib import Path

import psutil

from benchmarks.common import header, keep, table
from tag2vec import Suggester
from tag2vec.demo import write_demo

CATEGORIES = ("basketball", "piano", "yoyo")
PER_CATEGORY = 6
EARLY = 100  # clips after which there is a point, beside those after each quarter
READINGS, APART_S = 5, 0.2


@dataclass(frozen=True)
class Held:
    """By this process and its children."""

    memory_mb: float
    descriptors: int
    threads: int
    children: int


def main() -> None:
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("--clips", type=int, default=1000)
    count = ask.parse_args().clips
    with tempfile.TemporaryDirectory() as scratch:
        home = write_demo(Path(scratch), clips_per_category=PER_CATEGORY, held_out_per_category=1, only=CATEGORIES)
        _fit(home)  # in other processes: theirs is not to be counted
        suggester = Suggester.load(home / "model")
        points = sorted({EARLY, *(count * quarter // 4 for quarter in range(1, 5))} & set(range(1, count + 1)))
        held, start = {0: _held()}, time.perf_counter()
        for done, clip in enumerate(islice(cycle(sorted(home.rglob("*.mp4"))), count), 1):
            suggester.suggest(clip)
            if done in points:
                held[done] = _held()
        spent = time.perf_counter() - start
    rows = [[done, f"{one.memory_mb:.0f}", *astuple(one)[1:]] for done, one in held.items()]
    lines = table(["clips", "memory MB", "descriptors", "threads", "children"], rows)
    keep("leaks", ["# A long run", "", *header([]), "", f"{count:,} clips in {spent:.0f} s.", "", *lines])
    first, last = held[points[0]], held[points[-1]]
    if grown := [name for name in ("descriptors", "threads", "children") if getattr(last, name) > getattr(first, name)]:
        sys.exit(f"From clip {points[0]} to clip {points[-1]} there came to be more {' and '.join(grown)}.")


def _fit(home: Path) -> None:
    for command in ("build-corpus posts.jsonl -o corpus", "fit-embedding corpus -o model --clips clips.csv"):
        own_cache = os.environ | {"TAG2VEC_CACHE": str(home / "cache")}
        subprocess.run([sys.executable, "-m", "tag2vec", *command.split()], cwd=home, env=own_cache, check=True)


def _held() -> Held:
    readings = []
    for _ in range(READINGS):
        time.sleep(APART_S)
        readings.append(astuple(_now()))
    return Held(*map(min, zip(*readings, strict=True)))


def _now() -> Held:
    own = psutil.Process()
    memory, descriptors, threads, children = 0, 0, 0, own.children(recursive=True)
    for one in [own, *children]:
        try:
            memory += one.memory_full_info().pss
            descriptors += one.num_fds()
            threads += one.num_threads()
        except psutil.NoSuchProcess:  # it ended meanwhile
            continue
    return Held(memory / 2**20, descriptors, threads, len(children))


if __name__ == "__main__":
    main()
