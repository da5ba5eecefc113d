"""Neighbours that rise, on vectors and posts where both nearness and rise are known."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest

from tag2vec import Corpus, TagSpace
from tag2vec.embed.rising import rising
from tag2vec.errors import ArtifactError, UnknownName, UsageError
from tag2vec.scraping.corpus import Entry
from tag2vec.scraping.trends import Trends, trends
from tests.scraping.test_corpus import write_posts

# Cosine to #skate, authors a day in the 28 days before and in the last 7.
TAGS = {
    "skate": (1.0, 4, 4),
    "near": (0.9, 4, 4),
    "nearrising": (0.8, 2, 8),
    "rising": (0.6, 2, 8),
    "falling": (0.85, 8, 2),
    "far": (0.3, 0, 9),
    "against": (-0.5, 0, 9),
}


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    folder = tmp_path_factory.mktemp("rising")
    posts = [
        {"id": f"{tag}{age}-{who}", "author": f"{age}-{who}", "date": str(date(2026, 5, 31) - timedelta(age))}
        | {"tags": ["life", tag]}
        for tag, (_, before, now) in TAGS.items()
        for age in range(35)
        for who in range(now if age < 7 else before)
    ]
    return Corpus.build(write_posts(folder / "p.jsonl", posts), folder / "corpus", stemmer="none")


@pytest.fixture(scope="module")
def space(corpus: Corpus) -> TagSpace:
    """Also with a tag that the corpus lacks."""
    cosines = {tag: cosine for tag, (cosine, *_) in TAGS.items()} | {"lacking": 0.7}
    vectors = np.array([[cosine, math.sqrt(1 - cosine**2)] for cosine in cosines.values()], np.float32)
    entries = [Entry(tag, 9, {tag: 9}) for tag in cosines]
    config = {"stemmer": "none", "corpus": str(corpus.folder.folder)}
    return TagSpace(entries, vectors, vectors, config, {"corpus": corpus.folder.digest})


@pytest.fixture(scope="module")
def now(space: TagSpace) -> Trends:
    return trends(space.corpus())


def test_nearness_times_growth_orders_what_is_near(space: TagSpace, now: Trends) -> None:
    answer = rising(space, "#skate", now)
    assert [one.tag for one in answer] == ["nearrising", "rising", "near", "lacking", "falling"]
    first, facts = answer[0], now.at(now.stems.index("nearrising"))
    assert (first.trend, first.popularity) == (facts.trend, facts.popularity) and first.trend > 0.8
    assert first.score == pytest.approx(0.8 * math.exp(facts.trend)) and first.count == 9
    assert (answer[3].trend, answer[3].popularity) == (0, 0) and answer[3].score == pytest.approx(0.7)
    assert rising(space, "skate", now, k=2) == answer[:2]


def test_what_cannot_be_asked(space: TagSpace, now: Trends) -> None:
    with pytest.raises(UsageError, match="k is 0"):
        rising(space, "skate", now, k=0)
    with pytest.raises(UnknownName, match="#xylophon"):
        rising(space, "xylophon", now)
    with pytest.raises(ArtifactError, match=r"There is no folder.*--corpus"):
        space.corpus("nowhere")


def _related(model: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tag2vec", "related", *map(str, arguments), "-m", str(model)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_on_the_command_line(space: TagSpace, corpus: Corpus, now: Trends, tmp_path: Path) -> None:
    space.save(tmp_path / "model")
    done = _related(tmp_path / "model", "skate", "--trending", "-k", "1")
    assert done.returncode == 0, done.stderr
    (best,) = rising(space, "skate", now, k=1)
    numbers = [f"{value:.3f}" for value in (best.score, best.trend, best.popularity)]
    assert done.stdout == "\t".join(["#nearrising", numbers[0], "9", *numbers[1:]]) + "\n"
    told = json.loads(_related(tmp_path / "model", "skate", "--trending", "--recent", "14", "--json").stdout)["tags"]
    assert told[0]["tag"] == "nearrising" and 0 < told[0]["trend"] < best.trend

    undated = write_posts(tmp_path / "p.jsonl", [{"tags": ["skate", "near"]}] * 9)
    other = Corpus.build(undated, tmp_path / "other")
    for arguments, code, message in (
        (["--trending", "--space", "output"], 2, "--trending orders the nearest of --space input, and 'output'"),
        (["--recent", "14"], 2, "--recent was given without --trending"),
        (["--trending", "--corpus", tmp_path / "other"], 1, "is not the corpus that the model was fitted on"),
    ):
        done = _related(tmp_path / "model", "skate", *arguments)
        assert done.returncode == code and message in done.stderr and "Traceback" not in done.stderr, done.stderr
    config, parents = space.config | {"corpus": str(tmp_path / "other")}, {"corpus": other.folder.digest}
    TagSpace(space.entries, space.inputs, space.outputs, config, parents).save(tmp_path / "model")
    done = _related(tmp_path / "model", "skate", "--trending")
    assert done.returncode == 1 and "This corpus has no dates" in done.stderr
