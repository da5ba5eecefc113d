"""A model folder as `tag2vec fit-embedding` writes it: the tag space, and what the posts tell beside it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from tag2vec import artifact
from tag2vec.embed import forms, known, space
from tag2vec.embed.forms import Forms
from tag2vec.embed.known import Known
from tag2vec.embed.space import TagSpace
from tag2vec.scraping.corpus import Corpus

KINDS = {space.FOLDER: space.KIND, forms.FOLDER: forms.KIND, **known.KINDS}


def fit_model(
    corpus: Corpus | str | Path, model: str | Path, tick: Callable[[int], None] | None = None, **settings: Any
) -> TagSpace:
    """Fit a tag space on `corpus` and write it to the folder `model`, ready for `VideoEmbedder.fit(...).save(model)`.

    `settings` are those of `TagSpace.fit`, and `tick(passes done)` is called as there. Beside the space the folder gets
    how tags are written in which company, their languages and their trends, which `TagSpace.save` alone does not write.
    Raises ArtifactError when `corpus` is none or `model` cannot be written, UsageError for bad settings.
    """
    read = corpus if isinstance(corpus, Corpus) else Corpus.load(corpus)
    check_model(model)
    made = TagSpace.fit(read, tick, **settings)
    save_model(made, read, model)
    return made


def check_model(model: str | Path) -> None:
    """Raises ArtifactError when a tag space, and what belongs to it, cannot be written to `model`."""
    for name, kind in KINDS.items():
        artifact.check_writable(Path(model) / name, kind)


def save_model(made: TagSpace, corpus: Corpus, model: str | Path) -> None:
    """Write the tag space `made`, and what the posts of its `corpus` tell of its tags. Raises ArtifactError."""
    made.save(model)
    Forms.fit(corpus, made, made.config["seed"]).save(model)
    Known.fit(corpus, made).save(model, made)
