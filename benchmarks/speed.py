"""Seconds of each step as ratios to a plain loop over the same work: `python -m benchmarks.speed [CLIP]`."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from itertools import pairwise
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from benchmarks.common import header, keep, seconds, table
from tag2vec import Corpus, Suggester, TagSpace, VideoEmbedder
from tag2vec.demo import write_demo
from tag2vec.demo.posts import posts, write_posts
from tag2vec.embed.extract import Cache
from tag2vec.embed.features.trajectories import DenseTrajectories
from tag2vec.embed.frames import read_frames
from tag2vec.embed.skipgram import SpaceConfig, word2vec_settings

POSTS_PER_CATEGORY = 300


def main() -> None:
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        rows = [*_corpus_and_space(folder), *_clip(folder, Path(sys.argv[1]) if len(sys.argv) > 1 else None), _help()]
    keep("speed", ["# Speed", "", *header([]), "", *table(["step", "seconds", "beside", "seconds", "ratio"], rows)])


def _row(step: str, ours: float, beside: str, theirs: float) -> list[Any]:
    return [step, ours, beside, theirs, ours / theirs]


def _corpus_and_space(folder: Path) -> list[list[Any]]:
    path = folder / "posts.jsonl"
    write_posts(path, posts(1, POSTS_PER_CATEGORY))
    lines = path.read_text(encoding="utf-8").splitlines()
    plain = seconds(lambda: [json.loads(line) for line in lines])
    ours = seconds(lambda: Corpus.build(path, folder / "corpus"))
    corpus = Corpus.load(folder / "corpus")
    config = SpaceConfig(epochs=20)

    def gensim() -> None:
        from gensim.models import Word2Vec

        Word2Vec(list(corpus), **word2vec_settings(config))

    theirs = seconds(gensim)
    return [
        _row(f"build-corpus, {len(lines):,} posts", ours, "json.loads of the lines", plain),
        _row(
            "fit-embedding, first stage", seconds(lambda: TagSpace.fit(corpus, epochs=20, refine=0)), "gensim", theirs
        ),
        _row("fit-embedding, both stages", seconds(lambda: TagSpace.fit(corpus, epochs=20)), "gensim", theirs),
    ]


def _clip(folder: Path, clip: Path | None) -> list[list[Any]]:
    home = write_demo(folder / "demo", clips_per_category=3, held_out_per_category=1, only=["yoyo", "piano", "golf"])
    clip = clip or home / "clips" / "yoyo" / "03.mp4"
    space = TagSpace.fit(Corpus.build(home / "posts.jsonl", folder / "corpus2"))
    space.save(folder / "model")
    VideoEmbedder.fit(space, home / "clips.csv", cache=Cache(folder / "cache")).save(folder / "model")
    frames = read_frames(clip)
    decode = seconds(lambda: read_frames(clip))
    cv2.setNumThreads(1)
    grey = [cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) for frame in frames.rgb]
    dis = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST)
    still = np.zeros((*grey[0].shape, 2), np.float32)
    flow = seconds(lambda: [dis.calc(a, b, still.copy()) for a, b in pairwise(grey)])
    features = seconds(lambda: DenseTrajectories()(frames.rgb, frames.fps))
    suggester = Suggester.load(folder / "model")
    warm = seconds(lambda: suggester.suggest(clip))
    command = [sys.executable, "-m", "tag2vec", "suggest", str(clip), "-m", str(folder / "model"), "--no-cache"]
    cold = seconds(lambda: subprocess.run(command, check=True, capture_output=True))
    shape = f"{len(frames.rgb)} frames of {frames.rgb.shape[2]}x{frames.rgb.shape[1]}"
    return [
        _row(f"decode + trajectories, {shape}, one core", decode + features, "decode + DIS flow", decode + flow),
        _row("suggest, model loaded", warm, "decode + DIS flow", decode + flow),
        _row("suggest, from process start", cold, "the same, model loaded", warm),
    ]


def _help() -> list[Any]:
    ours = seconds(lambda: subprocess.run([sys.executable, "-m", "tag2vec", "--help"], check=True, capture_output=True))
    python = seconds(lambda: subprocess.run([sys.executable, "-c", "import typer"], check=True, capture_output=True))
    return _row("tag2vec --help", ours, "python -c 'import typer'", python)


if __name__ == "__main__":
    main()
