"""What a user wants of suggestions."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tag2vec.embed.style import style_of
from tag2vec.errors import UsageError, at_least
from tag2vec.retrieval.platforms import Platform, platform
from tag2vec.scraping import lists
from tag2vec.scraping.normalise import written


@dataclass(frozen=True)
class Wanted:
    """At most `k` suggestions a clip, fewer where the platform takes fewer, and which.

    `exclude` has tags, patterns as `*game*`, and files of them; `include` tags that always come, first and in this
    order; `vocabulary` a file of the only tags to choose from. `show` names lists (`noise`, `sensitive`) whose tags
    are not hidden. `min_precision` lets only tags through so probable that at least this share of the suggestions as
    probable was right on clips that the network did not learn from, in steps of 0.01 and never looser than asked.
    """

    k: int = 15
    platform: str | None = None
    min_score: float | None = None
    min_precision: float | None = None
    exclude: tuple[str, ...] = ()
    include: tuple[str, ...] = ()
    vocabulary: str | Path | None = None
    show: tuple[str, ...] = ()
    language: tuple[str, ...] = ()  # only tags of these, as en, and of no particular one; none: of all
    variants: bool = False  # whether spelling variants of a better tag are suggested too
    diversity: float = 0.0  # 0: the best; 1: each as far from the others in the tag space as can be
    style: str = "written"  # or lower, pascal: see `tag2vec.embed.style`
    explain: bool = False  # also say what speaks for each; the clip is looked at twice
    popularity: float = 0.0  # above 0 frequent tags come first, below 0 rare ones; 1: as the frequency itself
    trend: float = 0.0  # above 0 rising tags come first, below 0 falling ones; 1: as their growth itself

    def __post_init__(self) -> None:
        for name in ("exclude", "include", "show", "language"):
            given = getattr(self, name)
            object.__setattr__(self, name, (given,) if isinstance(given, str) else tuple(given))
        at_least(self, k=1)
        if self.min_precision is not None and not 0 < self.min_precision < 1:
            raise UsageError(
                f"The least precision is {self.min_precision:g}; wanted a share above 0 and below 1, as 0.8."
            )
        if not 0 <= self.diversity <= 1:
            raise UsageError(f"diversity is {self.diversity:g}; wanted 0 to 1.")
        for name in ("popularity", "trend"):
            if not -1 <= getattr(self, name) <= 1:
                raise UsageError(f"{name} is {getattr(self, name):g}; wanted -1 to 1.")
        for name in self.show:
            lists.own(name)
        style_of(self.style)
        self._check_included()

    def _check_included(self) -> None:
        if len(self.include) > self.most:
            raise UsageError(
                f"{len(self.include)} tags are to be included and {self.most} suggested at most"
                f"{f' ({self.platform})' if self.place and self.most < self.k else ''}; include fewer."
            )
        for tag in self.include:
            if not written(tag):
                raise UsageError(f"'{tag}' is to be included and has no letter; wanted a hashtag.")
            if self.place and self.place.refuses(written(tag)):
                raise UsageError(f"#{written(tag)} is to be included and is no hashtag on {self.platform}.")

    @property
    def place(self) -> Platform | None:
        """The platform that the suggestions are for. Raises UnknownName."""
        return None if self.platform is None else platform(self.platform)

    @property
    def most(self) -> int:
        """How many suggestions a clip gets at most."""
        return min(self.k, (self.place and self.place.tags) or self.k)


def excluded(given: Iterable[str]) -> lists.TagList:
    """Tags, patterns and files of them as one list. What has a dot or a slash in it is a file. Raises SourceError."""
    tags: list[str] = []
    for one in given:
        tags += lists.read(one, "excluded tags").lines if {".", "/"} & set(one) else [one]
    return lists.TagList(tags)
