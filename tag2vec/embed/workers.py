"""One function over many clips in several processes: results in order, little in flight, deaths reported.

The standard pools cannot say which item a dead worker had; here a worker holds one item at a time.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator
from multiprocessing.connection import Connection, wait
from pathlib import Path
from pickle import PicklingError
from typing import Any, Generic, TypeVar

from tag2vec.errors import Tag2VecError, UsageError, VideoError

T = TypeVar("T")

AHEAD = 4  # clips a worker that may be started before the oldest result is taken


def usable_cores() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def in_order(call: Callable[[Path], T], paths: Iterable[Path], workers: int) -> Iterator[tuple[int, T | Tag2VecError]]:
    """(number, call(path)) for each path, in order; a Tag2VecError that it raised takes the result's place.

    `workers` processes, none for 0. A worker that dies costs its clip only. `paths` is read as results are
    taken.
    """
    if workers == 0:
        for number, path in enumerate(paths):
            try:
                yield number, call(path)
            except Tag2VecError as error:
                yield number, error
        return
    jobs = enumerate(paths)
    crew: list[_Worker[T]] = [_Worker(call) for _ in range(workers)]
    done: dict[int, T | Tag2VecError] = {}
    given = taken = 0
    more = True
    try:
        while True:
            for worker in crew:
                if more and worker.job is None and given - taken < AHEAD * workers:
                    if (job := next(jobs, None)) is None:
                        more = False
                    else:
                        worker.give(*job)
                        given += 1
            if taken in done:
                yield taken, done.pop(taken)
                taken += 1
                continue
            if taken == given:
                return
            busy = [(w, w.pipe) for w in crew if w.pipe is not None and w.job is not None]
            ready = wait([pipe for _, pipe in busy])
            for worker in [w for w, pipe in busy if pipe in ready]:
                if (answer := worker.answer()) is not None:
                    done[answer[0]] = answer[1]
    finally:
        for worker in crew:
            worker.stop()


class _Worker(Generic[T]):
    """One process and the clip it has. The process starts with its first clip, and anew after it died."""

    def __init__(self, call: Callable[[Path], T]) -> None:
        self.call = call
        self.job: tuple[int, Path] | None = None
        self.pipe: Connection | None = None
        self.process: Any = None
        self.started = False

    def give(self, number: int, path: Path) -> None:
        self.job = (number, path)
        try:
            if self.process is None:
                self._start()
            assert self.pipe is not None
            self.pipe.send(path)
        except (BrokenPipeError, ConnectionResetError):
            pass  # it is dead, which `answer` will find

    def answer(self) -> tuple[int, T | Tag2VecError] | None:
        """The number of the job and its result; None when the worker only said that it is ready."""
        assert self.pipe is not None and self.job is not None
        number, path = self.job
        try:
            kind, value = self.pipe.recv()
        except (EOFError, ConnectionResetError):
            return number, self._died(path)
        if kind == "ready":
            self.started = True
            return None
        self.job = None
        if kind == "bug":
            raise RuntimeError(f"A worker failed on {path}:\n{value}")
        if kind == "error":
            cls, message = value
            return number, cls.__new__(cls, message)
        return number, value

    def stop(self) -> None:
        if self.process is not None:
            assert self.pipe is not None
            self.pipe.close()
            self.process.kill()
            self.process.join()
            self.process.close()
        self.process = self.pipe = None
        self.started = False

    def _start(self) -> None:
        context = multiprocessing.get_context("spawn")  # a fork would copy the locks of torch's and cv2's threads
        self.pipe, theirs = context.Pipe()
        self.process = context.Process(target=_work, args=(theirs,), daemon=True)
        self.process.start()
        theirs.close()
        try:
            self.pipe.send(self.call)
        except (PicklingError, AttributeError, TypeError) as error:
            raise UsageError(
                f"These features cannot be handed to another process: {error}. Define their class at the top "
                "of a module, or use workers=0."
            ) from error

    def _died(self, path: Path) -> VideoError:
        self.process.join()
        code, started = self.process.exitcode, self.started
        self.stop()
        if not started:
            raise UsageError(
                f"Worker processes cannot start (exit code {code}). In a script, put the calls under "
                "`if __name__ == '__main__':`, because each worker imports the script; or use workers=0."
            )
        self.job = None
        reason = "was killed, perhaps for lack of memory" if code in {-9, -15} else "crashed"
        return VideoError(
            f"{path}: the process that worked on it {reason} (exit code {code}). "
            "Try it alone, with fewer workers, or leave it out."
        )


def _work(pipe: Connection) -> None:
    """The life of a worker: receive the function, then paths; answer each."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which then stops its workers
    _one_thread()
    call = pipe.recv()
    _one_thread()
    pipe.send(("ready", None))
    while True:
        try:
            path = pipe.recv()
        except EOFError:
            return
        try:
            answer: tuple[str, Any] = ("result", call(path))
        except Tag2VecError as error:
            answer = ("error", (type(error), str(error)))
        except Exception:
            answer = ("bug", traceback.format_exc())
        pipe.send(answer)


def _one_thread() -> None:
    """Each worker has a core; libraries that start a thread a core would only get into each other's way."""
    os.environ |= {"OMP_NUM_THREADS": "1", "OPENCV_FOR_THREADS_NUM": "1"}
    if "cv2" in sys.modules:
        sys.modules["cv2"].setNumThreads(1)
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(1)
