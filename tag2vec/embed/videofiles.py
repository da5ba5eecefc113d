"""A video embedder on disk.

Kind `video`, inside a model folder: `network.safetensors` (pooling and head), `curve.json` (the losses), `clips.jsonl`
and `clip_vectors.npy` (the clips it was fitted on, and what their features were pooled to), `clip_looks.npy` (what is
compared of these, where that is shorter; it is made again where there is none), `tags.txt` (the stems of
all tags, in the order of the head's rows), `new_inputs.npy` and `new_outputs.npy` (vectors of the last of them: those
that these clips carry and the space lacks), `told_*.npy` (what is written of the clips, where features read it).
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from safetensors.torch import load_file
from safetensors.torch import save as packed

from tag2vec import artifact, plugins
from tag2vec.artifact import Artifact
from tag2vec.embed.carry import carry_over, with_stored_tags
from tag2vec.embed.clips import Clip
from tag2vec.embed.evidence import Mixture
from tag2vec.embed.features import describe
from tag2vec.embed.fitting import Learnt, tags_of, vectors_of
from tag2vec.embed.heads import Head
from tag2vec.embed.kinds import elsewhere, stored_kinds
from tag2vec.embed.limits import FrameLimits
from tag2vec.embed.pooled import Poolings
from tag2vec.embed.space import TagSpace
from tag2vec.embed.told import PARTS, Told
from tag2vec.embed.training import TrainConfig
from tag2vec.errors import ArtifactError

if TYPE_CHECKING:
    from tag2vec.embed.video import VideoEmbedder

KIND = "video"
FOLDER = "video"  # inside a model folder
LOOKS = "clip_looks.npy"


@dataclass(frozen=True)
class VideoConfig:
    """Which parts a video embedder has, and how it was trained."""

    features: list[dict[str, Any]]  # the kinds, and the pooling of each
    pooling: list[str]
    recipe: str
    limits: dict[str, Any]
    train: dict[str, Any]
    clips: int
    mixture: dict[str, Any] | None  # how scores become probabilities; None: they do not

    @classmethod
    def of(cls, learnt: Learnt, recipe: str, limits: FrameLimits, train: TrainConfig) -> VideoConfig:
        return cls(
            [describe(kind) for kind in learnt.poolings.kinds],
            learnt.poolings.names,
            recipe,
            asdict(limits),
            asdict(train),
            len(learnt.clips),
            asdict(learnt.mixture) if learnt.mixture else None,
        )


def has_video(model: str | Path) -> bool:
    """Whether a model folder holds a video embedder."""
    return (Path(model) / FOLDER / artifact.MANIFEST).is_file()


def save(video: VideoEmbedder, model: Path) -> None:
    """Write `video` into the model folder that its space was saved to. Raises ArtifactError."""
    if not video.base.digest:
        raise ArtifactError("The tag space was not saved; save it into the same model folder first.")
    learnt = video.learnt
    with artifact.write(model / FOLDER, KIND, asdict(video.config), {"space": video.base.digest}) as draft:
        modules = {"pooling": video.poolings, "head": video.head}
        state = {f"{n}.{k}": v.contiguous() for n, m in modules.items() for k, v in m.state_dict().items()}
        # Not save_file: its own error for a full disk is no OSError.
        (draft.path / "network.safetensors").write_bytes(packed(state))
        (draft.path / "curve.json").write_text(json.dumps(learnt.curve), encoding="utf-8")
        draft.lines("clips.jsonl", (clip.facts() for clip in learnt.clips))
        draft.array("clip_vectors.npy", learnt.vectors)
        if learnt.looks.shape[1] < learnt.vectors.shape[1]:  # else they are as quick to make as to read
            draft.array(LOOKS, learnt.looks)
        for name, part in learnt.told.arrays().items() if learnt.told else ():
            draft.array(f"told_{name}.npy", part)
        (draft.path / "tags.txt").write_text("\n".join(video.space.rows), encoding="utf-8")
        draft.array("new_inputs.npy", video.space.inputs[len(video.base) :])
        draft.array("new_outputs.npy", video.space.outputs[len(video.base) :])
    video.digest = artifact.read(model / FOLDER, KIND).digest


def load(model: Path, base: TagSpace, given: str | Path | None) -> VideoEmbedder:
    """See VideoEmbedder.load."""
    from tag2vec.embed.video import VideoEmbedder

    folder = model / FOLDER
    if not has_video(model):
        raise ArtifactError(
            f"{model} has a tag space but no video embedder. Fit one with: tag2vec fit-video {model} CLIPS"
        )
    found = artifact.read(folder, KIND)
    again = f"Fit it again with: tag2vec fit-video {model} CLIPS"
    if found.parents.get("space") not in {base.digest, *base.earlier}:
        raise ArtifactError(
            f"{folder} was fitted on another tag space: it names {found.parents.get('space', 'none')[:12]}, this one "
            f"is {base.digest[:12]}. {again}"
        )
    try:
        config = VideoConfig(**found.config)
    except TypeError as error:
        raise ArtifactError(f"{folder} was fitted by another version of tag2vec. {again}") from error
    with artifact.reading(folder):
        learnt = _learnt(found, config, base, given, again)
        video = VideoEmbedder(base, learnt, config)
    video.digest = found.digest
    return video


def _learnt(found: Artifact, config: VideoConfig, base: TagSpace, given: str | Path | None, again: str) -> Learnt:
    folder = found.folder
    described = elsewhere(folder, config.features, given)
    kinds = tuple(kind.bound(base) for kind in stored_kinds(folder, described))
    poolings = Poolings(kinds, "+".join(config.pooling))
    clips = [Clip.stored(line) for line in found.lines("clips.jsonl")]
    stems = found.path("tags.txt").read_text(encoding="utf-8").split("\n")
    full = with_stored_tags(base, clips, stems, found)
    tags = tags_of(full, [full.known_rows(clip.tags) for clip in clips])
    head = plugins.get(Head, config.recipe)(vectors_of(poolings, not poolings.trained), tags)
    state = load_file(found.path("network.safetensors"))
    try:
        poolings.load_state_dict(_part(state, "pooling"))
        head.load_state_dict(carry_over(_part(state, "head"), head, stems, full))
    except RuntimeError as error:
        raise ArtifactError(
            f"{folder}/network.safetensors does not fit the recipe {config.recipe} and the poolings that its settings "
            f"name; another version of tag2vec may have written it. {again}"
        ) from error
    curve = json.loads(found.path("curve.json").read_text(encoding="utf-8"))
    # Few ask for them, and they are long.
    vectors = found.floats("clip_vectors.npy", (len(clips), poolings.out_dim), mmap=True)
    looks = found.floats(LOOKS, (len(clips), None)) if LOOKS in found.files else None
    told = (
        Told.from_arrays([found.array(f"told_{name}.npy") for name in PARTS], poolings.read) if poolings.read else None
    )
    mixture = Mixture(**config.mixture) if config.mixture else None
    return Learnt(full, poolings.eval(), head.eval(), mixture, curve, clips, vectors, told, looks)


def _part(state: dict[str, torch.Tensor], name: str) -> dict[str, torch.Tensor]:
    return {key.removeprefix(f"{name}."): value for key, value in state.items() if key.startswith(f"{name}.")}
