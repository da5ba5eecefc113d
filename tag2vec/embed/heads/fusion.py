"""One network for each kind of features, and a gate that says, clip by clip, how much each of them counts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import ClassVar

import torch
from torch import Tensor, nn

from tag2vec.embed.heads import Head, Judged, Tags, Vectors, Wanted
from tag2vec.embed.heads.tagspace import TagSpaceHead

DROPPED = 0.1  # of the clips of a batch, for each kind: they look as if they had nothing of it
ROUNDS = 50  # of L-BFGS, for two numbers a kind
HELD_BACK = 1e-3  # how much these numbers are kept small


class FusionHead(Head):
    """Late fusion: the logits of the parts are averaged with the weights softmax(a + b c), where c (parts,) is how sure
    each part is of its best tag.

    Each part learns as if it were alone, so that a strong kind of features does not keep a weak one from learning, and
    from clips that have nothing of its kind (modality dropout; Neverova et al.: ModDrop, 2016). What they were taught
    they all know well: a and b are fitted on clips that they did not learn from, and again on each of these without
    one of its kinds. So a part that only learnt by heart gets no say.
    """

    part: ClassVar[type[Head]] = TagSpaceHead
    epochs = TagSpaceHead.epochs
    shortened = False  # as a whole: each part is
    nothing: Tensor  # (dim,)
    gate: Tensor  # (2, parts): a and b

    def __init__(self, seen: Vectors, tags: Tags) -> None:
        super().__init__(seen, tags)
        self.widths = list(seen.widths)
        kinds = [Vectors([width], [axes], seen.fixed) for width, axes in zip(seen.widths, seen.axes, strict=True)]
        self.parts = nn.ModuleList(self.part(kind, tags) for kind in kinds)
        self.per_tag = tuple(f"parts.{number}.{name}" for number in range(len(kinds)) for name in self.part.per_tag)
        self.shown = [part.axes.out_dim for part in self]
        self.kept = [part.axes.kept for part in self]
        self.register_buffer("nothing", torch.zeros(sum(self.kept)))
        self.register_buffer("gate", torch.zeros(2, len(kinds)))

    def __iter__(self) -> Iterator[Head]:
        for part in self.parts:
            assert isinstance(part, Head)
            yield part

    def prepare(self, pooled: Tensor, nothing: Tensor) -> None:
        for part, own in zip(self, torch.split(pooled, self.widths, dim=1), strict=True):
            part.axes.fit(own)
        self.nothing.copy_(self.reduce(nothing[None])[0])

    def reduce(self, pooled: Tensor) -> Tensor:
        pieces = torch.split(pooled, self.widths, dim=1)
        return torch.cat([part.reduce(piece) for part, piece in zip(self, pieces, strict=True)], dim=1)

    def forward(self, reduced: Tensor) -> Tensor:
        pieces = torch.split(reduced, self.kept, dim=1)
        return self.points(torch.cat([piece[:, :n] for piece, n in zip(pieces, self.shown, strict=True)], dim=1))

    def points(self, seen: Tensor) -> Tensor:
        pieces = torch.split(seen, self.shown, dim=1)
        if self.training and len(pieces) > 1:
            pieces = tuple(map(_some_without, pieces, self._empty()))
        return torch.cat([part.points(piece) for part, piece in zip(self, pieces, strict=True)], dim=1)

    def loss(self, points: Tensor, wanted: Wanted) -> Tensor:
        return torch.stack([part.loss(own, wanted) for part, own in zip(self, self._own(points), strict=True)]).sum(0)

    def settle(self, held_out: Iterable[Judged]) -> None:
        if len(self.parts) == 1:
            return
        found = [(said, own) for head, vectors, own in held_out for said in head.said_without(vectors)]  # type: ignore
        if not found:
            return
        said, own = torch.cat([one for one, _ in found]), torch.cat([one for _, one in found])
        gate = self.gate.clone().requires_grad_()
        fit = torch.optim.LBFGS([gate], max_iter=ROUNDS, line_search_fn="strong_wolfe")

        def loss() -> Tensor:
            fit.zero_grad()
            fused = _fused(said, gate)
            loss = nn.functional.binary_cross_entropy_with_logits(fused, own, reduction="none").sum(dim=1).mean()
            (loss + HELD_BACK * gate.square().sum()).backward()  # type: ignore[no-untyped-call]
            return loss

        fit.step(loss)  # type: ignore[no-untyped-call]
        self.gate.copy_(gate.detach())

    def said_without(self, vectors: Tensor) -> Iterator[Tensor]:
        """What the parts say of clips (m, parts, l), then of the same clips without each of their kinds in turn."""
        with torch.no_grad():
            yield self._said(self(vectors))
            for number in range(len(self.parts)):
                pieces = list(torch.split(vectors, self.kept, dim=1))
                pieces[number] = torch.split(self.nothing, self.kept)[number].expand_as(pieces[number])
                yield self._said(self(torch.cat(pieces, dim=1)))

    def direct(self, points: Tensor) -> Tensor:
        return _fused(self._said(points), self.gate)

    def queries(self, points: Tensor) -> Tensor:
        weights = _weights(self._said(points), self.gate)
        own = torch.stack([part.queries(own)[:, :-1] for part, own in zip(self, self._own(points), strict=True)], 1)
        return torch.cat([(weights[:, :, None] * own).sum(dim=1), weights], dim=1)

    def items(self) -> Tensor:
        own = [part.items() for part in self]
        return torch.cat([own[0][:, :-1], *(items[:, -1:] for items in own)], dim=1)

    def _own(self, points: Tensor) -> tuple[Tensor, ...]:
        """The points of each part."""
        return torch.split(points, points.shape[1] // len(self.parts), dim=1)

    def _said(self, points: Tensor) -> Tensor:
        """(m, parts, l) logits of the carried tags."""
        return torch.stack([part.direct(own) for part, own in zip(self, self._own(points), strict=True)], dim=1)

    def _empty(self) -> list[Tensor]:
        return [piece[:n] for piece, n in zip(torch.split(self.nothing, self.kept), self.shown, strict=True)]


def _some_without(piece: Tensor, nothing: Tensor) -> Tensor:
    return torch.where(torch.rand(len(piece), 1, device=piece.device) < DROPPED, nothing, piece)


def _weights(said: Tensor, gate: Tensor) -> Tensor:
    """said (m, parts, l), gate (2, parts) -> (m, parts)."""
    sure = said.amax(dim=2) if said.shape[2] else said.new_zeros(said.shape[:2])
    return (gate[0] + gate[1] * sure).softmax(dim=1)


def _fused(said: Tensor, gate: Tensor) -> Tensor:
    return (_weights(said, gate)[:, :, None] * said).sum(dim=1)
