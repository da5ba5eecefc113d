"""Why a tag is suggested: training clips, words, class names and seconds that speak for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from tag2vec.embed.clips import Clip
from tag2vec.embed.embedder import Embedder, Rows
from tag2vec.embed.extract import SHORTEST_S, Cache, Extracted, extract, extract_segments
from tag2vec.embed.features.text import words_of
from tag2vec.embed.limits import FrameLimits

MOST = 3  # clips, words and names of each kind
PARTS = 8  # that a clip is cut into, to see where its tags are


@dataclass(frozen=True, slots=True)
class Why:
    """What speaks for a tag, the most telling first.

    `clips`: training clips that carry it, of those most like this one, with their cosines. `words`: words of the title
    without which its score is lower. `names`: classes that a network without training sees, and that call for it.
    `seconds`: (start, end) of the part of the clip that gives it the highest score. `beside`: of the tags that were
    given to be like, those that it stands beside more often than elsewhere.
    """

    clips: tuple[tuple[str, float], ...] = ()
    words: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    seconds: tuple[float, float] | None = None
    beside: tuple[str, ...] = ()


def explain(
    clip: Clip | None, found: Extracted, rows: Sequence[int], video: Embedder, limits: FrameLimits, cache: Cache | None
) -> list[Why]:
    """What speaks for each of the tags in `rows`; the clip, if any, is looked at once more, part by part."""
    asked = np.array(rows, np.intp)
    if not len(asked):
        return []
    words: list[tuple[str, ...]] = [()] * len(asked)
    seconds: list[tuple[float, float] | None] = [None] * len(asked)
    if clip is not None:
        words, seconds = _words(clip, found, asked, video), _seconds(clip, found, asked, video, limits, cache)
    every = zip(video.evidence(found.arrays, asked, MOST), words, seconds, strict=True)
    return [Why(near.clips, said, near.names, part, near.beside) for near, said, part in every]


def _words(clip: Clip, found: Extracted, rows: Rows, video: Embedder) -> list[tuple[str, ...]]:
    """Of each tag, the words of the title whose absence costs it most."""
    readers = [i for i, kind in enumerate(video.kinds) if not kind.wants]
    words = words_of(clip.title or "") if readers else []
    if not words:
        return [()] * len(rows)
    scores = video.scores_of(video.place(found.arrays), rows)
    lost = np.zeros((len(words), len(rows)), np.float32)
    for number in range(len(words)):
        without = replace(clip, title=" ".join(words[:number] + words[number + 1 :]))
        arrays = list(found.arrays)
        read = extract(without, [video.kinds[i] for i in readers], video.limits).arrays
        for i, array in zip(readers, read, strict=True):
            arrays[i] = array
        lost[number] = scores - video.scores_of(video.place(tuple(arrays)), rows)
    order = np.argsort(-lost, axis=0, kind="stable")[:MOST]
    return [tuple(words[i] for i in order[:, tag] if lost[i, tag] > 0) for tag in range(len(rows))]


def _seconds(
    clip: Clip, found: Extracted, rows: Rows, video: Embedder, limits: FrameLimits, cache: Cache | None
) -> list[tuple[float, float] | None]:
    """Of each tag, the part of the clip that gives it the highest score; None where a clip has no parts."""
    nothing: list[tuple[float, float] | None] = [None] * len(rows)
    if found.duration_s < 2 * SHORTEST_S or not any(kind.wants for kind in video.kinds):
        return nothing
    length = max(SHORTEST_S, found.duration_s / PARTS)
    parts, scores = [], []
    for start, end, part in extract_segments(clip, video.kinds, length, limits, cache, workers=0):
        if isinstance(part, Extracted):
            parts.append((round(start, 3), round(end, 3)))
            scores.append(video.scores_of(video.place(part.arrays), rows))
    return [parts[i] for i in np.argmax(scores, axis=0)] if parts else nothing
