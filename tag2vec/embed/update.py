"""A tag space grows with its corpus: new tags and new company are learnt without fitting again.

A tag that the space has starts from its own vectors, a new one from those of the tags beside it; then the second stage
goes on (`refine`) over the posts that came, and as many old ones, so that these are not forgotten. Vectors decay
towards where they started: they stay aligned with the old ones, and what was fitted on the old space goes on working.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from tag2vec.embed.posts import Posts
from tag2vec.embed.refine import refine
from tag2vec.embed.space import TagSpace, Vectors
from tag2vec.errors import UsageError
from tag2vec.scraping.corpus import Corpus, Entry

EPOCHS = 5
REPLAYED = 10_000  # old posts at least: a few new ones alone would pull all vectors their way
DECAY = 1.0  # how strongly vectors are held where they started, see `refine`


def updated(space: TagSpace, corpus: Corpus, tick: Callable[[int], None] = lambda done: None) -> TagSpace:
    """`space` with what the posts say that came to its corpus, which is `corpus` now; `space` itself when none came.

    All tags stay, with the counts and forms of now, and those that enough posts carry by now come in. The same corpora
    give the same bytes. `tick` gets finished epochs. Raises UsageError for a corpus that did not grow from the one the
    space was fitted on, and for a space without the second stage.
    """
    held = _held(space, corpus)
    if space.parents.get("corpus", "") == corpus.folder.digest:
        return space
    entries = _entries(space, corpus)
    counts = np.array([entry.count for entry in entries])
    before = np.array([space.rows.get(entry.stem, -1) for entry in entries])
    seed = space.config["seed"]
    rows = {entry.stem: row for row, entry in enumerate(entries)}
    posts = Posts.of(_new_and_some_old(corpus, held, seed), rows)
    inputs, outputs = _start(space, before, posts)
    bias = _bias(space, before, counts)
    inputs, outputs, bias = refine(posts, inputs, outputs, counts, EPOCHS, seed, tick, bias=bias, decay=DECAY)
    config = space.config | {
        "corpus": str(corpus.folder.folder.absolute()),
        "earlier": [digest for digest in (*space.earlier, space.digest) if digest],
    }
    return TagSpace(entries, inputs, outputs, config, {"corpus": corpus.folder.digest}, bias=bias)


def _held(space: TagSpace, corpus: Corpus) -> int:
    """How many posts the corpus had when the space learnt from it last."""
    if not space.config.get("refine"):
        raise UsageError(
            "The tag space was made without the second stage of fit-embedding (--refine 0, or imported vectors), which "
            "an update goes on with. Fit it on the grown corpus instead."
        )
    for name, theirs in {"stemmer": corpus.stemmer, "digits": corpus.digits}.items():
        if theirs != space.config[name]:
            raise UsageError(
                f"The tag space was fitted on a corpus with {name} '{space.config[name]}'; {corpus.folder.folder} has "
                f"{name} '{theirs}'. Give the same corpus, grown by build-corpus --update, or fit a new space."
            )
    held = corpus.posts_in(space.parents.get("corpus", ""))
    if held is None:
        raise UsageError(
            f"{corpus.folder.folder} (checksum {corpus.folder.digest[:12]}) did not grow from the corpus that the tag "
            f"space was fitted on (checksum {space.parents['corpus'][:12]}). Grow that one with build-corpus --update, "
            "or fit a new space."
        )
    return held


def _entries(space: TagSpace, corpus: Corpus) -> list[Entry]:
    """The tags that are frequent now, and those of the space that a changed cleaning made rare, as they were."""
    now = corpus.frequent(space.config["min_count"])
    known = {entry.stem for entry in now}
    gone = [entry for entry in space.entries if entry.stem not in known]
    return sorted(now + gone, key=lambda entry: (-entry.count, entry.stem))


def _new_and_some_old(corpus: Corpus, held: int, seed: int) -> Iterator[tuple[int, list[str]]]:
    total = sum(1 for _ in corpus.authored())
    held = min(held, total)
    new = total - held
    many = min(held, max(new, REPLAYED)) if new else 0
    chosen = np.ones(total, bool)
    chosen[:held] = False
    chosen[np.random.default_rng(seed).choice(held, many, replace=False)] = True
    return (post for post, wanted in zip(corpus.authored(), chosen, strict=True) if wanted)


def _start(space: TagSpace, before: NDArray[np.intp], posts: Posts) -> list[Vectors]:
    """Input and output vectors (v, dim) to start from; `before` (v,) are the rows in `space`, -1 for a new tag."""
    carried = csr_array((np.ones(len(posts.rows), np.float32), posts.rows, posts.start), (len(posts), len(before)))
    old, new = np.flatnonzero(before >= 0), np.flatnonzero(before < 0)
    together = carried[:, new].T @ carried[:, old]  # (new, old): posts that two tags share
    share = together / np.maximum(together.sum(axis=1), 1)[:, None]
    starts = [np.empty((len(before), space.dim), np.float32) for _ in range(2)]
    for start, vectors in zip(starts, (space.inputs, space.outputs), strict=True):
        start[old] = vectors[before[old]]
        start[new] = share @ start[old]
    return starts


def _bias(space: TagSpace, before: NDArray[np.intp], counts: NDArray[np.int64]) -> Vectors:
    """The bias (v,) to start from: as far from the log share of the tag as it was, for a new one as the median is."""
    apart = space.bias - np.log(space.counts / space.counts.sum())
    return np.asarray(
        np.log(counts / counts.sum()) + np.where(before >= 0, apart[before], np.median(apart)), np.float32
    )
