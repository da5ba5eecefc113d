"""fit-embedding beside gensim, and at the size of the seed paper: `python -m benchmarks.space --posts POSTS`.

Beside gensim: the first stage of `TagSpace.fit` on the corpus of the posts, and gensim's Word2Vec called directly, with
the same settings, on the same sentences as lists in memory; EPOCHS of each. Tags a second count each epoch, and also
the rare tags that both leave out. Times are those of the processor, so that other work on the machine does not count,
on one thread, which repeats to the byte.

At size: Singh et al. 2016 fitted 2.7 million sentences of 4.79 tags on average in about 10 minutes. Such sentences are
drawn from the real posts: a post with replacement, each of its stems kept with one chance, and another post in its
place when fewer than two stay. The chance is the one that makes the mean 4.79, so the posts need more tags than that
(17 on YouTube). The vocabulary is that of the posts. One
pass of each stage is measured, and counted as often as the settings ask for.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from scipy.optimize import brentq

from benchmarks.common import header, keep, table
from tag2vec import Corpus, TagSpace
from tag2vec.embed.skipgram import SEED_RECIPE, SpaceConfig, word2vec_settings

SENTENCES = 2_700_000
MEAN = 4.79  # tags of a sentence
MINUTES = 10
EPOCHS = 5
GENSIM: dict[str, dict[str, Any]] = {"the seed's settings": SEED_RECIPE, "ours, first stage": {"refine": 0}}
WAYS: dict[str, dict[str, Any]] = {"the seed's settings": SEED_RECIPE, "ours": {}}


def main() -> None:
    ask = argparse.ArgumentParser(description=__doc__)
    ask.add_argument("--posts", type=Path, required=True, help="real posts, any file that build-corpus reads")
    ask.add_argument("--sentences", type=int, default=SENTENCES, help="fewer take less time")
    ask.add_argument("--name", default="space", help="name of the result")
    given = ask.parse_args()
    run(given.posts, given.sentences, given.name)


def run(posts: Path, sentences: int, name: str) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        corpus = Corpus.build(posts, Path(scratch) / "corpus")
        beside = _beside_gensim(corpus)
        path = Path(scratch) / "sentences.jsonl"
        with path.open("w", encoding="utf-8") as file:
            file.writelines(json.dumps({"tags": tags}) + "\n" for tags in drawn(list(corpus), sentences))
        large = Corpus.build(path, Path(scratch) / "large", stemmer="none")
        sized = _at_size(large)
    facts = f"{len(corpus):,} posts, {corpus.report['tags']:,} tags, one thread, {EPOCHS} epochs"
    size = f"{len(large):,} sentences of {large.report['tags'] / len(large):.2f} tags, {large.report['stems']:,} stems"
    size += f"; Singh et al. 2016: {SENTENCES:,} of {MEAN} in about {MINUTES} minutes"
    lines = ["# fit-embedding", "", *header([posts]), "", facts, ""]
    lines += [*table(["settings", "TagSpace.fit, tags/s", "gensim, tags/s", "time / gensim's"], beside), "", size, ""]
    keep(name, lines + table(["settings", "tags", "minutes of gensim", "of the second stage", "in all"], sized))


def _beside_gensim(corpus: Corpus) -> list[list[Any]]:
    from gensim.models import Word2Vec

    lists = list(corpus)
    rows = []
    for name, settings in GENSIM.items():
        config = SpaceConfig(**settings | {"epochs": EPOCHS})
        ours, _ = _minutes(lambda: TagSpace.fit(corpus, **asdict(config)))  # noqa: B023
        theirs, _ = _minutes(lambda: Word2Vec(lists, **word2vec_settings(config)))  # noqa: B023
        seen = corpus.report["tags"] * EPOCHS / 60
        rows.append([name, f"{seen / ours:,.0f}", f"{seen / theirs:,.0f}", ours / theirs])
        print(rows[-1], flush=True)
    return rows


def _at_size(corpus: Corpus) -> list[list[Any]]:
    rows = []
    for name, settings in WAYS.items():
        asked = SpaceConfig(**settings).for_corpus(len(corpus), corpus.report["tags"])
        epochs, refine = asked.epochs or 0, asked.refine or 0
        one, space = _minutes(lambda: TagSpace.fit(corpus, **settings | {"epochs": 1, "refine": 0}))  # noqa: B023
        two = one
        if refine:
            two, _ = _minutes(lambda: TagSpace.fit(corpus, **settings | {"epochs": 1, "refine": 1}))  # noqa: B023
        minutes = epochs * one + refine * (two - one)
        passes = [f"{epochs} x {one:.1f}", f"{refine} x {two - one:.1f}"]
        rows.append([name, f"{len(space):,}", *passes, f"{minutes:.0f}"])
        print(rows[-1], flush=True)
    return rows


def _minutes(call: Callable[[], Any]) -> tuple[float, Any]:
    """Minutes of the processor, and what the call gave."""
    start = time.process_time()
    given = call()
    return (time.process_time() - start) / 60, given


def drawn(posts: list[list[str]], sentences: int) -> Iterator[list[str]]:
    """`sentences` made from `posts`, see above."""
    chance = chance_of(np.array([len(post) for post in posts]))
    draw = random.Random(0)
    while sentences:
        kept = [stem for stem in draw.choice(posts) if draw.random() < chance]
        if len(kept) > 1:
            yield kept
            sentences -= 1


def chance_of(lengths: np.ndarray) -> float:
    """With which chance each tag stays, for MEAN of them to stay where two or more do; `lengths` (posts,)."""

    def mean(chance: float) -> float:
        none_or_one = np.stack([(1 - chance) ** lengths, lengths * chance * (1 - chance) ** (lengths - 1)])
        return float((lengths * chance - none_or_one[1]).sum() / (1 - none_or_one.sum(axis=0)).sum())

    if lengths.mean() <= MEAN:
        raise SystemExit(f"The posts have {lengths.mean():.2f} tags on average; wanted more than {MEAN}.")
    return float(brentq(lambda chance: mean(chance) - MEAN, 1e-3, 1))


if __name__ == "__main__":
    main()
