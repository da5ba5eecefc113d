"""What every pooling promises, alone and with the options that all have; the list is the folder's."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from tag2vec import plugins
from tag2vec.embed.pooling import Pooling
from tag2vec.embed.pooling._options import made
from tag2vec.embed.threads import one_thread

BLOCKS = {"a": 6, "b": 10}
DIM = sum(BLOCKS.values())
SAMPLE = np.random.default_rng(0).normal(size=(400, DIM)).astype(np.float32)
SMALL = {
    "components": 4,
    "clusters": 4,
    "units": 8,
    "width": 8,
    "heads": 2,
    "layers": 2,
    "columns": 16,
}  # for those that have them
OPTIONS = {"alone": "", "all": "streams=true,out=5,gate=true,dropout=0.3"}
NAMES = plugins.names(Pooling)
Batch = tuple[torch.Tensor, torch.Tensor]


def _made(name: str, options: str = "") -> Pooling:
    torch.manual_seed(0)
    known = plugins.parameters(plugins.get(Pooling, name))
    settings = [f"{key}={value}" for key, value in SMALL.items() if key in known]
    return made(f"{name}:{','.join([*settings, *filter(None, [options])])}", DIM, BLOCKS).eval()


@pytest.fixture(scope="module", autouse=True)
def quick() -> Iterator[None]:
    with one_thread():
        yield


def _fitted(name: str, options: str, seed: int = 0) -> Pooling:
    pooling = _made(name, options)
    pooling.fit(SAMPLE, seed)
    return pooling


@pytest.fixture(scope="module", params=[f"{name}-{options}" for name in NAMES for options in OPTIONS])
def fitted(request: pytest.FixtureRequest, quick: None) -> Pooling:
    name, options = request.param.split("-")
    return _fitted(name, OPTIONS[options])


@pytest.fixture
def pooling(fitted: Pooling) -> Pooling:
    return copy.deepcopy(fitted)


@pytest.fixture
def batch() -> Batch:
    x = torch.randn(3, 7, DIM, generator=torch.Generator().manual_seed(1))
    mask = torch.tensor([[True] * 7, [True] * 4 + [False] * 3, [True] + [False] * 6])
    return x, mask


def test_shape_and_dtype(pooling: Pooling, batch: Batch) -> None:
    found = pooling(*batch)
    assert found.shape == (3, pooling.out_dim) and found.dtype == torch.float32
    assert torch.isfinite(found).all()


def test_padding_is_invisible(pooling: Pooling, batch: Batch) -> None:
    x, mask = batch
    found = pooling(x, mask)
    for filler in (0.0, 1e6, float("nan")):
        padded = torch.cat([x.masked_fill(~mask[..., None], filler), torch.full((3, 5, DIM), filler)], dim=1)
        wider = torch.cat([mask, torch.zeros(3, 5, dtype=torch.bool)], dim=1)
        torch.testing.assert_close(pooling(padded, wider), found, rtol=1e-5, atol=1e-6)
        torch.testing.assert_close(pooling(padded.roll(2, dims=1), wider.roll(2, dims=1)), found, rtol=1e-5, atol=1e-6)


def test_a_clip_alone_is_as_in_the_batch(pooling: Pooling, batch: Batch) -> None:
    x, mask = batch
    found = pooling(x, mask)
    with torch.no_grad():
        for i, n in enumerate([7, 4, 1]):
            alone = pooling(x[i : i + 1, :n], mask[i : i + 1, :n])[0]
            torch.testing.assert_close(alone, found[i], rtol=1e-5, atol=1e-6)


def test_input_is_not_written_to(pooling: Pooling, batch: Batch) -> None:
    kept = batch[0].clone(), batch[1].clone()
    pooling(*batch)
    assert torch.equal(batch[0], kept[0]) and torch.equal(batch[1], kept[1])


def test_gradients_are_finite(pooling: Pooling, batch: Batch) -> None:
    x, mask = batch
    for clip in (x, torch.zeros_like(x), x * 1e3, x.masked_fill(~mask[..., None], torch.nan)):
        rows = clip.clone().requires_grad_(True)
        pooling.zero_grad()
        pooling(rows, mask).square().sum().backward()
        assert rows.grad is not None and torch.isfinite(rows.grad).all()
        assert all(torch.isfinite(p.grad).all() for p in pooling.parameters() if p.grad is not None)


def test_all_that_can_be_trained_is(pooling: Pooling, batch: Batch) -> None:
    x, mask = batch
    weights = torch.randn(pooling.out_dim, generator=torch.Generator().manual_seed(2))
    pooling.train()
    trained = dict(pooling.named_parameters())
    if trained:
        (pooling(x, mask) @ weights).sum().backward()
    for name, parameter in trained.items():
        assert parameter.grad is not None and parameter.grad.abs().max() > 0, name


def test_a_clip_with_no_row_is_finite(pooling: Pooling, batch: Batch) -> None:
    x, mask = batch
    mask[1] = False
    whole = pooling(x, mask)
    assert torch.isfinite(whole).all()
    for nothing in (torch.zeros(1, 3, DIM), torch.zeros(1, 0, DIM)):
        found = pooling(nothing, torch.zeros(nothing.shape[:2], dtype=torch.bool))
        torch.testing.assert_close(found[0], whole[1], rtol=1e-5, atol=1e-6)


def test_order_of_rows(pooling: Pooling, batch: Batch) -> None:
    x, mask = batch
    turned = torch.cat([x[:1].flip(1), x[1:]])
    same = torch.allclose(pooling(turned, mask), pooling(x, mask), rtol=1e-5, atol=1e-6)
    assert same == (not any(part.ordered for part in pooling.modules() if isinstance(part, Pooling)))


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
@pytest.mark.parametrize("name", NAMES)
def test_state_round_trip_and_one_seed_one_result(name: str, options: str, batch: Batch, tmp_path: Path) -> None:
    from safetensors.torch import load_file, save, save_file

    one, again, other = _fitted(name, options, 3), _fitted(name, options, 3), _made(name, options)
    assert save(one.state_dict()) == save(again.state_dict())
    save_file(one.state_dict(), tmp_path / "state.safetensors")
    other.load_state_dict(load_file(tmp_path / "state.safetensors"))
    assert torch.equal(one(*batch), other(*batch))
