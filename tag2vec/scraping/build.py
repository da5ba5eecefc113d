"""Building a corpus: collect, read, digest block by block, tally, and account for every post."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import asdict, dataclass, field
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from tag2vec import artifact
from tag2vec.artifact import Artifact
from tag2vec.cluster import Run, running
from tag2vec.errors import ArtifactError, SourceError, Tag2VecError, UsageError
from tag2vec.scraping.clean import Cleaning
from tag2vec.scraping.collect import Asking, Collection, Gathered, Say
from tag2vec.scraping.corpus import KIND
from tag2vec.scraping.digest import Digest, digest
from tag2vec.scraping.find import find, is_live
from tag2vec.scraping.sources import Block, merged, refuse
from tag2vec.scraping.store import Store
from tag2vec.scraping.tally import Tally, tally
from tag2vec.workers import usable_cores

FEW = 2  # blocks that are digested here: for less it is not worth to start processes
SHOWN = 10  # unreadable lines that are named one by one; the others are only counted


@dataclass(frozen=True)
class Job:
    """Everything that decides what a corpus holds, and who hears how it goes."""

    sources: Sequence[str]
    stemmer: str
    cleaning: Cleaning
    asking: Asking
    reading: dict[str, Any]  # settings of the sources that read tables
    dask: str | None
    strict: bool
    update: bool
    warn: Say
    progress: Say


def build(job: Job, folder: Path) -> None:
    """Write the corpus `folder`. Raises what `Corpus.build` says."""
    artifact.check_writable(folder, KIND)
    live = [name for name in job.sources if is_live(name)]
    with _locked(folder):
        before = _before(job, folder)
        account = _Account(job)
        if not live:
            _write(job, folder, before, account, {})
            return
        with closing(Store(fetched_folder(folder))) as store:
            now = store.round(new=job.update)
            collection = Collection(store, now, job.asking, job.warn, job.progress)
            collection.run(live)
            account.gathered = collection.gathered
            account.failed += [f"{one.source}: {failure}" for one in account.gathered for failure in one.failed]
            only = now.number if before else None
            fetched = {name: store.blocks(name, asked, only) for name, asked in collection.queries.items()}
            _write(job, folder, before, account, fetched)
            if not any(one.stopped for one in account.gathered):
                store.finish(now.number)


def fetched_folder(folder: Path) -> Path:
    """Where posts that were fetched for the corpus `folder` are kept."""
    return folder.with_name(f"{folder.name}.fetched")


def _before(job: Job, folder: Path) -> Artifact | None:
    if not job.update:
        return None
    before = artifact.read(folder, KIND)
    if before.config["stemmer"] != job.stemmer:
        raise UsageError(
            f"{folder} was built with the stemmer '{before.config['stemmer']}', not '{job.stemmer}'; "
            "give the same one, or build a new corpus."
        )
    return before


def _write(
    job: Job, folder: Path, before: Artifact | None, account: _Account, fetched: dict[str, Iterator[Block]]
) -> None:
    config = {"stemmer": job.stemmer, "cleaning": asdict(job.cleaning)}
    # A cluster counts too. On one machine it is faster to count once, at the end, than in every block.
    work = partial(digest, stemmer=job.stemmer, cleaning=job.cleaning, count=bool(job.dask))
    cores = usable_cores()
    with artifact.write(folder, KIND, config) as draft, running(job.dask, cores if cores > 1 else 0) as run:
        with tempfile.TemporaryDirectory(dir=draft.path) as scratch:
            rows, counts = Path(scratch) / "rows.tsv", Path(scratch) / "counts.tsv"
            with rows.open("wb") as out, counts.open("wb") as counted:
                for name in job.sources:
                    blocks = fetched[name] if name in fetched else _file_blocks(job, name, account)
                    for digested in _digested(run, work, merged(blocks)):
                        out.write(digested.rows)
                        counted.write(digested.counts)
                        account.add(name, digested)
                        job.progress(f"{account.read:,} posts read")
            job.progress(f"{account.read:,} posts read; counting")
            done = tally(
                rows,
                draft.path,
                job.cleaning,
                before=before.path("posts.parquet") if before else None,
                counts=counts if job.dask else None,
            )
        account.check(done)
        earlier = [*before.config.get("earlier", []), {"corpus": before.digest, "posts": done.before}] if before else []
        draft.config |= {"earlier": earlier, "report": account.report(done)}


def _digested(run: Run, work: Callable[[Block], Digest], blocks: Iterator[Block]) -> Iterator[Digest]:
    """What each block holds, in order. Raises what a worker raised."""
    yield from map(work, islice(blocks, FEW))
    for _, result in run(work, blocks):
        if isinstance(result, Tag2VecError):
            raise result
        yield result


def _file_blocks(job: Job, name: str, account: _Account) -> Iterator[Block]:
    """The posts of one file or folder; a file that cannot be read does not stop the others."""
    if is_live(name):  # it failed before it was asked anything
        return
    try:
        for source, path in find(name, refuse if job.strict else account.skip, job.reading):
            try:
                yield from source.blocks(path)
            except SourceError as error:
                account.fail(error)
    except SourceError as error:
        account.fail(error)


@dataclass
class _Account:
    """Where every post that was read went."""

    job: Job
    read: int = 0
    read_of: Counter[str] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)
    dropped: Counter[str] = field(default_factory=Counter)
    failed: list[str] = field(default_factory=list)
    gathered: list[Gathered] = field(default_factory=list)

    def add(self, name: str, digested: Digest) -> None:
        self.read += digested.read
        self.read_of[name] += digested.read
        self.left_out += digested.left_out
        self.dropped += digested.dropped
        shown = self.left_out["unreadable"] - digested.left_out["unreadable"]
        for number, (where, reason) in enumerate(digested.problems):
            if self.job.strict:
                refuse(where, reason)
            if shown + number < SHOWN:
                self.job.warn(f"{where}: skipped, {reason}.")

    def skip(self, where: str, reason: str) -> None:
        self.add(where, Digest(read=1, left_out=Counter(unreadable=1), problems=[(where, reason)]))

    def fail(self, error: SourceError) -> None:
        if self.job.strict:
            raise error
        self.failed.append(str(error))
        self.job.warn(str(error))

    def check(self, done: Tally) -> None:
        """Raise SourceError when no post is left."""
        if not done.kept:
            left_out = self.left_out + Counter(done.left_out)
            reasons = ", ".join(f"{n:,} {rule}" for rule, n in left_out.items()) or "no posts at all"
            raise SourceError(
                "\n".join(self.failed)
                or f"No post is left of {', '.join(self.job.sources)}: {self.read:,} read; {reasons}. "
                f"Give more posts, or weaken a rule (--min-tags 1)."
            )

    def report(self, done: Tally) -> dict[str, Any]:
        return {
            "sources": [
                {"source": name, "read": self.read_of[name]}
                | next((asdict(one) for one in self.gathered if one.source == name), {})
                for name in dict.fromkeys(self.job.sources)
            ],
            "before": done.before,
            "read": self.read,
            "kept": done.kept,
            "left_out": dict(self.left_out + Counter(done.left_out)),
            "dropped_tags": dict(self.dropped + Counter(done.dropped)),
            "failed": self.failed,
            "stems": done.stems,
            "tags": done.tags,
            "days": done.days,
        }


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Let no other process write `folder` or fetch for it meanwhile."""
    lock = folder.with_name(f".{folder.name}.lock")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        held = FileLock(lock).acquire(timeout=0)
    except Timeout as error:
        raise ArtifactError(
            f"{folder} is in use by another process that builds it. Wait for it to end, or choose another folder."
        ) from error
    except OSError as error:
        raise ArtifactError(
            f"Could not write {folder}: {error.strerror or error}. Free some space or choose another folder."
        ) from error
    with held:
        try:
            yield
        finally:
            with suppress(OSError):
                lock.unlink()
