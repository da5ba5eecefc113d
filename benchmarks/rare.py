"""Tags that the space lacks: `python -m benchmarks.rare --train POSTS --test POSTS [--model MODEL] [--name NAME]`."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.common import header, keep, table
from tag2vec import Corpus, TagSpace
from tag2vec.evaluation.rare import RARE, evaluate_rare


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--train", type=Path, required=True)
    parser.add_argument("--test", type=Path, required=True)
    parser.add_argument(
        "--model", type=Path, help="A model fitted on these training posts; it is fitted when not given."
    )
    parser.add_argument("--name", default="rare")
    given = parser.parse_args()
    run(given.train, given.test, given.name, given.model)


def run(train: Path, test: Path, name: str, model: Path | None = None) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        if model is None:
            model = Path(scratch) / "model"
            TagSpace.fit(Corpus.build(train, Path(scratch) / "corpus")).save(model)
        report = evaluate_rare(model, test)
    lines = [f"# Tags that the space lacks, {name}", "", *header([train, test])]
    for kind in (kind for kind in ("rare", "new") if kind in report):
        of = report[kind]
        lines += ["", f"## {kind}: {of['queries']:,} queries, {of['tags']:,} tags beside the known ones", ""]
        lines += _table("hidden, found by", of["ways"])
        lines += ["", *_table("given, placed by", of["given"])]
        lines += ["", *_table("a known tag hidden", {"without": report["known"], f"with {kind} tags": of["known"]})]
    keep(name, lines)


def _table(title: str, rows: dict[str, dict[str, Any]]) -> list[str]:
    return table([title, *RARE], [[name, *(row[metric] for metric in RARE)] for name, row in rows.items()])


if __name__ == "__main__":
    main()
