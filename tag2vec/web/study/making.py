"""A new study: clips that browsers play, and for each the hashtags to be marked."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from tag2vec import artifact
from tag2vec.embed.clips import Clip, find_clips, read_clips, shown
from tag2vec.embed.extract import Cache
from tag2vec.errors import ArtifactError, SourceError, Tag2VecError, UsageError, at_least
from tag2vec.evaluation.reportplots import COLOURS
from tag2vec.retrieval.hiding import Hiding
from tag2vec.retrieval.suggest import Suggester
from tag2vec.retrieval.suggestions import Suggestions
from tag2vec.retrieval.wanted import Wanted
from tag2vec.web.study.playable import write_playable
from tag2vec.web.study.store import KIND, LINES, RATINGS, Study

CONTROL = "random popular tags"
POPULAR = 1000  # the most frequent tags, of which the control is drawn

Lists = dict[str, list[str]]
"""The hashtags of a clip, best first, by who suggests them."""
Tell = Callable[[str], None]


@dataclass(frozen=True)
class Settings:
    """`k` hashtags from each; `per_class` clips of each class at most, drawn by `seed`; `seconds` of a clip shown."""

    k: int = 15
    control: bool = True
    per_class: int | None = None
    seconds: float = 20.0
    seed: int = 1

    def __post_init__(self) -> None:
        at_least(self, k=1, per_class=1, seconds=0.1, seed=0)


def new_study(
    out: Path,
    clips: Path,
    models: Mapping[str, Path],
    settings: Settings,
    tell: Tell = lambda what: None,
    tick: Callable[[int], None] = lambda done: None,
) -> int:
    """Write the study folder `out` with what `models`, by the names they have in the report, suggest.

    `clips` is a clips list, or a folder of videos. What cannot be used is told to `tell`; the number of such clips is
    given back. Raises ArtifactError where a model cannot be opened, no folder can be written or one has ratings,
    SourceError for a list without clips, UsageError.
    """
    check_new(out)
    if not 0 < len(models) < len(COLOURS) or CONTROL in models:
        raise UsageError(f"Wanted 1 to {len(COLOURS) - 1} models, none of them named '{CONTROL}'.")
    listed = _drawn(_clips(clips), settings)
    lists, failed = _suggested(listed, models, settings, tell, tick)
    with artifact.write(out, KIND, {"k": settings.k, "seed": settings.seed}) as draft:
        lines: list[dict[str, Any]] = []
        for i, clip in enumerate(listed):
            tick(len(models) * len(listed) + i)
            file = f"{len(lines) + 1:05d}.mp4"
            if i in failed or not _shown(clip, draft.path / file, settings.seconds, tell):
                continue
            facts = {"name": shown(str(clip)), "class": clip.tags[0] if clip.tags else "", "file": file}
            lines.append(facts | {"tags": _mixed(lists[i], [settings.seed, i]), "lists": lists[i]})
        if not lines:
            raise SourceError(f"None of the {len(listed)} clips of {clips} can be used; a study needs one.")
        draft.lines(LINES, iter(lines))
    return len(listed) - len(lines)


def check_new(out: Path) -> None:
    """Raise ArtifactError where no study can be written, or where one is that has raters: they have links to it."""
    artifact.check_writable(out, KIND)
    if (out / RATINGS).exists() and (raters := len(Study(out).raters())):
        raise ArtifactError(f"{out} has {raters} raters, whose marks would be lost. Choose another folder.")


def _clips(where: Path) -> list[Clip]:
    if where.is_dir() and not any(path.is_dir() for path in where.iterdir()):
        return [Clip.of(path) for path in find_clips([where])]
    return read_clips(where)


def _drawn(clips: Sequence[Clip], settings: Settings) -> list[Clip]:
    """At most `per_class` of each class, in the order they had."""
    if settings.per_class is None:
        return list(clips)
    order = np.random.default_rng(settings.seed).permutation(len(clips))
    taken: dict[str, list[int]] = {}
    for i in order.tolist():
        taken.setdefault(clips[i].tags[0] if clips[i].tags else "", []).append(i)
    return [clips[i] for i in sorted(i for some in taken.values() for i in some[: settings.per_class])]


def _suggested(
    listed: Sequence[Clip], models: Mapping[str, Path], settings: Settings, tell: Tell, tick: Callable[[int], None]
) -> tuple[list[Lists], set[int]]:
    """What is suggested for each clip, and which clips one of the models could not look at."""
    lists: list[Lists] = [{} for _ in listed]
    failed: set[int] = set()
    popular: list[str] = []
    for number, (name, model) in enumerate(models.items()):
        suggester = Suggester.load(model, cache=Cache())
        popular = popular or _popular(suggester)
        trained = {clip.group for clip in getattr(suggester.video, "trained_clips", ())}
        if known := sum(clip.group in trained for clip in listed):
            tell(f"{known} of the clips are of groups that {name} was fitted on; on others it will do worse.")
        for i, (_, result) in enumerate(suggester.suggest_many(listed, settings.k)):
            tick(number * len(listed) + i)
            if isinstance(result, Suggestions):
                lists[i][name] = [one.tag for one in result]
            elif i not in failed:
                failed.add(i)
                tell(str(result))
    if settings.control:
        for i, one in enumerate(lists):
            draw = np.random.default_rng([settings.seed, i, 1])
            one[CONTROL] = [popular[j] for j in draw.permutation(len(popular))[: settings.k]]
    return lists, failed


def _popular(suggester: Suggester) -> list[str]:
    """The most frequent tags that could be suggested: none that the lists of noise and of the sensitive hide."""
    space = suggester.space
    hiding = Hiding(Wanted(), space.stems)
    rows = np.argsort(-space.counts, kind="stable").tolist()
    shown = (space.forms[row] for row in rows if hiding.rule(space.forms[row], space.entries[row].stem) is None)
    return list(islice(shown, POPULAR))


def _shown(clip: Clip, out: Path, seconds: float, tell: Tell) -> bool:
    try:
        if warning := write_playable(clip.path, out, seconds):
            tell(f"{clip}: {warning}")
    except Tag2VecError as error:
        tell(str(error))
        return False
    return True


def _mixed(lists: Lists, seed: list[int]) -> list[str]:
    """All of them once, in an order that says nothing. The same letters in another case are the same tag."""
    tags = {tag.casefold(): tag for some in reversed(lists.values()) for tag in some}
    once = sorted(tags.values())
    return [once[i] for i in np.random.default_rng(seed).permutation(len(once))]
