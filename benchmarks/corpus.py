"""build-corpus at several sizes: posts/s, peak memory, Dask beside it: `python -m benchmarks.corpus --posts POSTS`.

The posts are generated from real ones: copy after copy with other authors, ids and days. Real vocabularies grow by
Heaps' law, so in each copy as many of the tags that the real posts have once become new tags as the exponent measured
on the real posts says.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import math
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil

from benchmarks.common import header, keep, resident, table

Post = dict[str, Any]  # as JSON


def main() -> None:
    ask = argparse.ArgumentParser(description=__doc__)
    ask.add_argument("--posts", type=Path, required=True, help="real posts, .jsonl or .jsonl.gz")
    ask.add_argument("--sizes", type=int, nargs="+", default=[100_000, 1_000_000, 10_000_000])
    ask.add_argument("--dask", default="local:2", help="cluster of the run beside it")
    ask.add_argument("--dask-up-to", type=int, default=1_000_000, help="largest size that also runs on the cluster")
    ask.add_argument("--name", default="corpus", help="name of the result")
    given = ask.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as scratch:
        for size in given.sizes:
            path = Path(scratch) / "posts.jsonl"
            write(path, real_posts(given.posts), size)
            plain = json_seconds(path)
            runs = ["", given.dask] if size <= given.dask_up_to else [""]
            digests = set()
            for dask in runs:
                found = build(path, Path(scratch) / "corpus", dask)
                digests.add(found["digest"])
                pace = f"{size / found['seconds']:,.0f}"
                ratio, peak = found["seconds"] / plain, f"{found['peak_mb']:,.0f}"
                rows.append([f"{size:,}", dask or "one machine", f"{found['stems']:,}", pace, ratio, peak])
                print(rows[-1], flush=True)
            assert len(digests) == 1, "the cluster gave other bytes"
    columns = ["posts", "where", "stems", "posts/s", "time / json.loads", "peak MB, all processes"]
    keep(given.name, ["# build-corpus", "", *header([given.posts]), "", *table(columns, rows)])


def real_posts(path: Path) -> list[Post]:
    with gzip.open(path, "rt") if path.suffix == ".gz" else path.open() as file:
        return [json.loads(line) for line in file]


def write(path: Path, real: list[Post], size: int) -> None:
    """`size` posts made from `real`, one a line."""
    with path.open("w") as file:
        file.writelines(json.dumps(post, ensure_ascii=False) + "\n" for post in generated(real, size))


def generated(real: list[Post], size: int) -> Iterator[Post]:
    counts = Counter(tag for post in real for tag in post["tags"])
    once = {tag for tag, count in counts.items() if count == 1}
    half = len({tag for post in real[: len(real) // 2] for tag in post["tags"]})
    exponent = math.log2(len(counts) / half)
    chance = random.Random(0).random
    for number in range(size):
        copy, place = divmod(number, len(real))
        post = real[place]
        if copy:
            new = len(counts) * ((copy + 1) ** exponent - copy**exponent) / len(once)
            tags = [f"{tag} {_name(copy)}" if tag in once and chance() < new else tag for tag in post["tags"]]
            post = post | {"id": f"{post.get('id')}-{copy}", "tags": tags}
            if author := post.get("author"):
                post["author"] = f"{author}-{copy % 50}"
        yield post


def _name(number: int) -> str:
    letters = ""
    while number:
        number, rest = divmod(number, 26)
        letters += chr(97 + rest)
    return f"zq{letters}"


def json_seconds(path: Path) -> float:
    start = time.perf_counter()
    with path.open() as file:
        for line in file:
            json.loads(line)
    return time.perf_counter() - start


def build(path: Path, folder: Path, dask: str) -> dict[str, Any]:
    """Seconds, peak memory of the process and digest of the corpus, measured in a process of its own."""
    shutil.rmtree(folder, ignore_errors=True)
    command = [sys.executable, "-m", "benchmarks.corpus", "one", str(path), str(folder), dask]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def run_one(path: str, folder: str, dask: str) -> None:
    """What the process of its own does."""
    from tag2vec import Corpus

    peak = [0.0]
    threading.Thread(target=_watch, args=[peak], daemon=True).start()
    start = time.perf_counter()
    corpus = Corpus.build(path, folder, dask=dask or None)
    seconds = time.perf_counter() - start
    files = {name: facts["sha256"] for name, facts in corpus.folder.files.items()}
    found = {
        "seconds": seconds,
        "stems": corpus.report["stems"],
        "peak_mb": peak[0],
        "digest": hashlib.sha256(json.dumps(files, sort_keys=True).encode()).hexdigest(),
    }
    print(json.dumps(found))


def _watch(peak: list[float]) -> None:
    """Keep in `peak` the most megabytes that this process and all its children had together."""
    while True:
        peak[0] = max(peak[0], resident(psutil.Process()))
        time.sleep(0.1)


if __name__ == "__main__":
    if len(sys.argv) > 1 and sys.argv[1] == "one":
        run_one(*sys.argv[2:])
    else:
        main()
