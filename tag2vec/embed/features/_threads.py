"""Work on one clip in several threads: OpenCV and numpy let go of the interpreter while they compute."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import cv2

MOST = 4  # more wait for the interpreter
T = TypeVar("T")


def usable() -> int:
    """As many as cv2 may use, which is one in a process that works on clips beside others."""
    return max(1, min(cv2.getNumThreads(), MOST))


def side_by_side(call: Callable[..., T], *columns: Iterable[Any]) -> list[T]:
    """`map` in threads. What the columns yield is made in this one meanwhile."""
    if usable() == 1:
        return list(map(call, *columns))
    with ThreadPoolExecutor(usable()) as pool:
        return list(pool.map(call, *columns))
