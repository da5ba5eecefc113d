"""Tag vectors to the files of other tools and back, and what is wrong with files that lie."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from gensim.models import KeyedVectors

from tag2vec import Corpus, TagSpace
from tag2vec.embed.exchange import export_vectors, import_vectors
from tag2vec.errors import ArtifactError, SourceError, UnknownName, UsageError
from tag2vec.scraping.corpus import Entry
from tests.conftest import Home
from tests.scraping.test_corpus import write_posts

# A tag of every kind of script, with marks, ligatures and letters outside the first plane.
WORDS = [
    "Skateboarding",
    "स्केटबोर्ड",
    "สเก็ตบอร์ด",
    "滑板",
    "スケボー",
    "скейтборд",
    "تزلج",
    "סקייט",
    "ಸ್ಕೇಟ್",
    "𐐞𐐬𐐲",
    "vier_auf_rädern",
]
NAMES = ["a.txt", "a.vec", "a.bin", "a.tsv", "vectors.tsv", "projector"]


@pytest.fixture(scope="module")
def space() -> TagSpace:
    draw = np.random.default_rng(0)
    entries = [Entry(word.casefold().replace("_", ""), 100 - i, {word: 90 - i, "x": 1}) for i, word in enumerate(WORDS)]
    # Bytes of all kinds, those of spaces and line ends too, and numbers that need all nine digits.
    inputs, outputs = draw.integers(0, 0x7F000000, (2, len(WORDS), 40)).astype("<i4").view("<f4")
    return TagSpace(entries, inputs, outputs, {"stemmer": "none", "digits": False, "corpus": "/nowhere"})


@pytest.mark.parametrize("which", ["input", "output"])
@pytest.mark.parametrize("name", ["a.vec", "a.bin"])
def test_gensim_opens_what_is_exported(space: TagSpace, tmp_path: Path, name: str, which: str) -> None:
    assert export_vectors(space, tmp_path / "new" / name, which) == (tmp_path / "new" / name,)
    opened = KeyedVectors.load_word2vec_format(tmp_path / "new" / name, binary=name.endswith("bin"))
    assert opened.index_to_key == WORDS
    assert np.array_equal(opened.vectors, space.inputs if which == "input" else space.outputs)


@pytest.mark.parametrize("name", ["g.txt", "g.bin"])
def test_what_gensim_writes_is_imported(space: TagSpace, tmp_path: Path, name: str) -> None:
    theirs = KeyedVectors(40)
    theirs.add_vectors(WORDS, space.inputs)
    theirs.save_word2vec_format(tmp_path / name, binary=name.endswith("bin"))
    ours = import_vectors(tmp_path / name, stemmer="none")
    assert (
        ours.forms == WORDS and np.array_equal(ours.inputs, space.inputs) and np.array_equal(ours.outputs, ours.inputs)
    )
    assert ours.counts.tolist() == [len(WORDS) // rank for rank in range(1, len(WORDS) + 1)]


def test_the_projector_has_values_in_one_file_and_words_in_the_other(space: TagSpace, tmp_path: Path) -> None:
    values, metadata = export_vectors(space, tmp_path / "board")
    assert (values.name, metadata.name) == ("vectors.tsv", "metadata.tsv")
    assert np.array_equal(np.loadtxt(values, delimiter="\t", dtype=np.float32), space.inputs)
    lines = metadata.read_text("utf-8").splitlines()
    assert lines[:3] == ["tag\tcount", "Skateboarding\t100", "स्केटबोर्ड\t99"] and len(lines) == len(WORDS) + 1
    assert [p.name for p in export_vectors(space, tmp_path / "tags.tsv")] == ["tags.tsv", "tags.metadata.tsv"]


@pytest.mark.parametrize("name", NAMES)
def test_a_fitted_space_comes_back_and_answers_alike(home: Home, tmp_path: Path, name: str) -> None:
    fitted, corpus = TagSpace.load(home.model), Corpus.load(home.folder / "corpus")
    space = TagSpace(
        fitted.entries, fitted.inputs, fitted.outputs, fitted.config
    )  # such files have no place for a bias
    export_vectors(space, tmp_path / "in" / name)
    export_vectors(space, tmp_path / "out" / name, "output")
    back = import_vectors(tmp_path / "in" / name, outputs=tmp_path / "out" / name, corpus=corpus)
    assert back.entries == space.entries and back.parents["corpus"] == corpus.folder.digest
    back.save(tmp_path / "model")
    again = TagSpace.load(tmp_path / "model")
    assert again.related("yoyo") == space.related("yoyo")
    assert again.complete(["yoyo", "trick"]) == space.complete(["yoyo", "trick"])
    alone = import_vectors(tmp_path / "in" / name)
    assert [e.stem for e in alone.entries] == [e.stem for e in space.entries]
    assert (alone.counts.tolist() == space.counts.tolist()) == ("a." not in name or name == "a.tsv")


def test_the_format_that_is_named_wins_over_the_suffix(space: TagSpace, tmp_path: Path) -> None:
    export_vectors(space, tmp_path / "a.dat", form="binary")
    assert import_vectors(tmp_path / "a.dat", form="binary", stemmer="none").forms == WORDS
    with pytest.raises(UsageError, match=r"ends with '.dat'; wanted .txt or .vec"):
        import_vectors(tmp_path / "a.dat")
    with pytest.raises(UnknownName, match="no format named 'pickle'. Known: binary, projector, text"):
        export_vectors(space, tmp_path / "a.vec", form="pickle")
    with pytest.raises(UnknownName, match="no kind of vectors named 'inputs'. Did you mean 'input'"):
        export_vectors(space, tmp_path / "a.vec", "inputs")


def test_the_more_frequent_of_two_words_with_a_stem_is_kept(tmp_path: Path) -> None:
    (tmp_path / "v.vec").write_text("6 1\nskating 1\nskates 2\n2024 3\n</s> 4\nollie 5\nOllies 6\n")
    said: list[str] = []
    space = import_vectors(tmp_path / "v.vec", warn=said.append)
    assert [(e.stem, e.count, e.forms) for e in space.entries] == [
        ("skate", 6, {"skating": 6}),
        ("s", 1, {"s": 1}),
        ("olli", 1, {"ollie": 1}),
    ]
    assert space.inputs.ravel().tolist() == [1, 4, 5]
    assert said == [
        "left out: 1 of 6 words that are no hashtags: '2024'",
        "left out: 2 of 6 words whose stem a more frequent one has too: 'skates', 'Ollies'",
    ]
    posts = [{"tags": ["skates", "Ollies"]}] * 3 + [{"tags": ["skating", "OLLIE"]}]
    corpus = Corpus.build(write_posts(tmp_path / "p.jsonl", posts), tmp_path / "corpus")
    space = import_vectors(tmp_path / "v.vec", corpus=corpus, warn=said.append)
    assert space.entries == sorted(corpus.vocabulary(), key=lambda entry: entry.stem, reverse=True)
    assert space.inputs.ravel().tolist() == [2, 6]
    assert "left out: 1 of 6 words that no post of the corpus carries: '</s>'" in said[2:]


def _one(values: str = "1 2") -> bytes:
    return f"3 2\nada {values}\nbo 3 4\ncy 5 6\n".encode()


BINARY = b"2 2\nada \0\0\0\0\0\0\0\0\nbo \0\0\0\0\0\0\0\0\n"


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.vec", b"", "a.vec is empty"),
        ("a.vec", b"\x80\x04\x95pickled", "begins with .*wanted the numbers of words and dimensions"),
        ("a.vec", b"0 5\n", "begins with b'0 5"),
        ("a.vec", _one("1 nan"), "word 1 'ada': value 2 is nan; wanted finite"),
        ("a.vec", _one("-inf 1"), "word 1 'ada': value 1 is -inf"),
        ("a.vec", _one("1e39 1"), "word 1 'ada': value 1 is inf"),
        ("a.vec", _one("1"), "word 1 'ada' has 1 values; wanted 2"),
        ("a.vec", _one("1 2 3"), "word 1 'ada' has 3 values; wanted 2"),
        ("a.vec", _one("1 two"), "word 1 'ada': could not convert string to float: .*'two'.*; wanted 2 numbers"),
        ("a.vec", _one().replace(b"cy", b"ada"), "word 3 'ada' was word 1 already"),
        ("a.vec", _one().replace(b"cy", b"c\xff"), "is not UTF-8"),
        ("a.vec", _one().replace(b"3 2\n", b"2 2\n"), "its header says 2 words, it has 3"),
        ("a.vec", _one().replace(b"3 2\n", b"4 2\n"), "its header says 4 words, it has 3"),
        ("a.vec", b"9000000000 300\na 1\n", "says 9,000,000,000 words of 300 values, .* or more; it has 19"),
        ("a.vec", b"1 1\n2024 1\n", "None of the 1 words"),
        ("a.bin", BINARY[:-4], r"word 2 b'bo ' has 5 of 8 bytes of values"),
        ("a.bin", BINARY[:-11], "says 2 words of 2 values, which is 19 bytes or more; it has 18"),
        ("a.bin", BINARY.replace(b"2 2\n", b"3 2\n"), "its header says 3 words, it has 2"),
        ("a.bin", BINARY.replace(b"2 2\n", b"1 2\n"), "its header says 1 words, it has 2"),
        ("a.bin", BINARY.replace(b"2 2\n", b"2 3\n"), "word 2 .* of 12 bytes of values"),
        ("a.bin", BINARY.replace(b"bo ", b"b\xff "), "word 2 .* is not UTF-8"),
        ("a.bin", b"2 1\na \0\0\xc0\x7fbb \0\0\0\0", "word 1 'a': value 1 is nan"),
        ("a.bin", b"1 1\n" + b"a" * 9000, "word 1 b'a+' has 4 of 4 bytes of values. The file was cut short"),
        ("a.tsv", b"1\t2\n3\t4\n", "Cannot read vectors from .*a.metadata.tsv: No such file"),
        ("vectors.tsv", b"1\t2\n3\t4\n", "metadata.tsv names 3 words, it has 2"),
        ("vectors.tsv", b"1\t2\n3\t4\n5\t6\n7\t8\n", "metadata.tsv names 3 words, it has 4"),
        ("vectors.tsv", b"1\t2\n3\n5\t6\n", "word 2 'bo' has 1 values; wanted 2"),
        ("vectors.tsv", b"", "vectors.tsv is empty; wanted the vectors of 3 words"),
        ("absent/a.vec", None, "Cannot read vectors from .*absent/a.vec: No such file"),
    ],
)
def test_files_that_cannot_be_used(tmp_path: Path, name: str, content: bytes | None, said: str) -> None:
    (tmp_path / "metadata.tsv").write_text("ada\nbo\ncy\n")
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(SourceError, match=said):
        import_vectors(tmp_path / name)


@pytest.mark.parametrize(
    ("metadata", "said"),
    [
        ("", "names no words"),
        ("tag\tcount\na\t3\nb\t-1\n", "the count of 'b' is '-1'; wanted a whole number"),
        ("tag\tcount\na\t3\nb\n", "the count of 'b' is ''"),
        ("tag\tcount\na\t3\na\t3\n", "word 2 'a' was word 1 already"),
    ],
)
def test_metadata_that_cannot_be_used(tmp_path: Path, metadata: str, said: str) -> None:
    (tmp_path / "vectors.tsv").write_text("1\n2\n")
    (tmp_path / "metadata.tsv").write_text(metadata)
    with pytest.raises(SourceError, match=said):
        import_vectors(tmp_path)


@pytest.mark.parametrize(
    ("outputs", "said"),
    [
        (b"2 2\nada 1 2\nbo 3 4\n", "has 3 words of 2 values, .* has 2 of 2"),
        (_one().replace(b"cy", b"dee"), "lacks 'cy', a word of .*a.vec"),
    ],
)
def test_outputs_of_other_words(tmp_path: Path, outputs: bytes, said: str) -> None:
    (tmp_path / "a.vec").write_bytes(_one())
    (tmp_path / "o.vec").write_bytes(outputs)
    with pytest.raises(SourceError, match=said):
        import_vectors(tmp_path / "a.vec", outputs=tmp_path / "o.vec")


@pytest.mark.parametrize("name", ["a.vec", "a.bin", "a.tsv"])
def test_a_failed_export_leaves_what_was_there(
    space: TagSpace, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    export_vectors(space, tmp_path / name)
    before = {path.name: hashlib.sha256(path.read_bytes()).digest() for path in tmp_path.iterdir()}

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(ArtifactError, match="Could not write .*No space left.*is unchanged"):
        export_vectors(space, tmp_path / name, "output")
    assert {path.name: hashlib.sha256(path.read_bytes()).digest() for path in tmp_path.iterdir()} == before


def _run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tag2vec", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_on_the_command_line(home: Home, tmp_path: Path) -> None:
    file = tmp_path / "tags.vec"
    done = _run("export", home.model, "-o", file, "--space", "output")
    assert (done.returncode, done.stdout.strip()) == (0, str(file)), done.stderr
    model = tmp_path / "model"
    done = _run("import-vectors", file, "-o", model)
    assert (done.returncode, done.stdout.strip()) == (0, str(model)), done.stderr
    assert "counts: the file has none" in done.stderr and f"{len(TagSpace.load(home.model)):,} tags" in done.stderr
    assert _run("related", "yoyo", "-m", model).stdout.count("\n") == 10
    (tmp_path / "broken.vec").write_text("3 2\na 1 2\n")
    done = _run("import-vectors", tmp_path / "broken.vec", "-o", tmp_path / "none")
    assert done.returncode == 1 and "Traceback" not in done.stderr and not (tmp_path / "none").exists()
    done = _run("import-vectors", file, "-o", model, "--counts", home.folder / "corpus", "--stemmer", "none")
    assert done.returncode == 2 and "Leave one out" in done.stderr


def test_an_imported_space_suggests_for_clips(home: Home, tmp_path: Path) -> None:
    from tag2vec import Suggester, VideoEmbedder

    export_vectors(TagSpace.load(home.model), tmp_path / "a.bin")
    space = import_vectors(tmp_path / "a.bin")
    space.save(tmp_path / "model")
    video = VideoEmbedder.fit(space, home.folder / "clips.csv", cache=home.cache)
    clip = next((home.folder / "clips").rglob("*yoyo*"))
    clip = next(path for path in [clip, *clip.rglob("*")] if path.is_file())
    assert "yoyo" in {one.stem for one in Suggester(space, video, cache=home.cache).suggest(clip, 15)}
