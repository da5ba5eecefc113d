"""Where the blocks of a corpus are digested: on this machine, or on a Dask cluster with the same result."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Any, TypeVar

from tag2vec.errors import MissingExtra, SourceError, Tag2VecError, UsageError
from tag2vec.workers import in_order, usable_cores

T = TypeVar("T")
R = TypeVar("R")
Map = Callable[[Callable[[T], R], Iterable[T]], Iterator[R]]
FEW = 2
PATIENCE_S = 10.0  # seconds that a scheduler has to answer
WAITING = 4  # blocks under way for each worker: enough to keep it busy, few enough to hold in memory


@contextmanager
def mapping(dask: str | None) -> Iterator[Map[Any, Any]]:
    """A `map` in order: over the cores of this machine, or over the workers of the Dask cluster `dask`.

    `dask` is the address of a scheduler (`tcp://host:8786`) or `local:N` for N processes on this machine. Raises
    MissingExtra without Dask, SourceError when the cluster does not answer.
    """
    if not dask:
        yield _over_cores
        return
    try:
        from distributed import Client, LocalCluster
    except ImportError as error:
        raise MissingExtra("--dask", "dask[distributed]", "scale") from error
    workers = _local_workers(dask)
    if workers:
        with (
            LocalCluster(n_workers=workers, threads_per_worker=1, dashboard_address=None) as cluster,  # type: ignore[no-untyped-call]
            Client(cluster) as client,  # type: ignore[no-untyped-call]
        ):
            yield _over(client)
        return
    try:
        client = Client(dask, timeout=PATIENCE_S, set_as_default=False)  # type: ignore[no-untyped-call]
    except (OSError, ValueError) as error:
        raise SourceError(
            f"No Dask scheduler answers at {dask} ({error}). Start one with `dask scheduler`, or use --dask local:N."
        ) from error
    with client:
        yield _over(client)


def _over_cores(function: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
    """The first few items are done here: for less it is not worth to start processes."""
    left = iter(items)
    yield from map(function, islice(left, FEW))
    for _, result in in_order(function, left, usable_cores() if usable_cores() > 1 else 0):
        if isinstance(result, Tag2VecError):
            raise result
        yield result


def _local_workers(dask: str) -> int:
    head, _, count = dask.partition(":")
    if head != "local":
        return 0
    if not count.isdecimal() or int(count) < 1:
        raise UsageError(f"--dask is '{dask}'; wanted local:N with N processes, such as local:4.")
    return int(count)


def _over(client: Any) -> Map[Any, Any]:
    def mapped(function: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
        ahead: deque[Any] = deque()
        for item in items:
            ahead.append(client.submit(function, item, pure=False))
            if len(ahead) >= WAITING * max(1, len(client.scheduler_info(n_workers=-1)["workers"])):
                yield ahead.popleft().result()
        while ahead:
            yield ahead.popleft().result()

    return mapped
