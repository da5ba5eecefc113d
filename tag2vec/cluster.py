"""Work on a Dask cluster: things go out in order, little is in flight, and results come back in order."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, TypeVar

from tag2vec.errors import SourceError, Tag2VecError, UsageError, importing
from tag2vec.workers import PROCESSES, in_order

T = TypeVar("T")
X = TypeVar("X")
Run = Callable[[Callable[[Any], Any], Iterable[Any]], Iterator[tuple[int, Any]]]

PATIENCE_S = 10.0  # seconds that a scheduler has to answer
WAITING = 4  # things under way for each worker: enough to keep it busy, few enough to hold in memory


@contextmanager
def connected(dask: str) -> Iterator[Any]:
    """A client of the cluster `dask`: the address of a scheduler (`tcp://host:8786`), or `local:N`, N processes here.

    Raises MissingExtra without Dask, SourceError when the cluster does not answer.
    """
    with importing("--dask", "dask[distributed]", "scale"):
        from distributed import Client, LocalCluster
    workers = _local_workers(dask)
    if workers:
        with (
            LocalCluster(n_workers=workers, threads_per_worker=1, dashboard_address=None) as cluster,  # type: ignore[no-untyped-call]
            Client(cluster) as client,  # type: ignore[no-untyped-call]
        ):
            yield client
        return
    try:
        client = Client(dask, timeout=PATIENCE_S, set_as_default=False)  # type: ignore[no-untyped-call]
    except (OSError, ValueError) as error:
        raise SourceError(
            f"No Dask scheduler answers at {dask} ({error}). Start one with `dask scheduler`, or use --dask local:N."
        ) from error
    with client:
        yield client


@contextmanager
def running(
    dask: str | None, workers: int | None = None, death: type[Tag2VecError] = Tag2VecError, gpu: bool = False
) -> Iterator[Run]:
    """What does one thing to many: `workers.in_order`, or with `dask` `in_order_on` that cluster.

    Raises as `connected` does.
    """
    if not dask:
        yield partial(in_order, workers=workers, death=death)
        return
    with connected(dask) as client:
        yield partial(in_order_on, client, death=death, gpu=gpu)


def _futures(client: Any, call: Callable[[X], T], things: Iterable[X], **options: Any) -> Iterator[tuple[X, Any]]:
    """(thing, future of call(thing)) for each thing, in order, the oldest when enough are under way."""
    ahead: deque[tuple[X, Any]] = deque()
    for thing in things:
        ahead.append((thing, client.submit(call, thing, pure=False, **options)))
        if len(ahead) >= WAITING * max(1, len(_workers(client))):
            yield ahead.popleft()
    yield from ahead


def in_order_on(
    client: Any,
    call: Callable[[X], T],
    things: Iterable[X],
    death: type[Tag2VecError] = Tag2VecError,
    gpu: bool = False,
) -> Iterator[tuple[int, T | Tag2VecError]]:
    """As `workers.in_order`, on a cluster. What a lost worker had is done by another; a thing that ends several is
    a `death`. With `gpu`, workers that declare a resource GPU do one thing for each GPU at a time."""
    from distributed import KilledWorker

    has_gpu = gpu and any("GPU" in worker["resources"] for worker in _workers(client).values())
    options = {"resources": {"GPU": 1}} if has_gpu else {}
    for number, (thing, future) in enumerate(_futures(client, call, things, **options)):
        try:
            try:
                result = future.result()
            except KilledWorker:  # it may have waited beside the one that did it
                result = client.submit(call, thing, pure=False, **options).result()
            yield number, result
        except Tag2VecError as error:
            yield number, error
        except KilledWorker:
            reason = "the workers of the cluster that worked on it ended abruptly: they crashed, or ran out of memory"
            yield number, death(f"{thing}: {reason}. Try it alone, or leave it out.")


def _workers(client: Any) -> dict[str, Any]:
    found: dict[str, Any] = client.scheduler_info(n_workers=-1)["workers"]
    return found


def _local_workers(dask: str) -> int:
    head, _, count = dask.partition(":")
    if head != "local":
        return 0
    if not re.fullmatch(r"[0-9]{1,4}", count) or not 1 <= int(count) <= PROCESSES:
        raise UsageError(f"--dask is '{dask}'; wanted local:N with N processes, such as local:4, {PROCESSES} at most.")
    return int(count)
