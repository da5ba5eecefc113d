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

# Commands start in copies of a process that has imported what takes seconds, and nothing else.
_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(["torch", "faiss", "gensim.models", "tag2vec.retrieval.suggest", "tag2vec.embed.video"])


@dataclass(frozen=True)
class Ended:
    code: int
    said: str  # on standard error
    changes: int  # that were made or tried in the folder


def faulty(folder: Path, arguments: Sequence[str], kind: Kind = "none", nth: int = 0) -> Ended:
    """Run `tag2vec ARGUMENTS` in `folder`, and wait for its end."""
    counted, said = (folder.parent / f"{folder.name}.{name}" for name in ("count", "said"))
    counted.write_text("0")
    process = _CONTEXT.Process(target=_run, args=(folder, counted, said, kind, nth, arguments))
    process.start()
    process.join(300)
    assert process.exitcode is not None, f"{arguments} does not end"
    return Ended(process.exitcode, said.read_text(), int(counted.read_text()))


def _run(folder: Path, counted: Path, said: Path, kind: Kind, nth: int, arguments: Sequence[str]) -> None:
    for number, path in ((1, os.devnull), (2, said)):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
    os.chdir(folder)
    os.environ["TAG2VEC_CACHE"] = f"{folder}/cache"
    sys.argv = ["tag2vec", *arguments]
    sys.stdout, sys.stderr = os.fdopen(1, "w"), os.fdopen(2, "w", buffering=1)
    if kind == "large":
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # as Python does at its start: an error, not a signal
        resource.setrlimit(resource.RLIMIT_FSIZE, (nth, nth))
    else:
        sys.addaudithook(_Hook(str(folder), kind, nth, os.open(counted, os.O_WRONLY)))
    from tag2vec.cli import main

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
