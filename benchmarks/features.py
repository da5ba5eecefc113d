"""How fast each kind of features is: `python -m benchmarks.features --clips CLIPS [--features SPEC ...]`.

Every kind reads the same clips, one after the other in a process of its own, with one thread and no cache. *decode* is
PyAV in the same process with one scaler for all frames, to the size and frame rate that tag2vec looks at; *flow* is
OpenCV's DIS flow (ultrafast) between these frames in gray. Times are seconds a clip, on one core; the ratio is that of
reading and computing, the start of the decoder's process too, to decode, and to decode and flow, in the same run. *two
cores* has the clips a second of two worker processes. Memory is the most that the process had; its decoder has its own.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
from av.video.reformatter import VideoReformatter

from benchmarks.common import header, keep, seconds, short, table
from tag2vec.embed.clips import find_clips, read_clips
from tag2vec.embed.extract import extract, extract_many
from tag2vec.embed.frames import Frames, read_frames
from tag2vec.embed.kinds import kinds_of
from tag2vec.embed.limits import FrameLimits
from tag2vec.workers import one_core

COLUMNS = ["features", "frames/s", "s a clip", "/ decode", "/ (decode + flow)", "clips/s, two cores", "MB"]
CLIPS = 12  # evenly taken from the list: enough for a mean, few enough for many kinds


def main() -> None:
    ask = argparse.ArgumentParser(description=__doc__)
    ask.add_argument("--clips", type=Path, required=True, help="a clips list or a folder of clips")
    ask.add_argument("--features", nargs="*", default=["trajectories", "audio"], help="kinds, as fit-video names them")
    ask.add_argument("--side", type=int, default=320, help="pixels of the longer side")
    ask.add_argument("--name", default="features", help="name of the result")
    ask.add_argument("--one", help=argparse.SUPPRESS)
    given = ask.parse_args()
    if given.one:
        print(json.dumps(_measure(given.clips, given.one, FrameLimits(max_side=given.side))))
    else:
        run(given.clips, given.features, given.side, given.name)


def run(clips: Path, features: list[str], side: int, name: str) -> None:
    limits = FrameLimits(max_side=side)
    one_core()
    paths = _some(clips)
    base = _base(paths, limits)
    rows = []
    for spec in features:
        command = [
            sys.executable,
            "-m",
            "benchmarks.features",
            "--clips",
            str(clips),
            "--side",
            str(side),
            "--one",
            spec,
        ]
        told = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        alone = told["seconds"]
        ratios = [alone / base["decode"], alone / (base["decode"] + base["flow"])]
        rows.append([short(spec), f"{base['frames'] / alone:.0f}", alone, *ratios, f"{told['two']:.2f}", told["mb"]])
        print(rows[-1], flush=True)
    facts = f"{len(paths)} clips of {base['frames']:.0f} frames, {base['size']}; seconds a clip: "
    facts += f"decode {base['decode']:.3f}, flow {base['flow']:.3f}, read_frames {base['read']:.3f}"
    keep(name, ["# Features", "", *header([clips] if clips.is_file() else []), "", facts, "", *table(COLUMNS, rows)])


def _some(clips: Path) -> list[Path]:
    paths = (
        [Path(path) for path in find_clips([clips])] if clips.is_dir() else [clip.path for clip in read_clips(clips)]
    )
    return paths[:: max(1, len(paths) // CLIPS)][:CLIPS]


def _base(paths: list[Path], limits: FrameLimits) -> dict[str, Any]:
    """Means over the clips."""
    every = [read_frames(path, limits) for path in paths]
    sizes = {f"{seen.rgb.shape[2]}x{seen.rgb.shape[1]}" for seen in every}
    return {
        "frames": np.mean([len(seen.rgb) for seen in every]),
        "size": ", ".join(sorted(sizes)),
        "decode": np.mean([seconds(lambda: _decode(path, seen)) for path, seen in zip(paths, every, strict=True)]),  # noqa: B023
        "flow": np.mean([_flow(seen) for seen in every]),
        "read": np.mean([seconds(lambda: read_frames(path, limits)) for path in paths]),  # noqa: B023
    }


def _decode(path: Path, seen: Frames) -> None:
    scaler, (frames, height, width, _) = VideoReformatter(), seen.rgb.shape
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        stream.codec_context.thread_count = 1
        for number, frame in enumerate(container.decode(stream)):
            if number < frames:
                scaler.reformat(frame, width, height, format="rgb24")


def _flow(seen: Frames) -> float:
    gray = [cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) for frame in seen.rgb]
    dis = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST)
    field = np.zeros((*gray[0].shape, 2), np.float32)
    return seconds(lambda: [dis.calc(a, b, field) for a, b in pairwise(gray)])


def _measure(clips: Path, spec: str, limits: FrameLimits) -> dict[str, Any]:
    one_core()
    paths, kinds = _some(clips), kinds_of(spec)
    extract(paths[0], kinds, limits)  # what is loaded once is not counted
    start = time.perf_counter()
    for path in paths:
        extract(path, kinds, limits)
    alone = (time.perf_counter() - start) / len(paths)
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    cores = min(2, len(os.sched_getaffinity(0)))
    list(extract_many(paths[:2], kinds, limits, workers=cores))  # the workers start
    start = time.perf_counter()
    list(extract_many(paths, kinds, limits, workers=cores))
    return {"seconds": alone, "two": len(paths) / (time.perf_counter() - start), "mb": most}


if __name__ == "__main__":
    main()
