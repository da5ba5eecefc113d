"""Whatever the description of the API allows, and what it does not, gets an answer that it describes."""

from __future__ import annotations

from contextlib import nullcontext, suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable

from tests.conftest import Home
from tests.web.conftest import Server, started

schemathesis = pytest.importorskip("schemathesis")
checks = pytest.importorskip("schemathesis.specs.openapi.checks")
# Bytes that are no clip, and tags that a model lacks, are refused, though the description cannot tell them apart.
REFUSED = [checks.positive_data_acceptance]
QUICK = settings(
    max_examples=12, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)
SLOW = {"/v1/map"}  # seconds each


def _ask_everything(address: str) -> set[str]:
    schema = schemathesis.openapi.from_url(address + "/openapi.json")
    paths = set()
    for found in schema.get_all_operations():
        operation = found.ok()
        if operation.path in SLOW:
            continue
        for mode in schemathesis.GenerationMode:

            @QUICK
            @given(operation.as_strategy(generation_mode=mode))
            def ask(case: Any) -> None:
                case.call_and_validate(timeout=60, excluded_checks=REFUSED)

            with suppress(Unsatisfiable) if mode.is_negative else nullcontext():  # any text is a tag: none is wrong
                ask()
        paths.add(operation.path)
    return paths


def test_the_api_keeps_to_its_description(server: Server) -> None:
    assert {"/v1/suggest", "/v1/complete", "/v1/related/{tag}", "/v1/tags"} <= _ask_everything(server.address)


def test_the_study_keeps_to_its_description(home: Home, tmp_path: Path) -> None:
    from tag2vec.web.study.making import Settings, new_study

    new_study(tmp_path / "study", home.folder / "held_out.csv", {"ours": home.model}, Settings(5, per_class=1))
    with started("study", "serve", str(tmp_path / "study"), "--port", "0") as server:
        assert "/v1/raters/{key}/pages/{place}" in _ask_everything(server.address)
