"""A tag space to and from the files of other tools; `vectorfiles` knows their formats."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tag2vec.embed.space import TagSpace, Vectors
from tag2vec.embed.vectorfiles import Table, files_of, read_table, write_table
from tag2vec.errors import SourceError, unknown
from tag2vec.files import sha256
from tag2vec.scraping.corpus import Corpus, Entry
from tag2vec.scraping.normalise import Stems, written

Warn = Callable[[str], None]

NO_HASHTAG = "that are no hashtags"
NOT_CARRIED = "that no post of the corpus carries"
SAME_STEM = "whose stem a more frequent one has too"


def export_vectors(
    space: TagSpace, path: str | Path, which: str = "input", form: str | None = None
) -> tuple[Path, ...]:
    """Write the `input` or `output` vectors of `space`, each with the most frequent form of its tag as the word.

    The name of `path` decides the format unless `form` does; the files written are returned. Raises UnknownName and
    UsageError for names that cannot be, ArtifactError when writing fails: then what was there is unchanged.
    """
    matrices = {"input": space.inputs, "output": space.outputs}
    if which not in matrices:
        raise unknown("kind of vectors", which, matrices)
    return write_table(Path(path), Table(space.forms, matrices[which], space.counts.tolist()), form)


def import_vectors(
    path: str | Path,
    *,
    outputs: str | Path | None = None,
    form: str | None = None,
    corpus: Corpus | None = None,
    stemmer: str = "english",
    warn: Warn = lambda message: None,
) -> TagSpace:
    """The tag space of the words in `path`; its output vectors are those in `outputs`, else the input vectors again.

    With `corpus`, tags are stemmed as there and have its counts and forms; words that it lacks are left out. Without,
    each tag has its word as its one form, and the count that the file gives it, else words / rank (Zipf's law): such
    files name the most frequent word first. Of words with one stem the most frequent is kept. `warn` hears what was
    left out. Raises SourceError when a file cannot be used, UnknownName and UsageError for names that cannot be.
    """
    path = Path(path)
    stems = Stems(corpus.stemmer, corpus.digits) if corpus else Stems(stemmer)
    table = read_table(path, form)
    beside = _in_order(read_table(Path(outputs), form), table, outputs, path) if outputs else table.vectors
    rows, entries = _entries(table, stems, corpus, warn)
    if not rows:
        raise SourceError(f"None of the {len(table.words):,} words in {path} can be a tag of this space.")
    config = {
        "stemmer": stems.name,
        "digits": stems.digits,
        "imported": path.name,
        "counts": "corpus" if corpus else "file" if table.counts else "rank",
        "corpus": str((corpus.folder.folder if corpus else path).absolute()),
        # What baselines are fitted with when this space is evaluated:
        "dim": table.vectors.shape[1],
        "min_count": entries[-1].count,
        "seed": 1,
    }
    made_from = {"inputs": path} | ({"outputs": Path(outputs)} if outputs else {})
    parents = {name: sha256(files_of(file, form)[0]) for name, file in made_from.items()}
    parents |= {"corpus": corpus.folder.digest} if corpus else {}
    return TagSpace(entries, table.vectors[rows], beside[rows], config, parents)


def _entries(table: Table, stems: Stems, corpus: Corpus | None, warn: Warn) -> tuple[list[int], list[Entry]]:
    """The row in `table` and the entry of each stem, most frequent first."""
    found = [stems.stem(word) for word in table.words]
    forms = [written(word) for word in table.words]
    if corpus:
        wanted = set(found)
        known = {entry.stem: entry for entry in corpus.vocabulary() if entry.stem in wanted}
        counts = [known[s].forms.get(f, 0) if s in known else 0 for s, f in zip(found, forms, strict=True)]
    else:
        counts = table.counts or [len(forms) // rank for rank in range(1, len(forms) + 1)]
        known = {}
    rows: dict[str, int] = {}
    left_out: dict[str, list[str]] = {NO_HASHTAG: [], NOT_CARRIED: [], SAME_STEM: []}
    for row in sorted(range(len(forms)), key=lambda row: -counts[row]):
        stem = found[row]
        if not stem:
            left_out[NO_HASHTAG].append(table.words[row])
        elif corpus and stem not in known:
            left_out[NOT_CARRIED].append(table.words[row])
        elif stem in rows:
            left_out[SAME_STEM].append(table.words[row])
        else:
            rows[stem] = row
    _tell(left_out, len(forms), warn)
    entries = {row: known.get(s) or Entry(s, counts[row], {forms[row]: counts[row]}) for s, row in rows.items()}
    order = sorted(entries, key=lambda row: (-entries[row].count, row))
    return order, [entries[row] for row in order]


def _tell(left_out: dict[str, list[str]], total: int, warn: Warn) -> None:
    for why, words in left_out.items():
        if words:
            named = ", ".join(f"'{word[:40]}'" for word in words[:5]) + (", ..." if len(words) > 5 else "")
            warn(f"left out: {len(words):,} of {total:,} words {why}: {named}")


def _in_order(other: Table, table: Table, other_path: str | Path, path: Path) -> Vectors:
    """The vectors of `other` in the order of the words of `table`."""
    (n, dim), (m, other_dim) = table.vectors.shape, other.vectors.shape
    rows = {word: row for row, word in enumerate(other.words)}
    if (n, dim) != (m, other_dim):
        raise SourceError(
            f"{path} has {n:,} words of {dim:,} values, {other_path} has {m:,} of {other_dim:,}; "
            "wanted the same words and dimensions in both."
        )
    if absent := [word for word in table.words if word not in rows]:
        raise SourceError(f"{other_path} lacks '{absent[0][:40]}', a word of {path}; wanted the same words in both.")
    vectors: Vectors = other.vectors[[rows[word] for word in table.words]]
    return vectors
