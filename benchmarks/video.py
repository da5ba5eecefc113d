"""Tags of clips, 5 folds by group: `python -m benchmarks.video --posts POSTS --clips CLIPS [--features SPEC ...]`.

Kinds of features beside each other, each with its own pooling; for the first of them all measures of `evaluate video`.
The last row knows of a clip only how it was encoded (width, height, frame rate, bits a second, seconds): what is above
the others by as much may be due to that.
"""

from __future__ import annotations

import argparse
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import av
import numpy as np
from numpy.typing import NDArray

from benchmarks.common import header, keep, short, table
from tag2vec import Corpus, TagSpace
from tag2vec.embed.clips import Clip
from tag2vec.embed.features import Features
from tag2vec.embed.frames import Frames
from tag2vec.evaluation.video import evaluate_video

METRICS = ("top1", "hit@1", "precision@5", "recall@15")
BESIDE = ("nearest_clips", "class_names", "seed", "shuffled_labels")


@dataclass(frozen=True)
class Encoding(Features):
    """Logarithms of what a player shows as the properties of a file."""

    dim: int = 5
    wants: ClassVar[frozenset[str]] = frozenset({"pictures"})

    def of(self, clip: Clip, seen: Frames) -> NDArray[np.float32]:
        with av.open(str(clip.path)) as container:
            stream = container.streams.video[0]
            rate, bits = float(stream.average_rate or 25), container.bit_rate or 1
            facts = [stream.width, stream.height, rate, bits, seen.duration_s]
        return np.log(np.maximum(facts, 1e-3)).astype(np.float32)


def main() -> None:
    ask = argparse.ArgumentParser(description=__doc__)
    ask.add_argument("--posts", type=Path, required=True, help="real posts, for the tag space")
    ask.add_argument("--clips", type=Path, required=True)
    ask.add_argument("--features", nargs="+", default=["trajectories"], help="kinds, as fit-video names them")
    ask.add_argument("--repeats", type=int, default=4, help="shuffles")
    ask.add_argument("--name", default="video")
    given = ask.parse_args()
    run(given.posts, given.clips, given.features, given.repeats, given.name)


def run(posts: Path, clips: Path, features: list[str], repeats: int, name: str) -> None:
    kinds = {short(spec): spec for spec in features} | {"encoding only": Encoding()}
    reports = {}
    with tempfile.TemporaryDirectory() as scratch:
        model = Path(scratch) / "model"
        TagSpace.fit(Corpus.build(posts, Path(scratch) / "corpus")).save(model)
        for shown, kind in kinds.items():
            reports[shown] = evaluate_video(model, clips, folds=5, repeats=repeats, features=kind)
            print(_row(shown, reports[shown]), flush=True)
    first, categories = next(iter(reports.items()))[1], []
    for category, found in first["categories"].items():
        categories.append([category, found["clips"], *(r["categories"][category]["top1"] for r in reports.values())])
    facts = f"{first['clips']} clips, {first['failed']} failed"
    lines = [f"# Tags of clips, {name}", "", *header([posts, clips]), "", facts, ""]
    lines += table(["top1", "ours", *BESIDE, "ours, each shuffle"], [_row(*one) for one in reports.items()])
    rows = [["ours", *(first[m] for m in METRICS)]]
    rows += [[base, *(row[m] for m in METRICS)] for base, row in first["baselines"].items()]
    lines += ["", *table([next(iter(kinds)), *METRICS], rows)]
    keep(name, [*lines, "", *table(["top1 of ours", "clips", *kinds], categories)])


def _row(shown: str, report: dict[str, Any]) -> list[Any]:
    each = ", ".join(f"{value:.3f}" for value in report["top1_by_repeat"])
    return [shown, report["top1"], *(report["baselines"][one]["top1"] for one in BESIDE), each]


if __name__ == "__main__":
    main()
