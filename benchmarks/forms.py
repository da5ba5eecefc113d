"""In which form tags are written: `python -m benchmarks.forms --train POSTS --test POSTS [--name NAME]`."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.common import header, keep, table
from tag2vec import Corpus, TagSpace
from tag2vec.embed.forms import Forms
from tag2vec.evaluation.forms import evaluate_forms, facts
from tag2vec.evaluation.forms import table as rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--train", type=Path, required=True)
    parser.add_argument("--test", type=Path, required=True)
    parser.add_argument("--name", default="forms")
    for stage in ("epochs", "refine"):
        parser.add_argument(f"--{stage}", type=int, help="passes of a stage of the space; its default when not given")
    parser.add_argument("--keep", type=Path, help="leave the model in this folder")
    given = parser.parse_args()
    run(given.train, given.test, given.name, given.keep, epochs=given.epochs, refine=given.refine)


def run(train: Path, test: Path, name: str, kept: Path | None = None, **settings: Any) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        folder = kept or Path(scratch)
        corpus = Corpus.build(train, folder / "corpus")
        space = TagSpace.fit(corpus, **settings)
        space.save(folder / "model")
        Forms.fit(corpus, space).save(folder / "model")
        report = evaluate_forms(folder / "model", test)
    passes = f"{space.config['epochs']} and {space.config['refine']} passes"
    said = f"{len(corpus):,} training posts, {len(space):,} tags, {space.dim}-d, {passes}"
    lines = [f"# How tags are written, {name}", "", *header([train, test]), "", f"{said}; {facts(report)}", ""]
    keep(name, [*lines, *table(*rows(report))])


if __name__ == "__main__":
    main()
