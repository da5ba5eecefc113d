"""A space updated month by month beside one rebuilt each month and one left alone: `python -m benchmarks.update
--posts POSTS --test POSTS --first YYYY-MM [--updates N] [--keep FOLDER]`.

All start as one space, fitted on the posts up to the month FIRST. Then the posts of the next N months come to its
corpus, one month at a time. After each, one tag of every test post of the month after is hidden; authors of test posts
should have no other posts. Queries are made over the tags of the rebuilt space, and a tag that a space does not know
counts as a miss. Both files are JSON lines, may be compressed, and have dates.
"""

from __future__ import annotations

import argparse
import gzip
import json
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.common import header, keep, table
from tag2vec import Corpus, TagSpace
from tag2vec.embed.update import updated
from tag2vec.evaluation.baselines import space_scorer
from tag2vec.evaluation.intervals import LEVEL, interval, resample
from tag2vec.evaluation.tags import Queries, make_queries, rank

K = 10
WAYS = ("left alone", "updated", "rebuilt")
COLUMNS = ["month", "new posts", "tags", "new tags", "queries", *WAYS, "for new tags"]
COLUMNS += [f"{way}, new" for way in WAYS] + ["update, s", "rebuild, s", "cosine to the month before"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--posts", type=Path, required=True)
    parser.add_argument("--test", type=Path, required=True)
    parser.add_argument("--first", required=True, help="last month of the first space, e.g. 2026-03")
    parser.add_argument("--updates", type=int, default=3, help="months that come to it")
    parser.add_argument("--keep", type=Path, help="keeps the spaces fitted, so that a stopped run goes on")
    parser.add_argument("--name", default="update", help="name of the result")
    given = parser.parse_args()
    run(given.posts, given.test, given.first, given.updates, given.name, given.keep)


def run(posts: Path, test: Path, first: str, updates: int, name: str, kept: Path | None = None) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        lines = compare(posts, test, first, updates, kept or Path(scratch))
    keep(name, ["# Updates", "", *header([posts, test]), "", *lines])


def compare(posts: Path, test: Path, first: str, updates: int, folder: Path) -> list[str]:
    train = by_month(posts, folder / "train", first)
    by_month(test, folder / "test")
    steps = corpora(folder, train[: updates + 1])
    alone = space = rebuilt(folder, next(steps))[0]
    rows: list[list[Any]] = []
    hits: list[Any] = []
    groups: list[Any] = []
    for corpus, now, after in zip(steps, train[1:], train[2:], strict=False):
        before, (space, took) = space, clocked(lambda: updated(space, corpus))  # noqa: B023
        space.save(folder / f"updated-{now.stem}")
        again, fitted = rebuilt(folder, corpus)
        queries = make_queries(again, folder / "test" / after.name, lambda where, reason: None)
        found = np.stack([found_by(one, again, queries) for one in (alone, space, again)], axis=1)
        new = np.array([again.entries[row].stem not in alone.rows for row in queries.hidden])
        facts = [now.stem, f"{len(corpus) - corpus.report['before']:,}", f"{len(space):,}", len(space) - len(before)]
        shares = [len(found), *found.mean(axis=0), int(new.sum()), *found[new].mean(axis=0)]
        rows.append([*facts, *shares, f"{took:.0f}", f"{fitted:.0f}", alignment(before, space)])
        print(rows[-1], flush=True)
        hits.append(found)
        groups.append(queries.groups + (groups[-1].max() + 1 if groups else 0))
    return [*table(COLUMNS, rows), "", *differences(np.concatenate(hits), np.concatenate(groups))]


def by_month(posts: Path, folder: Path, first: str = "") -> list[Path]:
    """The lines of `posts` in one file a month, those of the months up to `first` in one."""
    lines: dict[str, list[str]] = {}
    with gzip.open(posts, "rt", encoding="utf-8") if posts.suffix == ".gz" else posts.open(encoding="utf-8") as file:
        for line in file:
            lines.setdefault(max(first, json.loads(line)["date"][:7]), []).append(line)
    folder.mkdir(parents=True, exist_ok=True)
    for month, theirs in lines.items():
        (folder / f"{month}.jsonl").write_text("".join(theirs), encoding="utf-8")
    return [folder / f"{month}.jsonl" for month in sorted(lines)]


def corpora(folder: Path, files: list[Path]) -> Iterator[Corpus]:
    """The corpus of the first file, and after each further one came to it; from `folder` where they are there."""
    before: Path | None = None
    for file in files:
        path = folder / f"corpus-{file.stem}"
        if not path.exists():
            draft = folder / "draft"
            shutil.rmtree(draft, ignore_errors=True)
            if before:
                shutil.copytree(before, draft)
            Corpus.build(file, draft, update=before is not None).save(path)
        before = path
        yield Corpus.load(path)


def rebuilt(folder: Path, corpus: Corpus) -> tuple[TagSpace, float]:
    """A space fitted on the corpus, and the seconds it took; from `folder` when it is there."""
    path = folder / f"fitted-{len(corpus)}"
    if not path.exists():
        space, took = clocked(lambda: TagSpace.fit(corpus))
        space.save(path)
        (path / "seconds.txt").write_text(str(took))
    return TagSpace.load(path), float((path / "seconds.txt").read_text())


def clocked(call: Callable[[], TagSpace]) -> tuple[TagSpace, float]:
    """With seconds of the processor: other work on the machine does not count."""
    start = time.process_time()
    return call(), time.process_time() - start


def found_by(space: TagSpace, reference: TagSpace, queries: Queries) -> NDArray[np.float64]:
    """1 where `space` has the hidden tag among the best K, else 0; the rows of `queries` are those of `reference`."""
    place = np.array([space.rows.get(entry.stem, -1) for entry in reference.entries])
    given = [[int(row) for row in place[rows] if row >= 0] for rows in queries.given]
    hidden = place[queries.hidden]
    able = np.array([row >= 0 and bool(rows) for row, rows in zip(hidden, given, strict=True)])
    asked = Queries([rows for rows, can in zip(given, able, strict=True) if can], hidden[able], queries.groups[able])
    hits = np.zeros(len(given))
    hits[able] = rank(asked, space_scorer(space)) <= K
    return hits


def alignment(before: TagSpace, after: TagSpace) -> float:
    """Mean cosine of the input vectors of the tags that both have."""
    rows = [after.rows[entry.stem] for entry in before.entries]
    old, new = (vectors / np.linalg.norm(vectors, axis=1)[:, None] for vectors in (before.inputs, after.inputs[rows]))
    return float((old * new).sum(axis=1).mean())


def differences(hits: NDArray[np.float64], groups: NDArray[np.intp]) -> list[str]:
    """hits (m, ways) over all months: the update minus the other two, with intervals."""
    means = resample(hits, groups)
    lines = [
        f"All {len(hits):,} queries: " + ", ".join(f"{w} {h:.3f}" for w, h in zip(WAYS, hits.mean(0), strict=True))
    ]
    for other in (0, 2):
        low, high = interval((means[:, 1] - means[:, other])[:, None])[:, 0]
        gain = hits[:, 1].mean() - hits[:, other].mean()
        lines.append(f"updated - {WAYS[other]}: {gain:+.3f}, {LEVEL} % [{low:+.3f}, {high:+.3f}]")
    return lines


if __name__ == "__main__":
    main()
