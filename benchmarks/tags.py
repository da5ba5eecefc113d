"""Tag completion: `python -m benchmarks.tags --train POSTS --test POSTS [--name NAME]`."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from benchmarks.common import header, keep, table
from tag2vec import Corpus, TagSpace
from tag2vec.evaluation.tags import evaluate_tags
from tag2vec.evaluation.tags import table as rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--train", type=Path, required=True)
    parser.add_argument("--test", type=Path, required=True)
    parser.add_argument("--name", default="tags")
    given = parser.parse_args()
    run(given.train, given.test, given.name)


def run(train: Path, test: Path, name: str) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        corpus = Corpus.build(train, Path(scratch) / "corpus")
        TagSpace.fit(corpus).save(Path(scratch) / "model")
        report = evaluate_tags(Path(scratch) / "model", test)
    facts = (
        f"{len(corpus):,} training posts, {report['vocabulary']:,} tags, {report['queries']:,} queries in "
        f"{report['groups']:,} groups, 100-d"
    )
    lines = [f"# Tag completion, {name}", "", *header([train, test]), "", facts, "", *table(*rows(report))]
    keep(name, lines + [f"\n{base} is left out: {reason}" for base, reason in report["left_out"].items()])


if __name__ == "__main__":
    main()
