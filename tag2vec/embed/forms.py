"""Which of its forms to write a tag in, beside which others.

#selfie or #selfies, #filme or #films, #NYC or #nyc: people write a stem in several forms, and what stands beside it
says which. A softmax over the forms of a stem: the log of the authors of a form, a vector of the form times the
context (the `query` of the tags beside it, of length 1), and, where it is known how those are written, a weight for
each pair of the case of the form and their cases. Vectors start at 0 and are held there (a Gaussian prior), so a form
with little evidence has its authors to go by. Fitted on all posts by AdaGrad (Duchi, Hazan and Singer 2011): rare
forms take larger steps, and only what a batch touches moves.

On disk (kind `forms`, parent the space): `forms.txt`, a form a line; for each its row in the space in `rows.npy` (f,)
int32, rising, its log authors in `prior.npy` (f,) float32 and its vector in `vectors.npy` (f, dim) float16; `cases.npy`
(6, 5) float32. Stems that are written in one form only are left out.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from tag2vec import artifact
from tag2vec.embed.space import Related, TagSpace, Vectors, query
from tag2vec.embed.style import CASES, Style, case_of, restyle, style_of
from tag2vec.embed.units import units
from tag2vec.errors import ArtifactError
from tag2vec.scraping.corpus import Corpus, Entry

KIND = "forms"
FOLDER = "forms"  # inside a model folder
LEAST = 3  # posts of a form, or it is never chosen: slips of the keyboard are forms too
SHAPE = len(CASES), len(CASES) - 1  # of the weights of cases: what has none tells nothing of what is beside it
BESIDE = 5  # best suggestions that stand for what is beside each suggestion of a clip

Rows = NDArray[np.int32]
Floats = NDArray[np.float64]
R = TypeVar("R", bound=Related)


@dataclass(frozen=True, eq=False)
class Forms:
    """The forms (f) that tags of `space` can be written in; tags that it does not hold have their most frequent one."""

    space: TagSpace
    names: list[str]
    rows: Rows  # (f,) of the tag of each form, rising
    prior: Vectors  # (f,)
    vectors: NDArray[np.float16]  # (f, dim)
    cases: Vectors  # (6, 5): case of a form x case of what is written beside it

    @classmethod
    def none(cls, space: TagSpace) -> Forms:
        """Every tag in its most frequent form."""
        prior, vectors = np.zeros(0, np.float32), np.zeros((0, space.dim), np.float16)
        return cls(space, [], np.zeros(0, np.int32), prior, vectors, np.zeros(SHAPE, np.float32))

    @classmethod
    def fit(cls, corpus: Corpus, space: TagSpace, seed: int = 0) -> Forms:
        """Learn from the posts of `corpus`, which `space` was fitted on. The same seed gives the same bytes."""
        from tag2vec.embed.formtraining import train

        names, rows = _divided(space.entries)
        return cls(space, names, rows, *train(corpus, space, names, rows, seed))

    @classmethod
    def load(cls, model: str | Path, space: TagSpace) -> Forms:
        """The forms in a model folder; `none` when it has no folder of them, or that of another space.

        Raises ArtifactError when the folder is damaged.
        """
        folder = Path(model) / FOLDER
        if (found := artifact.read_made_from(folder, KIND, {"space": space.digest})) is None:
            return cls.none(space)
        with artifact.reading(folder):
            names = found.path("forms.txt").read_text(encoding="utf-8").split("\n")[:-1]
            arrays = [found.array(f"{name}.npy") for name in ("rows", "prior", "vectors", "cases")]
            rows = arrays[0]
            shapes = [(len(names),), (len(names),), (len(names), space.dim), SHAPE]
            if (
                [array.shape for array in arrays] != shapes
                or (np.diff(rows) < 0).any()
                or (len(rows) and not 0 <= rows[0] <= rows[-1] < len(space))
            ):
                raise ArtifactError(f"{folder} does not hold forms of this tag space. Fit the model again.")
        return cls(space, names, *arrays)

    def save(self, model: str | Path) -> None:
        """Write them into the model folder that their space was saved to. Raises ArtifactError."""
        if not self.space.digest:
            raise ArtifactError("The tag space was not saved; save it into the same model folder first.")
        with artifact.write(Path(model) / FOLDER, KIND, {"least": LEAST}, {"space": self.space.digest}) as draft:
            (draft.path / "forms.txt").write_text("".join(f"{name}\n" for name in self.names), encoding="utf-8")
            for name in ("rows", "prior", "vectors", "cases"):
                draft.array(f"{name}.npy", getattr(self, name))

    def of(self, space: TagSpace) -> Forms:
        """The same for a space whose first tags are those of this one, as that of a video embedder."""
        return replace(self, space=space)

    def write(
        self,
        rows: Sequence[int] | NDArray[np.intp],
        context: Vectors,
        style: str = "written",
        beside: Sequence[str] = (),
    ) -> list[str]:
        """The forms of the tags in `rows` (n,), each of which somebody wrote, unless a `style` changes its case.

        `context` (dim,), or (n, dim) with one for each, is the `query` of the tags beside them; 0 says nothing.
        `beside` are those tags as they are written, where that is known. Raises UnknownName for another style.
        """
        wanted = style_of(style)
        contexts = np.broadcast_to(units(np.atleast_2d(context)), (len(rows), self.space.dim))
        cases = evidence(count_cases(beside)[None])[0]
        return [self._one(int(row), at, cases, wanted) for row, at in zip(rows, contexts, strict=True)]

    def ranked(self, rows: Sequence[int] | NDArray[np.intp], style: str = "written") -> list[str]:
        """`write` for tags in the order of a ranking, best first: the best BESIDE others stand beside each."""
        return self.write(rows, _contexts(self.space.inputs[list(rows[: BESIDE + 1])], len(rows)), style)

    def answer(self, tags: Iterable[R], given: Iterable[str], style: str = "written", known: bool = True) -> list[R]:
        """What `related` or `complete` gave for the tags `given`, as it is written beside them.

        Not `known`: how the given tags are written says nothing.
        """
        given, tags = list(given), list(tags)
        vectors = [self.space.vector(self.space.place(tag)) for tag in given]
        rows = [self.space.rows[tag.stem] for tag in tags]
        found = self.write(rows, query(np.stack(vectors)), style, [one.lstrip("#") for one in given] if known else ())
        return [replace(tag, tag=form) for tag, form in zip(tags, found, strict=True)]

    def _one(self, row: int, context: Vectors, cases: Floats, style: Style) -> str:
        start, end = np.searchsorted(self.rows, [row, row + 1])
        form = self.space.forms[row]
        if start < end:
            scores = self.prior[start:end] + self.vectors[start:end].astype(np.float32) @ context
            scores = scores + self.cases[[CASES.index(case_of(name)) for name in self.names[start:end]]] @ cases
            form = self.names[start + int(scores.argmax())]
        return restyle(self.space, row, form, style)


def count_cases(forms: Iterable[str]) -> Floats:
    """Number (5,) of `forms` in each case but `none`."""
    numbers = [CASES.index(case_of(form)) for form in forms]
    return np.bincount(numbers, minlength=len(CASES))[1:].astype(np.float64)


def evidence(counts: Floats) -> Floats:
    """counts (n, 5) of tags in each case -> the log of their shares to that of equal ones; 0 where there are none."""
    cases = counts.shape[1]
    share = (counts + 0.5) / (counts.sum(axis=1, keepdims=True) + 0.5 * cases)
    return np.asarray(np.log(share) + math.log(cases))


def _divided(entries: Sequence[Entry]) -> tuple[list[str], Rows]:
    """The forms (f) that stems with two or more can be written in, and the row of the stem of each (f,)."""
    names: list[str] = []
    rows: list[int] = []
    for row, entry in enumerate(entries):
        first = next(iter(entry.forms))
        some = [form for form, posts in entry.forms.items() if posts >= LEAST or form == first]
        if len(some) > 1:
            names += some
            rows += [row] * len(some)
    return names, np.array(rows, np.int32)


def _contexts(best: Vectors, n: int) -> Vectors:
    """Inputs (m, dim) of the best tags of a ranking -> the context (n, dim) of each of its n tags."""
    contexts = np.zeros((n, best.shape[1]), np.float32)
    for i in range(n):
        others = np.delete(best, i, axis=0)[:BESIDE] if i < len(best) else best[:BESIDE]
        if len(others):
            contexts[i] = query(others)
    return contexts
