"""What is answered for a clip: hashtags, what was hidden, and how long it took."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, Literal

from tag2vec.retrieval.why import Why

Group = Literal["rising", "broad", "niche"]


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A hashtag as people write it, see `Forms`. `score` is higher for better tags, and how probably the clip carries
    it where the recipe of the video embedder says so; `count` is the number of posts that carry the tag, `trend` is
    above 0 for one that rises, where the model knows. A tag that was to be included and that the space lacks has no
    score."""

    tag: str
    stem: str
    score: float | None
    count: int
    group: Group = "niche"
    trend: float | None = None  # see `scraping.trends`
    why: Why | None = None  # where it was asked for


@dataclass(frozen=True, slots=True)
class Hidden:
    """A hashtag that is as good as one that is suggested, and the rule that hid it."""

    tag: str
    stem: str
    score: float
    rule: str


@dataclass(frozen=True)
class Suggestions:
    """What was suggested for one clip, or for tags alone. Reads like the list of its suggestions, best first."""

    clip: str  # "" for tags alone
    duration_s: float
    suggestions: tuple[Suggestion, ...]
    timing_s: dict[str, float]
    warning: str | None = None
    hidden: tuple[Hidden, ...] = ()
    like: tuple[str, ...] = ()  # the tags that were given to be like

    def __iter__(self) -> Iterator[Suggestion]:
        return iter(self.suggestions)

    def __len__(self) -> int:
        return len(self.suggestions)

    def __getitem__(self, position: int) -> Suggestion:
        return self.suggestions[position]

    def line(self) -> str:
        """The hashtags in one line, ready to paste."""
        return " ".join(f"#{s.tag}" for s in self.suggestions)

    def json(self) -> dict[str, Any]:
        """The documented JSON object of one clip."""
        shown: dict[str, Any] = {
            "clip": self.clip or None,
            "duration_s": round(self.duration_s, 3),
            "suggestions": [_facts(one) for one in self.suggestions],
            "hidden": [_facts(one) for one in self.hidden],
            "timing_s": {name: round(seconds, 4) for name, seconds in self.timing_s.items()},
        }
        more = {"like": list(self.like), "warning": self.warning}
        return shown | {name: value for name, value in more.items() if value}


def _facts(tag: Suggestion | Hidden) -> dict[str, Any]:
    facts = asdict(tag)
    facts |= {name: round(facts[name], 6) for name in ("score", "trend") if facts.get(name) is not None}
    return {name: value for name, value in facts.items() if name == "score" or value is not None}
