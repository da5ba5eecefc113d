"""Which index is chosen, and what is said when none fits."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from tag2vec import plugins
from tag2vec.errors import MissingExtra, UsageError
from tag2vec.retrieval import choice
from tag2vec.retrieval.choice import Wish, available, bytes_of, choose, chosen, size
from tag2vec.retrieval.indexes import Index

GIB = 2**30


def _kept(memory: int, recall: float = 0.99) -> Wish:
    return Wish(recall, memory, kept=True)


def test_exact_as_long_as_it_is_quick_then_lists_then_codes() -> None:
    assert choose(7_000, 101, _kept(GIB)) == "flat"
    assert choose(7_000_000, 101, _kept(8 * GIB)) == "ivf:recall=0.99"
    assert choose(7_000_000, 101, _kept(8 * GIB, 0.9)) == "ivf:recall=0.9"
    assert choose(7_000_000, 101, _kept(GIB)) == "ivfsq:recall=0.99"
    assert choose(7_000_000, 101, _kept(8 * GIB, 1)) == "flat"
    # What is built for one run alone has to be built quickly.
    assert choose(7_000_000, 101, Wish(memory=8 * GIB)) == "flat"
    assert choose(7_000_000, 101, Wish(memory=GIB)) == "ivfsq:recall=0.99"


def test_what_does_not_fit_is_said_with_what_would() -> None:
    with pytest.raises(
        UsageError, match=r"'ivf' of 7,000,000 x 101 .* needs 2\.\d GB, .* 1\.0 GB .* --index ivfsq would"
    ):
        chosen(7_000_000, 101, "ivf:probes=3", _kept(GIB))
    with pytest.raises(UsageError, match="None of the others would fit"):
        chosen(7_000_000, 101, "hnsw", _kept(2**20))
    with pytest.raises(UsageError, match="'ivfsq' of 7,000,000 x 101.* there is 1.0 MB of memory"):
        choose(7_000_000, 101, _kept(2**20))
    with pytest.raises(UsageError, match="recall is 1.5"):
        Wish(recall=1.5)


def test_the_aim_reaches_the_index_unless_it_has_its_own() -> None:
    assert plugins.settings(chosen(9, 3, "ivf:lists=4", _kept(GIB, 0.9)))["recall"] == 0.9
    assert plugins.settings(chosen(9, 3, "ivf:recall=0.8", _kept(GIB, 0.9)))["recall"] == 0.8


def test_without_faiss_it_is_exact_and_others_say_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choice, "find_spec", lambda name: None)
    monkeypatch.setitem(sys.modules, "faiss", None)
    index = chosen(3, 2)
    assert plugins.name_of(index) == "exact"
    index.build(np.eye(3, 2, dtype=np.float32))
    assert index.search(np.array([[0, 1]], np.float32), 1)[1].tolist() == [[1]]
    with pytest.raises(MissingExtra, match="index 'flat' needs the package 'faiss-cpu'"):
        plugins.make(Index, "flat").build(np.eye(2, dtype=np.float32))


def test_memory_is_read_and_shown() -> None:
    assert available() > 0
    assert [bytes_of(text) for text in ("2G", "500m", "1.5 GB", "1KiB", "77")] == [
        2 * GIB,
        500 * 2**20,
        3 * 2**29,
        1024,
        77,
    ]
    assert size(3 * 2**29) == "1.5 GB" and size(1536) == "1.5 KB"
    with pytest.raises(UsageError, match="'much' is no amount of memory"):
        bytes_of("much")
