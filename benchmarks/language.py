"""Of which language tags are: `python -m benchmarks.language --train POSTS --test POSTS [--name NAME]`.

Posts name their language; those of the test set are by other authors. A tag that MOST of its test posts (LEAST of them
or more) have in one language is of that one; one that no language has much more often than others (EVEN of the way from
its share of all test posts to all) is shared by all; the rest is left out. For each language with TAGS tags of its own:
which of them are kept when it is asked for, which of other languages' are hidden, and which shared ones are kept, as
means over the languages; and the share of the tags of test posts in it, each as often as it stands there, that is kept.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from py3langid.langid import classify

from benchmarks.common import header, keep, table
from tag2vec import Corpus, TagSpace
from tag2vec.embed.languages import GUESSED, Languages
from tag2vec.scraping.language import guess_all

LEAST, MOST, EVEN, TAGS = 10, 0.8, 0.25, 10
BESIDE = 10  # nearest tags that are read together with one
Codes = list[str | None]
"""The language of each tag (v); None: of no particular one."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--train", type=Path, required=True)
    parser.add_argument("--test", type=Path, required=True)
    parser.add_argument("--name", default="language")
    given = parser.parse_args()
    run(given.train, given.test, given.name)


def run(train: Path, test: Path, name: str) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        corpus = Corpus.build(train, Path(scratch) / "corpus")
        held_out = Corpus.build(test, Path(scratch) / "test")
        space = TagSpace.fit(corpus, epochs=3, window=5, refine=0)  # near tags are all that is looked at
        spoken = [(code, [space.rows[stem] for stem in post if stem in space.rows]) for code, post in held_out.spoken()]
        posts = list(corpus.spoken())
    ways: dict[str, Callable[[], Codes]] = {
        "the tag alone": lambda: [classify(form)[0] for form in space.forms],
        f"the tag and its {BESIDE} nearest": lambda: _with_nearest(space),
        "its posts, guessed": lambda: _guessed(space, [post for _, post in posts]),
        "its posts, as they say (ours)": lambda: _of(space, posts),
    }
    truth = _truth(spoken, len(space))
    rows = []
    for way, found in ways.items():
        start = time.perf_counter()
        figures = _figures(found(), truth, spoken)
        rows.append([way, *figures, f"{time.perf_counter() - start:.0f}"])
    rows.append(["nothing is hidden", *_figures([None] * len(space), truth, spoken), ""])
    sizes = Counter(code for code in truth.values() if code)
    facts = (
        f"{len(posts):,} training posts, {sum(bool(code) for code, _ in spoken):,} test posts that name a language, "
    )
    facts += f"{sum(sizes.values()):,} tags of one and {sum(not code for code in truth.values()):,} shared; "
    facts += "asked for: " + ", ".join(f"{code} ({n})" for code, n in sizes.most_common() if n >= TAGS)
    columns = ["language by", "own kept", "others' hidden", "shared kept", "of its posts kept", "s"]
    keep(name, [f"# Languages of tags, {name}", "", *header([train, test]), "", facts, "", *table(columns, rows)])


def _of(space: TagSpace, posts: Iterable[tuple[str, dict[str, str]]]) -> Codes:
    found = Languages.of_posts(space, ((code, list(post)) for code, post in posts))
    assert found
    return [found.at(row) for row in range(len(space))]


def _guessed(space: TagSpace, posts: list[dict[str, str]]) -> Codes:
    some = posts[:: -(-len(posts) // GUESSED)]
    return _of(space, zip(guess_all([" ".join(post.values()) for post in some]), some, strict=True))


def _with_nearest(space: TagSpace) -> Codes:
    units = space.inputs / np.linalg.norm(space.inputs, axis=1, keepdims=True)
    codes: Codes = []
    for start in range(0, len(space), 1024):
        near = np.argpartition(-(units[start : start + 1024] @ units.T), BESIDE, axis=1)[:, : BESIDE + 1]
        codes += [classify(" ".join(space.forms[i] for i in rows))[0] for rows in near.tolist()]
    return codes


def _truth(spoken: list[tuple[str, list[int]]], tags: int) -> dict[int, str]:
    """Language of the tags that test posts tell; "" for one that all share."""
    total = Counter(code for code, _ in spoken if code)
    codes = {code: place for place, code in enumerate(sorted(total))}
    counts: NDArray[np.float64] = np.zeros((tags, len(codes)))
    for code, rows in spoken:
        if code:
            counts[rows, codes[code]] += 1
    base = np.array([total[code] for code in codes]) / total.total()
    found = {}
    for row in np.flatnonzero(counts.sum(axis=1) >= LEAST).tolist():
        share = counts[row] / counts[row].sum()
        if share.max() >= MOST and share.max() > base[share.argmax()]:
            found[row] = list(codes)[int(share.argmax())]
        elif (share <= base + EVEN * (1 - base)).all():
            found[row] = ""
    return found


def _figures(codes: Codes, truth: dict[int, str], spoken: list[tuple[str, list[int]]]) -> list[float]:
    own, shared = defaultdict(list), [row for row, code in truth.items() if not code]
    for row, code in truth.items():
        if code:
            own[code].append(row)
    uses: dict[str, list[int]] = defaultdict(list)
    for code, rows in spoken:
        uses[code] += rows
    means = []
    for asked in (code for code, rows in own.items() if len(rows) >= TAGS):
        others = [row for code, rows in own.items() if code != asked for row in rows]
        kept = [np.mean([codes[row] in (None, asked) for row in rows]) for rows in (own[asked], others, shared)]
        kept.append(np.mean([codes[row] in (None, asked) for row in uses[asked]]))
        means.append([kept[0], 1 - kept[1], *kept[2:]])
    return [float(value) for value in np.mean(means, axis=0)]


if __name__ == "__main__":
    main()
