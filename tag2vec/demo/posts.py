"""Synthetic posts: authored hashtags of 29 activities, put together the way people hashtag.

Nobody posted any of it. Tags come from `categories.json`; which of them meet in a post, how they are written,
who posts and when is drawn at random, the same for the same seed.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import msgspec

from tag2vec.files import replacing

_TEXTS = (
    "finally got it right", "still sore from yesterday", "this never gets old", "one for the memories",
    "what do you think?", "almost gave up before this one", "my favourite part of the week", "keep going",
    "not bad for a rainy day", "learning something new each time", "who is coming along next time?",
    "the second attempt went better", "thanks to everyone who came", "back after a long break",
    "we stayed until dark", "worth getting up early for", "happy with how this turned out",
    "I laughed so hard at the end",
)  # fmt: skip
_TITLES = (
    "A good day", "Third try", "Look at this", "How it went", "Back at it", "Small steps",
    "Again and again", "With the usual crew", "New personal best?", "Slow but steady", "That ending",
    "The best ten seconds",
)  # fmt: skip
_AUTHORS = 25  # an activity; the first of them write most of the posts
_FIRST_DAY, _DAYS = date(2025, 1, 1), 540


@dataclass(frozen=True)
class Category:
    """An activity with its hashtags, the most popular first: `tags[0]` is its own word.

    `variants` are other inflections of a tag, which have its stem.
    """

    name: str
    tags: tuple[str, ...]
    variants: dict[str, tuple[str, ...]]  # by casefolded tag


@cache
def _authored() -> dict[str, Any]:
    text = files("tag2vec.demo").joinpath("categories.json").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


def categories() -> list[Category]:
    """The 29 categories, sorted by name."""
    return msgspec.convert(_authored()["categories"], list[Category])


def general_tags() -> list[str]:
    """Tags that go with anything: noise for whoever learns from the posts. The most popular first."""
    return list(_authored()["general"])


def posts(seed: int, per_category: int) -> Iterator[dict[str, Any]]:
    """Synthetic posts in the documented format, `per_category` for each of the 29; same seed, same posts.

    Keys: id, tags, author, date, source ("demo"), in some posts text or title, which may hold hashtags too.
    """
    rng = random.Random(f"posts {seed}")
    decks = [_Deck(category) for category in categories()]
    total = per_category * len(decks)
    order: list[int] = []
    for number in range(total):
        order = order or rng.sample(range(len(decks)), len(decks))
        main = order.pop()
        day = _FIRST_DAY + timedelta(days=number * _DAYS // total)
        # A few people post about the activities of others; most keep to their own.
        home = main if rng.random() < 0.95 else rng.randrange(len(decks))
        yield {
            "id": f"demo-{seed}-{number:06d}",
            **_content(rng, _tags(rng, decks, main)),
            "author": f"demo-author-{home * _AUTHORS + int(_AUTHORS * rng.random() ** 2.2):03d}",
            "date": day.isoformat(),
            "source": "demo",
        }


def write_posts(path: str | Path, found: Iterable[dict[str, Any]]) -> None:
    """Write posts to `path` as JSON lines. Raises ArtifactError; what was there before is unchanged then."""
    with replacing(Path(path)) as file:
        file.writelines(f"{json.dumps(post, ensure_ascii=False)}\n".encode() for post in found)


class _Deck:
    """Deals the tags of one category, popular ones more often, so that no tag is ever left out for long."""

    def __init__(self, category: Category) -> None:
        self.category = category
        ranks = range(1, len(category.tags) + 1)
        self.share = {tag: max(0.2, 0.85 * rank**-0.6) for tag, rank in zip(category.tags, ranks, strict=True)}
        self.owed = dict.fromkeys(category.tags, 0.0)  # how many posts a tag is behind its share

    def deal(self, rng: random.Random, count: int) -> list[str]:
        """`count` distinct tags as somebody wrote them."""
        for tag, share in self.share.items():
            self.owed[tag] += share
        urge = {tag: owed + rng.uniform(0.0, 2.5) for tag, owed in self.owed.items()}
        chosen = sorted(urge, key=urge.__getitem__, reverse=True)[:count]
        for tag in chosen:
            self.owed[tag] -= 1.0
        return [self._written(rng, tag) for tag in chosen]

    def _written(self, rng: random.Random, tag: str) -> str:
        forms = self.category.variants.get(tag.casefold())
        if forms and rng.random() < 0.2:
            tag = rng.choice(forms)
        return _cased(rng, tag)


def _cased(rng: random.Random, tag: str) -> str:
    """A tag in its own case, or all small, with a capital, or shouted."""
    habit = rng.random()
    if habit < 0.62:
        return tag
    if habit < 0.92:
        return tag.lower()
    return tag.capitalize() if habit < 0.97 else tag.upper()


def _tags(rng: random.Random, decks: list[_Deck], main: int) -> list[str]:
    """The tags of one post: 3-7 of its category (some shared with a second one), sometimes general ones."""
    count = rng.choices((3, 4, 5, 6, 7), (15, 25, 30, 20, 10))[0]
    other = 0
    if rng.random() < 0.04:
        other = count // 2
    tags = decks[main].deal(rng, count - other)
    if other:
        second = rng.choice([i for i in range(len(decks)) if i != main])
        tags += decks[second].deal(rng, other)
    if rng.random() < 0.35:
        general = general_tags()
        picked = {general[int(len(general) * rng.random() ** 1.6)] for _ in range(rng.randint(1, 2))}
        tags += [_cased(rng, tag) for tag in sorted(picked)]
    if rng.random() < 0.5:
        rng.shuffle(tags)
    return tags


def _content(rng: random.Random, tags: list[str]) -> dict[str, Any]:
    """Tags, perhaps a title and a text; some tags leave the list and become #hashtags in those."""
    content: dict[str, Any] = {"tags": tags}
    if rng.random() < 0.3:
        content["title"] = rng.choice(_TITLES)
        if rng.random() < 0.25:
            content["title"] += f" #{tags.pop()}"
    if rng.random() < 0.5:
        content["text"] = rng.choice(_TEXTS)
        if rng.random() < 0.35:
            moved = [tags.pop() for _ in range(rng.randint(1, 2)) if len(tags) > 1]
            content["text"] += "".join(f" #{tag}" for tag in moved)
    return content
