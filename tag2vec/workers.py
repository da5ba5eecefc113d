"""One function over many things in several processes: results in order, little in flight, deaths reported.

The processes are loky's. Unlike those of the standard library they do not import the user's script again, so that it
needs no `if __name__ == "__main__":`, and they stay for the next call.
"""

from __future__ import annotations

import os
import signal
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from multiprocessing.util import Finalize
from pathlib import Path
from typing import Any, TypeVar
from weakref import WeakSet, ref

from tag2vec.errors import Tag2VecError

T = TypeVar("T")
X = TypeVar("X")

PROCESSES = 1024  # at most: more is a slip of the hand that would take the machine down
AHEAD = 4  # things a worker that may be started before the oldest result is taken
IDLE_S = 60  # seconds that workers wait for more before they end
# With -P the folder that the user is in is no place to import from. Where tag2vec lies is one for tag2vec alone: the
# child runs the code that its parent runs, whichever other may be installed.
CODE = """import sys
sys.path.insert(0, sys.argv.pop())
import tag2vec
del sys.path[0]
from {module} import main
main()"""
HOME = Path(__file__).parents[1]
_known: WeakSet[Any] = WeakSet()


def usable_cores() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def own_command(module: str, *arguments: str) -> list[str]:
    """What runs `main` of one of our modules in a process of its own."""
    return [sys.executable, "-P", "-c", CODE.format(module=module), *arguments, str(HOME)]


def in_order(
    call: Callable[[X], T], things: Iterable[X], workers: int | None, death: type[Tag2VecError] = Tag2VecError
) -> Iterator[tuple[int, T | Tag2VecError]]:
    """(number, call(thing)) for each thing, in order; a Tag2VecError that it raised takes the result's place.

    `workers` processes, as many as there are cores when None, none for 0. A worker that dies costs its thing only,
    whose result is a `death`. `things` are read as results are taken.
    """
    if workers == 0:
        for number, thing in enumerate(things):
            try:
                yield number, call(thing)
            except Tag2VecError as error:
                yield number, error
        return
    workers = usable_cores() if workers is None else workers
    pending: deque[tuple[int, X, Any]] = deque()
    try:
        for number, thing in enumerate(things):
            pending.append((number, thing, _submit(call, thing, workers)))
            if len(pending) == AHEAD * workers:
                yield _result(call, death, *pending.popleft())
        while pending:
            yield _result(call, death, *pending.popleft())
    finally:
        for _, _, future in pending:
            future.cancel()


def _submit(call: Callable[[X], T], thing: X, workers: int) -> Any:
    from loky import get_reusable_executor
    from loky.process_executor import BrokenProcessPool

    while True:
        try:  # the executor of the last call when it is sound, else a new one
            executor = get_reusable_executor(workers, timeout=IDLE_S, initializer=_prepare)
            if executor not in _known:
                # A process of multiprocessing waits for its children before it tells them to end: they are told first.
                Finalize(executor, _end, (ref(executor),), exitpriority=20)
                _known.add(executor)
            return executor.submit(call, thing)
        except BrokenProcessPool:
            continue  # it broke between the two calls


def _end(executor: ref[Any]) -> None:
    if still := executor():
        still.shutdown()


def _result(
    call: Callable[[X], T], death: type[Tag2VecError], number: int, thing: X, future: Any
) -> tuple[int, T | Tag2VecError]:
    from loky import ProcessPoolExecutor
    from loky.process_executor import BrokenProcessPool

    try:
        try:
            return number, future.result()
        except BrokenProcessPool:  # some thing in flight killed its worker, and all in flight are lost
            with ProcessPoolExecutor(1, initializer=_prepare) as alone:
                return number, alone.submit(call, thing).result()
    except Tag2VecError as error:
        return number, error
    except BrokenProcessPool:
        return number, death(
            f"{thing}: the process that worked on it ended abruptly: it crashed, or the machine ran out of memory. "
            "Try it alone, with fewer workers, or leave it out."
        )


def _prepare() -> None:
    """Ctrl-C is for the parent, which stops its workers."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    one_core()


def one_core() -> None:
    """This process has a core and not the machine, so libraries must not start a thread a core."""
    os.environ |= {"OMP_NUM_THREADS": "1", "OPENCV_FOR_THREADS_NUM": "1"}
    if "cv2" in sys.modules:
        sys.modules["cv2"].setNumThreads(1)
