"""What a video embedder stored for each tag, beside a space in which the tags have other rows since.

An update of the space moves tags to other rows and adds new ones; vectors stay aligned (`update`), so the network of a
video embedder goes on pointing to them. Only what it stored in the order of the rows has to find its tags again.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from tag2vec.artifact import Artifact
from tag2vec.embed.clips import Clip
from tag2vec.embed.compose import rarest
from tag2vec.embed.heads import Head
from tag2vec.embed.newtags import entries_with, extended
from tag2vec.embed.space import TagSpace
from tag2vec.errors import ArtifactError


def with_stored_tags(base: TagSpace, clips: Sequence[Clip], stems: Sequence[str], found: Artifact) -> TagSpace:
    """`base` with the forms in which `clips` carry its tags and, after these, the tags that it lacks, with the vectors
    stored in `found`.

    `stems` are all tags that were there when it was stored, those that the space lacked then last. Raises ArtifactError
    when one of them is neither in the space nor among the clips' tags now, or the other way round.
    """
    entries = entries_with(base, [clip.tags for clip in clips])
    new_inputs, new_outputs = found.array("new_inputs.npy"), found.array("new_outputs.npy")
    stored = {stem: row for row, stem in enumerate(stems[len(stems) - len(new_inputs) :])}
    new = [entry.stem for entry in entries[len(base) :]]
    if len(new_inputs) != len(new_outputs) or not stored.keys() >= set(new) or not set(stems) <= {*base.rows, *new}:
        raise ArtifactError(f"{found.folder} has vectors for other tags than its clips carry. Fit it again.")
    rows = [stored[stem] for stem in new]
    return extended(base, entries, new_inputs[rows], new_outputs[rows])


def carry_over(state: dict[str, Tensor], head: Head, stems: list[str], space: TagSpace) -> dict[str, Tensor]:
    """`state`, stored when the rows were `stems`, for `head`, whose rows are those of `space`.

    What a new tag gets is what it has in the untrained `head`, changed as much as training changed the median tag.
    """
    if stems == list(space.rows):
        return state
    rows = torch.tensor([space.rows[stem] for stem in stems])
    fresh = {name: head.state_dict()[name].clone() for name in head.per_tag if name in state}
    for name, values in fresh.items():
        values += (state[name] - values[rows]).median()
        values[rows] = state[name]
    return state | fresh


def rare_too(head: Head, learnt: int, tags: int) -> dict[str, Tensor]:
    """The state of `head` for one that ranks `tags` in all: more after its own, as rare as the rarest half of the
    `learnt` first."""
    state = head.state_dict()
    for name in head.per_tag:
        values = state[name]
        state[name] = torch.cat([values, rarest(values[:learnt]).mean().expand(tags - len(values))])
    return state
