"""Commands with options and arguments that make no sense, alone and together: an answer or a clear error.

TAG2VEC_FUZZ=3000 tries as many lines in place of some.
"""

from __future__ import annotations

import os
import random
import shutil
from pathlib import Path
from typing import Any

import pytest
import typer.main

from tag2vec.cli import with_commands
from tests.faults import GIVEN, copied, faulty, set_up

ROUNDS = int(os.environ.get("TAG2VEC_FUZZ", "40"))
LINES = f"""
build-corpus posts.jsonl -o new
build-corpus more.jsonl --update corpus
fit-embedding corpus -o new --dim 8 --epochs 2 --refine 1
fit-embedding grown --update younger
fit-video model clips.csv {GIVEN} --epochs 2
fit-cnn clips.csv -o new.safetensors --frames 2 --side 32
extract clips.csv -o new --workers 1
fit-index model --index ivf
index-clips clips.csv -m model -o new --workers 1
search found #yoyo -m model
suggest 0.mp4 1.mp4 -m model --workers 1
suggest 0.mp4 -m model --workers 1 --json
suggest -m model --like #yoyo
export model -o new.vec
import-vectors words.vec -o new
study new clips.csv -m model -o new
study report study -o new
evaluate video model clips.csv
evaluate tags model --posts posts.jsonl
evaluate forms model --posts posts.jsonl
evaluate index model
plot wordcloud yoyo -m model -o new.png
plot map -m model -o new.png
trending corpus
related yoyo -m model
complete yoyo -m model
analogy yoyo basketball piano -m model
clusters -m model
compare yoyo piano -m model
info model
""".strip().splitlines()
MET = {  # lines that ended in a traceback once: with what they end now, and what they say
    "info model --json": (0, ""),
    "info $LONG": (2, "too long"),
    "fit-embedding corpus -o new --ns-exponent inf": (2, "ns_exponent is inf; wanted 4 at most"),
    f"fit-video model clips.csv {GIVEN} --lr 1e20": (2, "The loss grew beyond all numbers"),
    "fit-cnn clips.csv -o new.safetensors --seed -1": (2, "greater than or equal to 0"),
    "extract clips.csv -o new --workers 2147483648": (2, "less than or equal to 1024"),
    "extract \udcff.mp4 0.mp4 -o new --workers 1": (1, "has a name that is not UTF-8. Rename it"),
    "build-corpus \udcff.mp4 --update corpus": (1, "is not a file of posts that is known"),
    "suggest \udcff.mp4 -m model --json": (1, ""),
}
ENDLESS = ("2147483648", "99999999999999999999")
NUMBERS = (
    *("0", "-1", "1", "2", "3", "0.5", "1e309", "1e-320", "nan", "inf", "-inf", "-0", "", "x", "1_000"),
    *ENDLESS,
)
WORDS = (
    *("", "-", "x", "#", "##", "*", "[", "\\", "a" * 300, "a" * 5000),
    *("na\nme", "\udcff\udcfe", "é", "اللغة", "\x1b[31m"),
    *("0.mp4", "\udcff.mp4", "posts.jsonl", "clips.csv", "words.vec", "given.npz", "empty", "noise", ".", "..", "~x/y"),
    *("corpus", "model", "model/tags", "found", "study", "no/such/folder/x", "no.vec", "new/new", "%s%n", "$(id)"),
    *("given:", "given:x", "given:given.npz", "onnx:noise", "cnn:noise", "hf:model", "trajectories:flow=x", "audio"),
    *("flat", "hnsw", "ivf:probes=0", "ivf:probes=x", "mean", "netvlad:clusters=0", "netvlad:clusters=999999"),
    *("a=b,c", "tags=x", "local:0", "local:x", "en", "xx", "default", "instagram", "{}", "null", "none", "list"),
)


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = set_up(tmp_path_factory.mktemp("commands") / "start")
    for line in ("index-clips clips.csv -m model -o found", "study new clips.csv -m model -o study"):
        assert faulty(folder, line.split()).code == 0
    (folder / "empty").touch()
    (folder / "noise").write_bytes(random.Random(0).randbytes(4000))
    shutil.copy(folder / "0.mp4", folder / "\udcff.mp4")
    return folder


@pytest.mark.parametrize("number", range(ROUNDS))
def test_a_line_is_an_answer_or_a_clear_error(start: Path, number: int) -> None:
    folder = copied(start, start.parent / "run")
    line = _line(random.Random(number))
    try:
        ended = faulty(folder, line)
    except TimeoutError:
        assert set(line) & set(ENDLESS)  # somebody who wants so much gets it
        return
    told = f"{[word[:80] for word in line]} ended with {ended.code}: {ended.said[-2000:]}"
    assert ended.code in (0, 1, 2), told
    assert "Traceback" not in ended.said, told
    assert not ended.code or ended.said.strip(), told


@pytest.mark.parametrize("line", MET, ids=range(len(MET)))
def test_a_line_that_was_no_clear_error_once(start: Path, line: str) -> None:
    folder = copied(start, start.parent / "run")
    ended = faulty(folder, line.replace("$LONG", "a" * 300).split())
    assert (ended.code, MET[line][1] in ended.said) == (MET[line][0], True), ended.said
    assert "Traceback" not in ended.said


def _line(draw: random.Random) -> list[str]:
    """A line that works, with one or more of its words or options changed."""
    commands = _commands(typer.main.get_command(with_commands()))
    words = draw.choice(LINES).split()
    name = next(name for name in (" ".join(words[:2]), words[0]) if name in commands)
    head, rest = name.split(), words[len(name.split()) :]
    for _ in range(draw.choice((1, 1, 2, 3))):
        places = [place for place, word in enumerate(rest) if not word.startswith("-")]
        if places and draw.random() < 0.3:
            place = draw.choice(places)
            rest[place] = draw.choice(NUMBERS if rest[place].isdigit() else WORDS)
        options = [one for one in commands[name].params if one.opts[0].startswith("-")]
        if options:
            option = draw.choice(options)
            kind = str(option.type_descriptor.annotation)
            rest.append(draw.choice([*option.opts, *option.secondary_opts]))
            if "bool" not in kind:
                rest.append(draw.choice(NUMBERS if "int" in kind or "float" in kind else WORDS))
    return head + rest


def _commands(group: Any, before: str = "") -> dict[str, Any]:
    found = {}
    for name, command in group.commands.items():
        inside = getattr(command, "commands", None)
        found |= _commands(command, f"{before}{name} ") if inside else {f"{before}{name}": command}
    return found
