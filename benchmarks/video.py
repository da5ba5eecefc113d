"""Tags of clips, 5 folds by group: `python -m benchmarks.video --posts POSTS --clips CLIPS [--name NAME]`."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from benchmarks.common import header, keep, table
from tag2vec import Corpus, TagSpace
from tag2vec.evaluation.video import evaluate_video

METRICS = ("top1", "hit@1", "precision@5", "recall@15")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--posts", type=Path, required=True)
    parser.add_argument("--clips", type=Path, required=True)
    parser.add_argument("--name", default="video")
    parser.add_argument("--repeats", type=int, default=4)
    given = parser.parse_args()
    run(given.posts, given.clips, given.name, given.repeats)


def run(posts: Path, clips: Path, name: str, repeats: int) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        TagSpace.fit(Corpus.build(posts, Path(scratch) / "corpus")).save(Path(scratch) / "model")
        report = evaluate_video(Path(scratch) / "model", clips, folds=5, repeats=repeats)
    rows = [["ours", *(report[m] for m in METRICS)]]
    rows += [[base, *(row[m] for m in METRICS)] for base, row in report["baselines"].items()]
    categories = [[c, row["clips"], row["top1"]] for c, row in report["categories"].items()]
    shuffles = ", ".join(f"{value:.3f}" for value in report["top1_by_repeat"])
    facts = f"{report['clips']} clips, {report['failed']} failed; top1 of each shuffle: {shuffles}"
    lines = [f"# Tags of clips, {name}", "", *header([posts, clips]), "", facts, "", *table(["", *METRICS], rows)]
    keep(name, [*lines, "", *table(["category", "clips", "top1"], categories)])


if __name__ == "__main__":
    main()
