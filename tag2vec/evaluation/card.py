"""The card of a model: what it was made from, how, and what it is not good for (Mitchell et al. 2019, Model Cards)."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from tag2vec import artifact
from tag2vec.artifact import Artifact
from tag2vec.embed.precision import least_score
from tag2vec.embed.space import TagSpace
from tag2vec.embed.video import VideoEmbedder
from tag2vec.errors import ArtifactError, UsageError
from tag2vec.retrieval.hiding import Hiding
from tag2vec.retrieval.wanted import Wanted
from tag2vec.scraping.corpus import Corpus

SHOWN = 10  # tags that are named
FEW = 5  # clips, below which a tag is hardly learnt
PRECISIONS = (0.5, 0.8, 0.9)


def card(model: str | Path) -> str:
    """Markdown about a model folder. Raises ArtifactError, and UsageError for a folder of another kind."""
    found = {one.kind: one for one in map(artifact.read, artifact.find(Path(model)))}
    if "space" not in found:
        held = f"holds {', '.join(found)}" if found else "holds nothing that tag2vec wrote"
        raise UsageError(f"{model} {held}; a card is of a model folder, such as fit-embedding writes.")
    space = TagSpace.load(model)
    video = VideoEmbedder.load(model, space) if "video" in found else None
    parts = [_head(Path(model), video), _posts(space), _tags(space)]
    if video:
        parts += [_clips(video), _said(video)]
    parts += [_limits(space, video), _made(found)]
    return "\n\n".join(parts) + "\n"


def _head(model: Path, video: VideoEmbedder | None) -> str:
    what = "Suggests hashtags for video clips" if video else "Completes and compares hashtags, without clips"
    return (
        f"# {model.resolve().name}\n\n{what}, as the community writes them whose posts it learnt from.\n\n"
        "**Meant for** offering a person tags to choose from, for search and for statistics of tags. **Not meant for** "
        "judging people or what they post: a tag says what those who posted such clips write, not what is true."
    )


def _posts(space: TagSpace) -> str:
    digest = space.parents.get("corpus", "")
    try:
        report = Corpus.load_same(space.config["corpus"], digest).report
    except (ArtifactError, KeyError):
        return (
            f"## Posts\n\nThe corpus ({digest[:12] or 'none'}) is not where it was; nothing can be said of its posts."
        )
    sources = ", ".join(f"`{Path(one['source']).name}` {one['read']:,}" for one in report["sources"])
    dated = f"on {report['days']:,} days" if report["days"] else "without dates"
    return (
        f"## Posts\n\n{report['kept']:,} of {report['read']:,} posts that were read, {dated}, with {report['tags']:,} "
        f"tags.\n\n- Read from: {sources}\n- Posts left out: {_counted(report['left_out'])}\n"
        f"- Tags left out: {_counted(report['dropped_tags'])}"
    )


def _tags(space: TagSpace) -> str:
    hiding = Hiding(Wanted(), space.stems)
    forms = zip(space.entries, space.forms, strict=True)
    hidden = Counter(rule for entry, form in forms if (rule := hiding.rule(form, entry.stem)))
    return (
        f"## Tags\n\n{len(space):,} tags in {space.dim} dimensions, stems of {space.stems.name}; half of them stand in "
        f"{np.median(space.counts):,.0f} posts or fewer.\n\n"
        f"- Most frequent: {_named(space.forms[:SHOWN])}\n- Withheld by lists unless asked for: {_counted(hidden)}"
    )


def _clips(video: VideoEmbedder) -> str:
    clips = video.learnt.clips
    counts = Counter(stem for clip in clips for stem in video.space.stems.many(clip.tags))
    groups = len({clip.group for clip in clips})
    few = sum(count < FEW for count in counts.values())
    forms = {entry.stem: form for entry, form in zip(video.space.entries, video.space.forms, strict=True)}
    often = [forms.get(stem, stem) for stem, _ in counts.most_common(SHOWN)]
    return (
        f"## Clips\n\n{len(clips):,} clips"
        + (f" of {groups:,} groups" if groups else "")
        + f", {len(counts):,} tags.\n\n"
        f"- Most frequent: {_named(often)}\n- Tags of fewer than {FEW} clips, hardly learnt: {few:,}\n"
        f"- Tags that no clip carries, found through posts alone: {len(video.rows):,}"
    )


def _said(video: VideoEmbedder) -> str:
    kinds = zip(video.config.features, video.config.pooling, strict=True)
    seen = " + ".join(f"{kind['name']} ({pooling})" for kind, pooling in kinds)
    recipe = f"## What clips are judged by\n\nFeatures {seen}, recipe {video.config.recipe}."
    if not video.probable:
        return f"{recipe} Scores only rank: they are no probabilities."
    rows = []
    for precision in PRECISIONS:
        least = least_score(video.thresholds, precision)
        rows.append(f"| {precision:.0%} | {'no score' if math.isinf(least) else f'{least:.3f}'} |")
    return (
        f"{recipe} Scores are probabilities, fitted on training clips that the network did not learn from. Of their "
        "suggestions so many were right from these scores on:\n\n| right | score |\n|---|---|\n" + "\n".join(rows)
    )


def _limits(space: TagSpace, video: VideoEmbedder | None) -> str:
    lines = [
        "It knows no tag, fashion or language that its posts did not have, and repeats what is customary there.",
        "It knows frequent tags better than rare ones.",
    ]
    if video:
        lines.append(
            "A clip that shows what no training clip does gets tags of what looks most like it, at low scores."
        )
    if space.stems.name == "none":
        lines.append("Spellings of one word are tags of their own: nothing is stemmed.")
    return (
        "## Limits\n\n" + "\n".join(f"- {line}" for line in lines) + "\n\nHow good it is on other posts and clips: "
        "`tag2vec evaluate tags`, and `tag2vec evaluate video --report`."
    )


def _made(found: dict[str, Artifact]) -> str:
    rows = [f"| {kind} | {one.version} | {one.format} | `{one.digest[:12]}` |" for kind, one in found.items()]
    return "## Made by\n\n| part | tag2vec | format | checksum |\n|---|---|---|---|\n" + "\n".join(rows)


def _named(forms: Sequence[str]) -> str:
    return " ".join(f"`#{form}`" for form in forms)  # in code signs no letter of a tag is markup


def _counted(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in counts.items()) or "none"
