"""Kinds of features as people name them, one or several at once: `trajectories+audio`, `onnx:network.onnx`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from tag2vec import plugins
from tag2vec.embed.features import Features
from tag2vec.errors import ArtifactError, UsageError

Kinds = tuple[Features, ...]
DEFAULT = "trajectories"


def kinds_of(features: str | Features | Sequence[Features] | None) -> Kinds:
    """The kinds that `features` names, the default one for None.

    Raises UnknownName, UsageError, and what a kind says of its settings.
    """
    if features is None:
        features = DEFAULT
    if isinstance(features, Features):
        return (features,)
    if not isinstance(features, str):
        return tuple(features)
    return tuple(plugins.spelled(Features, text) for text in _split(features))


def with_flow(features: str | None, flow: str | None) -> str | None:
    """`features`, of which trajectories follow motion by `flow` when one is given.

    Raises UsageError when there are no trajectories among them.
    """
    if flow is None:
        return features
    parts = _split(features or DEFAULT)
    followed = [
        f"{part}{',' if ':' in part else ':'}flow={flow}" if part.partition(":")[0] == DEFAULT else part
        for part in parts
    ]
    if followed == parts:
        raise UsageError(f"--flow {flow} was given with the features {features}; wanted trajectories among them.")
    return "+".join(followed)


def poolings_of(spelled: str | None, kinds: Kinds) -> list[str]:
    """One pooling a kind, as text: its own where none is named, the same for all where one is. Raises UsageError."""
    from tag2vec.embed.pooling import Pooling  # with torch, which a process that computes features does without

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


def stored_kinds(folder: Path, described: Iterable[dict[str, Any]]) -> Kinds:
    """The kinds that a folder names, see `features.describe`. Raises ArtifactError for another version's numbers."""
    kinds = []
    for facts in described:
        kind = plugins.make(Features, facts["name"], _beside(folder, facts["settings"]))
        if kind.version != facts["version"]:
            raise ArtifactError(
                f"{folder} was made with version {facts['version']} of the features '{facts['name']}'; this tag2vec "
                f"computes version {kind.version}. Make it again."
            )
        kinds.append(kind)
    return tuple(kinds)


def _beside(folder: Path, settings: dict[str, Any]) -> dict[str, Any]:
    """`settings`, of which a file that is no longer there is looked for beside `folder`: it may have moved with it."""
    file = Path(settings.get("file", ""))
    moved = folder.parent / file.name
    return settings | {"file": str(moved)} if file.name and not file.is_file() and moved.is_file() else settings


def elsewhere(folder: Path, described: list[dict[str, Any]], given: str | Path | None) -> list[dict[str, Any]]:
    """The kinds of a model, of which `given` takes its features from another place than when it was fitted.

    Raises UsageError when the model of `folder` was not fitted on such features.
    """
    if given is None:
        return described
    names = [facts["name"] for facts in described]
    if names.count("given") != 1:
        raise UsageError(
            f"Features were given, and {folder} was fitted on {'+'.join(names)}; wanted a model with given:PATH."
        )
    moved = {"name": "given", "version": Features.version, "settings": {"path": str(given)}}
    return [moved if facts["name"] == "given" else facts for facts in described]


def in_words(described: Iterable[dict[str, Any]]) -> str:
    """The kinds as one would name them, with all their settings."""
    return "+".join(
        facts["name"] + "".join(f"{',' if i else ':'}{k}={v}" for i, (k, v) in enumerate(facts["settings"].items()))
        for facts in described
    )


def _split(spelled: str) -> list[str]:
    # A file name may hold a '+' too: only one before a name divides.
    return re.split(r"\+(?=[a-z]\w*(?:$|[:+]))", spelled)
