"""What grows with what: `python -m benchmarks.scale [PART ...]`, of posts, clips, learning and ranks, or all.

Commands of tag2vec on ever more generated data, one thread each: seconds from start to end, and the most memory of the
process and all its children together. *growth* is the power of the amount that seconds grew with since the row before:
1 is linear; the start of a process, two or three seconds, makes it less on little data. What a number is generated from
does not matter here: posts are those of the demo again and again, clips those of the demo, features are drawn.

`benchmarks.corpus` goes to ten million posts, `benchmarks.retrieval` to seven million tags and `benchmarks.serve` to 64
clients.
"""

from __future__ import annotations

import argparse
import csv
import math
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from numpy.typing import NDArray

from benchmarks.common import header, keep, resident, seconds, table
from benchmarks.corpus import write
from tag2vec import Suggester, TagSpace, VideoEmbedder
from tag2vec.demo.posts import posts
from tag2vec.demo.write import write_demo
from tag2vec.embed.threads import one_thread

Rows = list[list[object]]
POSTS = (25_000, 50_000, 100_000)
CLIPS = (58, 116, 232)
LEARNT, WIDE = (2_000, 8_000, 32_000), 256
PASSES = ("--epochs", 10)  # so that each size has as many
FRAMES, EPOCHS, BATCH = 2_000, (2, 6), 512  # a batch that is worth being shared
KINDS = 33
ASKED = 50
TAG2VEC = [sys.executable, "-m", "tag2vec"]
COLUMNS = ["", "amount", "seconds", "a second", "growth", "MB"]


def main() -> None:
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("part", nargs="*", choices=[[], *PARTS], help="all when none is named")
    parts = ask.parse_args().part or list(PARTS)
    with tempfile.TemporaryDirectory() as scratch:
        os.environ |= {"TAG2VEC_CACHE": f"{scratch}/cache", "OMP_NUM_THREADS": "1"}
        for part in parts:
            folder = Path(scratch) / part
            folder.mkdir()
            keep(f"scale-{part}", [f"# Growth: {part}", "", *header([]), "", *table(COLUMNS, PARTS[part](folder))])


def of_posts(folder: Path) -> Rows:
    real = list(posts(1, 150))
    corpora, spaces = Growth("build-corpus, posts"), Growth("fit-embedding, posts")
    for size in POSTS:
        write(folder / "posts.jsonl", real, size)
        corpora.add(size, "build-corpus", folder / "posts.jsonl", "-o", folder / "corpus")
        spaces.add(size, "fit-embedding", folder / "corpus", "-o", folder / "model", "--epochs", 5, "--refine", 2)
        _remove(folder)
    return corpora.rows + spaces.rows


def of_clips(folder: Path) -> Rows:
    write_demo(folder, clips_per_category=CLIPS[-1] // 29, held_out_per_category=0, posts_per_category=1)
    grown = Growth("extract, one process, clips")
    for size in CLIPS:
        grown.add(size, "extract", _head(folder, size), "-o", folder / "features", "--workers", 1)
        _remove(folder)
    spread = [Growth(f"extract {option} {value}, clips") for option, value in WORKERS]
    for one, (option, value) in zip(spread, WORKERS, strict=True):
        one.add(CLIPS[-1], "extract", _head(folder, CLIPS[-1]), "-o", folder / "features", option, value)
        _remove(folder)
    return grown.rows + [row for one in spread for row in one.rows]


def of_learning(folder: Path) -> Rows:
    fitted, asked = Growth("fit-video, clips"), Growth("an answer, training clips")
    model = folder / "model"
    for size in LEARNT:
        _given(folder, np.random.default_rng(0).normal(size=(size, WIDE)))
        fitted.add(size, "fit-video", model, folder / "clips.csv", "--features", f"given:{folder}/given.npz", *PASSES)
        before = resident(psutil.Process())
        space = TagSpace.load(model)
        suggester = Suggester(space, VideoEmbedder.load(model, space))
        rows = np.random.default_rng(1).normal(size=(ASKED, WIDE)).astype(np.float32)
        with one_thread():
            each = seconds(partial(_ask, suggester, rows)) / ASKED
        asked.put(size, each, resident(psutil.Process()) - before)
    return fitted.rows + asked.rows


def of_ranks(folder: Path) -> Rows:
    """Seconds of the epochs alone: those of a longer run less those of a shorter one."""
    _given(folder, np.random.default_rng(0).normal(size=(FRAMES, 60, 128)))
    rows: Rows = []
    for ranks in (1, 2):
        start = [sys.executable, "-m", "torch.distributed.run", f"--nproc-per-node={ranks}", "-m", "tag2vec"]
        start += ["fit-video", f"{folder}/model", f"{folder}/clips.csv", f"--features=given:{folder}/given.npz"]
        start += ["--pooling=gru:units=128", "--recipe=sigmoid", "--patience=99", "--shards=2", f"--batch={BATCH}"]
        short, long = (costs([*start, f"--epochs={epochs}"]) for epochs in EPOCHS)
        amount = FRAMES * (EPOCHS[1] - EPOCHS[0])
        grown = Growth(f"fit-video, gru, {ranks} processes, clips of all epochs")
        grown.put(amount, long[0] - short[0], long[1])
        rows += grown.rows
    return rows


PARTS: dict[str, Callable[[Path], Rows]]
PARTS = {"posts": of_posts, "clips": of_clips, "learning": of_learning, "ranks": of_ranks}
WORKERS = [("--workers", "2"), ("--dask", "local:1"), ("--dask", "local:2")]


class Growth:
    """Rows of one step with more and more to do."""

    def __init__(self, what: str) -> None:
        self.what = what
        self.rows: Rows = []
        self._last: tuple[int, float] | None = None

    def add(self, amount: int, *arguments: object) -> None:
        self.put(amount, *costs([*TAG2VEC, *map(str, arguments)]))

    def put(self, amount: int, took: float, megabytes: float) -> None:
        grown = ""
        if self._last:
            grown = f"{math.log(took / self._last[1]) / math.log(amount / self._last[0]):.2f}"
        self._last = amount, took
        self.rows.append([self.what, f"{amount:,}", took, f"{amount / took:,.1f}", grown, f"{megabytes:,.0f}"])
        print(self.rows[-1], flush=True)


def _ask(suggester: Suggester, rows: NDArray[np.float32]) -> None:
    for one in rows:
        suggester.suggest_features([one])


def costs(command: list[str]) -> tuple[float, float]:
    """Seconds of a command, and the most megabytes that it and its children had together."""
    start, most = time.perf_counter(), 0.0
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        while process.poll() is None:
            most = max(most, resident(psutil.Process(process.pid)))
            time.sleep(0.05)
        said = process.stderr.read() if process.stderr else ""
    took = time.perf_counter() - start
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{said}")
    return took, most


def _head(folder: Path, size: int) -> Path:
    """The first `size` of the clips list."""
    lines = (folder / "clips.csv").read_text().splitlines(keepends=True)
    path = folder / f"{size}.csv"
    path.write_text("".join(lines[: size + 1]))
    return path


def _given(folder: Path, features: NDArray[Any]) -> None:
    """A model without clips, and clips of KINDS with three tags each, whose `features` are moved by their kind."""
    if not (folder / "model").is_dir():
        write(folder / "posts.jsonl", list(posts(1, 40)), 1_160)
        costs([*TAG2VEC, "build-corpus", f"{folder}/posts.jsonl", "-o", f"{folder}/corpus"])
        costs([*TAG2VEC, "fit-embedding", f"{folder}/corpus", "-o", f"{folder}/model"])
    forms = TagSpace.load(folder / "model").forms
    draw = np.random.default_rng(2)
    kinds, middles = draw.integers(KINDS, size=len(features)), draw.normal(size=(KINDS, features.shape[-1]))
    moved = {
        f"{i}": (one + middles[kind]).astype(np.float32)
        for i, (one, kind) in enumerate(zip(features, kinds, strict=True))
    }
    np.savez(folder / "given.npz", **moved)
    with (folder / "clips.csv").open("w", newline="") as file:
        out = csv.writer(file)
        out.writerow(["path", "tags", "group"])
        out.writerows([f"{i}.mp4", " ".join(forms[3 * kind : 3 * kind + 3]), i] for i, kind in enumerate(kinds))


def _remove(folder: Path) -> None:
    """What the next run is to make anew."""
    for name in ("corpus", "model", "features"):
        shutil.rmtree(folder / name, ignore_errors=True)
    shutil.rmtree(os.environ["TAG2VEC_CACHE"], ignore_errors=True)


if __name__ == "__main__":
    main()
