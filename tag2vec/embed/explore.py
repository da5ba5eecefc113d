"""What a tag space has learnt, to look at: analogies, groups, neighbours, a map and the places of its labels.

Tags are compared by input vectors of length 1, so that an inner product is a cosine (-1..1, higher is nearer).
The same seed gives the same answer, whatever the number of cores.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tag2vec.embed.lookup import Found
from tag2vec.embed.space import Related, TagSpace, Vectors
from tag2vec.embed.threads import one_thread
from tag2vec.errors import UsageError

GROUPS = 20
FEWEST = 5  # tags that a map needs
ZOOMS = (1, 2, 4, 8, 16, 32)

Boxes = NDArray[np.float64]
"""(..., 4): left, bottom, right, top."""


@dataclass(frozen=True)
class Cluster:
    """A group of tags: `rows` of its tags in the space, `tags` its most central ones, most central first.

    `posts` sums the posts of its tags; a post with two of them counts twice. Scores are cosines to the centre.
    """

    rows: list[int]
    tags: list[Related]
    posts: int


@dataclass(frozen=True)
class Neighbours:
    """The tags nearest to one that was asked for."""

    found: Found
    nearest: list[Related]

    @property
    def title(self) -> str:
        """The tag that was found; what was asked beside it where that is written otherwise."""
        asked = "" if self.found.step == "exact" else f" (asked: {self.found.asked.lstrip('#')})"
        return f"#{self.found.tag}{asked}"


@dataclass(frozen=True)
class TagMap:
    """Tags in the plane, most frequent first: `tags` (m), `points` (m, 2) float32, `groups` (m,) numbers of clusters.

    Near points are near tags; distances between far groups say little. Groups are numbered by posts, most first.
    """

    tags: list[Related]
    points: Vectors
    groups: NDArray[np.intp]


def analogy(space: TagSpace, a: str, b: str, c: str, k: int = 10) -> list[Related]:
    """The k tags that are to `c` as `b` is to `a`: nearest to b - a + c, the three left out.

    3CosAdd of Mikolov, Yih and Zweig 2013 (Linguistic Regularities in Continuous Space Word Representations): the
    score is the cosine to that sum. Raises UnknownName, and UsageError when there are not k other tags.
    """
    rows = [space.resolve(tag).row for tag in (a, b, c)]
    _check("k", k, len(space) - len(set(rows)), "tags besides those asked for")
    units = _units(space.inputs)
    from_a, from_b, from_c = units[rows]
    (aim,) = _units((from_b - from_a + from_c)[None])
    return space.top(units @ aim, k, set(rows))


def neighbours(space: TagSpace, tags: Sequence[str], k: int = 10) -> list[Neighbours]:
    """The k tags nearest to each of `tags`, each tag once: Table 1 of Singh et al. 2016.

    Raises UnknownName, and UsageError when there are not k other tags.
    """
    _check("k", k, len(space) - 1, "tags besides the one asked for")
    found: dict[int, Found] = {}
    for tag in tags:
        one = space.resolve(tag)
        found.setdefault(one.row, one)
    if not found:
        raise UsageError("No tag given; wanted one or more.")
    return [Neighbours(one, space.related(one.asked, k)) for one in found.values()]


def clusters(space: TagSpace, n: int = GROUPS, most: int = 5000, top: int = 10, seed: int = 1) -> list[Cluster]:
    """At most n groups (k-means) of the `most` most frequent tags, each with its `top` most central ones.

    Ordered by posts. Fewer than n groups when fewer vectors differ. Raises UsageError when n is above the number of
    tags.
    """
    from sklearn.cluster import KMeans
    from sklearn.exceptions import ConvergenceWarning

    _check("The number of tags", most)
    _check("The number of tags named", top)
    units = _units(space.inputs[:most])
    _check("The number of groups", n, len(units), "tags")
    with one_thread(), warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # equal vectors: the answer has fewer groups, as it says
        labels = KMeans(n, n_init=10, random_state=seed).fit_predict(units)
    groups = []
    for label in np.unique(labels):
        rows = np.flatnonzero(labels == label)
        (centre,) = _units(units[rows].mean(axis=0, keepdims=True))
        scores = units[rows] @ centre
        central = [space.scored(rows[i], scores[i]) for i in np.argsort(-scores, kind="stable")[:top]]
        groups.append(Cluster(rows.tolist(), central, int(space.counts[rows].sum())))
    return sorted(groups, key=lambda group: -group.posts)


def tag_map(space: TagSpace, most: int = 400, groups: int = GROUPS, seed: int = 1) -> TagMap:
    """The `most` most frequent tags in the plane: t-SNE (van der Maaten and Hinton 2008) of cosine distances.

    They are in at most `groups` groups. Raises UsageError for fewer than FEWEST tags or a space of one dimension.
    """
    from sklearn.manifold import TSNE

    units = _units(space.inputs[:most]) if most > 0 else space.inputs[:0]
    m, dim = units.shape
    if m < FEWEST or dim < 2:
        raise UsageError(f"A map of {m} tags in {dim} dimensions; wanted {FEWEST} tags or more, and 2 dimensions.")
    numbers = np.zeros(m, np.intp)
    for number, cluster in enumerate(clusters(space, min(groups, m), most, seed=seed)):
        numbers[cluster.rows] = number
    with one_thread():
        tsne = TSNE(init="pca", metric="cosine", perplexity=min(30.0, (m - 1) / 3), random_state=seed)
        points = tsne.fit_transform(units).astype(np.float32)
    return TagMap([space.scored(row, 1.0) for row in range(m)], points, numbers)


def place_labels(points: Boxes, sizes: Boxes, gap: float, dots: Boxes, frame: Boxes) -> Boxes:
    """A box for each label beside its point, the first ones first; NaN where every place collides.

    `points` (m, 2), `sizes` (m, 2), `dots` (n, 2) and `frame` (4) are in one unit. A box overlaps no earlier one and
    stays in the frame; of the places right, left, above and below, the one that covers the fewest dots is taken.
    """
    boxes = np.full((len(points), 4), np.nan)
    for i, ((x, y), (w, h)) in enumerate(zip(points, sizes, strict=True)):
        corners = [(x + gap, y - h / 2), (x - gap - w, y - h / 2), (x - w / 2, y + gap), (x - w / 2, y - gap - h)]
        tried = np.array([(left, bottom, left + w, bottom + h) for left, bottom in corners])
        inside = (tried[:, :2] >= frame[:2]).all(axis=1) & (tried[:, 2:] <= frame[2:]).all(axis=1)
        free = [box for box in tried[inside] if not _overlap(box, boxes[:i]).any()]
        if free:
            boxes[i] = min(free, key=lambda box: _overlap(box, np.hstack([dots, dots])).sum())
    return boxes


def zoom_of_labels(points: Boxes, widths: NDArray[np.float64], height: float) -> NDArray[np.float64]:
    """The zoom from which each label has room right of its point (m,), infinity for none of ZOOMS; first ones first.

    Labels keep their size while points move apart, so a label that has room keeps it at every larger zoom.
    """
    zooms = np.full(len(points), np.inf)
    for zoom in ZOOMS:
        left, middle = (points * zoom).T
        boxes = np.stack([left, middle, left + widths, middle + height], axis=1)
        for i in np.flatnonzero(np.isinf(zooms)):
            if not _overlap(boxes[i], boxes[np.isfinite(zooms)]).any():
                zooms[i] = zoom
    return zooms


def _overlap(box: Boxes, others: Boxes) -> NDArray[np.bool_]:
    """Which of `others` (n, 4) share more than an edge with `box` (4); NaN shares nothing."""
    low: NDArray[np.bool_] = np.all(box[:2] < others[:, 2:], axis=1)
    high: NDArray[np.bool_] = np.all(box[2:] > others[:, :2], axis=1)
    return low & high


def _units(vectors: Vectors) -> Vectors:
    from sklearn.preprocessing import normalize

    units: Vectors = normalize(vectors)
    return units


def _check(what: str, value: int, most: int | None = None, of: str = "") -> None:
    if value < 1:
        raise UsageError(f"{what} is {value}; wanted 1 or more.")
    if most is not None and value > most:
        raise UsageError(f"{what} is {value:,}, and there are {most:,} {of}; ask for {most:,} or fewer.")
