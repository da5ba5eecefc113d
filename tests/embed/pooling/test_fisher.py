"""The Fisher vector against scikit-image's, and its settings."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tag2vec.embed.pooling.fisher import Fisher
from tag2vec.errors import UsageError

RANDOM = np.random.default_rng(0)
SAMPLE = np.concatenate([RANDOM.normal(c, 0.5, (300, 6)) for c in (-2, 0, 3)]).astype(np.float32)


def _fitted(**settings: float) -> Fisher:
    pooling = Fisher(6, {"all": 6}, components=3, reduce=0.5, **settings)  # type: ignore[arg-type]
    pooling.fit(SAMPLE, seed=0)
    return pooling


def test_equals_scikit_image() -> None:
    from skimage.feature import fisher_vector
    from sklearn.mixture import GaussianMixture

    pooling = _fitted()
    part = pooling.parts[0]
    oracle = GaussianMixture(3, covariance_type="diag")
    oracle.weights_, oracle.means_ = part.weights.double().numpy(), part.means.double().numpy()
    oracle.covariances_ = part.deviations.double().numpy() ** 2
    oracle.precisions_cholesky_ = 1 / np.sqrt(oracle.covariances_)
    rows = SAMPLE[::7]
    projected = (rows - part.mean.numpy()) @ part.basis.numpy()
    theirs = fisher_vector(projected.astype(float), oracle)[3:]  # the weights' part comes first
    # scikit-image sums over the rows where we average; its deviations' part has the other sign
    theirs = theirs / len(rows) if abs(theirs).max() > 5 else theirs
    with torch.no_grad():
        ours = part(torch.from_numpy(rows)).numpy()
    by_mean, by_deviation = np.split(ours, 2)
    unit = lambda v: v / np.linalg.norm(v)  # noqa: E731
    np.testing.assert_allclose(unit(by_mean), unit(theirs[:9]), atol=1e-4)
    np.testing.assert_allclose(unit(by_deviation), unit(-theirs[9:]), atol=1e-4)


def test_is_the_gradient_of_the_likelihood() -> None:
    """By the means, against autograd of the mixture's log likelihood, scaled by the Fisher information."""
    part = _fitted().parts[0]
    rows = torch.from_numpy(SAMPLE[:50])
    y = (rows - part.mean) @ part.basis
    means, deviations = part.means.clone().requires_grad_(True), part.deviations.clone().requires_grad_(True)
    density = torch.distributions.Normal(means, deviations).log_prob(y[:, None]).sum(2)
    torch.logsumexp(part.weights.log() + density, dim=1).mean().backward()
    root = part.weights.sqrt()[:, None]
    wanted = torch.cat(
        [(means.grad * deviations / root).flatten(), (deviations.grad * deviations / root / 2**0.5).flatten()]
    )
    torch.testing.assert_close(part(rows), wanted.detach(), rtol=1e-3, atol=1e-4)


def test_has_length_one_and_blocks_of_equal_length() -> None:
    pooling = Fisher(6, {"a": 2, "b": 4}, components=3, reduce=0.5)
    pooling.fit(SAMPLE, seed=0)
    found = pooling(torch.from_numpy(SAMPLE[None, :40]), torch.ones(1, 40, dtype=torch.bool))[0]
    assert pooling.out_dim == 2 * 3 * (1 + 2) == len(found)
    assert found.norm().item() == pytest.approx(1, abs=1e-5)
    assert found[:6].norm().item() == pytest.approx(2**-0.5, abs=1e-4)


def test_no_row_gives_zero() -> None:
    found = _fitted()(torch.zeros(1, 4, 6), torch.zeros(1, 4, dtype=torch.bool))
    assert found.abs().max() < 1e-6


def test_same_seed_same_numbers() -> None:
    one, other = _fitted(), _fitted()
    assert all(torch.equal(a, b) for a, b in zip(one.state_dict().values(), other.state_dict().values(), strict=True))


def test_flat_columns_do_no_harm() -> None:
    sample = SAMPLE.copy()
    sample[:, 2:] = 1
    pooling = Fisher(6, {"all": 6}, components=3, reduce=1.0)
    pooling.fit(sample, seed=0)
    rows = torch.from_numpy(np.concatenate([sample[:5], SAMPLE[:5]]))[None]
    assert torch.isfinite(pooling(rows, torch.ones(1, 10, dtype=torch.bool))).all()


def test_misuse_is_said() -> None:
    with pytest.raises(UsageError, match="not fitted"):
        Fisher(6, {"all": 6})(torch.zeros(1, 1, 6), torch.ones(1, 1, dtype=torch.bool))
    with pytest.raises(UsageError, match="add up to 5"):
        Fisher(6, {"all": 5})
    with pytest.raises(UsageError, match="reduce"):
        Fisher(6, {"all": 6}, reduce=0)
    with pytest.raises(UsageError, match="at least 64"):
        Fisher(6, {"all": 6}).fit(SAMPLE[:10], seed=0)
    with pytest.raises(UsageError, match=r"\(900, 5\)"):
        Fisher(6, {"all": 6}).fit(SAMPLE[:, :5], seed=0)
