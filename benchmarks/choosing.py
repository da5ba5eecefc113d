"""What choosing costs: `python -m benchmarks.choosing --train POSTS --test POSTS [--until DAY] [--demo FOLDER]`.

Of each test post with four known tags or more (POSTS_ASKED of them, spread evenly), every second tag is given, and
suggestions are made as for a clip that lies where these do. With --until DAY the space and its trends are made of the
posts before that day, and asked are posts of the WEEK after it. `precision@k` is the share of the first k suggestions
that the post carries, `alike@15` the share of the first 15 whose cosine to a better one is ALIKE or more, `posts` the
median number of posts of a suggested tag. With --demo the same for the held-out clips of a folder of `tag2vec demo`.

The last table hides every TENTH tag of two words or more from the space and brings them back as a vocabulary of only
these: where a hidden tag of the test posts stands in it by the other tags of its post, in hit@5 and mean reciprocal
rank, beside its own trained vectors and beside chance.
"""

from __future__ import annotations

import argparse
import gzip
import json
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.common import header, keep, table
from tag2vec import Corpus, Suggester, TagSpace
from tag2vec.embed.cache import Cache
from tag2vec.embed.clips import read_clips
from tag2vec.embed.compose import split
from tag2vec.embed.embedder import Embedder, Floats, Place, Rows, Untrained
from tag2vec.embed.extract import Extracted, extract_many
from tag2vec.embed.known import Known
from tag2vec.embed.newtags import with_composed
from tag2vec.embed.pooled import Arrays
from tag2vec.embed.space import query
from tag2vec.embed.units import units
from tag2vec.retrieval.choice import built
from tag2vec.retrieval.choosing import Chooser
from tag2vec.retrieval.wanted import Wanted

POSTS_ASKED, WEEK, TENTH, ALIKE = 1000, 7, 10, 0.7
KNOBS = {
    "diversity": (0.0, 0.1, 0.2, 0.3, 0.5),
    "popularity": (-0.5, -0.25, -0.1, 0.0, 0.1, 0.25, 0.5),
    "trend": (-0.5, 0.0, 0.1, 0.25, 0.5, 1.0),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--train", type=Path, required=True)
    parser.add_argument("--test", type=Path, required=True)
    parser.add_argument("--until", type=date.fromisoformat)
    parser.add_argument("--demo", type=Path)
    parser.add_argument("--name", default="choosing")
    given = parser.parse_args()
    run(given.train, given.test, given.until, given.demo, given.name)


@dataclass(frozen=True)
class Beside(Place):
    """Where a post lies by the tags `given`, which are not suggested."""

    given: Rows = field(default_factory=lambda: np.zeros(0, np.intp))


class Posts(Untrained):
    """Tags beside those that a post has."""

    def __init__(self, space: TagSpace) -> None:
        self.base = self.space = space

    @property
    def items(self) -> Floats:
        return np.hstack([self.space.outputs, self.space.bias[:, None]])

    def place(self, arrays: Arrays) -> Place:
        raise NotImplementedError

    def beside(self, rows: Sequence[int]) -> Beside:
        return Beside(np.append(query(self.space.inputs[list(rows)]), np.float32(1)), given=np.array(rows))

    def best(self, place: Place, scores: Floats, found: Rows) -> tuple[Floats, Rows]:
        assert isinstance(place, Beside)
        other = ~np.isin(found, place.given)
        return scores[other], found[other]


Asked = tuple[Place, set[int]]
"""Where something lies, and the rows of the tags that it carries."""


def run(train: Path, test: Path, until: date | None, demo: Path | None, name: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        learn = _dated(train, scratch / "train.jsonl", lambda day: until is None or day < until)
        corpus = Corpus.build(learn, scratch / "corpus")
        last = until + timedelta(WEEK) if until else None
        check = _dated(test, scratch / "test.jsonl", lambda day: not (until and last) or until <= day < last)
        held_out = Corpus.build(check, scratch / "held_out")
        space = TagSpace.fit(corpus, epochs=20, refine=5)
        known = Known.fit(corpus, space)
        posts = [[space.rows[stem] for stem in post if stem in space.rows] for post in held_out]
    posts = [rows for rows in posts if len(rows) >= 4]
    some = posts[:: max(1, len(posts) // POSTS_ASKED)][:POSTS_ASKED]
    video = Posts(space)
    asked: list[Asked] = [(video.beside(rows[::2]), set(rows[1::2])) for rows in some]
    facts = f"{len(corpus):,} training posts, {len(space):,} tags, {len(some):,} test posts"
    lines = [f"# Choosing, {name}", "", *header([train, test]), "", f"## Posts: {facts}", ""]
    lines += _tables(video, known, asked, ["diversity", "popularity", *(["trend"] if known.trends else [])])
    if demo:
        suggester = Suggester.load(demo / "model", cache=Cache(demo / "features"))
        clips = _clips(suggester, demo)
        lines += ["", f"## The demo: {len(clips)} held-out clips", ""]
        lines += _tables(suggester.video, suggester.known, clips, ["diversity", "popularity"])
    keep(name, [*lines, "", "## A vocabulary of hidden tags", "", *_vocabulary(space, posts)])


def _dated(posts: Path, out: Path, wanted: Callable[[date], bool]) -> Path:
    with gzip.open(posts, "rt") as file, out.open("w") as kept:
        for line in file:
            day = json.loads(line).get("date")
            if wanted(date.fromisoformat(day[:10]) if day else date.min):
                kept.write(line)
    return out


def _clips(suggester: Suggester, demo: Path) -> list[Asked]:
    clips, video = read_clips(demo / "held_out.csv"), suggester.video
    found = extract_many(clips, video.kinds, video.limits, suggester.cache, 0)
    rows = [set(video.space.known_rows(clip.tags)) for clip in clips]
    return [(video.place(one.arrays), rows[i]) for i, one in found if isinstance(one, Extracted)]


def _tables(video: Embedder, known: Known, asked: Sequence[Asked], knobs: Iterable[str]) -> list[str]:
    index = built(video.items, "exact")
    lines = []
    for knob in knobs:
        rows = []
        for value in KNOBS[knob]:
            settings: dict[str, Any] = {knob: value}
            chooser = Chooser(Wanted(15, **settings), video, index, known)
            rows.append([f"{value:g}", *_figures(chooser, asked)])
        lines += [*table([knob, "precision@5", "precision@15", "alike@15", "posts"], rows), ""]
    return lines[:-1]


def _figures(chooser: Chooser, asked: Sequence[Asked]) -> list[float | str]:
    first, all_, alike, counts = [], [], [], []
    for place, carried in asked:
        rows = [one.row for one in chooser.choose(place).taken if one.row is not None]
        hits = [row in carried for row in rows]
        first.append(np.mean(hits[:5]))
        all_.append(np.mean(hits))
        cosines = np.tril((vectors := units(chooser.space.inputs[rows])) @ vectors.T, -1)
        alike.append((cosines.max(axis=1) >= ALIKE).mean())
        counts += chooser.space.counts[rows].tolist()
    return [*(float(np.mean(each)) for each in (first, all_, alike)), f"{np.median(counts):.0f}"]


def _vocabulary(space: TagSpace, posts: Sequence[Sequence[int]]) -> list[str]:
    """Hidden tags, brought back by a file of them."""
    made = [
        row
        for row in range(len(space))
        if sum(part is not None for part, _ in split(space, space.forms[row], True)) > 1
    ]
    hidden = np.array(made[::TENTH])
    left = np.setdiff1d(np.arange(len(space)), hidden)
    entries = [space.entries[row] for row in left]
    small = TagSpace(entries, space.inputs[left], space.outputs[left], space.config, bias=space.bias[left])
    full = with_composed(small, [space.forms[row] for row in hidden])
    back = [row for row in hidden if space.entries[row].stem in full.rows]
    place = {row: number for number, row in enumerate(back)}
    composed = [full.rows[space.entries[row].stem] for row in back]
    ranks: dict[str, list[int]] = {"composed": [], "its own vectors": [], "by count": []}
    for rows in posts:
        wanted = [row for row in rows if row in place]
        given = [row for row in rows if row not in set(hidden.tolist())]
        if not wanted or not given:
            continue
        point = query(space.inputs[given])
        scores = {
            "composed": full.outputs[composed] @ point + full.bias[composed],
            "its own vectors": space.outputs[back] @ point + space.bias[back],
            "by count": space.counts[back].astype(np.float32),
        }
        for way, values in scores.items():
            ranks[way].append(1 + int((values > values[place[wanted[0]]]).sum()))
    chance: NDArray[np.float64] = np.arange(1, len(back) + 1, dtype=np.float64)
    figures = {way: np.array(found, np.float64) for way, found in ranks.items()} | {"chance": chance}
    rows_ = [[way, float((found <= 5).mean()), float((1 / found).mean())] for way, found in figures.items()]
    facts = (
        f"{len(hidden):,} tags hidden, {len(back):,} placed by the known tags inside, {len(ranks['composed']):,} posts"
    )
    return [facts, "", *table(["vectors", "hit@5", "mrr"], rows_)]


if __name__ == "__main__":
    main()
