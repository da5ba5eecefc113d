"""Processes of ours that work side by side, where the program that asks for them is itself a process of another."""

from __future__ import annotations

import multiprocessing
import operator

from tag2vec import workers


def _asks() -> None:
    workers.IDLE_S = 3600  # longer than anybody waits for a process to end
    assert list(workers.in_order(operator.neg, [1, 2, 3], 1)) == [(0, -1), (1, -2), (2, -3)]


def test_a_process_that_used_workers_ends() -> None:
    """Those of multiprocessing wait for their children, and idle workers are some."""
    for method in ("spawn", "fork"):
        asking = multiprocessing.get_context(method).Process(target=_asks)
        asking.start()
        asking.join(240)
        ended = asking.exitcode
        asking.kill()
        assert ended == 0, (method, ended)
