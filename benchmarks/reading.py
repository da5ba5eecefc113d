"""Suggestions for every clip, to be read: `python -m benchmarks.reading --posts POSTS --clips CLIPS [--features SPEC]`.

Five folds by group, so that no clip is asked about whose source was learnt from. A line a clip: its own tags, what is
suggested, and a star where no suggestion among the first FIRST is one of its own.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import numpy as np

from benchmarks.common import header, keep, short, table
from tag2vec import Corpus, Suggester, TagSpace, VideoEmbedder
from tag2vec.embed.cache import Cache
from tag2vec.embed.clips import Clip, read_clips
from tag2vec.embed.forms import Forms
from tag2vec.embed.splits import group_folds
from tag2vec.errors import Tag2VecError

FOLDS, FIRST, SHOWN = 5, 3, 8


def main() -> None:
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("--posts", type=Path, required=True, help="real posts, for the tag space")
    ask.add_argument("--clips", type=Path, required=True)
    ask.add_argument("--features", default="trajectories")
    ask.add_argument("--name", default="reading")
    given = ask.parse_args()
    clips = read_clips(given.clips)
    with tempfile.TemporaryDirectory() as scratch:
        corpus = Corpus.build(given.posts, Path(scratch) / "corpus")
        space = TagSpace.fit(corpus)
        rows = _rows(space, Forms.fit(corpus, space), clips, given.features)
    missed = sum(row[-1] == "*" for row in rows)
    facts = f"{len(clips)} clips, features {short(given.features)}, {FOLDS} folds by group; {missed} with a star."
    lines = ["# Suggestions for every clip", "", *header([given.posts, given.clips]), "", facts, ""]
    keep(given.name, [*lines, *table(["clip", "its tags", "suggested", ""], rows)])


def _rows(space: TagSpace, forms: Forms, clips: list[Clip], features: str) -> list[list[str]]:
    cache = Cache()
    rows: dict[Path, list[str]] = {}
    firsts = np.unique([clip.tags[0] for clip in clips], return_inverse=True)[1]
    for learn, ask in group_folds(firsts, [clip.group for clip in clips], FOLDS, 0):
        video = VideoEmbedder.fit(space, [clips[i] for i in learn], features=features, cache=cache)
        suggester = Suggester(space, video, cache=cache, forms=forms)
        asked = [clips[i] for i in ask]
        for clip, (_, found) in zip(asked, suggester.suggest_many(asked, SHOWN), strict=True):
            said = f"not read: {found}" if isinstance(found, Tag2VecError) else found.line()
            own = {space.stems.stem(tag) for tag in clip.tags}
            first = () if isinstance(found, Tag2VecError) else found.suggestions[:FIRST]
            right = any(one.stem in own for one in first)
            tags = " ".join(f"#{tag}" for tag in clip.tags)
            rows[clip.path] = [f"{clip.path.parent.name}/{clip.path.stem}", tags, said, "" if right else "*"]
    return [rows[clip.path] for clip in clips]


if __name__ == "__main__":
    main()
