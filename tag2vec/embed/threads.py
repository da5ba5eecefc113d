"""Numbers that do not depend on the machine, and small matrices that are not slowed down by many threads."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def one_thread() -> Iterator[None]:
    """Inside, torch and the linear algebra below numpy run on one thread.

    Sums then have one order, so the same seed gives the same bytes. It is also faster for the matrices here: threads
    that wait for each other on a busy machine cost up to 100 times the work itself.
    """
    import torch
    from threadpoolctl import threadpool_limits

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with threadpool_limits(1):
            yield
    finally:
        torch.set_num_threads(before)
