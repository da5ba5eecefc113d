"""The index of a model, built once and kept.

Kind `index`, in `index/` of a model folder: the files of the index and, as parents, the checksums of the tag space and
of the video embedder that it was built for (of the space alone where a model has no video embedder).
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import is_dataclass
from pathlib import Path
from typing import Any

from tag2vec import artifact, plugins
from tag2vec.embed.embedder import Embedder
from tag2vec.errors import ArtifactError
from tag2vec.retrieval.asked import asked, halves, parents
from tag2vec.retrieval.choice import Wish, built
from tag2vec.retrieval.indexes import Index

KIND = "index"
FOLDER = "index"  # inside a model folder


def fit_index(
    model: str | Path, named: str | None = None, wish: Wish | None = None, corpus: str | Path | None = None
) -> Index:
    """Build the index that is `named`, or chosen, for what a model suggests; keep it in the model folder.

    What it is tuned on is half of the queries of `asked`. Raises ArtifactError, and UsageError when it does not fit.
    """
    folder = Path(model) / FOLDER
    artifact.check_writable(folder, KIND)
    found = asked(model, corpus)
    index = built(found.items, named, wish or Wish(kept=True), halves(found.queries)[0])
    config = described(index) | {"dim": found.items.shape[1], "tuned_on": found.source}
    with artifact.write(folder, KIND, config, found.parents) as draft:
        index.save(draft.path)
    return index


def load_index(model: str | Path, embedder: Embedder) -> Index | None:
    """The stored index of what `embedder` suggests; None when there is none for this kind of embedder.

    Raises ArtifactError when it was built for another model.
    """
    folder = Path(model) / FOLDER
    wanted = parents(embedder)
    if not (folder / artifact.MANIFEST).is_file() or not wanted:
        return None
    found = artifact.read(folder, KIND)
    if found.parents.keys() != wanted.keys():
        return None
    check_parents(found, wanted, f"tag2vec fit-index {model}")
    return opened(found)


def described(index: Index) -> dict[str, Any]:
    """What a manifest says of an index, so that `opened` finds its class. One that is no dataclass has no settings."""
    settings: dict[str, Any] = plugins.settings(index) if is_dataclass(index) else {}
    return {"index": plugins.name_of(index), "settings": settings, "vectors": len(index)}


def opened(found: artifact.Artifact) -> Index:
    """The index in an artifact whose settings have what `described` gave."""
    with artifact.reading(found.folder):
        index = plugins.make(Index, found.config["index"], found.config["settings"])
        index.load(found.folder)
    return index


def check_parents(found: artifact.Artifact, wanted: Mapping[str, str], again: str) -> None:
    """Raise ArtifactError with both checksums, and the command to build it again, unless the parents are as wanted."""
    if differ := [name for name in wanted if found.parents.get(name) != wanted[name]]:
        name = differ[-1]
        raise ArtifactError(
            f"{found.folder} was built for another model: it names the {name} {found.parents.get(name, 'none')[:12]}, "
            f"this one is {wanted[name][:12]}. Build it again with: {again}"
        )


def remove_index(model: str | Path) -> bool:
    """Remove the stored index of a model, because what it was built for was fitted anew; whether there was one."""
    folder = Path(model) / FOLDER
    if not (folder / artifact.MANIFEST).is_file():
        return False
    shutil.rmtree(folder)
    return True
