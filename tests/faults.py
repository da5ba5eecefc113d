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
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

Kind = Literal["none", "full", "readonly", "kill", "large"]

CHANGES = ("os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.truncate", "os.link", "os.symlink")
ADDS = ("open", "os.mkdir", "os.link", "os.symlink")
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(["torch", "faiss", "gensim.models", "tag2vec.cli.suggest", "tag2vec.embed.video"])


@dataclass(frozen=True)
class Ended:
    code: int
    said: str  # on standard error
    changes: int  # that were made or tried in the folder


def faulty(folder: Path, arguments: Sequence[str], kind: Kind = "none", nth: int = 0) -> Ended:
    """Run `tag2vec ARGUMENTS` in `folder`, and wait for its end."""
    beside = folder.parent / f"{folder.name}.said"
    process = _CONTEXT.Process(target=_run, args=(str(folder), list(arguments), kind, nth, str(beside)))
    process.start()
    process.join(300)
    assert process.exitcode is not None, f"{arguments} hangs after {kind} at {nth}"
    counted = beside.with_suffix(".count")
    changes = int(counted.read_text() or 0) if counted.exists() else 0
    return Ended(process.exitcode, beside.read_text(), changes)


def _run(folder: str, arguments: list[str], kind: Kind, nth: int, beside: str) -> None:
    from tag2vec.cli import main

    os.chdir(folder)
    os.dup2(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), 2)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    count = os.open(Path(beside).with_suffix(".count"), os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.environ["TAG2VEC_CACHE"] = f"{folder}/cache"
    sys.argv = ["tag2vec", *arguments]
    if kind == "large":
        resource.setrlimit(resource.RLIMIT_FSIZE, (nth, nth))
    else:
        sys.addaudithook(_Hook(folder, kind, nth, count))
    main()


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
