"""What goes wrong outside of tag2vec is one sentence and an exit code."""

from __future__ import annotations

import errno
import re

import duckdb
import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from tag2vec.cli import _Group
from tag2vec.scraping.tally import disk_told

app = typer.Typer(cls=_Group, pretty_exceptions_enable=False)


@app.command()
def numpy() -> None:
    np.zeros(2**50)


@app.command()
def python() -> None:
    bytearray(2**62)


@app.command()
def database() -> None:
    with disk_told(), duckdb.connect(config={"memory_limit": "20MB", "temp_directory": ""}) as db:
        db.execute("SELECT r::VARCHAR, count(*) FROM range(3000000) t(r) GROUP BY ALL ORDER BY ALL").fetchall()


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("numpy", r"out of memory \(Unable to allocate"),
        ("python", r"out of memory\. Free some"),
        ("database", "Out of Memory Error.*What was finished is kept"),
    ],
)
def test_memory_that_is_used_up_is_a_sentence(command: str, said: str) -> None:
    done = CliRunner().invoke(app, [command])
    assert done.exit_code == 1
    assert done.stderr.startswith("tag2vec: ")
    assert done.stderr.count("\n") == 1
    assert re.search(said, done.stderr)


def test_errors_of_the_database_keep_their_kind() -> None:
    with pytest.raises(OSError, match="No space left") as caught, disk_told():
        raise duckdb.IOException("IO Error: Could not write file: No space left on device")
    assert caught.value.errno == errno.ENOSPC
    with pytest.raises(duckdb.CatalogException), disk_told(), duckdb.connect() as db:
        db.execute("SELECT * FROM nothing")
