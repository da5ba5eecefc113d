"""The corpus: tag sentences, the forms of their stems, and their days.

On disk (kind `corpus`): `sentences.txt`, one post a line, its stems separated by spaces, in the order read;
`vocabulary.jsonl`, one stem a line, `{"stem", "count", "forms": {form: count}}`, most frequent first, where a count
is a number of posts; `days.parquet`, (day, stem, posts, authors) of the posts with a date; `posts.parquet`, what a
growing corpus remembers of each post: digests of its id and author, its day, language, stems and forms.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import weakref
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import Any

from tag2vec import artifact
from tag2vec.artifact import Artifact
from tag2vec.errors import ArtifactError

KIND = "corpus"
WHO = "coalesce(author, file_row_number)"  # in posts.parquet: a post that names no author is an author's of its own


@dataclass(frozen=True, slots=True)
class Entry:
    """A stem of the vocabulary: in how many posts it stands, and how often in which form."""

    stem: str
    count: int
    forms: dict[str, int]


class Corpus:
    """Tag sentences on disk. Iterating gives one list of stems a post, as often as wanted; `len` counts posts."""

    def __init__(self, folder: Artifact) -> None:
        self.folder = folder
        self.stemmer: str = folder.config["stemmer"]
        self.digits: bool = folder.config["cleaning"]["keep_digits"]  # whether tags without a letter count
        self.report: dict[str, Any] = folder.config["report"]

    @classmethod
    def build(
        cls,
        sources: str | Path | Iterable[str | Path],
        folder: str | Path | None = None,
        *,
        stemmer: str = "english",
        update: bool = False,
        strict: bool = False,
        columns: dict[str, str] | None = None,
        delimiter: str | None = None,
        separator: str | None = None,
        asking: dict[str, Any] | None = None,
        dask: str | None = None,
        warn: Callable[[str], None] | None = None,
        progress: Callable[[str], None] | None = None,
        **cleaning: Any,
    ) -> Corpus:
        """Read posts from `sources` (files, folders, NAME:SERVER) into the folder `folder` (None: a temporary one).

        `cleaning` are the settings of `tag2vec.scraping.clean.Cleaning`; `asking` those of
        `tag2vec.scraping.collect.Asking`, for sources that ask servers. What servers give is kept in
        `<folder>.fetched`, where a run that was stopped goes on. With `update` the posts come on top of those of the
        corpus that is there. `dask` names a cluster, see `tag2vec.cluster`. Memory grows neither with the
        posts nor with the vocabulary. What cannot be read is counted and named through `warn`, or raises when `strict`;
        `progress` gets a line that says how far it is.

        Raises SourceError when a source cannot be read and no post is left, ArtifactError when the folder cannot be
        written, UsageError for settings that cannot be.
        """
        from tag2vec.scraping.build import Job, build
        from tag2vec.scraping.clean import Cleaning
        from tag2vec.scraping.collect import Asking
        from tag2vec.scraping.normalise import stemmer as check_stemmer

        check_stemmer(stemmer)
        reading = {"columns": columns, "delimiter": delimiter, "separator": separator}
        job = Job(
            sources=[str(one) for one in ([sources] if isinstance(sources, str | Path) else sources)],
            stemmer=stemmer,
            cleaning=Cleaning(**cleaning),
            asking=Asking(**(asking or {})),
            reading={name: value for name, value in reading.items() if value},
            dask=dask,
            strict=strict,
            update=update,
            warn=warn or (lambda message: print(message, file=sys.stderr)),
            progress=progress or (lambda line: None),
        )
        if folder is not None:
            build(job, Path(folder).absolute())
            return cls.load(folder)
        temporary = Path(tempfile.mkdtemp(prefix="tag2vec-corpus-"))
        try:
            build(job, temporary / "corpus")
            corpus = cls.load(temporary / "corpus")
        except BaseException:
            shutil.rmtree(temporary, ignore_errors=True)
            raise
        weakref.finalize(corpus, shutil.rmtree, temporary, ignore_errors=True)
        return corpus

    @classmethod
    def load(cls, folder: str | Path) -> Corpus:
        """Open a corpus folder. Raises ArtifactError."""
        found = artifact.read(folder, KIND)
        with artifact.reading(found.folder):
            made = cls(found)
            len(made), int(made.report["tags"])  # what is asked of every corpus
            return made

    @classmethod
    def load_same(cls, folder: str | Path, digest: str) -> Corpus:
        """Open the corpus that a model was fitted on, which knows its `digest`. Raises ArtifactError."""
        try:
            found = cls.load(folder)
        except ArtifactError as error:
            raise ArtifactError(
                f"The corpus that the model was fitted on is needed. {error} Name it with --corpus."
            ) from error
        if found.folder.digest != digest:
            raise ArtifactError(
                f"{folder} is not the corpus that the model was fitted on: its checksum is "
                f"{found.folder.digest[:12]}, the model's is {digest[:12] or 'unknown'}. "
                "Name the right one with --corpus."
            )
        return found

    def save(self, folder: str | Path) -> None:
        """Copy the corpus to `folder`."""
        with artifact.write(folder, KIND, self.folder.config, self.folder.parents) as draft:
            for name in self.folder.files:
                shutil.copyfile(self.folder.path(name), draft.path / name)

    def __iter__(self) -> Iterator[list[str]]:
        with artifact.reading(self.folder.folder), self.folder.path("sentences.txt").open(encoding="utf-8") as file:
            for line in file:
                yield line.split()

    def authored(self) -> Iterator[tuple[int, list[str]]]:
        """A number for its author, and its stems, of each post; a post that names none is an author's of its own.

        Also of posts and tags that were left out because few authors use them (`Cleaning.min_authors`).
        """
        return ((author, stems.split()) for author, stems in self._posts("stems"))

    def written(self) -> Iterator[tuple[int, dict[str, str]]]:
        """The author, as `authored` has it, and {stem: form} of each post."""
        found = self._posts("stems, forms")
        return ((author, dict(zip(stems.split(), forms.split(), strict=True))) for author, stems, forms in found)

    def spoken(self) -> Iterator[tuple[str, dict[str, str]]]:
        """The language that each post names ("" where it names none), and its {stem: form}."""
        found = self._posts("coalesce(language, ''), stems, forms")
        return ((code, dict(zip(stems.split(), forms.split(), strict=True))) for _, code, stems, forms in found)

    def _posts(self, columns: str) -> Iterator[tuple[Any, ...]]:
        import duckdb

        with artifact.reading(self.folder.folder), duckdb.connect() as db:
            # A corpus of an earlier version has no language.
            named = "SELECT NULL::VARCHAR AS language WHERE false"
            posts = f"SELECT * FROM read_parquet($posts, file_row_number = true) UNION ALL BY NAME {named}"
            query = f"SELECT {WHO}, {columns} FROM ({posts})"
            found = db.execute(query, {"posts": str(self.folder.path("posts.parquet"))})
            while some := found.fetchmany(10_000):
                yield from some

    def posts_in(self, digest: str) -> int | None:
        """How many of the posts, which `authored` gives first, this corpus held when its checksum was `digest`.

        None when it was never that corpus. Cleaning that leaves out old posts later moves the border by as many.
        """
        if digest == self.folder.digest:
            return sum(1 for _ in self.authored())
        earlier = self.folder.config.get("earlier", [])
        return next((state["posts"] for state in earlier if state["corpus"] == digest), None)

    def __len__(self) -> int:
        return int(self.report["kept"])

    def vocabulary(self) -> Iterator[Entry]:
        """All stems, most frequent first, ties in alphabetical order."""
        yield from self.folder.lines("vocabulary.jsonl", Entry)

    def frequent(self, least: int) -> list[Entry]:
        """The stems that `least` posts or more carry, in the same order."""
        return list(takewhile(lambda entry: entry.count >= least, self.vocabulary()))
