"""A server of its own for these tests: `tag2vec serve` in a process, on a free port of this machine."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest
import requests

from tag2vec import Corpus, TagSpace
from tag2vec.embed.known import Known
from tests.conftest import Home

TOKEN = "a-token-for-tests"
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
WAIT_MS = 300_000  # nothing here is about speed, and other tests run beside it


class Server:
    def __init__(self, process: subprocess.Popen[str], address: str) -> None:
        self.process = process
        self.address = address

    def get(self, path: str, **more: Any) -> requests.Response:
        return requests.get(self.address + path, timeout=60, **more)

    def post(self, path: str, **more: Any) -> requests.Response:
        return requests.post(self.address + path, timeout=60, **more)

    def put(self, path: str, **more: Any) -> requests.Response:
        return requests.put(self.address + path, timeout=60, **more)

    def suggest(self, clip: Path, name: str | None = None, **wanted: Any) -> requests.Response:
        with clip.open("rb") as file:
            return self.post("/v1/suggest", files={"clip": (name or clip.name, file)}, data=wanted)

    def workers(self) -> list[psutil.Process]:
        """The processes that were forked from the one that opened the model."""
        (template,) = psutil.Process(self.process.pid).children()
        return sorted(template.children(), key=lambda one: one.pid)


@contextmanager
def serving(model: Path, *options: str, token: str | None = None) -> Iterator[Server]:
    with started("serve", str(model), "--port", "0", *options, token=token) as server:
        yield server


@contextmanager
def started(*command: str, token: str | None = None) -> Iterator[Server]:
    """A command of ours that listens until it is interrupted."""
    surroundings = os.environ | ({"TAG2VEC_TOKEN": token} if token else {})
    whole = [sys.executable, "-m", "tag2vec", *command]
    process = subprocess.Popen(whole, stderr=subprocess.PIPE, text=True, env=surroundings)
    assert process.stderr is not None
    try:
        line = process.stderr.readline()
        assert "is served at http://127.0.0.1:" in line, line + process.stderr.read()
        yield Server(process, line.partition("served at ")[2].split()[0].rstrip("/"))
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=60)
        process.stderr.close()


@pytest.fixture(scope="module")
def server(home: Home) -> Iterator[Server]:
    with serving(home.model, "--workers", "2", "--queue", "2", "--max-size", "5M") as found:
        yield found


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    sync_api = pytest.importorskip("playwright.sync_api")
    with sync_api.sync_playwright() as playing:
        found = playing.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield found
        found.close()


@pytest.fixture(scope="module")
def dated(home: Home, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server whose model knows how its tags rise and fall."""
    model = Path(shutil.copytree(home.model, tmp_path_factory.mktemp("dated") / "model"))
    space = TagSpace.load(model)
    Known.fit(Corpus.load(home.folder / "corpus"), space).save(model, space)
    with serving(model, "--workers", "1") as found:
        yield found
