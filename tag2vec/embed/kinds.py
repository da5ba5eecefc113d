"""Kinds of features as people name them, one or several at once: `trajectories+audio`, `onnx:network.onnx`."""

from __future__ import annotations

import re
from collections.abc import Sequence

from tag2vec import plugins
from tag2vec.embed.features import Features
from tag2vec.embed.pooling import Pooling
from tag2vec.errors import UsageError

Kinds = tuple[Features, ...]


def kinds_of(features: str | Features | Sequence[Features]) -> Kinds:
    """The kinds that `features` names. Raises UnknownName, UsageError, and what a kind says of its settings."""
    if isinstance(features, Features):
        return (features,)
    if not isinstance(features, str):
        return tuple(features)
    return tuple(plugins.spelled(Features, text) for text in _split(features))


def poolings_of(spelled: str | None, kinds: Kinds) -> list[str]:
    """One pooling a kind, as text: its own where none is named, the same for all where one is. Raises UsageError."""
    if spelled is None:
        return [kind.pooling for kind in kinds]
    names = _split(spelled)
    names = names * len(kinds) if len(names) == 1 else names
    if len(names) != len(kinds):
        raise UsageError(
            f"'{spelled}' names {len(names)} poolings for {len(kinds)} kinds of features; wanted one for all "
            "or one each."
        )
    for name in names:
        plugins.get(Pooling, plugins.parse(Pooling, name)[0])
    return names


def _split(spelled: str) -> list[str]:
    # A file name may hold a '+' too: only one before a name divides.
    return re.split(r"\+(?=[a-z]\w*(?:$|[:+]))", spelled)
