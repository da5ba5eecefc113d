"""What heads are built of: the axes of fixed vectors, and networks side by side."""

from __future__ import annotations

import pytest
import torch

from tag2vec.embed.heads._axes import TURNED, Axes
from tag2vec.embed.heads._names import Ensemble, Names

WIDE = 2 * TURNED


def _steep() -> torch.Tensor:
    """60 clips (60, WIDE) along 40 axes that are each 0.8 times as long as the one before."""
    draw = torch.Generator().manual_seed(0)
    return torch.randn(60, 40, generator=draw) * 0.8 ** torch.arange(40) @ torch.eye(40, WIDE) + 3


def _fitted(seen: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Clips and what a head sees of them whose network sees `seen` axes."""
    clips, axes = _steep(), Axes(WIDE, seen, fixed=True)
    axes.fit(clips)
    return clips, axes(clips)


def _distances(vectors: torch.Tensor) -> torch.Tensor:
    return torch.cdist(vectors.double(), vectors.double(), compute_mode="donot_use_mm_for_euclid_dist")


@pytest.mark.parametrize("seen", [TURNED, WIDE])
def test_axes_keep_what_is_near(seen: int) -> None:
    clips, along = _fitted(seen)
    ratio = _distances(along)[0, 1:] / _distances(clips)[0, 1:]
    torch.testing.assert_close(ratio, ratio[:1].expand_as(ratio), rtol=1e-4, atol=0)
    torch.testing.assert_close(along.mean(dim=0), torch.zeros_like(along[0]), rtol=0, atol=1e-4)
    used = along[:, along.square().sum(dim=0) > 0]
    torch.testing.assert_close(used.square().mean(), torch.tensor(1.0), rtol=1e-3, atol=0)


def test_many_axes_share_what_differs_and_few_stay() -> None:
    few, many = (_fitted(seen)[1].square().sum(dim=0).sqrt() for seen in (TURNED, WIDE))
    assert (few[:39] > few[1:40]).all() and few[0] > 1000 * few[39] > 0
    assert many[:40].max() < 20 * many[:40].min()


def test_an_ensemble_says_the_mean_of_its_members_and_trains_each() -> None:
    torch.manual_seed(0)
    prior, seen = torch.tensor([0.1, 0.5, 0.3]), torch.randn(6, 8)
    ensemble = Ensemble(8, 16, prior, members=3).eval()
    torch.testing.assert_close(ensemble.scores(ensemble(seen)), prior.logit().expand(6, 3))  # before it has learnt
    for names in ensemble.names:
        assert isinstance(names, Names)
        torch.nn.init.normal_(names.weight)
    points = ensemble(seen)
    each = [names(hidden(seen)) for hidden, names in zip(ensemble.hidden, ensemble.names, strict=True)]
    assert not torch.allclose(each[0], each[1])
    torch.testing.assert_close(ensemble.scores(points), torch.stack(each).mean(dim=0))
    ensemble.loss(points, torch.eye(3).repeat(2, 1)).sum().backward()  # type: ignore[no-untyped-call]
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in ensemble.parameters())
