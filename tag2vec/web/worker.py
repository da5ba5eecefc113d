"""What a worker does: a JSON object a line in, another out. What goes wrong on purpose is an answer too."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from tag2vec.embed.prefix import Prefixes
from tag2vec.embed.space import Related
from tag2vec.errors import Tag2VecError, UsageError
from tag2vec.retrieval.suggest import Suggester

Answer = dict[str, Any]


class Worker:
    """Answers with a model. Every answer has "ok"; where that is false, "error" is its class and "detail" says why."""

    def __init__(self, suggester: Suggester) -> None:
        self.suggester = suggester
        self.prefixes = Prefixes(suggester.space)

    @classmethod
    def of(cls, model: str, index: str | None = None) -> Worker:
        """Open a model folder. Raises ArtifactError, UsageError."""
        return cls(Suggester.load(model, index))

    def work(self, line: socket.socket) -> None:
        """Answer what comes until the other end closes."""
        with line.makefile("rwb") as pipe:
            for asked in pipe:
                pipe.write(json.dumps(self.answer(json.loads(asked))).encode() + b"\n")
                pipe.flush()

    def answer(self, asked: Answer) -> Answer:
        """What `asked["do"]` names, with the other fields as its arguments."""
        does: dict[str, Callable[..., Answer]] = {
            "suggest": self.suggest,
            "features": self.features,
            "like": self.like,
            "complete": self.complete,
            "related": self.related,
            "tags": self.tags,
        }
        try:
            return {"ok": True} | does[asked.pop("do")](**asked)
        except Tag2VecError as error:
            return {"ok": False, "error": type(error).__name__, "detail": str(error)}

    def suggest(self, path: str, name: str, title: str | None = None, **settings: Any) -> Answer:
        """The hashtags of the file at `path`, which people know as `name`."""
        try:
            return self.suggester.suggest(Path(path), title=title, **settings).json() | {"clip": name}
        except Tag2VecError as error:
            error.args = (str(error).replace(path, name),)
            raise

    def features(self, path: str, name: str, **settings: Any) -> Answer:
        """The hashtags of the features in the file at `path` (.npy or .npz)."""
        try:
            found = np.load(path, allow_pickle=False)
            arrays = [found] if isinstance(found, np.ndarray) else [found[one] for one in found.files]
        except (OSError, ValueError, EOFError, BadZipFile) as error:
            raise UsageError(f"{name} holds no arrays; wanted a .npy or .npz file without pickled objects.") from error
        return self.suggester.suggest_features(arrays, **settings).json() | {"clip": name}

    def like(self, tags: list[str], **settings: Any) -> Answer:
        return self.suggester.suggest_like(tags, **settings).json()

    def complete(self, tags: list[str], k: int, style: str) -> Answer:
        return self._answer(tags, self.suggester.space.complete(tags, k), style)

    def related(self, tag: str, k: int, side: str, style: str) -> Answer:
        found = self.suggester.space.related(tag, k, side)  # type: ignore[arg-type]
        # What means the same does not stand beside it: how the tag is written here says nothing of it.
        return self._answer([tag], found, style, known=side == "output")

    def _answer(self, asked: list[str], found: list[Related], style: str, known: bool = True) -> Answer:
        placed = [self.suggester.space.place(tag) for tag in asked]
        query = [
            {"asked": one.asked, "found": " ".join((one.tag,) if one.step != "words" else one.words), "step": one.step}
            for one in placed
        ]
        written = self.suggester.forms.answer(found, asked, style, known=known)
        return {"query": query, "tags": [asdict(one) for one in written]}

    def tags(self, prefix: str, k: int) -> Answer:
        return {"tags": [asdict(one) for one in self.prefixes.find(prefix, k)]}
