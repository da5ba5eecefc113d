"""What several tests share: a model fitted on a few categories of the demo, made once a run."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from filelock import FileLock

from tag2vec import Corpus, TagSpace, VideoEmbedder
from tag2vec.cli import main
from tag2vec.demo import write_demo
from tag2vec.embed.extract import Cache
from tag2vec.retrieval.suggest import Suggester

CATEGORIES = ("basketball", "biking", "hulahoop", "juggling", "piano", "yoyo")


Run = Callable[..., tuple[object, str, str]]


@dataclass(frozen=True)
class Home:
    """A working folder with posts.jsonl, clips.csv, held_out.csv, corpus/, model/ and the cache of features."""

    folder: Path
    cache: Cache

    @property
    def model(self) -> Path:
        return self.folder / "model"


def bare(cache: Cache) -> dict[str, str]:
    """The environment of a command that is to do without anything of the user's; `make coverage` counts it still."""
    counted = {name: value for name, value in os.environ.items() if name.startswith("COVERAGE_")}
    return {"TAG2VEC_CACHE": str(cache.folder), "PATH": "", **counted}


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Made once a run: with several test processes the first makes it and the others wait for it."""
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    made = Home(shared / "home", Cache(shared / "home" / "features"))
    with FileLock(shared / "home.lock"):
        if not (made.model / "video").is_dir():
            _make(made)
    return made


def _make(home: Home) -> None:
    folder = home.folder
    write_demo(folder, clips_per_category=9, held_out_per_category=2, posts_per_category=60, only=CATEGORIES)
    space = TagSpace.fit(Corpus.build(folder / "posts.jsonl", folder / "corpus"))
    space.save(folder / "model")
    VideoEmbedder.fit(space, folder / "clips.csv", cache=home.cache).save(folder / "model")


@pytest.fixture(autouse=True, scope="session")
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Tests neither read nor fill the cache of whoever runs them."""
    os.environ["TAG2VEC_CACHE"] = str(tmp_path_factory.mktemp("cache"))
    yield
    del os.environ["TAG2VEC_CACHE"]


@pytest.fixture
def shared_data() -> Path:
    """The folder of real data named by TAG2VEC_DATA; tests that want it are skipped where it is not there."""
    folder = Path(os.environ.get("TAG2VEC_DATA", "/nonexistent"))
    if not folder.is_dir():
        pytest.skip("TAG2VEC_DATA names no folder of real data")
    return folder


@pytest.fixture(scope="module")
def suggester(home: Home) -> Suggester:
    return Suggester.load(home.model, cache=home.cache)


@pytest.fixture(scope="module")
def clip(home: Home) -> Path:
    return home.folder / "clips" / "yoyo" / "09.mp4"


@pytest.fixture
def run(home: Home, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs `tag2vec ARGUMENTS...` in this process: its exit code, standard output and standard error."""
    monkeypatch.setenv("TAG2VEC_CACHE", str(home.cache.folder))

    def command(*arguments: object) -> tuple[object, str, str]:
        monkeypatch.setattr(sys, "argv", ["tag2vec", *map(str, arguments)])
        with pytest.raises(SystemExit) as end:
            main()
        said = capsys.readouterr()
        return end.value.code, said.out, said.err

    return command
