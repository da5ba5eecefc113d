"""The video embedder: from a clip's features to a point in the tag space."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from tag2vec.embed import ranks, videofiles
from tag2vec.embed.carry import rare_too
from tag2vec.embed.clips import Clip
from tag2vec.embed.embedder import Embedder, Evidence, Floats, Place, Rows
from tag2vec.embed.evidence import Mixture
from tag2vec.embed.extract import Cache
from tag2vec.embed.features import Features
from tag2vec.embed.fitting import Learnt, Seen, learn, shown, tags_of, vectors_of
from tag2vec.embed.gather import gather
from tag2vec.embed.kinds import Kinds, kinds_of
from tag2vec.embed.limits import FrameLimits
from tag2vec.embed.pooled import Arrays, Poolings
from tag2vec.embed.space import TagSpace
from tag2vec.embed.threads import one_thread
from tag2vec.embed.training import EpochTick, TrainConfig
from tag2vec.embed.videofiles import VideoConfig
from tag2vec.errors import Tag2VecError


class VideoEmbedder(Embedder):
    """`space` holds every tag that it can suggest: those of the tag space and, after them, the clips' own new ones."""

    def __init__(self, base: TagSpace, learnt: Learnt, config: VideoConfig) -> None:
        self.base = base
        self.learnt = learnt
        self.config = config
        self.space = learnt.space
        self.poolings = learnt.poolings
        self.head = learnt.head
        self.trained_clips = learnt.clips
        self.digest = ""  # of the folder it was loaded from or saved to
        self.failed: list[tuple[Path, Tag2VecError]] = []

    @classmethod
    def fit(
        cls,
        space: TagSpace,
        clips: str | Path | Sequence[Clip],
        features: str | Features | Sequence[Features] | None = None,
        *,
        pooling: str | None = None,
        recipe: str = "tagspace",
        limits: FrameLimits | None = None,
        cache: Cache | None = None,
        workers: int | None = None,
        tick: Callable[[int], None] | None = None,
        epoch_tick: EpochTick | None = None,
        checkpoint: str | Path | None = None,
        **settings: Any,
    ) -> VideoEmbedder:
        """Extract features of the clips and train on them.

        `settings` are those of `tag2vec.embed.training.TrainConfig`. `features` and `pooling` may name several with a
        '+' between; dense trajectories unless one is named, and each kind with its own pooling. `clips` may be a folder
        that `tag2vec extract` wrote: then features, limits and, where it holds one vector a clip, pooling are those it
        was written with. Clips that cannot be decoded are left out and listed in `failed`. `tick` gets the number of
        clips done, `epoch_tick` the losses of each epoch. A run that was killed goes on from the folder `checkpoint`.
        Raises SourceError when no clip with a tag is left, UsageError for a folder of other features than those named,
        and for a wrong setting.
        """
        config = TrainConfig(**settings)
        named = None if features is None else [kind.bound(space) for kind in kinds_of(features)]
        with ranks.first_before_others():
            found = gather(clips, named, limits, cache, workers, tick)
        seen, poolings = shown(found, pooling, config.seed)
        video = cls.fit_seen(space, found.clips, seen, poolings, recipe, found.limits, config, epoch_tick, checkpoint)
        video.failed = found.failed
        return video

    @classmethod
    @one_thread()
    def fit_seen(
        cls,
        space: TagSpace,
        clips: Sequence[Clip],
        seen: Seen,
        poolings: Poolings,
        recipe: str,
        limits: FrameLimits | None,
        train_config: TrainConfig,
        tick: EpochTick | None = None,
        checkpoint: str | Path | None = None,
    ) -> VideoEmbedder:
        """Train on `seen`: vectors (n, out_dim) that fixed poolings made, or arrays for poolings that are trained."""
        limits = limits or FrameLimits()
        learnt = learn(space, clips, seen, poolings, recipe, train_config, tick, checkpoint, limits)
        return cls(space, learnt, VideoConfig.of(learnt, recipe, limits, train_config))

    @property
    def kinds(self) -> Kinds:
        """The kinds of features that it was fitted on."""
        return self.poolings.kinds

    @property
    def limits(self) -> FrameLimits:
        """How much of a clip it looks at."""
        return FrameLimits(**self.config.limits)

    @property
    def mixture(self) -> Mixture | None:
        """How scores become probabilities; None for a recipe whose scores only rank."""
        return self.learnt.mixture

    @property
    def probable(self) -> bool:
        """Whether final scores are probabilities; without a `mixture` they only rank."""
        return self.mixture is not None

    @property
    def thresholds(self) -> Sequence[float | None]:
        """See `tag2vec.embed.precision.thresholds`; empty without a `mixture`."""
        return self.mixture.thresholds if self.mixture else ()

    @cached_property
    def rows(self) -> Rows:
        """The tags that no training clip carries: these are found through the space."""
        return np.setdiff1d(np.arange(len(self.space)), self.head.carried.numpy())

    @property
    def origin(self) -> dict[str, str]:
        """Checksums of the space and of this, "" for one that is not on disk."""
        return {"space": self.base.digest, "video": self.digest}

    @cached_property
    def items(self) -> Floats:
        """(n, d): item i times a query of `place` is the score of the tag in `rows[i]`, higher is better."""
        with torch.no_grad():
            items: Floats = self.head.items()[torch.from_numpy(self.rows)].contiguous().numpy()
        return items

    @one_thread()
    def place(self, arrays: Arrays) -> Place:
        return self.place_pooled(self.poolings.one(arrays))

    def place_pooled(self, pooled: Floats) -> Place:
        """What the features of one clip were pooled to (out_dim,)."""
        vector, points, query = self._through(pooled[None])
        with torch.no_grad():
            direct = self.head.direct(points)[0].numpy()
        if self.mixture is not None:
            shares = self.learnt.neighbours.shares(vector[0].numpy(), self.poolings.titles(pooled))
            direct = self.mixture.of(direct, shares)
        return Place(query[0].numpy(), direct)

    def looks(self, pooled: Floats) -> Floats:
        """What the features of one clip were pooled to (out_dim,) -> what evidence compares (any,): clips with a high
        cosine look alike."""
        with torch.no_grad():
            found: Floats = self.head.reduce(torch.from_numpy(pooled)[None])[0].numpy()
        return found

    def grown(self, space: TagSpace) -> VideoEmbedder:
        rows = [self.space.known_rows(clip.tags) for clip in self.trained_clips]
        head = type(self.head)(vectors_of(self.poolings, not self.poolings.trained), tags_of(space, rows))
        head.load_state_dict(rare_too(self.head, len(self.base), len(space)))
        learnt = replace(self.learnt, space=space, head=head.eval(), kept=self.learnt.looks)
        return VideoEmbedder(self.base, learnt, self.config)

    def points(self, pooled: Floats) -> Floats:
        """Clips that were pooled before (m, out_dim) -> where they lie in the tag space, or (m, any) in the last layer
        of a recipe that has no use for it."""
        _, points, queries = self._through(pooled)
        found: Floats = (queries if queries.shape[1] > 1 else points).numpy()
        return found

    def queries(self, pooled: Floats) -> Floats:
        """Clips that were pooled before (m, out_dim) -> what is asked of `items` for them (m, any)."""
        found: Floats = self._through(pooled)[2].numpy()
        return found

    def _through(self, pooled: Floats) -> tuple[Tensor, Tensor, Tensor]:
        """Clips that were pooled before (m, out_dim) -> what they look like, their points and queries (m, any)."""
        with torch.no_grad():
            vectors = self.head.reduce(torch.from_numpy(pooled))
            points = self.head(vectors)
            return vectors, points, self.head.queries(points)

    def best(self, place: Place, scores: Floats, found: Rows) -> tuple[Floats, Rows]:
        """Probabilities, or scores that only rank, and rows: of the carried tags and the k that were found."""
        every = np.concatenate([place.direct, self.final(scores)])
        rows = np.concatenate([self.head.carried.numpy(), self.rows[found]])
        order = np.argsort(-every, kind="stable")
        return every[order], rows[order]

    def scores_of(self, place: Place, rows: Rows) -> Floats:
        found = np.empty(len(self.space), np.float32)
        found[self.head.carried.numpy()] = place.direct
        asked = np.isin(self.rows, rows)
        found[self.rows[asked]] = self.final(self.items[asked] @ place.query)
        return found[rows]

    def evidence(self, arrays: Arrays, rows: Rows, most: int) -> list[Evidence]:
        """Of the training clips nearest by what they look like, those that carry the tag."""
        vector = self.looks(self.poolings.one(arrays))
        found = self.learnt.neighbours.witnesses(vector, rows.tolist(), most)
        return [Evidence(tuple((str(self.trained_clips[i].path), cosine) for i, cosine in near)) for near in found]

    def final(self, scores: Floats) -> Floats:
        """Products of items and queries (...) -> final scores (...). No training clip carries such a tag, no near one
        either."""
        return scores if self.mixture is None else self.mixture.of(scores, np.zeros((2, *scores.shape), np.float32))

    def scores(self, pooled: Floats) -> Floats:
        """Clips that were pooled before (m, out_dim) -> probabilities of all tags, or scores that only rank (m, v)."""
        found = np.empty((len(pooled), len(self.space)), np.float32)
        for own, vector in zip(found, pooled, strict=True):
            place = self.place_pooled(vector)
            own[self.rows] = self.final(self.items @ place.query)
            own[self.head.carried.numpy()] = place.direct
        return found

    def save(self, model: str | Path) -> None:
        """Write into the model folder that the space was saved to. Raises ArtifactError."""
        videofiles.save(self, Path(model))

    @classmethod
    def load(cls, model: str | Path, space: TagSpace | None = None, given: str | Path | None = None) -> VideoEmbedder:
        """Open the video embedder of a model folder. `given` has the features of other clips, made in the same way as
        those that a model with `given` features was fitted on.

        It goes with the space that it was fitted on and with those that grew from it by updates: tags that are new
        there can be suggested too. Raises ArtifactError, also when it belongs to another space.
        """
        return videofiles.load(Path(model), space or TagSpace.load(model), given)
