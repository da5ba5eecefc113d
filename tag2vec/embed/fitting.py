"""From clips and what they carry to a trained network."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tag2vec import plugins
from tag2vec.embed.cache import sampling
from tag2vec.embed.checkpoint import Checkpoint
from tag2vec.embed.clips import Clip
from tag2vec.embed.evidence import Floats, Mixture, Neighbours, mixture_of
from tag2vec.embed.examples import Examples
from tag2vec.embed.features import describe
from tag2vec.embed.gather import Gathered
from tag2vec.embed.heads import Head, Tags, Vectors
from tag2vec.embed.limits import FrameLimits
from tag2vec.embed.network import Network
from tag2vec.embed.newtags import with_tags_of
from tag2vec.embed.pooled import Arrays, Picked, Poolings
from tag2vec.embed.space import TagSpace
from tag2vec.embed.targets import prior, targets
from tag2vec.embed.threads import one_thread
from tag2vec.embed.told import Told
from tag2vec.embed.training import EpochTick, TrainConfig, train
from tag2vec.errors import SourceError, UsageError

Seen = Tensor | Sequence[Arrays]
"""Of clips: vectors (n, out_dim) that fixed poolings made, or their arrays, for poolings that are trained."""


@dataclass(frozen=True)
class Learnt:
    """`clips` are those that carry a tag, `vectors` (clips, out_dim) what they were pooled to, `told` what is written
    of them; `kept` is what `looks` gave before."""

    space: TagSpace
    poolings: Poolings
    head: Head
    mixture: Mixture | None
    curve: list[dict[str, Any]]
    clips: list[Clip]
    vectors: NDArray[np.float16]
    told: Told | None
    kept: Floats | None = None

    @cached_property
    @one_thread()
    def looks(self) -> Floats:
        """What evidence compares of the clips (clips, any)."""
        if self.kept is not None:
            return self.kept
        looks: Floats = Network(None, self.head).vectors(torch.from_numpy(self.vectors.astype(np.float32))).numpy()
        return looks

    @cached_property
    def neighbours(self) -> Neighbours:
        """The clips as evidence for others."""
        rows = [self.space.known_rows(clip.tags) for clip in self.clips]
        return Neighbours(self.looks, rows, self.head.carried.tolist(), self.told)


def shown(found: Gathered, pooling: str | None, seed: int) -> tuple[Seen, Poolings]:
    """What there is to learn from, and what pools it: `pooling`, fitted on these clips, or that of a features folder.

    Raises UsageError for a folder of vectors that were pooled in another way.
    """
    poolings = Poolings(found.kinds, pooling, seed)
    if found.poolings is None:
        poolings.fit(found.arrays, seed, found.clips)
        return found.arrays if poolings.trained else torch.from_numpy(poolings.many(found.arrays)), poolings
    if pooling is not None and poolings.names != found.poolings.names:
        raise UsageError(
            f"The clips are vectors pooled by {'+'.join(found.poolings.names)}; wanted {'+'.join(poolings.names)}. "
            "Extract them so, or leave the pooling out."
        )
    return torch.from_numpy(found.vectors()), found.poolings


def learn(
    space: TagSpace,
    clips: Sequence[Clip],
    seen: Seen,
    poolings: Poolings,
    recipe: str,
    config: TrainConfig,
    tick: EpochTick | None = None,
    folder: str | Path | None = None,
    limits: FrameLimits | None = None,
) -> Learnt:
    """Train by `recipe`; a run that was killed goes on from what it left in `folder`, if it saw the same of the clips,
    within the same `limits`. Raises SourceError."""
    full = with_tags_of(space, [clip.tags for clip in clips])
    rows = [full.known_rows(clip.tags) for clip in clips]
    used = [i for i, own in enumerate(rows) if own]
    if not used:
        raise SourceError(f"None of the {len(clips)} clips carries a tag; wanted a tags column with hashtags.")
    clips, rows = [clips[i] for i in used], [rows[i] for i in used]
    seen = seen[torch.tensor(used)] if isinstance(seen, Tensor) else Picked(seen, used)
    tags = tags_of(full, rows)
    examples = Examples(
        seen,
        targets(full, rows, len(space)),
        len(full),
        torch.tensor([own[0] for own in rows]),
        [clip.group for clip in clips],
        torch.from_numpy(poolings.nothing()),
    )
    kind = plugins.get(Head, recipe)

    def make() -> Network:
        fixed = isinstance(seen, Tensor)
        return Network(None if fixed else deepcopy(poolings), kind(vectors_of(poolings, fixed), tags))

    carried = [(str(clip), clip.tags) for clip in clips]
    made = poolings.names, [describe(kind) for kind in poolings.kinds], sampling(limits) if limits else {}
    key = _digest(seen, space.digest, carried, made, recipe, asdict(config))
    trained = train(make, examples, config, tick, Checkpoint(Path(folder) if folder else None, key))
    told = Told.of(poolings, clips)
    mixture = mixture_of(trained.held_out, examples, rows, told, poolings) if kind.calibrated else None
    network = trained.network
    vectors = network.pooled(seen).numpy().astype(np.float16)
    return Learnt(full, network.poolings or poolings, network.head, mixture, trained.curve, clips, vectors, told)


def vectors_of(poolings: Poolings, fixed: bool) -> Vectors:
    """What a head sees of clips that `poolings` pool."""
    return Vectors(poolings.widths, [part.axes for part in poolings], fixed)


def tags_of(space: TagSpace, rows: Sequence[Sequence[int]]) -> Tags:
    """What a head sees of the tags of `space`, of which training clips carry `rows`."""
    return Tags(
        torch.from_numpy(space.inputs),
        torch.from_numpy(space.outputs),
        torch.from_numpy(prior(space, rows)),
        [tuple(own) for own in rows],
    )


def _digest(seen: Seen, *facts: object) -> str:
    """What a run is made from, so that another one does not go on with what it left."""
    digest = hashlib.sha256(repr(facts).encode())
    if isinstance(seen, Tensor):
        digest.update(seen.numpy().tobytes())
    return digest.hexdigest()
