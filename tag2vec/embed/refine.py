"""The second stage of a tag space: a part of a post's tags must say the rest.

A post is split at random; q = (sum of the input vectors of the given tags) / sqrt(their number), so that its length
says how many of them agree, and softmax(outputs q + bias) is to give the others: the multinomial denoising objective
of Liang et al. 2018 (Variational Autoencoders for Collaborative Filtering, section 2) for a linear model. It starts
from word2vec's vectors, and a bias that says how common a tag is.

For large vocabularies the softmax is sampled (Jean et al. 2015, On Using Very Large Target Vocabulary): the tags to be
found and SAMPLED others, whose scores are corrected for the chance that they were drawn. Only vectors that a batch
needs are touched, so a step costs the same for a thousand tags and for a million.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tag2vec.embed.posts import Posts, members
from tag2vec.embed.threads import one_thread

RATE = 0.01  # learning rate at the start; it follows half a cosine down to 0
DECAY = 0.5  # a vector that is never touched ends e^-DECAY times as long
BATCH = 1024  # posts a step at most,
STEPS = 50  # and steps an epoch at least, which small corpora need
MOMENTS = 0.9, 0.999  # of Adam
GIVEN = 0.5  # chance of each tag of a post to be given; at least one is, and one is not
EACH = 0.5  # a hidden tag weighs (hidden tags of the post) to the power of -EACH: 1 is a vote a post, 0 one a tag
SAMPLED = 8192  # tags drawn a step that compete with those to be found
POWER = 0.5  # they are drawn by their count to this power

Vectors = NDArray[np.float32]


@one_thread()
def refine(
    posts: Posts,
    inputs: Vectors,
    outputs: Vectors,
    counts: NDArray[np.int64],
    epochs: int,
    seed: int,
    tick: Callable[[int], None] = lambda done: None,
    *,
    bias: Vectors | None = None,
    decay: float | None = None,
) -> tuple[Vectors, Vectors, Vectors]:
    """Train from `inputs` and `outputs` (v, dim) on -> (inputs (v, dim), outputs (v, dim), bias (v,)).

    `counts` (v,) say how often a tag is drawn. `bias` (v,) starts as the log share of a tag unless it is given. With
    `decay` vectors decay towards where they start, by e^-decay in all, instead of towards 0. The same seed gives the
    same bytes. `tick` gets the number of finished epochs.
    """
    draw = np.random.default_rng(seed)
    noise = _Noise(counts, draw)
    popularity = np.log(counts / counts.sum()).astype(np.float32) if bias is None else bias
    given, found = (_Rows(start, DECAY if decay is None else decay, decay is not None) for start in (inputs, outputs))
    common = _Rows(popularity, 0.0)
    size = min(BATCH, max(1, len(posts) // STEPS))
    steps = epochs * math.ceil(len(posts) / size)
    step = 0
    for epoch in range(epochs):
        order = draw.permutation(len(posts))
        for first in range(0, len(posts), size):
            batch = _split(posts, order[first : first + size], draw)
            rows, places = torch.unique(batch.given, return_inverse=True)
            rivals, hidden, chance = noise.rivals(batch.hidden)
            sums = torch.zeros(batch.size, inputs.shape[1]).index_add(0, batch.given_post, given.take(rows)[places])
            scores = (sums * batch.scale) @ found.take(rivals).T + common.take(rivals)
            lost = torch.logsumexp(scores - chance, dim=1)[batch.hidden_post] - scores[batch.hidden_post, hidden]
            torch.autograd.backward((batch.weight * lost).sum())
            step += 1
            for part in (given, found, common):
                part.step(step / steps)
        tick(epoch + 1)
    return given.numpy(), found.numpy(), common.numpy()


@dataclass(frozen=True)
class _Batch:
    """Posts split in two: `given` (g,) and `hidden` (h,) are rows of tags, `*_post` the number of their post."""

    size: int
    given: Tensor
    given_post: Tensor
    scale: Tensor  # (size, 1): 1 / sqrt(tags given)
    hidden: Tensor
    hidden_post: Tensor
    weight: Tensor  # (h,): the hidden tags of a post share its weight


def _split(posts: Posts, numbers: NDArray[np.int64], draw: np.random.Generator) -> _Batch:
    lengths, post, places = members(posts.start, numbers)
    rows = posts.rows[places][np.lexsort((draw.random(len(post)), post))]
    many = np.clip(draw.binomial(lengths, GIVEN), 1, lengths - 1)
    given = places < np.repeat(posts.start[numbers] + many, lengths)
    share = posts.weight[numbers] * (lengths - many) ** -EACH
    return _Batch(
        len(numbers),
        torch.from_numpy(rows[given]),
        torch.from_numpy(post[given]),
        torch.from_numpy(1 / np.sqrt(many)).float()[:, None],
        torch.from_numpy(rows[~given]),
        torch.from_numpy(post[~given]),
        torch.from_numpy((share / (share * (lengths - many)).sum())[post[~given]]).float(),
    )


class _Noise:
    """Draws the tags that compete with the hidden ones of a batch."""

    def __init__(self, counts: NDArray[np.int64], draw: np.random.Generator) -> None:
        weights = counts.astype(np.float64) ** POWER
        self.drawn = np.cumsum(weights / weights.sum())
        chances = np.diff(self.drawn, prepend=0.0)
        self.correction = torch.from_numpy(np.log(-np.expm1(SAMPLED * np.log1p(-chances)))).float()
        self.draw = draw

    def rivals(self, hidden: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Distinct rows (r,), the place of each hidden tag among them, and the log chance (r,) that each is there."""
        v = len(self.drawn)
        if v <= SAMPLED:
            return torch.arange(v), hidden, torch.zeros(v)
        noise = torch.from_numpy(np.searchsorted(self.drawn, self.draw.random(SAMPLED) * self.drawn[-1]))
        rows, places = torch.unique(torch.cat([hidden, noise]), return_inverse=True)
        places = places[: len(hidden)]
        correction = self.correction[rows]
        correction[places] = 0.0
        return rows, places, correction


class _Rows:
    """A matrix of which every step trains some rows: AdamW (Loshchilov and Hutter 2019), where a row can wait.

    The moments of a row are those of the steps that touched it; the decay that it missed comes when it is taken next.
    """

    def __init__(self, start: Vectors, decay: float, anchored: bool = False) -> None:
        self.all = torch.from_numpy(start).clone()
        self.anchor = torch.from_numpy(start) if anchored else None  # what a row decays towards, instead of 0
        self.first, self.second = torch.zeros_like(self.all), torch.zeros_like(self.all)
        self.touched = torch.zeros(len(start))
        self.decay, self.decayed = decay, torch.zeros(len(start))
        self.spent = 0.0  # share of all learning: vectors decay as fast as they learn, or they would end too short

    def take(self, rows: Tensor) -> Tensor:
        self.rows = rows
        self._catch_up(rows)
        self.part = self.all[rows].requires_grad_()
        return self.part

    def step(self, share: float) -> None:
        """One step for the rows taken; `share` of all steps are done after it."""
        rate = RATE * (1 + math.cos(math.pi * share)) / 2
        gradient = self.part.grad
        assert gradient is not None
        self.touched[self.rows] += 1
        steps = self.touched[self.rows].view(-1, *[1] * (self.all.dim() - 1))
        first = self.first[self.rows].lerp_(gradient, 1 - MOMENTS[0])
        second = self.second[self.rows].lerp_(gradient.square(), 1 - MOMENTS[1])
        self.first[self.rows], self.second[self.rows] = first, second
        size = (second / (1 - MOMENTS[1] ** steps)).sqrt() + 1e-8
        self.all[self.rows] -= rate * first / (1 - MOMENTS[0] ** steps) / size
        self.spent = share + math.sin(math.pi * share) / math.pi  # the integral of the rate

    def numpy(self) -> Vectors:
        self._catch_up(torch.arange(len(self.all)))
        return self.all.numpy()

    def _catch_up(self, rows: Tensor) -> None:
        missed = torch.exp(self.decay * (self.decayed[rows] - self.spent))
        missed = missed.view(-1, *[1] * (self.all.dim() - 1))
        self.all[rows] = (
            self.all[rows] * missed if self.anchor is None else torch.lerp(self.anchor[rows], self.all[rows], missed)
        )
        self.decayed[rows] = self.spent
