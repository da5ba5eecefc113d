"""The video embedder: from a clip's features to a point in the tag space.

On disk (kind `video`, inside a model folder): `network.safetensors` (pooling and head), `curve.json` (the losses),
`clips.jsonl` and `clip_vectors.npy` (the clips it was fitted on, and what their features were pooled to), `tags.txt`
(the stems of all tags, in the order of the head's rows), `new_inputs.npy` and `new_outputs.npy` (vectors of the last of
them: those that these clips carry and the space lacks).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file, save

from tag2vec import artifact, plugins
from tag2vec.embed.carry import carry_over, with_stored_tags
from tag2vec.embed.clips import Clip
from tag2vec.embed.extract import Cache
from tag2vec.embed.features import Features, describe
from tag2vec.embed.gather import gather
from tag2vec.embed.heads import Head
from tag2vec.embed.kinds import Kinds, elsewhere, kinds_of, stored_kinds
from tag2vec.embed.limits import FrameLimits
from tag2vec.embed.newtags import with_tags_of
from tag2vec.embed.pooled import Arrays, Poolings
from tag2vec.embed.space import TagSpace
from tag2vec.embed.targets import prior, targets
from tag2vec.embed.threads import one_thread
from tag2vec.embed.training import Examples, TrainConfig, train
from tag2vec.errors import ArtifactError, SourceError, Tag2VecError, UsageError

KIND = "video"
FOLDER = "video"  # inside a model folder


@dataclass(frozen=True)
class VideoConfig:
    """Which parts a video embedder has, and how it was trained."""

    features: list[dict[str, Any]]  # the kinds, and the pooling of each
    pooling: list[str]
    recipe: str
    limits: dict[str, Any]
    train: dict[str, Any]
    clips: int


class VideoEmbedder:
    """`space` holds every tag that it can suggest: those of the tag space and, after them, the clips' own new ones."""

    def __init__(
        self,
        base: TagSpace,
        space: TagSpace,
        poolings: Poolings,
        head: Head,
        config: VideoConfig,
        curve: list[dict[str, Any]],
        trained_clips: Sequence[Clip],
        trained_vectors: NDArray[np.float16],
    ) -> None:
        self.base = base
        self.space = space
        self.poolings = poolings
        self.head = head
        self.config = config
        self.curve = curve
        self.trained_clips = list(trained_clips)
        self.trained_vectors = trained_vectors  # (clips, out_dim): what their features were pooled to
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
        **settings: Any,
    ) -> VideoEmbedder:
        """Extract features of the clips and train on them; `settings` are those of TrainConfig.

        `features` and `pooling` may name several with a '+' between; dense trajectories unless one is named, and each
        kind with its own pooling. `clips` may be a folder that `tag2vec extract` wrote: then features, limits and,
        where it holds one vector a clip, pooling are those it was written with. Clips that cannot be decoded are left
        out and listed in `failed`. `tick` gets the number of clips done. Raises SourceError when no clip with a tag is
        left, UsageError for a folder of other features than those named.
        """
        train_config = TrainConfig(**settings)
        named = None if features is None else [kind.bound(space) for kind in kinds_of(features)]
        found = gather(clips, named, limits, cache, workers, tick)
        poolings = Poolings(found.kinds, pooling)
        if found.poolings is None:
            vectors = poolings.fit(found.arrays, train_config.seed).many(found.arrays)
        elif pooling is None or poolings.names == found.poolings.names:
            vectors, poolings = found.vectors(), found.poolings
        else:
            raise UsageError(
                f"{clips} holds vectors pooled by {'+'.join(found.poolings.names)}; wanted {'+'.join(poolings.names)}. "
                "Extract them so, or leave the pooling out."
            )
        video = cls.fit_pooled(
            space, found.clips, torch.from_numpy(vectors), poolings, recipe, found.limits, train_config
        )
        video.failed = found.failed
        return video

    @classmethod
    @one_thread()
    def fit_pooled(
        cls,
        space: TagSpace,
        clips: Sequence[Clip],
        pooled: torch.Tensor,
        poolings: Poolings,
        recipe: str,
        limits: FrameLimits | None,
        train_config: TrainConfig,
    ) -> VideoEmbedder:
        """Train on vectors that were pooled before: pooled (n, out_dim)."""
        full = with_tags_of(space, [clip.tags for clip in clips])
        rows = [full.known_rows(clip.tags) for clip in clips]
        used = [i for i, own in enumerate(rows) if own]
        if not used:
            raise SourceError(f"None of the {len(clips)} clips carries a tag; wanted a tags column with hashtags.")
        rows = [rows[i] for i in used]
        examples = Examples(
            pooled if len(used) == len(clips) else pooled[torch.tensor(used)],
            torch.from_numpy(targets(full, rows, len(space))),
            torch.tensor([own[0] for own in rows]),
            [clips[i].group for i in used],
        )
        tensors = (
            torch.from_numpy(full.inputs),
            torch.from_numpy(full.outputs),
            torch.from_numpy(prior(full, rows)),
        )
        kind = plugins.get(Head, recipe)
        head, curve = train(lambda: kind(poolings.out_dim, *tensors), examples, train_config)
        config = VideoConfig(
            [describe(kind) for kind in poolings.kinds],
            poolings.names,
            recipe,
            asdict(limits or FrameLimits()),
            asdict(train_config),
            len(used),
        )
        vectors = examples.pooled.numpy().astype(np.float16)
        return cls(space, full, poolings, head, config, curve, [clips[i] for i in used], vectors)

    @property
    def kinds(self) -> Kinds:
        """The kinds of features that it was fitted on."""
        return self.poolings.kinds

    @property
    def limits(self) -> FrameLimits:
        """How much of a clip it looks at."""
        return FrameLimits(**self.config.limits)

    @one_thread()
    def query(self, arrays: Arrays) -> NDArray[np.float32]:
        """Features of one clip, (n, dim) or (dim,) a kind -> query vector (dim of the space + 1,).

        Raises UsageError for features of other kinds.
        """
        with torch.no_grad():
            points = self.head(torch.from_numpy(self.poolings.one(arrays))[None])
            query: NDArray[np.float32] = self.head.queries(points)[0].numpy()
        return query

    @cached_property
    def items(self) -> NDArray[np.float32]:
        """One vector a tag (v, dim of the space + 1): times a query it is the tag's score, higher is better."""
        with torch.no_grad():
            items: NDArray[np.float32] = self.head.items().contiguous().numpy()
        return items

    def save(self, model: str | Path) -> None:
        """Write into the model folder that the space was saved to. Raises ArtifactError."""
        if not self.base.digest:
            raise ArtifactError("The tag space was not saved; save it into the same model folder first.")
        with artifact.write(Path(model) / FOLDER, KIND, asdict(self.config), {"space": self.base.digest}) as draft:
            modules = {"pooling": self.poolings, "head": self.head}
            state = {f"{n}.{k}": v.contiguous() for n, m in modules.items() for k, v in m.state_dict().items()}
            # Not save_file: its own error for a full disk is no OSError.
            (draft.path / "network.safetensors").write_bytes(save(state))
            (draft.path / "curve.json").write_text(json.dumps(self.curve), encoding="utf-8")
            draft.lines("clips.jsonl", (asdict(c) | {"path": str(c.path)} for c in self.trained_clips))
            draft.array("clip_vectors.npy", self.trained_vectors)
            (draft.path / "tags.txt").write_text("\n".join(self.space.rows), encoding="utf-8")
            draft.array("new_inputs.npy", self.space.inputs[len(self.base) :])
            draft.array("new_outputs.npy", self.space.outputs[len(self.base) :])

    @classmethod
    def load(cls, model: str | Path, space: TagSpace | None = None, given: str | Path | None = None) -> VideoEmbedder:
        """Open the video embedder of a model folder. `given` has the features of other clips, made in the same way as
        those that a model with `given` features was fitted on.

        It goes with the space that it was fitted on and with those that grew from it by updates: tags that are new
        there can be suggested too. Raises ArtifactError, also when it belongs to another space.
        """
        folder = Path(model) / FOLDER
        base = space or TagSpace.load(model)
        if not has_video(model):
            raise ArtifactError(
                f"{model} has a tag space but no video embedder. Fit one with: tag2vec fit-video {model} CLIPS"
            )
        found = artifact.read(folder, KIND)
        if found.parents["space"] not in {base.digest, *base.earlier}:
            raise ArtifactError(
                f"{folder} was fitted on another tag space: it names {found.parents['space'][:12]}, this one is "
                f"{base.digest[:12]}. Fit it again with: tag2vec fit-video {model} CLIPS"
            )
        config = VideoConfig(**found.config)
        described = elsewhere(folder, config.features, given)
        kinds = tuple(kind.bound(base) for kind in stored_kinds(folder, described))
        poolings = Poolings(kinds, "+".join(config.pooling))
        clips = [
            Clip(Path(line["path"]), tuple(line["tags"]), line["group"], line["title"])
            for line in found.lines("clips.jsonl")
        ]
        stems = found.path("tags.txt").read_text(encoding="utf-8").split("\n")
        full = with_stored_tags(base, clips, stems, found)
        popularity = prior(full, [full.known_rows(clip.tags) for clip in clips])
        tensors = (torch.from_numpy(part) for part in (full.inputs, full.outputs, popularity))
        head = plugins.get(Head, config.recipe)(poolings.out_dim, *tensors)
        state = load_file(found.path("network.safetensors"))
        try:
            poolings.load_state_dict(_part(state, "pooling"))
            head.load_state_dict(carry_over(_part(state, "head"), head, stems, full))
        except RuntimeError as error:
            raise ArtifactError(f"{folder}/network.safetensors does not fit its settings: {error}") from error
        curve = json.loads(found.path("curve.json").read_text(encoding="utf-8"))
        vectors = found.array("clip_vectors.npy")
        return cls(base, full, poolings.eval(), head.eval(), config, curve, clips, vectors)


def has_video(model: str | Path) -> bool:
    """Whether a model folder holds a video embedder."""
    return (Path(model) / FOLDER / artifact.MANIFEST).is_file()


def _part(state: dict[str, torch.Tensor], name: str) -> dict[str, torch.Tensor]:
    return {key.removeprefix(f"{name}."): value for key, value in state.items() if key.startswith(f"{name}.")}
