"""The poolings that are trained, against the equations of their papers in numpy; and what they refuse."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from tag2vec.embed.pooling import Pooling
from tag2vec.embed.pooling._options import ContextGate, made
from tag2vec.embed.pooling.dbof import Dbof
from tag2vec.embed.pooling.gru import Gru
from tag2vec.embed.pooling.lstm import Lstm
from tag2vec.embed.pooling.netfv import LEAST, Netfv
from tag2vec.embed.pooling.netvlad import Netvlad
from tag2vec.embed.pooling.transformer import Transformer, _positions
from tag2vec.embed.threads import one_thread
from tag2vec.errors import UnknownName, UsageError

Array = NDArray[np.float64]
DIM, CLUSTERS = 3, 2
BLOCKS = {"a": 1, "b": 2}
ROWS = np.random.default_rng(0).normal(size=(5, DIM))


def _pooled(pooling: Pooling, rows: Array = ROWS) -> Array:
    x = torch.from_numpy(rows.astype(np.float32))[None]
    with torch.no_grad():
        found: Array = pooling(x, torch.ones(x.shape[:2], dtype=torch.bool))[0].double().numpy()
    return found


def _values(module: torch.nn.Module, name: str) -> Array:
    found: Array = module.get_parameter(name).detach().double().numpy()
    return found


def _shares(pooling: Pooling) -> Array:
    """Equation 3 of NetVLAD: (rows, clusters)."""
    odds = np.exp(ROWS @ _values(pooling, "assign.weight").T + _values(pooling, "assign.bias"))
    shares: Array = odds / odds.sum(axis=1, keepdims=True)
    return shares


def _normalised(parts: Array) -> Array:
    """Each cluster's part (clusters, dim) to length 1, then all of it."""
    parts = parts / np.linalg.norm(parts, axis=1, keepdims=True)
    return parts.ravel() / np.linalg.norm(parts)


def test_netvlad_is_its_equation() -> None:
    pooling = Netvlad(DIM, BLOCKS, clusters=CLUSTERS)
    a, c = _shares(pooling), _values(pooling, "centres")
    v = np.zeros((CLUSTERS, DIM))
    for i in range(len(ROWS)):
        for k in range(CLUSTERS):
            v[k] += a[i, k] * (ROWS[i] - c[k])
    np.testing.assert_allclose(_pooled(pooling), _normalised(v), atol=1e-6)


def test_netfv_is_its_equations() -> None:
    pooling = Netfv(DIM, BLOCKS, clusters=CLUSTERS)
    with torch.no_grad():
        pooling.log_deviations.uniform_(-1, 1)
    a, c, s = _shares(pooling), _values(pooling, "centres"), np.exp(_values(pooling, "log_deviations"))
    first, second = np.zeros((CLUSTERS, DIM)), np.zeros((CLUSTERS, DIM))
    for i in range(len(ROWS)):
        for k in range(CLUSTERS):
            z = (ROWS[i] - c[k]) / s[k]
            first[k] += a[i, k] * z
            second[k] += a[i, k] * (z**2 - 1)
    wanted = np.concatenate([_normalised(first), _normalised(second)])
    np.testing.assert_allclose(_pooled(pooling), wanted, atol=1e-5)


def test_dbof_is_the_maximum_of_normalised_words() -> None:
    pooling = Dbof(DIM, BLOCKS, clusters=4)
    words = ROWS @ _values(pooling, "words.0.weight").T + _values(pooling, "words.0.bias")
    words = (words - words.mean(axis=1, keepdims=True)) / np.sqrt(words.var(axis=1, keepdims=True) + 1e-5)
    np.testing.assert_allclose(_pooled(pooling), np.maximum(words, 0).max(axis=0), atol=1e-5)


def test_context_gating_is_its_equation() -> None:
    gate = ContextGate(DIM)
    weights, bias = _values(gate, "weights.weight"), _values(gate, "weights.bias")
    wanted = ROWS / (1 + np.exp(-(ROWS @ weights.T + bias)))
    with torch.no_grad():
        np.testing.assert_allclose(gate(torch.from_numpy(ROWS).float()).numpy(), wanted, atol=1e-6)


def test_gru_is_its_equations() -> None:
    pooling = Gru(DIM, BLOCKS, units=2)
    w, u, b, d = (_values(pooling, f"network.{name}_l0") for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"))
    h = np.zeros(2)
    sigmoid = lambda v: 1 / (1 + np.exp(-v))  # noqa: E731
    for row in ROWS:
        x, y = w @ row + b, u @ h + d
        reset, update = sigmoid(x[:2] + y[:2]), sigmoid(x[2:4] + y[2:4])
        h = (1 - update) * np.tanh(x[4:] + reset * y[4:]) + update * h
    np.testing.assert_allclose(_pooled(pooling), h, atol=1e-6)


def test_positions_are_sines_and_cosines() -> None:
    found = _positions(400, 5).numpy()
    rates = 10_000.0 ** -np.array([0, 0, 2 / 5, 2 / 5, 4 / 5])
    angles = np.arange(400)[:, None] * rates
    np.testing.assert_allclose(
        found, np.where([True, False, True, False, True], np.sin(angles), np.cos(angles)), atol=1e-4
    )


@pytest.mark.parametrize("name", ["netvlad", "netfv"])
def test_clusters_start_where_the_rows_are(name: str) -> None:
    draw = np.random.default_rng(1)
    truth = np.array([[0, 0, 0], [8, 0, 0], [0, 8, 8]])
    spread = np.array([0.2, 0.8, 0.4])
    which = draw.integers(3, size=600)
    sample = truth[which] + draw.normal(size=(600, 3)) * spread[which, None]
    pooling = made(f"{name}:clusters=3", DIM, BLOCKS)
    with one_thread():
        pooling.fit(sample.astype(np.float32), seed=0)
    centres = _values(pooling, "centres") * pooling.level.deviation.numpy() + pooling.level.mean.numpy()
    match = [int(np.linalg.norm(centres - one, axis=1).argmin()) for one in truth]
    np.testing.assert_allclose(centres[match], truth, atol=0.2)
    rows = torch.from_numpy(sample.astype(np.float32))[None]
    mask = torch.ones(1, 600, dtype=torch.bool)
    shares = pooling.shares(pooling.level(rows, mask), mask)[0].detach().numpy()
    assert (shares.argmax(axis=1) == np.array(match)[which]).all() and shares.max(axis=1).mean() > 0.9
    if isinstance(pooling, Netfv):
        found = np.exp(_values(pooling, "log_deviations")) * pooling.level.deviation.numpy()
        wanted = np.maximum(spread[:, None], LEAST * pooling.level.deviation.numpy())
        np.testing.assert_allclose(found[match], wanted, rtol=0.2)


def test_streams_are_poolings_of_their_own_side_by_side() -> None:
    torch.manual_seed(0)
    both = made("lstm:units=4,streams=true", DIM, BLOCKS)
    torch.manual_seed(0)
    one, other = Lstm(1, {"a": 1}, units=4), Lstm(2, {"b": 2}, units=4)
    assert both.out_dim == 8
    np.testing.assert_allclose(_pooled(both), np.concatenate([_pooled(one, ROWS[:, :1]), _pooled(other, ROWS[:, 1:])]))


def test_dropout_is_of_training_only() -> None:
    x, mask = torch.from_numpy(ROWS).float()[None], torch.ones(1, 5, dtype=torch.bool)
    plain, dropped = made("mean", DIM, BLOCKS), made("mean:dropout=0.5,out=64", DIM, BLOCKS)
    torch.manual_seed(0)
    zeros = (dropped.train()(x, mask) == 0).float().mean()
    assert 0.3 < zeros < 0.7 and (dropped.eval()(x, mask) != 0).all() and dropped.out_dim == 64
    assert torch.equal(plain(x, mask), made("mean:streams=true", DIM, BLOCKS)(x, mask))


def test_a_long_clip_has_positions_too() -> None:
    found = _pooled(Transformer(DIM, BLOCKS, width=4, heads=1).eval(), np.tile(ROWS, (400, 1)))
    assert np.isfinite(found).all()


@pytest.mark.parametrize(
    ("spelled", "message"),
    [
        ("netvlad:clusters=0", "netvlad got clusters=0; wanted a whole number, 1 or more"),
        ("netfv:clusters=many", "netfv got clusters=many; wanted a whole number"),
        ("dbof:clusters=1.5", "dbof got clusters=1.5"),
        ("lstm:units=-1", "lstm got units=-1"),
        ("gru:layers=true", "gru got layers=True"),
        ("transformer:width=6,heads=4", "width=6 and heads=4; wanted heads that divide the width"),
        ("fisher:components=few", "fisher got components=few"),
        ("fisher:reduce=all", "fisher got reduce=all; wanted a share"),
        ("mean:dropout=1.5", "dropout=1.5; wanted a share from 0 to below 1"),
        ("max:dropout=half", "dropout=half"),
        (
            "moments:dropout=0.5",
            "dropout=0.5, which is of training, and has nothing to train. Leave it out, or add out",
        ),
        ("mean:gate=yes", "gate=yes; wanted true or false"),
        ("mean:streams=1", "streams=1; wanted true or false"),
        ("max:out=-5", "out=-5; wanted a whole number"),
        ("netvlad:16", "sets the width of its input"),
        ("max:gates=true", "'max' has no setting gates. It has: dropout, gate, out, streams"),
        ("netvlad:clusters=4000,gate=true", "12,000 numbers; wanted at most 8,192. Add out=1024"),
    ],
)
def test_bad_settings_are_said(spelled: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        made(spelled, DIM, BLOCKS)


def test_misuse_is_said() -> None:
    with pytest.raises(UnknownName, match="netvlad"):
        made("netvald", DIM, BLOCKS)
    with pytest.raises(UsageError, match="clusters=8 got 5 rows to start from; wanted at least as many"):
        made("netvlad:clusters=8", DIM, BLOCKS).fit(ROWS.astype(np.float32), seed=0)
