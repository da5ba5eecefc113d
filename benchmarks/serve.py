"""What a server answers under load: `python -m benchmarks.serve [--tags N] [--requests N] [--clip CLIP]`.

Model and clip are those of `benchmarks.suggest`, but for a clip of the demo as it is where none is given. The server
(`tag2vec serve`, a worker a core) and the clients, threads of this process, share the machine. A client sends a clip,
waits for the answer, and sends the next; sent away with 429 it comes again when the answer says. `library` is one call
after the other, and `suggest_many` in as many processes as the server has. Memory is the proportional share (PSS) of
all processes of the server. At the end a worker is killed each second, while clients go on.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import requests

from benchmarks.common import header, keep, table
from benchmarks.suggest import PER_ACTIVITY, fit_model
from tag2vec import Suggester
from tag2vec.demo import write_demo
from tag2vec.workers import usable_cores

CLIENTS = 1, 8, 64
KILLING_S = 20


class Served:
    def __init__(self, address: str, process: psutil.Process, clip: bytes) -> None:
        self.address, self.process, self.clip = address, process, clip
        self.sent_away = 0

    def ask(self) -> tuple[int, float]:
        """Status of the answer, seconds until it came; 429 is waited for."""
        start = time.perf_counter()
        while True:
            reply = requests.post(f"{self.address}v1/suggest", files={"clip": ("a.mp4", self.clip)}, timeout=300)
            if reply.status_code != 429:
                return reply.status_code, time.perf_counter() - start
            self.sent_away += 1
            time.sleep(float(reply.headers["Retry-After"]))

    def load(self, clients: int, count: int) -> list[tuple[int, float]]:
        with ThreadPoolExecutor(clients) as pool:
            return list(pool.map(lambda _: self.ask(), range(count)))

    def memory_mb(self) -> float:
        every = [self.process, *self.process.children(recursive=True)]
        return sum(one.memory_full_info().pss for one in every) / 2**20

    def workers(self) -> list[psutil.Process]:
        (template,) = self.process.children()
        return template.children()


def main() -> None:
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("--clip", type=Path, help="a clip of your own")
    ask.add_argument("--tags", type=int, default=100_000)
    ask.add_argument("--requests", type=int, default=2000, help="for the memory")
    ask.add_argument("--each", type=int, default=200, help="for each number of clients")
    given = ask.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        home = write_demo(folder / "demo", clips_per_category=PER_ACTIVITY, held_out_per_category=1)
        clip = given.clip or home / "clips" / "yoyo" / f"{PER_ACTIVITY:02d}.mp4"
        fit_model(home, folder / "model", given.tags)
        rows = _library(folder / "model", clip, given.each)
        with _serving(folder / "model", clip.read_bytes()) as served:
            rows += [_row(served, clients, given.each) for clients in CLIENTS]
            lines = table(["", "suggestions/s", "p50 s", "p99 s", "sent away"], rows)
            lines += ["", *_memory(served, given.requests)]
            lines += ["", *_killed(served)]
    keep("serve", ["# A server under load", "", *header([given.clip] if given.clip else []), "", *lines])


def _library(model: Path, clip: Path, count: int) -> list[list[Any]]:
    suggester = Suggester.load(model)
    suggester.suggest(clip)
    times = []
    for _ in range(count):
        start = time.perf_counter()
        suggester.suggest(clip)
        times.append(time.perf_counter() - start)
    start = time.perf_counter()
    for _ in suggester.suggest_many([clip] * count, workers=usable_cores()):
        pass
    many = count / (time.perf_counter() - start)
    one = [f"{count / sum(times):.2f}", *np.percentile(times, [50, 99]).tolist(), ""]
    return [["library, one call after the other", *one], ["library, suggest_many", f"{many:.2f}", "", "", ""]]


@contextmanager
def _serving(model: Path, clip: bytes) -> Iterator[Served]:
    command = [sys.executable, "-m", "tag2vec", "serve", str(model), "--port", "0", "--queue", "16"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        found = re.search(r"http://\S+", process.stderr.readline())
        assert found, process.stderr.read()
        try:
            yield Served(found[0], psutil.Process(process.pid), clip)
        finally:
            process.terminate()


def _row(served: Served, clients: int, count: int) -> list[Any]:
    served.load(clients, 2 * clients)
    before, start = served.sent_away, time.perf_counter()
    found = served.load(clients, count)
    seconds = time.perf_counter() - start
    assert all(status == 200 for status, _ in found), Counter(status for status, _ in found)
    times = np.percentile([one for _, one in found], [50, 99]).tolist()
    return [f"served, {clients} clients", f"{count / seconds:.2f}", *times, served.sent_away - before]


def _memory(served: Served, count: int) -> list[str]:
    points = [served.memory_mb()]
    for _ in range(4):
        assert all(status == 200 for status, _ in served.load(4, count // 4))
        points.append(served.memory_mb())
    shown = ", ".join(f"{point:.0f}" for point in points)
    return [f"Memory of the server at the start and after each quarter of {count:,} more suggestions: {shown} MB."]


def _killed(served: Served) -> list[str]:
    end, statuses, slowest = threading.Event(), Counter[int](), 0.0

    def go_on(_: int) -> list[tuple[int, float]]:
        found = []
        while not end.is_set():
            found.append(served.ask())
        return found

    with ThreadPoolExecutor(8) as pool:
        asking = pool.map(go_on, range(8))
        for i in range(KILLING_S):
            workers = served.workers()
            workers[i % len(workers)].kill()
            time.sleep(1)
        end.set()
        for status, seconds in (answer for some in asking for answer in some):
            statuses[status] += 1
            slowest = max(slowest, seconds)
    after = served.ask()[0]
    counts = ", ".join(f"{count} x {status}" for status, count in sorted(statuses.items()))
    told = f"Killed each second for {KILLING_S} s, 8 clients: {counts}; the slowest {slowest:.1f} s; then {after}."
    return [told]


if __name__ == "__main__":
    main()
