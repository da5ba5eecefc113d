"""Small folders of every kind as this version of tag2vec writes them, and what it answers from them.

`python -m tests.written tests/data/VERSION` is run once a release; `test_compatibility.py` asks every later version
the same questions. Posts, clips and features are invented, and nothing has to be decoded to read the folders. What is
not kept: reports, which only people read, and the networks of fit-cnn, which have megabytes.
"""

from __future__ import annotations

import json
import random
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from tag2vec import Corpus, Suggester, TagSpace, VideoEmbedder, artifact, plugins
from tag2vec.embed.clips import Clip
from tag2vec.embed.folder import extract_to
from tag2vec.embed.gather import gather
from tag2vec.embed.heads import Head
from tag2vec.embed.model import save_model
from tag2vec.embed.update import updated
from tag2vec.retrieval.clips import ClipIndex
from tag2vec.retrieval.indexes import Index
from tag2vec.retrieval.stored import fit_index
from tag2vec.scraping.trends import trends
from tag2vec.web.study.making import Settings, new_study
from tag2vec.web.study.store import Study
from tests.clips import tone, write_clip, write_wave

ANSWERS = "answers.json"
GIVEN = "given.npz"  # the features of the clips
TOPICS = (  # the last tag of each comes up late
    ("Skateboarding", "kickflip", "ollie", "skatepark", "griptape", "streetstyle"),
    ("Surfing", "waves", "BigWave", "ocean", "wetsuit", "dawnpatrol"),
    ("Cucina", "pasta", "ricette", "pizza", "forno", "pesto"),
)
LANGUAGES = ("en", "en", "it")
POSTS, DAYS = 240, 60
LEARNING = {"epochs": 10, "lr": 0.02}  # of each video embedder: enough for them to differ
CLIPS = [
    Clip(Path(f"/clips/{first.lower()}/{i}.mp4"), (first, "unposted")[: 1 + i % 2], f"{first} {i}", f"my {second}")
    for first, second, *_ in TOPICS
    for i in range(4)
]
POOLINGS = (
    *("fisher:components=2,reduce=1", "max", "mean", "moments", "dbof:clusters=2", "netfv:clusters=2"),
    *("netvlad:clusters=2", "gru:units=4", "lstm:units=4", "transformer:width=8,heads=2"),
)


def write(folder: Path) -> None:
    """Write `folder`: one of each kind of folder, and the answers."""
    with tempfile.TemporaryDirectory() as scratch:  # manifests keep paths, and those of a release are nobody's
        made = Path(scratch) / "written"
        made.mkdir()
        _write_model(made)
        _write_clips(made)
        text = json.dumps(answers(made), ensure_ascii=False, indent=1)
        (made / ANSWERS).write_text(text + "\n", encoding="utf-8")
        shutil.copytree(made, folder)


def questions(folder: Path) -> dict[str, Callable[[], Any]]:
    """What can be asked of what `write` wrote to `folder`, part by part. A study is opened for writing."""
    asked: dict[str, Callable[[], Any]] = {
        "corpus": lambda: _corpus(Corpus.load(folder / "corpus")),
        "tags": lambda: _tags(Suggester.of_tags(folder / "model")),
        "clips": lambda: _clips(Suggester.load(folder / "model", given=folder / GIVEN)),
        "study": lambda: _study(Study(folder / "study")),
    }
    for part, ask in (("videos", _video), ("found", _found)):
        asked |= {f"{part}/{one.name}": partial(ask, one, folder) for one in sorted((folder / part).iterdir())}
    return asked | {f"extracted/{name}": partial(_extracted, folder / name) for name in ("features", "pooled")}


def answers(folder: Path) -> dict[str, Any]:
    """What this tag2vec says of what `write` wrote to `folder`, as plain values."""
    inside = sorted(manifest.parent for manifest in folder.rglob(artifact.MANIFEST))
    found: dict[str, Any] = {"kinds": {one.relative_to(folder).as_posix(): artifact.read(one).kind for one in inside}}
    for name, ask in questions(folder).items():
        part, _, one = name.partition("/")
        if one:
            found.setdefault(part, {})[one] = ask()
        else:
            found[part] = ask()
    return json.loads(json.dumps(found, default=lambda array: array.tolist()))


def _posts() -> Iterator[dict[str, Any]]:
    draw = random.Random(1)
    for i in range(POSTS):
        topic, day = i % len(TOPICS), i * DAYS // POSTS
        tags = draw.sample(TOPICS[topic][: None if day > DAYS / 2 else -1], draw.randint(3, 5))
        yield {
            "id": str(i),
            "tags": [tag if draw.random() < 0.6 else tag.lower() for tag in [*tags, "life"]],
            "author": f"{draw.randrange(50)}",
            "date": str(date(2026, 1, 1) + timedelta(day)),
            "language": LANGUAGES[topic],
        }


def _write_model(folder: Path) -> None:
    """A corpus that grew, and a model that went on with it; a video embedder for each recipe, pooling and more."""
    posts = [json.dumps(post) + "\n" for post in _posts()]
    draw = np.random.default_rng(1)
    rows = {"/".join(clip.path.parts[-2:]): draw.normal(i // 4 - 1, 0.3, (3, 2)) for i, clip in enumerate(CLIPS)}
    np.savez(folder / GIVEN, **{name: array.astype(np.float32) for name, array in rows.items()})
    given, model = f"given:{folder / GIVEN}", folder / "model"
    with tempfile.TemporaryDirectory() as scratch:
        for update, some in enumerate((posts[: POSTS // 2], posts[POSTS // 2 :])):
            source = Path(scratch) / f"{update}.jsonl"
            source.write_text("".join(some), encoding="utf-8")
            corpus = Corpus.build(source, folder / "corpus", update=bool(update))
            if update:
                break
            space = TagSpace.fit(corpus, dim=6, epochs=20, refine=5)
            space.save(model)
            VideoEmbedder.fit(space, CLIPS, given, **LEARNING).save(model)
            more = {recipe: {"recipe": recipe} for recipe in set(plugins.names(Head)) - {"tagspace"}}
            more |= {pooling.partition(":")[0]: {"recipe": "groups", "pooling": pooling} for pooling in POOLINGS}
            for name, settings in more.items():
                VideoEmbedder.fit(space, CLIPS, given, **LEARNING, **settings).save(folder / "videos" / name)
            titles = VideoEmbedder.fit(space, CLIPS, f"{given}+text", recipe="groups", **LEARNING)
            titles.save(folder / "videos" / "titles")
    save_model(updated(space, corpus), corpus, model)
    fit_index(model, "ivf")


def _write_clips(folder: Path) -> None:
    """Clips that can be searched by every index, features of sounds, and a study that was answered."""
    video = VideoEmbedder.load(folder / "model")
    for index in plugins.names(Index):
        ClipIndex.build(video, CLIPS, index).save(folder / "found" / index)
    with tempfile.TemporaryDirectory() as scratch:
        sounds = [Clip.of(write_wave(Path(scratch) / f"{h}.wav", tone(h, 1.0))) for h in (200, 400, 800)]
        asked = Path(scratch) / CLIPS[0].path.relative_to("/")
        asked.parent.mkdir(parents=True)
        write_clip(asked, np.zeros((3, 16, 16, 3), np.uint8))
        extract_to(folder / "features", [*sounds, Clip.of(Path(scratch) / "lost.wav")], "audio", workers=0)
        extract_to(folder / "pooled", sounds, "audio", "fisher:components=1,reduce=0.05", workers=0)
        new_study(folder / "study", asked.parent, {"ours": folder / "model"}, Settings(3))
    study = Study(folder / "study")
    key = study.rater("Ana")
    study.answer(key, 0, study.parts[0][0][:2], 3.0)


def _corpus(corpus: Corpus) -> dict[str, Any]:
    found = trends(corpus)
    return {
        "posts": len(corpus),
        "before": [corpus.posts_in(one["corpus"]) for one in corpus.folder.config["earlier"]],
        "sentences": list(corpus)[:3],
        "written": [form for _, form in corpus.written()][:3],
        "authors": len({author for author, _ in corpus.authored()}),
        "languages": Counter(code for code, _ in corpus.spoken()),
        "vocabulary": [[one.stem, one.count, one.forms] for one in corpus.vocabulary()],
        "trends": dict(zip(found.stems, found.trend, strict=True)),
    }


def _tags(model: Suggester) -> dict[str, Any]:
    space, known = model.space, model.known
    return {
        "related": {tag: _scored(space.related(tag, 3)) for tag in ("#Ollie", "kikflip", "oceanwaves")},
        "complete": {tag: _scored(model.forms.answer(space.complete([tag], 3), [tag])) for tag in ("wave", "PASTA")},
        "like": _scored(model.suggest_like("#waves #ocean", 4)),
        "vector": space["pizza"],
        "trends": known.trends and known.trends.trend,
        "weeks": known.trends and known.trends.weeks is not None and known.trends.weeks.sum(axis=0),
        "languages": known.languages and [known.languages.at(row) for row in range(len(space))],
    }


def _clips(model: Suggester) -> dict[str, Any]:
    clip = CLIPS[5]
    rows = model.video.kinds[0].of(clip, None)
    near = model.video.evidence([rows], np.array([model.space.rows["surf"]]), 2)
    return {
        "suggest": _scored(model.suggest(clip, 5)),
        "language": _scored(model.suggest(clip, 5, language="en", trend=0.5, include="mine")),
        "features": _scored(model.suggest_features([rows], 5)),
        "evidence": [[[Path(path).name, cosine] for path, cosine in one.clips] for one in near],
    }


def _video(model: Path, folder: Path) -> dict[str, float | None]:
    space = TagSpace.load(folder / "model")
    return _scored(Suggester(space, VideoEmbedder.load(model, space, folder / GIVEN)).suggest(CLIPS[5], 4))


def _found(clips: Path, folder: Path) -> dict[str, Any]:
    found = ClipIndex.load(clips, VideoEmbedder.load(folder / "model", given=folder / GIVEN))
    by_tag, by_clip = found.search_tags(["pasta"], 3), found.search_clip(CLIPS[5], 3)
    return {name: {one.path: one.score for one in some} for name, some in (("tag", by_tag), ("clip", by_clip))}


def _extracted(folder: Path) -> dict[str, Any]:
    found = gather(folder)
    return {
        "clips": [clip.path.name for clip in found.clips],
        "means": [arrays[0].mean(dtype=np.float64) for arrays in found.arrays],
        "failed": len(found.failed),
    }


def _study(study: Study) -> dict[str, Any]:
    return {"clips": study.clips, "pages": study.pages, "raters": len(study.raters()), "marks": study.marks()}


def _scored(found: Iterable[Any]) -> dict[str, float | None]:
    return {one.tag: one.score for one in found}  # in no order: on other machines near ones may change places


if __name__ == "__main__":
    write(Path(sys.argv[1]))
