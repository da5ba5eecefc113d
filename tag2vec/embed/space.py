"""The tag space: an input and an output vector for every tag that enough posts carry.

Input vectors say what a tag means (cosine: what can stand in its place); an input vector times the output vectors,
plus their biases, says which tags stand beside it. On disk (kind `space`): `inputs.npy` and `outputs.npy` (v, dim) and
`bias.npy` (v,), all float32; `tags.jsonl` with `{"stem", "count", "forms"}` a line, in the order of the rows, most
frequent first.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from tag2vec import artifact
from tag2vec.embed import lookup
from tag2vec.embed.lookup import Composed, Found
from tag2vec.embed.posts import Posts
from tag2vec.embed.skipgram import SpaceConfig, fit_word2vec
from tag2vec.embed.units import units
from tag2vec.errors import ArtifactError, UnknownName, UsageError, unknown
from tag2vec.scraping.corpus import Corpus, Entry
from tag2vec.scraping.normalise import Stems, written

KIND = "space"
FOLDER = "space"  # inside a model folder

Vectors = NDArray[np.float32]
Side = Literal["input", "output"]


@dataclass(frozen=True, slots=True)
class Related:
    """A tag with its score (higher is nearer) and the number of posts it stands in."""

    tag: str
    stem: str
    score: float
    count: int


def query(given: Vectors) -> Vectors:
    """The point (dim,) of tags with the input vectors `given` (n, dim): their sum over the square root of n.

    So its length says how many of them agree, and what they say outweighs the bias of a tag all the more.
    """
    point: Vectors = given.sum(axis=0) / np.float32(math.sqrt(len(given)))
    return point


class TagSpace:
    """`entries` (v), `inputs` (v, dim), `outputs` (v, dim), `bias` (v,): row i of each belongs to the same tag.

    `len(space)` counts tags, `tag in space` looks one up by its stem, `space[tag]` is its input vector (dim,).
    """

    def __init__(
        self,
        entries: Sequence[Entry],
        inputs: Vectors,
        outputs: Vectors,
        config: dict[str, Any],
        parents: dict[str, str] | None = None,
        digest: str = "",
        bias: Vectors | None = None,
    ) -> None:
        self.entries = list(entries)
        self.inputs = inputs
        self.outputs = outputs
        self.bias = np.zeros(len(entries), np.float32) if bias is None else bias
        self.config = config
        self.parents = parents or {}
        self.digest = digest  # of the folder it was loaded from or saved to; "" while only in memory
        self.rows = {entry.stem: row for row, entry in enumerate(self.entries)}

    @classmethod
    def fit(cls, corpus: Corpus, tick: Callable[[int], None] | None = None, **settings: Any) -> TagSpace:
        """Train on a corpus; `settings` are those of `tag2vec.embed.skipgram.SpaceConfig`. `tick` gets the number of
        finished epochs."""
        config = SpaceConfig(**settings).for_corpus(len(corpus), corpus.report["tags"])
        entries = corpus.frequent(config.min_count)
        counts = {entry.stem: entry.count for entry in entries}
        described = {"stemmer": corpus.stemmer, "digits": corpus.digits, **asdict(config)}
        described["corpus"] = str(corpus.folder.folder.absolute())
        space = cls(entries, *fit_word2vec(corpus, counts, config, tick), described, {"corpus": corpus.folder.digest})
        if config.refine:
            from tag2vec.embed.refine import refine

            posts, first = Posts.of(corpus.authored(), space.rows), config.passes - config.refine
            start = space.inputs, space.outputs, space.counts
            more = refine(posts, *start, config.refine, config.seed, lambda done: tick(first + done) if tick else None)
            space.inputs, space.outputs, space.bias = more
        return space

    @classmethod
    def load(cls, folder: str | Path) -> TagSpace:
        """Open a model folder, or the space folder in it. Raises ArtifactError."""
        folder = Path(folder)
        inside = folder / FOLDER
        found = artifact.read(inside if (inside / artifact.MANIFEST).is_file() else folder)
        if found.kind != KIND:
            raise ArtifactError(
                f"{folder} is a {found.kind} folder; wanted a model folder, which fit-embedding writes."
            )
        with artifact.reading(found.folder):
            entries = list(found.lines("tags.jsonl", Entry))
            config = dict(found.config)
            config["corpus"] = os.path.normpath(found.folder / config["corpus"])
            inputs = found.floats("inputs.npy", (len(entries), None))
            outputs, bias = found.floats("outputs.npy", inputs.shape), found.floats("bias.npy", inputs.shape[:1])
            return cls(entries, inputs, outputs, config, found.parents, found.digest, bias)

    def save(self, model: str | Path) -> None:
        """Write the space into the model folder `model`. Raises ArtifactError."""
        folder = Path(model) / FOLDER
        # Relative, so that a corpus and its model can be moved together.
        config = self.config | {"corpus": os.path.relpath(self.config["corpus"], folder.absolute())}
        with artifact.write(folder, KIND, config, self.parents) as draft:
            draft.array("inputs.npy", self.inputs)
            draft.array("outputs.npy", self.outputs)
            draft.array("bias.npy", self.bias)
            draft.lines("tags.jsonl", (asdict(entry) for entry in self.entries))
        self.digest = artifact.read(folder, KIND).digest

    def corpus(self, folder: str | Path | None = None) -> Corpus:
        """The corpus that this space was fitted on; `folder` says where it is now. Raises ArtifactError."""
        return Corpus.load_same(folder or self.config["corpus"], self.parents.get("corpus", ""))

    def __len__(self) -> int:
        return len(self.entries)

    def __contains__(self, tag: str) -> bool:
        return self.stems.stem(tag) in self.rows

    def __getitem__(self, tag: str) -> Vectors:
        """The input vector (dim,) of `tag`, read-only, by its stem; no spelling is guessed.

        Raises UnknownName (a LookupError, no KeyError) when the space lacks it, UsageError when nothing is left of it.
        """
        row = self.rows.get(self.stems.stem(tag))
        if row is None:
            near = self.resolve(tag)
            raise UnknownName(
                f"#{written(tag)} is not among the {len(self):,} tags of this space; the nearest spelling is "
                f"#{near.tag}. Ask for that one, or let resolve('{tag}') guess the spelling."
            )
        vector: Vectors = self.inputs[row]
        vector.flags.writeable = False
        return vector

    __iter__ = None  # else Python would try space[0], space[1], ...

    @property
    def dim(self) -> int:
        """Dimensions of the vectors."""
        return int(self.inputs.shape[1])

    @property
    def earlier(self) -> list[str]:
        """Checksums of the spaces that this one grew from by updates: their vectors are aligned with its own."""
        return list(self.config.get("earlier", []))

    @cached_property
    def counts(self) -> NDArray[np.int64]:
        """Number of posts of each tag (v,)."""
        return np.array([entry.count for entry in self.entries], dtype=np.int64)

    @cached_property
    def forms(self) -> list[str]:
        """The most frequent form of each tag (v,)."""
        return [next(iter(entry.forms)) for entry in self.entries]

    @cached_property
    def stems(self) -> Stems:
        """Stems tags as the corpus of this space was stemmed."""
        return Stems(self.config["stemmer"], self.config.get("digits", False))

    def resolve(self, tag: str) -> Found:
        """Find `tag`: as it is written, else by its stem, else by the nearest spelling.

        Raises UnknownName when no tag is spelt like it, UsageError when nothing is left of it.
        """
        return lookup.resolve(self, tag)

    def place(self, tag: str) -> Found | Composed:
        """Find `tag` as `resolve` does; a tag that is no misspelt one may be placed by the known tags inside it.

        Raises UnknownName when there is neither, UsageError when nothing is left of it.
        """
        return lookup.place(self, tag)

    def known_rows(self, tags: Iterable[str]) -> list[int]:
        """Rows of those `tags` whose stems are in the space, distinct, in order; no spelling is guessed."""
        return [self.rows[stem] for stem in self.stems.many(tags) if stem in self.rows]

    def related(self, tag: str, k: int = 10, space: Side = "input") -> list[Related]:
        """The k tags nearest to `tag` by the cosine of input vectors (-1..1, higher is nearer).

        With `space="output"` those that stand beside it, as `complete` of that one tag. Raises UnknownName.
        """
        if space not in get_args(Side):
            raise unknown("space", space, get_args(Side))
        if space == "output":
            return self.complete([tag], k)
        placed = self.place(tag)
        return self.top(self._units @ units(self.vector(placed)), k, {placed.row})

    def complete(self, tags: Iterable[str], k: int = 10) -> list[Related]:
        """The k tags that go best with all of `tags`; scores as those of `beside`."""
        placed = {one.tag: one for one in map(self.place, tags)}.values()
        if not placed:
            raise UsageError("No tag given; wanted one or more.")
        scores = self.beside_vectors(np.stack([self.vector(one) for one in placed]))
        return self.top(scores, k, {one.row for one in placed})

    def beside(self, rows: Sequence[int]) -> Vectors:
        """Score (v,) of every tag to stand beside the tags in `rows`, higher is better."""
        return self.beside_vectors(self.inputs[list(rows)])

    def beside_vectors(self, given: Vectors) -> Vectors:
        """Score (v,) of every tag to stand beside tags with the input vectors `given` (n, dim)."""
        scores: Vectors = self.outputs @ query(given) + self.bias
        return scores

    def vector(self, placed: Found | Composed) -> Vectors:
        """The input vector (dim,) of what `place` found."""
        vector: Vectors = placed.vector if isinstance(placed, Composed) else self.inputs[placed.row]
        return vector

    @cached_property
    def _units(self) -> Vectors:
        return units(self.inputs)

    def top(self, scores: Vectors, k: int, without: Collection[int | None]) -> list[Related]:
        """The k tags with the highest `scores` (v,), those in the rows `without` left out."""
        if k < 1:
            raise UsageError(f"k is {k}; wanted 1 or more.")
        order = np.argsort(-scores, kind="stable")[: k + len(without)]
        return [self.scored(row, scores[row]) for row in order.tolist() if row not in without][:k]

    def scored(self, row: int, score: float) -> Related:
        """The tag in `row` with a score."""
        return Related(self.forms[row], self.entries[row].stem, float(score), self.entries[row].count)
