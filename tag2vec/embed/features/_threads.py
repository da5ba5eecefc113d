"""Work on one clip in several threads: OpenCV and numpy let go of the interpreter while they compute."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any, TypeVar

import cv2

MOST = 4  # more wait for the interpreter
T = TypeVar("T")


def usable() -> int:
    """As many as cv2 may use, which is one in a process that works on clips beside others."""
    return max(1, min(cv2.getNumThreads(), MOST))


def side_by_side(call: Callable[..., T], *columns: Iterable[Any]) -> list[T]:
    """`map` in threads. What the columns yield is made in this one meanwhile. `call` itself must not call this."""
    if usable() == 1:
        return list(map(call, *columns))
    return list(_pool(os.getpid(), usable()).map(call, *columns))


@cache
def _pool(process: int, threads: int) -> ThreadPoolExecutor:
    """Kept: each thread that ends leaves kilobytes behind in OpenCV. A forked process has none of its parent's."""
    return ThreadPoolExecutor(threads)
