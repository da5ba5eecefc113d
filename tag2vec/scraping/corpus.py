"""The corpus: tag sentences and the forms of their stems.

On disk (kind `corpus`): `sentences.txt`, one post a line, its stems separated by spaces, in the order read;
`vocabulary.jsonl`, one stem a line, `{"stem", "count", "forms": {form: count}}`, most frequent first, where a count
is a number of posts.
"""

from __future__ import annotations

import shutil
import sqlite3
import sys
import tempfile
import weakref
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

from tag2vec import artifact
from tag2vec.artifact import Artifact
from tag2vec.errors import SourceError, UsageError
from tag2vec.scraping.find import find
from tag2vec.scraping.normalise import Stems
from tag2vec.scraping.post import Post
from tag2vec.scraping.sources import refuse

KIND = "corpus"
SHOWN = 10  # skipped lines that are named one by one; the others are only counted


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
        self.report: dict[str, Any] = folder.config["report"]

    @classmethod
    def build(
        cls,
        sources: str | Path | Iterable[str | Path],
        folder: str | Path | None = None,
        *,
        stemmer: str = "english",
        min_tags: int = 2,
        strict: bool = False,
        columns: dict[str, str] | None = None,
        delimiter: str | None = None,
        separator: str | None = None,
        warn: Callable[[str], None] | None = None,
        tick: Callable[[int], None] | None = None,
    ) -> Corpus:
        """Read posts from `sources` (files, folders, NAME:WHERE) into the folder `folder` (None: a temporary one).

        A post with fewer than `min_tags` distinct stems tells nothing about tags that go together and is left out.
        The same set of stems by the same known author counts once. Memory grows with the vocabulary, not with the
        number of posts. Lines that cannot be read are counted and named through `warn`, or raise when `strict`.
        Raises SourceError when a source cannot be read or no post is left.
        """
        if isinstance(sources, str | Path):
            sources = [sources]
        if min_tags < 1:
            raise UsageError(f"min_tags is {min_tags}; wanted 1 or more.")
        if folder is None:
            temporary = tempfile.mkdtemp(prefix="tag2vec-corpus-")
            folder = Path(temporary) / "corpus"
        else:
            temporary = None
        settings = {"columns": columns, "delimiter": delimiter, "separator": separator}
        given = {name: value for name, value in settings.items() if value}
        with artifact.write(folder, KIND, {"stemmer": stemmer, "min_tags": min_tags}) as draft:
            writer = _Writer(draft.path, Stems(stemmer), min_tags, strict, warn or _to_stderr)
            names = [str(source) for source in sources]
            writer.read_all(names, given, tick or (lambda done: None))
            draft.lines("vocabulary.jsonl", writer.vocabulary())
            draft.config["report"] = writer.report(names)
        corpus = cls.load(folder)
        if temporary:
            weakref.finalize(corpus, shutil.rmtree, temporary, ignore_errors=True)
        return corpus

    @classmethod
    def load(cls, folder: str | Path) -> Corpus:
        """Open a corpus folder. Raises ArtifactError."""
        return cls(artifact.read(folder, KIND))

    def save(self, folder: str | Path) -> None:
        """Copy the corpus to `folder`."""
        with artifact.write(folder, KIND, self.folder.config, self.folder.parents) as draft:
            for name in self.folder.files:
                shutil.copyfile(self.folder.path(name), draft.path / name)

    def __iter__(self) -> Iterator[list[str]]:
        with self.folder.path("sentences.txt").open(encoding="utf-8") as file:
            for line in file:
                yield line.split()

    def __len__(self) -> int:
        return int(self.report["kept"])

    def vocabulary(self) -> Iterator[Entry]:
        """All stems, most frequent first, ties in alphabetical order."""
        for line in self.folder.lines("vocabulary.jsonl"):
            yield Entry(**line)


class _Writer:
    """Writes sentences as posts come, counts forms, and remembers what it left out and why."""

    def __init__(self, path: Path, stems: Stems, min_tags: int, strict: bool, warn: Callable[[str], None]) -> None:
        self._path = path
        self._stems = stems
        self._min_tags = min_tags
        self._strict = strict
        self._warn = warn
        self._forms: dict[str, Counter[str]] = {}
        self._skipped: Counter[str] = Counter()
        self._failed: list[str] = []
        self._read = self._kept = 0

    def read_all(self, names: list[str], settings: dict[str, Any], tick: Callable[[int], None]) -> None:
        with (
            tempfile.TemporaryDirectory(prefix="tag2vec-seen-") as scratch,
            (self._path / "sentences.txt").open("w", encoding="utf-8") as out,
        ):
            seen = _Seen(Path(scratch) / "seen.sqlite")
            for name in names:
                try:
                    pairs = list(find(name, refuse if self._strict else self._skip, settings))
                except SourceError as error:
                    self._fail(error)
                    continue
                for source, query in pairs:
                    self._read_one(source.posts(query), seen, out.write, tick)
            seen.close()
        if not self._kept:
            reasons = ", ".join(f"{n} {why}" for why, n in self._skipped.items()) or "no posts at all"
            raise SourceError(
                "\n".join(self._failed)
                or f"No post with at least {self._min_tags} tags in {', '.join(names)}: "
                f"{self._read} read; {reasons}. Give more posts, or --min-tags 1."
            )

    def _read_one(
        self,
        posts: Iterator[Post],
        seen: _Seen,
        write: Callable[[str], Any],
        tick: Callable[[int], None],
    ) -> None:
        try:
            for post in posts:
                self._read += 1
                if self._read % 1000 == 0:
                    tick(self._read)
                found = self._stems.of(post)
                if len(found) < self._min_tags:
                    self._skipped[f"with fewer than {self._min_tags} tags"] += 1
                elif post.author is not None and not seen.add(post.author, found):
                    self._skipped["with the same tags by the same author"] += 1
                else:
                    write(" ".join(found) + "\n")
                    self._count(found)
        except SourceError as error:
            self._fail(error)

    def _count(self, found: dict[str, str]) -> None:
        self._kept += 1
        forms = self._forms
        for stem, form in found.items():
            if stem in forms:
                forms[stem][form] += 1
            else:
                forms[stem] = Counter((form,))

    def _fail(self, error: SourceError) -> None:
        if self._strict:
            raise error
        self._failed.append(str(error))
        self._warn(str(error))

    def _skip(self, where: str, reason: str) -> None:
        self._read += 1
        self._skipped["that could not be read"] += 1
        if self._skipped["that could not be read"] <= SHOWN:
            self._warn(f"{where}: skipped, {reason}.")

    def vocabulary(self) -> Iterator[dict[str, Any]]:
        counts = {stem: forms.total() for stem, forms in self._forms.items()}
        for stem in sorted(counts, key=lambda s: (-counts[s], s)):
            forms = sorted(self._forms[stem].items(), key=lambda item: (-item[1], item[0]))
            yield {"stem": stem, "count": counts[stem], "forms": dict(forms)}

    def report(self, names: list[str]) -> dict[str, Any]:
        return {
            "sources": names,
            "read": self._read,
            "kept": self._kept,
            "left_out": dict(self._skipped),
            "failed": self._failed,
            "stems": len(self._forms),
            "tags": sum(forms.total() for forms in self._forms.values()),
        }


class _Seen:
    """The (author, set of stems) pairs met so far, on disk: memory stays flat whatever the number of posts."""

    def __init__(self, path: Path) -> None:
        self._db = sqlite3.connect(path, isolation_level=None)
        for line in ("journal_mode=OFF", "synchronous=OFF", "cache_size=-65536"):
            self._db.execute(f"PRAGMA {line}")
        self._db.execute("CREATE TABLE seen (key BLOB PRIMARY KEY) WITHOUT ROWID")
        self._db.execute("BEGIN")

    def add(self, author: str, stems: Iterable[str]) -> bool:
        """True when this pair is new."""
        key = blake2b("\n".join([author, *sorted(stems)]).encode(errors="surrogatepass"), digest_size=16).digest()
        try:
            return self._db.execute("INSERT OR IGNORE INTO seen VALUES (?)", (key,)).rowcount == 1
        except sqlite3.OperationalError as error:  # the disk of the temporary folder is full
            raise OSError(f"{error} (in the folder for temporary files, {tempfile.gettempdir()})") from error

    def close(self) -> None:
        self._db.close()


def _to_stderr(message: str) -> None:
    print(message, file=sys.stderr)
