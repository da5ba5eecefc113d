"""Clips into the tag space with no tagged clip at all: by what a pretrained network calls them.

A network that classifies says how probable each of its classes is, and the names of the classes lie in the tag space
(ConSE: Norouzi et al., Zero-Shot Learning by Convex Combination of Semantic Embeddings, 2013). A network that was
trained on pictures and texts together compares the pictures with the tags themselves (`embed/prompts.py`).
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tag2vec import plugins
from tag2vec.embed.cache import Cache
from tag2vec.embed.compose import composed, telling, words_inside
from tag2vec.embed.embedder import Embedder, Evidence, Place, Rows, Untrained
from tag2vec.embed.features import Features
from tag2vec.embed.features._network import Network
from tag2vec.embed.pooled import Arrays
from tag2vec.embed.prompts import Prompts
from tag2vec.embed.space import TagSpace, Vectors
from tag2vec.embed.units import units
from tag2vec.errors import UsageError
from tag2vec.scraping.normalise import normalise

BEST = 10  # classes that a point is made of, as in the paper
# How much the cosine of input vectors counts beside the score on the output side. With the latter alone popular tags
# come first whatever is seen, with the former alone tags that hardly anybody uses.
ALIKE = 10.0  # chosen by reading suggestions on HARRISON's tags
WHOLE = 0.75  # share of the letters of a class name in one word that the tags inside it hold


def zero_shot(
    space: TagSpace, network: str | Network, labels: str | Path | None = None, cache: Cache | None = None
) -> Embedder:
    """The embedder that a network is without training: `onnx:FILE` with a file of class names, `hf:FOLDER`, `cnn:FILE`.

    A `cache` keeps what a network makes of the tags themselves.

    Raises UnknownName, UsageError and what the network says of its files.
    """
    if isinstance(network, str):
        name, settings = plugins.parse(Features, network)
        made = plugins.make(Features, name, settings | ({"labels": str(labels)} if labels else {}))
        if not isinstance(made, Network):
            raise UsageError(f"'{network}' is no network that names classes; wanted onnx:FILE, hf:FOLDER or cnn:FILE.")
        network = made
    if network.reads_texts:
        return Prompts(space, network, cache)
    return ClassNames(space, network.naming())


class ClassNames(Untrained):
    """The names of a network's classes as points of a tag space. `left_out` are those that the space does not know."""

    def __init__(self, space: TagSpace, network: Network) -> None:
        super().__init__(space, network)
        self.names = network.classes()
        placed = {i: found for i, name in enumerate(self.names) if (found := place_name(space, name))}
        self.known = list(placed)
        self.left_out = [name for i, name in enumerate(self.names) if i not in placed]
        if not placed:
            raise UsageError(
                f"None of the {len(self.names)} class names ({', '.join(self.names[:3])} ...) is known in this space "
                f"of {len(space):,} tags. Use a network of other classes, or a space fitted on other posts."
            )
        self.shares = np.array([share for _, share in placed.values()], np.float32)
        self.points = np.stack([_vector(space.inputs, words) for words, _ in placed.values()])

    @property
    def origin(self) -> dict[str, str]:
        return {"space": self.base.digest}

    @cached_property
    def items(self) -> NDArray[np.float32]:
        return class_items(self.space)

    def place(self, arrays: Arrays) -> Place:
        """Probabilities of the classes (frames, classes) -> a query (2 dim + 1,).

        The mean of the names' vectors, weighted with their probabilities (equation 2 of the paper) and with the share
        of a name that the space knows.
        """
        best, weights = self._seen(arrays)
        point = weights @ self.points[best]
        return Place(class_query(point))

    def _seen(self, arrays: Arrays) -> tuple[Rows, NDArray[np.float32]]:
        """The best of the known classes, and how much each counts."""
        weights = np.atleast_2d(arrays[0]).mean(axis=0)[self.known] * self.shares
        best = np.argsort(-weights, kind="stable")[:BEST]
        return best, weights[best] / max(float(weights[best].sum()), 1e-12)

    def evidence(self, arrays: Arrays, rows: Rows, most: int) -> list[Evidence]:
        """Classes by what they add to the score, which is a sum over them."""
        best, weights = self._seen(arrays)
        length = max(float(np.linalg.norm(weights @ self.points[best])), 1e-12)
        items, dim = self.items[rows], self.space.dim
        added = ((items[:, :dim] * ALIKE / length + items[:, dim : 2 * dim]) @ self.points[best].T) * weights
        names = [self.names[self.known[i]] for i in best]
        order = np.argsort(-added, axis=1, kind="stable")[:, :most]
        return [
            Evidence(names=tuple(names[i] for i in row if own[i] > 0)) for row, own in zip(order, added, strict=True)
        ]


def class_items(space: TagSpace) -> NDArray[np.float32]:
    """(v, 2 dim + 1): input vectors of length 1, output vectors, bias."""
    return np.concatenate([units(space.inputs), space.outputs, space.bias[:, None]], axis=1)


def class_query(point: NDArray[np.float32]) -> NDArray[np.float32]:
    """A point (dim,) among the input vectors -> what is asked of `class_items` (2 dim + 1,)."""
    return np.concatenate([ALIKE * units(point), point, [1.0]]).astype(np.float32)


def place_name(space: TagSpace, name: str) -> tuple[dict[int, int], float] | None:
    """Where the name of a class lies: rows of the tags that it consists of with their letters, and their share of it.

    Of synonyms as in WordNet ("golf ball, golfball") the first that is a tag is taken, else the first that has tags for
    enough of its words, else of one word that tags inside make up nearly wholly. No spelling is guessed. None when the
    space knows none of it.
    """
    synonyms = [part for part in name.replace("_", " ").split(",") if normalise(part)]
    for one in synonyms:
        if (row := space.rows.get(space.stems.stem(one))) is not None:
            return {row: 1}, 1.0
    for one in synonyms:
        letters: dict[int, int] = {}
        for word in one.split():
            if normalise(word) and (row := space.rows.get(space.stems.stem(word))) is not None:
                letters[row] = len(normalise(word))
        if telling(letters, one):
            return letters, sum(letters.values()) / len(normalise(one))
    for one in synonyms:
        inside = {} if " " in one.strip() else words_inside(space, one)
        if sum(inside.values()) >= WHOLE * len(normalise(one)):
            return inside, sum(inside.values()) / len(normalise(one))
    return None


def _vector(vectors: Vectors, words: dict[int, int]) -> Vectors:
    if len(words) == 1:
        found: Vectors = vectors[next(iter(words))]
        return found
    return np.asarray(composed(vectors, [words])[0])
