"""What a suggestion costs from a file to hashtags: `python -m benchmarks.suggest [--clip CLIP] [--tags N]`.

The clip (one of the demo when none is given) is played to and fro until it is SECONDS long, at WIDE x HIGH and RATE
frames a second. The model is that of the demo with a few clips an activity; its tags are copied, each copy moved at
random by JITTER of its length, until there are N. `cold` is a new process, `first` and `warm` are in a loaded one,
on all cores of this machine, and features are never kept. The fastest of REPEATS; each step is that of the fastest.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.common import header, keep, seconds, table
from benchmarks.retrieval import JITTER
from tag2vec import Corpus, Suggester, TagSpace, VideoEmbedder, plugins
from tag2vec.demo import write_demo
from tag2vec.embed.forms import Forms
from tag2vec.embed.frames import read_frames
from tag2vec.embed.units import units
from tag2vec.retrieval.stored import fit_index
from tag2vec.scraping.corpus import Entry

WIDE, HIGH, RATE, SECONDS = 640, 360, 30, 6
Vectors = NDArray[np.float32]
PER_ACTIVITY = 4  # clips that the model learns from
REPEATS = 5
STEPS = ("decode", "features", "embed", "search", "choose")


def main() -> None:
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("--clip", type=Path, help="a clip of your own")
    ask.add_argument("--tags", type=int, default=100_000)
    given = ask.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        home = write_demo(folder / "demo", clips_per_category=PER_ACTIVITY, held_out_per_category=1)
        clip = _longer(given.clip or home / "clips" / "yoyo" / f"{PER_ACTIVITY:02d}.mp4", folder / "clip.mp4")
        fit_model(home, folder / "model", given.tags)
        lines = _measured(clip, folder / "model")
    keep("suggest", ["# A suggestion", "", *header([given.clip] if given.clip else []), "", *lines])


def _longer(clip: Path, out: Path) -> Path:
    frames = read_frames(clip)
    there_and_back = [*range(len(frames.rgb)), *range(len(frames.rgb) - 2, 0, -1)]
    with av.open(str(out), "w") as file:
        stream = file.add_stream("libx264", rate=RATE)
        stream.width, stream.height, stream.pix_fmt = WIDE, HIGH, "yuv420p"
        for i in range(RATE * SECONDS):
            at = there_and_back[int(i / RATE * frames.fps) % len(there_and_back)]
            picture = av.VideoFrame.from_ndarray(frames.rgb[at], format="rgb24")
            file.mux(stream.encode(picture.reformat(WIDE, HIGH, "yuv420p")))
        file.mux(stream.encode(None))
    return out


def fit_model(home: Path, model: Path, tags: int) -> None:
    corpus = Corpus.build(home / "posts.jsonl", home / "corpus")
    space = TagSpace.fit(corpus)
    more = max(0, tags - len(space))
    draw = np.random.default_rng(0)
    origins = draw.integers(0, len(space), more)
    names = [f"{space.entries[row].stem}x{i}" for i, row in enumerate(origins)]
    entries = [*space.entries, *(Entry(name, 1, {name: 1}) for name in names)]
    inputs, outputs = (np.concatenate([side, _near(side[origins], draw)]) for side in (space.inputs, space.outputs))
    bias = np.concatenate([space.bias, space.bias[origins]])
    large = TagSpace(entries, inputs, outputs, space.config, space.parents, bias=bias)
    large.save(model)
    Forms.fit(corpus, large).save(model)
    VideoEmbedder.fit(large, home / "clips.csv").save(model)
    fit_index(model)


def _near(vectors: Vectors, draw: np.random.Generator) -> Vectors:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors + JITTER * lengths * units(draw.standard_normal(vectors.shape, np.float32)), np.float32)


def _measured(clip: Path, model: Path) -> list[str]:
    command = [sys.executable, "-m", "tag2vec", "suggest", str(clip), "-m", str(model), "--no-cache", "--json"]
    cold = _fastest(lambda: json.loads(subprocess.run(command, check=True, capture_output=True).stdout)["timing_s"])
    memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    start = time.perf_counter()
    suggester = Suggester.load(model)
    loading = time.perf_counter() - start
    first = _fastest(lambda: suggester.suggest(clip).timing_s, 1)
    warm = _fastest(lambda: suggester.suggest(clip).timing_s)
    rows = [[step, *(steps.get(step, 0.0) for _, steps in (cold, first, warm))] for step in STEPS]
    whole = [total for total, _ in (cold, first, warm)]
    rest = [total - sum(steps.get(step, 0.0) for step in STEPS) for total, steps in (cold, first, warm)]
    frames = read_frames(clip)
    plain = seconds(lambda: read_frames(clip), REPEATS) + seconds(lambda: _flow(frames.rgb), REPEATS)
    rows += [["start, load and the rest", *rest], ["all", *whole]]
    rows.append(["all / (decode + flow)", *(total / plain for total in whole)])
    facts = (
        f"{len(frames.rgb)} frames of {WIDE}x{HIGH}, {len(suggester.space):,} tags, features "
        f"{plugins.name_of(suggester.video.kinds[0])}, index {plugins.name_of(suggester._index)}. Loading the model "
        f"takes {loading:.2f} s in a process that has imported all. Decoding and DIS flow of the clip alone: "
        f"{plain:.2f} s, on one thread. The new process, or its largest child, has {memory:.0f} MB at most."
    )
    return [facts, "", *table(["seconds", "cold", "first", "warm"], rows)]


def _fastest(call: Callable[[], dict[str, float]], repeats: int = REPEATS) -> tuple[float, dict[str, float]]:
    """Seconds of the fastest call, and those of its steps."""
    found = []
    for _ in range(repeats):
        start = time.perf_counter()
        steps = call()
        found.append((time.perf_counter() - start, steps))
    return min(found, key=lambda one: one[0])


def _flow(rgb: NDArray[np.uint8]) -> None:
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    grey = [cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) for frame in rgb]
    dis = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST)
    still = np.zeros((*grey[0].shape, 2), np.float32)
    for a, b in pairwise(grey):
        dis.calc(a, b, still)
    cv2.setNumThreads(threads)


if __name__ == "__main__":
    main()
