"""Whatever stands in a file, its source gives posts that can be written, skips, or raises a SourceError."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tag2vec import plugins
from tag2vec.errors import SourceError
from tag2vec.scraping.post import Post
from tag2vec.scraping.sources import Source
from tag2vec.scraping.sources._json import JsonFile
from tests.scraping.importing import read, written
from tests.scraping.test_importers import INFO, VIDEO, VINE

SOURCES = {name: plugins.get(Source, name) for name in plugins.names(Source)}
# Of each source of files the first and the last ending: one as it is, and mostly one of packed files.
FILES = [
    (name, f"posts_1{suffix}")
    for name, source in SOURCES.items()
    for suffix in dict.fromkeys(source.suffixes[:1] + source.suffixes[-1:])
]
JSON = [name for name, source in SOURCES.items() if issubclass(source, JsonFile)]
FIELDS = sorted({*INFO, *VIDEO, *VINE, "_type", "entries", "data", "videos", "records", "media", "uri", "ig_stories",
                 "creation_timestamp", "type", "link"})  # fmt: skip
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
VALUES = st.recursive(
    SCALARS | st.sampled_from(["tag", "20260101", "vine://tag/%ff"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(FIELDS), inner, max_size=6),
    max_leaves=25,
)
RELAXED = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def _survives(name: str, path: Path, content: Any) -> None:
    """Reading gives posts that can be written, or a SourceError."""
    try:
        posts, _ = read(name, written(path, content))
    except SourceError:
        return
    assert msgspec.json.decode(msgspec.json.encode(posts), type=list[Post]) == posts


@pytest.mark.parametrize("name", JSON)
@RELAXED
@given(value=VALUES)
def test_any_json_is_survived(tmp_path: Path, name: str, value: Any) -> None:
    _survives(name, tmp_path / "a.json", value)


@pytest.mark.parametrize("name", JSON)
@RELAXED
@given(records=st.lists(SCALARS | st.dictionaries(st.sampled_from([*INFO, *VIDEO, *VINE]), SCALARS, max_size=4)))
def test_every_record_is_a_post_or_skipped(tmp_path: Path, name: str, records: list[Any]) -> None:
    posts, skipped = read(name, written(tmp_path / "a.json", records))
    assert len(posts) + len(skipped) == len(records)


SCRAPS = [b"<a href='/tags/x'>", b"<![CDATA[", b"<?xml?>", b"<!", b"tags,id\n", b'"', b"\n", b"\r", b"|", b"PAR1",
          b'{"id":"1","title":"', b'"}', b"[", b"]", b"&#xd800;", b"\\ud800"]  # fmt: skip


@pytest.mark.parametrize(("name", "file"), FILES)
@RELAXED
@given(content=st.lists(st.binary(max_size=20) | st.sampled_from(SCRAPS), max_size=12).map(b"".join))
def test_any_bytes_are_survived(tmp_path: Path, name: str, file: str, content: bytes) -> None:
    path = tmp_path / file
    _survives(name, path, content)
    path.write_bytes(content)  # as it is: what claims to be packed may not be
    SOURCES[name].reads(path)
    try:
        read(name, path)
    except SourceError as error:
        assert str(error)
