"""What a worker does: a JSON object a line in, another out. What goes wrong on purpose is an answer too."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from tag2vec import plugins
from tag2vec.embed.clips import shown
from tag2vec.embed.explore import tag_map
from tag2vec.embed.extract import Cache
from tag2vec.embed.lookup import Composed, told
from tag2vec.embed.prefix import Prefixes
from tag2vec.embed.space import Related
from tag2vec.errors import Tag2VecError, UnknownName, UsageError
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
        """What the method that `asked["do"]` names gives, with the other fields as its arguments: `api` asks, nobody
        else."""
        does: Callable[..., Answer] = getattr(self, asked.pop("do"))
        try:
            return {"ok": True} | does(**asked)
        except Tag2VecError as error:
            return {"ok": False, "error": type(error).__name__, "detail": str(error)}

    def suggest(self, path: str, name: str, cache: str, title: str | None = None, **settings: Any) -> Answer:
        """The hashtags of the file at `path`, which people know as `name`; `cache` is a folder for its features."""
        self.suggester.cache = Cache(Path(cache))
        try:
            found = self.suggester.suggest(Path(path), title=title, **settings).json() | {"clip": name}
        except Tag2VecError as error:
            error.args = (str(error).replace(path, name),)
            raise
        for why in (one["why"] for one in found["suggestions"] if "why" in one):
            why["clips"] = [(shown(clip), cosine) for clip, cosine in why["clips"]]
        return found

    def features(self, path: str, name: str, **settings: Any) -> Answer:
        """The hashtags of the features in the file at `path` (.npy or .npz)."""
        try:
            found = np.load(path, allow_pickle=False)
            arrays = [found] if isinstance(found, np.ndarray) else [found[one] for one in found.files]
        except (OSError, ValueError, EOFError, BadZipFile) as error:
            raise UsageError(f"{name} holds no arrays; wanted a .npy or .npz file without pickled objects.") from error
        return self.suggester.suggest_features(arrays, **settings).json() | {"clip": name}

    def complete(self, tags: list[str], k: int, style: str) -> Answer:
        return self._answer(tags, self.suggester.space.complete(tags, k), style)

    def related(self, tag: str, k: int, side: str, style: str) -> Answer:
        found = self.suggester.space.related(tag, k, side)  # type: ignore[arg-type]
        # What means the same does not stand beside it: how the tag is written here says nothing of it.
        return self._answer([tag], found, style, known=side == "output")

    def _answer(self, asked: list[str], found: list[Related], style: str, known: bool = True) -> Answer:
        query = [told(self.suggester.space.place(tag)) for tag in asked]
        written = self.suggester.forms.answer(found, asked, style, known=known)
        return {"query": query, "tags": [asdict(one) for one in written]}

    def model(self) -> Answer:
        """What can be asked of this model."""
        known, kinds = self.suggester.known, self.suggester.video.kinds
        return {
            "tags": len(self.suggester.space),
            "features": [plugins.name_of(kind) for kind in kinds],
            "titles": not all(kind.wants for kind in kinds),
            "trends": known.trends is not None,
            "languages": list(known.languages.codes) if known.languages else [],
        }

    def trend(self, tag: str) -> Answer:
        """The authors of a tag week by week."""
        found, known = self.suggester.space.place(tag), self.suggester.known.trends
        if known is None or known.weeks is None:
            raise UnknownName("This model knows no weeks; wanted one that was fitted on posts with dates.")
        if isinstance(found, Composed):
            raise UnknownName(f"#{found.tag} is no hashtag of this model, only {' and '.join(found.words)} inside it.")
        authors = known.weeks[found.row].tolist()
        ends = [known.last - timedelta(weeks=len(authors) - 1 - i) for i in range(len(authors))]
        weeks = [
            {"until": end.isoformat(), "authors": count, "share": round(count / all_, 6) if all_ else 0.0}
            for end, count, all_ in zip(ends, authors, known.every, strict=True)
        ]
        return {"tag": found.tag, "trend": known.at(found.row), "weeks": weeks}

    def map(self, most: int) -> Answer:
        """The most frequent tags in the plane, from -1 to 1 either way; takes seconds."""
        found = tag_map(self.suggester.space, min(most, len(self.suggester.space)))
        middle = (found.points.max(axis=0) + found.points.min(axis=0)) / 2
        points = (found.points - middle) / max(float(np.abs(found.points - middle).max()), 1e-9)
        places = zip(found.tags, points.round(4).tolist(), found.groups.tolist(), strict=True)
        return {"tags": [{"tag": t.tag, "count": t.count, "at": at, "group": group} for t, at, group in places]}

    def tags(self, prefix: str, k: int) -> Answer:
        return {"tags": [asdict(one) for one in self.prefixes.find(prefix, k)]}
