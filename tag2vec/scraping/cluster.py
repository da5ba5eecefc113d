"""Where the blocks of a corpus are digested: on this machine, or on a Dask cluster with the same result."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Any, TypeVar

from tag2vec.cluster import connected, futures
from tag2vec.errors import Tag2VecError
from tag2vec.workers import in_order, usable_cores

T = TypeVar("T")
R = TypeVar("R")
Map = Callable[[Callable[[T], R], Iterable[T]], Iterator[R]]
FEW = 2


@contextmanager
def mapping(dask: str | None) -> Iterator[Map[Any, Any]]:
    """A `map` in order: over the cores of this machine, or over the workers of the Dask cluster `dask`.

    Raises as `connected` does.
    """
    if not dask:
        yield _over_cores
        return
    with connected(dask) as client:
        yield lambda function, items: (future.result() for _, future in futures(client, function, items))


def _over_cores(function: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
    """The first few items are done here: for less it is not worth to start processes."""
    left = iter(items)
    yield from map(function, islice(left, FEW))
    for _, result in in_order(function, left, usable_cores() if usable_cores() > 1 else 0):
        if isinstance(result, Tag2VecError):
            raise result
        yield result
