"""Tag completion: `python -m benchmarks.tags --train POSTS --test POSTS [--name NAME]`."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from benchmarks.common import header, keep, table
from tag2vec import Corpus, TagSpace
from tag2vec.evaluation.tags import evaluate_tags

METRICS = ("hit@5", "hit@10", "hit@15", "mrr")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--train", type=Path, required=True)
    parser.add_argument("--test", type=Path, required=True)
    parser.add_argument("--name", default="tags")
    given = parser.parse_args()
    run(given.train, given.test, given.name)


def run(train: Path, test: Path, name: str) -> None:
    rows: list[list[object]] = []
    with tempfile.TemporaryDirectory() as scratch:
        corpus = Corpus.build(train, Path(scratch) / "corpus")
        for algorithm in ("skipgram", "cbow"):
            model = Path(scratch) / algorithm
            TagSpace.fit(corpus, algorithm=algorithm).save(model)
            report = evaluate_tags(model, test)
            label = "ours" if algorithm == "skipgram" else "ours, --algorithm cbow"
            rows.append([label, *(report[m] for m in METRICS)])
    rows += [[base, *(row[m] for m in METRICS)] for base, row in report["baselines"].items()]
    facts = f"{len(corpus):,} training posts, {report['vocabulary']:,} tags, {report['queries']:,} queries, 100-d"
    keep(name, [f"# Tag completion, {name}", "", *header([train, test]), "", facts, "", *table(["", *METRICS], rows)])


if __name__ == "__main__":
    main()
