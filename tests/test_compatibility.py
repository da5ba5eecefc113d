"""Folders that earlier versions wrote (tests/data/VERSION, see `tests.written`) are read and say what they said."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from packaging.version import Version

from tag2vec import Corpus, Suggester, TagSpace, VideoEmbedder, artifact
from tag2vec.embed.gather import gather
from tag2vec.errors import ArtifactError
from tag2vec.retrieval.clips import ClipIndex
from tag2vec.version import __version__
from tag2vec.web.study.store import Study
from tests.written import ANSWERS, GIVEN, answers

DATA = Path(__file__).parent / "data"
VERSIONS = sorted((path.name for path in DATA.iterdir()), key=Version)
OPENING: dict[str, Callable[[Path], object]] = {  # a folder as `tests.written` wrote it, by one of the kinds in it
    "corpus": lambda folder: Corpus.load(folder / "corpus"),
    "model/space": lambda folder: TagSpace.load(folder / "model"),
    "model/forms": lambda folder: Suggester.of_tags(folder / "model"),
    "model/trends": lambda folder: Suggester.of_tags(folder / "model"),
    "model/languages": lambda folder: Suggester.of_tags(folder / "model"),
    "model/video": lambda folder: VideoEmbedder.load(folder / "model", given=folder / GIVEN),
    "model/index": lambda folder: Suggester.load(folder / "model", given=folder / GIVEN),
    "found/exact": lambda folder: ClipIndex.load(
        folder / "found" / "exact", VideoEmbedder.load(folder / "model", given=folder / GIVEN)
    ),
    "features/list": lambda folder: gather(folder / "features"),
    "pooled/poolings": lambda folder: gather(folder / "pooled"),
    "study": lambda folder: Study(folder / "study"),
}


@pytest.mark.parametrize("version", VERSIONS)
def test_every_folder_says_what_it_said(version: str, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(DATA / version, tmp_path / "kept"))
    kept = json.loads((folder / ANSWERS).read_text(encoding="utf-8"))
    found = dict(_leaves(answers(folder)))
    for where, value in _leaves(kept):  # later versions may ask more
        said = found.get(where, "no answer")
        wanted = pytest.approx(value, rel=1e-3, abs=1e-4) if isinstance(value, float) else value
        assert said == wanted, f"{where}: {version} said {value}, {__version__} says {said}"


@pytest.mark.parametrize("kind", OPENING)
def test_a_newer_format_is_refused(kind: str, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(DATA / VERSIONS[-1], tmp_path / "kept"))
    manifest = folder / kind / artifact.MANIFEST
    newer = json.loads(manifest.read_text()) | {"format": artifact.FORMAT + 1, "version": "99.0"}
    manifest.write_text(json.dumps(newer))
    with pytest.raises(
        ArtifactError, match=rf"written by tag2vec 99\.0.*reads up to format {artifact.FORMAT}\. Update"
    ):
        OPENING[kind](folder)


def test_every_kind_of_folder_is_kept() -> None:
    kinds = json.loads((DATA / VERSIONS[-1] / ANSWERS).read_text(encoding="utf-8"))["kinds"]
    assert {kinds[one] for one in OPENING} == set(kinds.values())


def _leaves(value: Any, where: str = "") -> Iterator[tuple[str, Any]]:
    """Each number and word in nested lists and mappings, with where it stands."""
    if isinstance(value, dict | list):
        for key, one in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _leaves(one, f"{where}/{key}")
    else:
        yield where, value
