"""tag2vec on a disk that fails, in a process of its own.

`faulty` runs a command line in a folder; the `nth` thing it changes there (files opened for writing, moves, removals,
new folders: what Python tells of before it does them, PEP 578) meets the fault:

- `full`: from then on nothing can be written or made, but moved and removed;
- `readonly`: nothing can be changed any more;
- `kill`: the process is killed there;
- `large`: no file may grow beyond `nth` bytes. The kernel sees to it, so libraries that write themselves meet it too.
"""

from __future__ import annotations

import errno
import multiprocessing
import os
import resource
import shutil
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Literal

import numpy as np

from tag2vec.demo.posts import posts, write_posts
from tests.clips import moving, write_clip

Kind = Literal["none", "full", "readonly", "kill", "large"]

GIVEN = "--features given:given.npz"
CHANGES = ("os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.truncate", "os.link", "os.symlink")
ADDS = ("open", "os.mkdir", "os.link", "os.symlink")
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND

# Commands start in copies of a process that has imported what takes seconds, and nothing else.
_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(["torch", "faiss", "gensim.models", "tag2vec.retrieval.suggest", "tag2vec.embed.video"])


SET_UP = f"""
build-corpus posts.jsonl -o corpus
build-corpus posts.jsonl -o grown
fit-embedding corpus -o model --dim 8 --epochs 2 --refine 1
fit-embedding grown -o younger --dim 8 --epochs 2 --refine 1
build-corpus more.jsonl --update grown
fit-video model clips.csv {GIVEN} --epochs 2
"""


@dataclass(frozen=True)
class Ended:
    code: int
    said: str  # on standard error
    changes: int  # that were made or tried in the folder


def faulty(folder: Path, arguments: Sequence[str], kind: Kind = "none", nth: int = 0) -> Ended:
    """Run `tag2vec ARGUMENTS` in `folder`, and wait for its end. Raises TimeoutError after five minutes."""
    counted = folder.parent / f"{folder.name}.count"
    counted.write_text("0")
    here, there = _CONTEXT.Pipe(duplex=False)  # a file could not hold all that is said where files may not grow
    process = _CONTEXT.Process(target=_run, args=(folder, counted, there, kind, nth, arguments))
    process.start()
    there.close()
    process.join(300)
    if process.exitcode is None:
        process.kill()
        process.join()
        raise TimeoutError(f"{arguments} does not end")
    said = os.read(here.fileno(), 2**20) if here.poll() else b""
    return Ended(process.exitcode, said.decode(errors="replace"), int(counted.read_text()))


def set_up(folder: Path) -> Path:
    """Write to `folder` what commands find: posts, corpora, small models, six clips and given features of them."""
    folder.mkdir()
    write_posts(folder / "posts.jsonl", posts(1, 20))
    (folder / "more.jsonl").write_text('{"id": "new", "tags": ["yoyo", "walkthedog", "yoyo tricks"]}\n')
    (folder / "words.vec").write_text("2 3\nyoyo 0.1 0.2 0.3\nbasketball 0.3 0.2 0.1\n")
    rows = [["path", "tags", "group"]]
    for number in range(6):
        clip = write_clip(folder / f"{number}.mp4", moving(12 + number, 64, 80))
        rows.append([clip.name, ("yoyo", "basketball")[number % 2], str(number)])
    (folder / "clips.csv").write_text("".join(",".join(row) + "\n" for row in rows))
    np.savez(folder / "given.npz", **{f"{i}": np.eye(6, dtype=np.float32)[i] for i in range(6)})
    for line in SET_UP.strip().splitlines():
        ended = faulty(folder, line.split())
        assert ended.code == 0, f"{line}: {ended.said}"
    return folder


def copied(start: Path, to: Path) -> Path:
    """`to`, made anew as a copy of `start`."""
    shutil.rmtree(to, ignore_errors=True)
    return Path(shutil.copytree(start, to))


def _run(folder: Path, counted: Path, said: Connection, kind: Kind, nth: int, arguments: Sequence[str]) -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    os.dup2(said.fileno(), 2)
    os.chdir(folder)
    os.environ["TAG2VEC_CACHE"] = f"{folder}/cache"
    sys.argv = ["tag2vec", *arguments]
    sys.stdout, sys.stderr = os.fdopen(1, "w"), os.fdopen(2, "w", buffering=1, errors="backslashreplace")
    most = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    if kind == "large":
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # as Python does at its start: an error, not a signal
        resource.setrlimit(resource.RLIMIT_FSIZE, (nth, most))
    else:
        sys.addaudithook(_Hook(str(folder), kind, nth, os.open(counted, os.O_WRONLY)))
    from tag2vec.cli import main

    try:
        main()
    finally:  # what counts coverage writes its file at the very end
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))


class _Hook:
    def __init__(self, folder: str, kind: Kind, nth: int, count: int) -> None:
        self.folder, self.kind, self.nth, self.count = folder, kind, nth, count
        self.pid, self.changes = os.getpid(), 0

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        if os.getpid() != self.pid or not self._changes(event, arguments):
            return
        self.changes += 1
        os.pwrite(self.count, str(self.changes).encode(), 0)
        if self.kind == "none" or self.changes < self.nth:
            return
        if self.kind == "kill":
            os.kill(self.pid, signal.SIGKILL)
        if self.kind == "full" and event in ADDS:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(arguments[0]))
        if self.kind == "readonly":
            raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(arguments[0]))

    def _changes(self, event: str, arguments: tuple[Any, ...]) -> bool:
        if event == "open":
            _, mode, flags = arguments
            if not (flags & WRITES if isinstance(flags, int) else set(mode or "r") & set("wax+")):
                return False
        elif event not in CHANGES:
            return False
        path = arguments[0]
        if isinstance(path, bytes):
            path = os.fsdecode(path)
        return isinstance(path, str | os.PathLike) and Path(path).absolute().is_relative_to(self.folder)
