"""The main job from posts and clips to hashtags, on the synthetic demo folder, timed step by step."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from tag2vec.demo.posts import categories
from tag2vec.demo.write import write_demo
from tag2vec.embed.clips import Clip, read_clips
from tag2vec.embed.extract import Cache
from tag2vec.embed.model import fit_model
from tag2vec.embed.space import TagSpace
from tag2vec.embed.video import VideoEmbedder
from tag2vec.errors import Tag2VecError
from tag2vec.evaluation.clipbaselines import with_others_tags
from tag2vec.progress import bar
from tag2vec.retrieval.suggest import Suggester
from tag2vec.retrieval.suggestions import Suggestions
from tag2vec.scraping.corpus import Corpus

FIRST = 5  # suggestions that are counted
ENOUGH = 4  # of them that must be the category's own


def run(folder: Path, workers: int | None, say: Callable[[str], None]) -> float:
    """Everything in `folder`; the share of held-out clips of whose first 5 hashtags at least 4 are their category's."""
    say("Synthetic demo: posts with authored tags, clips of textured shapes that move like 29 activities.")
    cache = Cache(folder / "features")
    with _step("posts and clips", say), bar("clips") as tick:
        write_demo(folder, progress=lambda done, total: tick(done))
    with _step("corpus", say):
        corpus = Corpus.build(folder / "posts.jsonl", folder / "corpus")
    with _step("tag space", say):
        space = fit_model(corpus, folder / "model")
    with _step("video embedder", say), bar("clips") as tick:
        video = VideoEmbedder.fit(space, folder / "clips.csv", cache=cache, workers=workers, tick=tick)
        video.save(folder / "model")
    held_out = read_clips(folder / "held_out.csv")
    with _step("suggestions for held-out clips", say), bar("clips", len(held_out)) as tick:
        results = suggest_all(Suggester.load(folder / "model", cache=cache), held_out, workers, tick)
    say("")
    for clip, result in list(zip(held_out, results, strict=True))[::3]:
        say(f"{clip.group:<18}{' '.join('#' + s.tag for s in result.suggestions[:FIRST])}")
    control = suggest_all(shuffled(space, video, cache), held_out, workers, lambda done: None)
    share = own_share(space, held_out, results)
    say(f"\n{share:.0%} of {len(held_out)} held-out clips have {ENOUGH} or more of their category's own tags among the")
    say(f"first {FIRST} suggestions; trained on shuffled tags: {own_share(space, held_out, control):.0%}.")
    say(f"\nNext: tag2vec suggest {folder}/clips/yoyo/13.mp4 -m {folder}/model")
    return share


@contextmanager
def _step(name: str, say: Callable[[str], None]) -> Iterator[None]:
    start = time.perf_counter()
    yield
    say(f"{time.perf_counter() - start:7.1f} s  {name}")


def suggest_all(
    suggester: Suggester, clips: Sequence[Clip], workers: int | None, tick: Callable[[int], None]
) -> list[Suggestions]:
    """Suggestions for clips that are known to be readable."""
    found = []
    for done, (_, result) in enumerate(suggester.suggest_many([c.path for c in clips], FIRST, workers)):
        tick(done + 1)
        if isinstance(result, Tag2VecError):
            raise result
        found.append(result)
    return found


def own_share(space: TagSpace, clips: Sequence[Clip], results: Sequence[Suggestions]) -> float:
    """Share of clips of whose first FIRST suggestions ENOUGH or more are tags of their own category."""
    own = {c.name: {space.stems.stem(tag) for tag in c.tags} for c in categories()}
    right = [
        sum(s.stem in own[clip.group.split("/")[0]] for s in result.suggestions[:FIRST]) >= ENOUGH
        for clip, result in zip(clips, results, strict=True)
    ]
    return float(np.mean(right))


def shuffled(space: TagSpace, video: VideoEmbedder, cache: Cache) -> Suggester:
    """A suggester trained on the same clips, each with the tags of another."""
    clips = with_others_tags(video.trained_clips, 0)
    return Suggester(space, VideoEmbedder.fit(space, clips, cache=cache), cache=cache)
