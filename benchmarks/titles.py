"""Categories of posts from their titles: `python -m benchmarks.titles --posts POSTS --keep FOLDER [--more POSTS]`.

Five folds keep the share of categories. A way sees titles, tags and categories of the training posts, and of the test
posts their titles alone; categories are ranked among each other. The tag space of a fold is fitted on its training
posts: a sentence is the tags of a post, the words of its title, and the words of its tags. The tags of a training post
are also what is told of it (`about`), the category is the tag to be learnt. `--keep` holds the fitted spaces, so that a
stopped run goes on. With `--more` the words of titles are looked up, in a last row, in a tag space of other posts, of
which it learnt titles and tags and no categories.
"""

from __future__ import annotations

import argparse
import gzip
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold

from benchmarks.common import header, keep, table
from tag2vec import Corpus, TagSpace, VideoEmbedder
from tag2vec.embed.clips import Clip
from tag2vec.embed.features import Features
from tag2vec.embed.features.text import Title, tags_in
from tag2vec.embed.features.words import Words
from tag2vec.embed.frames import Frames
from tag2vec.embed.pooled import Poolings
from tag2vec.embed.threads import one_thread
from tag2vec.embed.training import TrainConfig

FOLDS = 5
TFIDF_C = 20.0
QUICK: dict[str, Any] = {"algorithm": "cbow", "epochs": 5, "refine": 10, "min_count": 2}  # than the defaults
OTHER: dict[str, Any] = {"algorithm": "cbow", "epochs": 5, "refine": 0}  # `text` needs the input vectors alone
CITED = ["seed, 5,000 other titles, 14 categories, as cited", 0.512, 0.858, ""]

Scores = NDArray[np.floating[Any]]
Post = dict[str, Any]


@dataclass(frozen=True)
class Fold:
    """Posts to learn from and to ask, their categories as numbers, and where the space of this fold is kept."""

    learn: list[Post]
    ask: list[Post]
    known: NDArray[np.intp]
    wanted: NDArray[np.intp]
    names: list[str]
    folder: Path


Way = Callable[[Fold], Scores]
"""Scores (asked posts, categories), higher is better."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--posts", type=Path, required=True, help="JSON lines with title, tags and category")
    parser.add_argument("--keep", type=Path, required=True, help="folder of fitted spaces")
    parser.add_argument("--more", type=Path, help="other posts with titles and tags")
    parser.add_argument("--shuffles", type=int, default=1)
    parser.add_argument("--name", default="titles")
    given = parser.parse_args()
    run(given.posts, given.keep, given.more, given.shuffles, given.name)


@one_thread()
def run(posts: Path, folder: Path, more: Path | None, shuffles: int, name: str) -> None:
    every, rows = _read(posts), []
    ways = dict(WAYS)
    if more:
        other = _space(folder / "more", _read(more), OTHER)
        ways["words+text of other posts, softfusion"] = _ours("words+text", "softfusion", other)
    for way, score in ways.items():
        means = [np.mean([_measure(score, fold) for fold in _folds(every, s, folder)], axis=0) for s in range(shuffles)]
        each = "; ".join(f"{top1:.3f} / {top5:.3f}" for top1, top5 in means)
        rows.append([way, *map(float, np.mean(means, axis=0)), each])
        print(rows[-1], flush=True)
    categories = len({post["category"] for post in every})
    facts = f"{len(every):,} posts, {categories} categories, {FOLDS} folds, shuffled {shuffles} times"
    lines = ["# Categories from titles", "", *header([posts, more] if more else [posts]), "", facts, ""]
    keep(name, [*lines, *table(["way", "top-1", "top-5", "each shuffle"], [CITED, *rows])])


def _read(path: Path) -> list[Post]:
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8") as lines:
        return [post for line in lines if (post := json.loads(line)).get("title") and post.get("category")]


def _folds(posts: Sequence[Post], shuffle: int, folder: Path) -> Iterator[Fold]:
    names, numbers = np.unique([post["category"] for post in posts], return_inverse=True)
    splitter = StratifiedKFold(FOLDS, shuffle=True, random_state=shuffle)
    for number, (learn, ask) in enumerate(splitter.split(numbers, numbers)):
        learnt, asked = ([posts[i] for i in rows] for rows in (learn, ask))
        yield Fold(learnt, asked, numbers[learn], numbers[ask], list(names), folder / f"{shuffle}-{number}")


def _measure(way: Way, fold: Fold) -> tuple[float, float]:
    """Shares of posts whose category comes first, and among the first five."""
    hits = np.argsort(-way(fold), axis=1, kind="stable") == fold.wanted[:, None]
    return float(hits[:, 0].mean()), float(hits[:, :5].any(axis=1).mean())


def _popularity(fold: Fold) -> Scores:
    return np.tile(np.bincount(fold.known, minlength=len(fold.names)).astype(float), (len(fold.ask), 1))


def _tfidf(fold: Fold) -> Scores:
    words = TfidfVectorizer(sublinear_tf=True, ngram_range=(1, 2), token_pattern=r"\w+")
    learn = words.fit_transform(post["title"] for post in fold.learn)
    model = LogisticRegression(C=TFIDF_C, max_iter=1000).fit(learn, fold.known)
    found = np.full((len(fold.ask), len(fold.names)), -np.inf)
    found[:, model.classes_] = model.predict_proba(words.transform(post["title"] for post in fold.ask))
    return found


def _ours(kinds: str, recipe: str, other: TagSpace | None = None) -> Way:
    def scores(fold: Fold) -> Scores:
        space = _space(fold.folder / "own", fold.learn, QUICK)
        every: dict[str, Features] = {"words": Words(), "text": Title().bound(other or space)}
        features = tuple(every[kind] for kind in kinds.split("+"))
        learn, ask = _clips(fold.learn, told=True), _clips(fold.ask, told=False)
        arrays = [[[kind.of(clip, Frames.none()) for kind in features] for clip in clips] for clips in (learn, ask)]
        poolings = Poolings(features).fit(arrays[0], 1, learn)
        seen = torch.from_numpy(poolings.many(arrays[0]))
        video = VideoEmbedder.fit_seen(space, learn, seen, poolings, recipe, None, TrainConfig())
        rows = [video.space.known_rows([name]) for name in fold.names]
        found = video.scores(poolings.many(arrays[1]))
        return np.stack([found[:, row[0]] if row else np.full(len(ask), -np.inf) for row in rows], axis=1)

    return scores


def _clips(posts: Sequence[Post], told: bool) -> list[Clip]:
    """Clips without files, whose one tag is the category."""
    return [
        Clip(Path(f"{i}.mp4"), (post["category"],), str(i), post["title"], " ".join(post["tags"]) if told else None)
        for i, post in enumerate(posts)
    ]


def _space(model: Path, posts: Sequence[Post], settings: dict[str, Any]) -> TagSpace:
    if not model.exists():
        model.mkdir(parents=True)
        lines = model / "sentences.jsonl"
        with lines.open("w", encoding="utf-8") as out:
            for i, post in enumerate(posts):
                out.write(json.dumps({"id": str(i), "author": post.get("author"), "tags": _sentence(post)}) + "\n")
        TagSpace.fit(Corpus.build(lines, model / "corpus"), **settings).save(model)
    return TagSpace.load(model)


def _sentence(post: Post) -> list[str]:
    """The tags of a post, the words of its title, and the words of its tags, each also joined to the next one."""
    return [*post["tags"], *tags_in(post["title"]), *(word for tag in post["tags"] for word in tags_in(tag))]


WAYS: dict[str, Way] = {
    "popularity": _popularity,
    "TF-IDF of words and pairs, logistic regression": _tfidf,
    "text, softmax": _ours("text", "softmax"),
    "words, softmax": _ours("words", "softmax"),
    "words+text, fusion": _ours("words+text", "fusion"),
    "words+text, softfusion": _ours("words+text", "softfusion"),
}

if __name__ == "__main__":
    main()
