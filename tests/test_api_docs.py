"""The reference (`make api`): everything public is told, and what docstrings name is there."""

from __future__ import annotations

import importlib
import inspect
import re
import runpy
import sys
import warnings
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

import pdoc
import pytest

import tag2vec
from tag2vec.artifact import MANIFEST

SCRIPT = Path(__file__).parent.parent / "docs" / "api.py"
PLUGINS = ("scraping/sources", "embed/features", "embed/pooling", "embed/heads", "retrieval/indexes")
Doc = pdoc.doc.Doc[Any]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("api")


@pytest.fixture(scope="module")
def told(folder: Path) -> dict[str, Doc]:
    """Modules, classes, functions, methods, properties and fields of the reference by their full names."""
    with warnings.catch_warnings(action="error"):
        modules = runpy.run_path(str(SCRIPT))["write"](folder)
    return {doc.fullname: doc for module in modules.values() for doc in _public(module)}


def _public(doc: pdoc.doc.Namespace[Any]) -> Iterator[Doc]:
    yield doc
    for one in doc.own_members:
        if isinstance(one, pdoc.doc.Class):
            yield from _public(one)
        elif not one.name.startswith("_") and not isinstance(one, pdoc.doc.Module):
            yield one


def test_everything_public_is_told(told: dict[str, Doc]) -> None:
    fields = {name for name, doc in told.items() if isinstance(doc, pdoc.doc.Variable)}
    properties = {
        f"{name}.{member}"
        for name, doc in told.items()
        if isinstance(doc, pdoc.doc.Class)
        for member in doc.members
        if isinstance(inspect.getattr_static(doc.obj, member, None), property | cached_property)
    }
    asked = (told.keys() - fields) | (told.keys() & properties)
    assert len(asked) > 150 and not (untold := [name for name in asked if not told[name].docstring]), untold


def test_what_docstrings_name_is_there(told: dict[str, Doc]) -> None:
    ours = [module for name, module in list(sys.modules.items()) if name.startswith("tag2vec")]
    classes = dict(one for module in ours for one in inspect.getmembers(module, inspect.isclass))
    named, missing = 0, []
    for where, doc in told.items():
        for name in re.findall(r"`(tag2vec(?:\.\w+)+)`", doc.docstring):
            named += 1
            missing += [] if name == MANIFEST or _resolves(name) else [(where, name)]
        for owner, member in re.findall(r"\b([A-Z]\w+)\.([a-z]\w+)\b", doc.docstring):
            named += 1
            fields = inspect.get_annotations(classes[owner]) if owner in classes else {}
            missing += [] if member in fields or hasattr(classes.get(owner), member) else [(where, f"{owner}.{member}")]
    assert named > 20 and not missing, missing


def test_every_name_has_its_place_on_the_pages(told: dict[str, Doc], folder: Path) -> None:
    page = (folder / "tag2vec.html").read_text(encoding="utf-8")
    names = [name.removeprefix("tag2vec.") for name in told if re.match(r"tag2vec\.([A-Z]|fit_model)", name)]
    assert set(tag2vec.__all__) - {"__version__"} <= set(names) and "TagSpace.related" in names
    for name in names:
        assert f'id="{name}"' in page, name
    for plugin in PLUGINS:
        assert f'href="tag2vec/{plugin}.html"' in page and (folder / "tag2vec" / f"{plugin}.html").is_file()


def _resolves(name: str) -> bool:
    try:
        importlib.import_module(name)
    except ImportError:
        module, _, last = name.rpartition(".")
        return hasattr(importlib.import_module(module), last)
    return True
