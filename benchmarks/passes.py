"""How often to go through a small corpus: `python -m benchmarks.passes --posts POSTS [--sizes N ...]`.

Of one file of posts, split by author, 3,000 are asked about and some hundred or thousand of the others are learnt from,
in three draws. Rows are epochs of word2vec (the second stage has its default); hit@10 and its mean over the draws.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from statistics import mean

from benchmarks.common import header, keep, table
from benchmarks.corpus import Post, real_posts
from tag2vec import Corpus, TagSpace
from tag2vec.evaluation.tags import evaluate_tags

ASKED = 3000
EPOCHS = (5, 20, 60, 100, 400)
DRAWS = 3


def main() -> None:
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("--posts", type=Path, required=True)
    ask.add_argument("--sizes", type=int, nargs="+", default=[400, 1000, 2500, 6000])
    ask.add_argument("--name", default="passes", help="name of the result")
    given = ask.parse_args()
    rows: list[list[object]] = []
    for size in given.sizes:
        found = [_one(given.posts, size, draw) for draw in range(DRAWS)]
        tags = round(mean(tags for tags, _ in found))
        best = [mean(hits[epochs] for _, hits in found) for epochs in EPOCHS]
        rows.append([f"{size:,}", f"{tags:,}", *best])
        print(rows[-1], flush=True)
    lines = [f"# Passes over small corpora, {given.name}", "", *header([given.posts]), ""]
    keep(given.name, [*lines, *table(["posts", "tags", *(f"{epochs} epochs" for epochs in EPOCHS)], rows)])


def _one(posts: Path, size: int, draw: int) -> tuple[int, dict[int, float]]:
    """Of one draw the tags that are learnt from, and hit@10 after so many epochs."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        mixed = _mixed(posts, draw)
        _write(folder / "asked.jsonl", mixed[:ASKED])
        _write(folder / "learnt.jsonl", mixed[ASKED : ASKED + size])
        corpus = Corpus.build(folder / "learnt.jsonl", folder / "corpus")
        hits = {}
        for epochs in EPOCHS:
            TagSpace.fit(corpus, epochs=epochs).save(folder / f"{epochs}")
            hits[epochs] = evaluate_tags(folder / f"{epochs}", folder / "asked.jsonl", baselines={})["hit@10"]
        return corpus.report["tags"], hits


def _mixed(posts: Path, draw: int) -> list[Post]:
    """All posts, those of an author together, authors in another order for each draw."""
    authors: dict[str, list[Post]] = defaultdict(list)
    for post in real_posts(posts):
        authors[post.get("author") or post["id"]].append(post)
    order = sorted(authors)
    random.Random(draw).shuffle(order)
    return [post for author in order for post in authors[author]]


def _write(path: Path, posts: Iterable[Post]) -> None:
    path.write_text("".join(json.dumps(post) + "\n" for post in posts), encoding="utf-8")


if __name__ == "__main__":
    main()
