"""What every pooling promises; the list is the folder's."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest
import torch

from tag2vec import plugins
from tag2vec.embed.pooling import Pooling

BLOCKS = {"a": 6, "b": 10}
DIM = sum(BLOCKS.values())
SAMPLE = np.random.default_rng(0).normal(size=(400, DIM)).astype(np.float32)
SMALL: dict[str, Any] = {"components": 4}  # settings by name, for those that have them: small is fast


def _made(name: str) -> Pooling:
    torch.manual_seed(0)
    cls = plugins.get(Pooling, name)  # type: ignore[type-abstract]
    known = inspect.signature(cls).parameters
    return cls(DIM, BLOCKS, **{k: v for k, v in SMALL.items() if k in known}).eval()  # type: ignore[call-arg]


@pytest.fixture(params=plugins.names(Pooling))
def pooling(request: pytest.FixtureRequest) -> Pooling:
    made = _made(request.param)
    made.fit(SAMPLE, seed=0)
    return made


def _batch() -> tuple[torch.Tensor, torch.Tensor]:
    x = torch.randn(3, 7, DIM, generator=torch.Generator().manual_seed(1))
    mask = torch.tensor([[True] * 7, [True] * 4 + [False] * 3, [True] + [False] * 6])
    return x, mask


def test_shape_and_dtype(pooling: Pooling) -> None:
    x, mask = _batch()
    found = pooling(x, mask)
    assert found.shape == (3, pooling.out_dim) and found.dtype == torch.float32
    assert torch.isfinite(found).all()


def test_padding_is_invisible(pooling: Pooling) -> None:
    x, mask = _batch()
    found = pooling(x, mask)
    for filler in (0.0, 1e6, float("nan")):
        padded = torch.cat([x.masked_fill(~mask[..., None], filler), torch.full((3, 5, DIM), filler)], dim=1)
        wider = torch.cat([mask, torch.zeros(3, 5, dtype=torch.bool)], dim=1)
        torch.testing.assert_close(pooling(padded, wider), found, rtol=1e-5, atol=1e-6)
    for i, n in enumerate([7, 4, 1]):
        torch.testing.assert_close(pooling(x[i : i + 1, :n], mask[i : i + 1, :n])[0], found[i], rtol=1e-5, atol=1e-6)


def test_input_is_not_written_to(pooling: Pooling) -> None:
    x, mask = _batch()
    kept = x.clone(), mask.clone()
    pooling(x, mask)
    assert torch.equal(x, kept[0]) and torch.equal(mask, kept[1])


def test_gradients_are_finite(pooling: Pooling) -> None:
    x, mask = _batch()
    for clip in (x, torch.zeros_like(x), x * 1e3):
        rows = clip.clone().requires_grad_(True)
        pooling(rows, mask).square().sum().backward()
        assert rows.grad is not None and torch.isfinite(rows.grad).all()


def test_a_clip_with_no_row_is_finite(pooling: Pooling) -> None:
    x, mask = _batch()
    mask[1] = False
    assert torch.isfinite(pooling(x, mask)).all()


@pytest.mark.parametrize("name", plugins.names(Pooling))
def test_state_round_trip(name: str, tmp_path: Any) -> None:
    from safetensors.torch import load_file, save_file

    one, other = _made(name), _made(name)
    one.fit(SAMPLE, seed=3)
    save_file(one.state_dict(), tmp_path / "state.safetensors")
    other.load_state_dict(load_file(tmp_path / "state.safetensors"))
    x, mask = _batch()
    assert torch.equal(one(x, mask), other(x, mask))
