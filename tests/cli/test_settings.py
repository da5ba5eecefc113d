"""What commands take from their parameters by name: each is a setting, with the default that the setting has."""

from __future__ import annotations

from dataclasses import MISSING, fields

import pytest
import typer

from tag2vec.cli import with_commands
from tag2vec.embed.skipgram import SpaceConfig
from tag2vec.embed.training import TrainConfig
from tag2vec.retrieval.wanted import Wanted
from tag2vec.scraping.clean import Cleaning
from tag2vec.scraping.collect import Asking

OWN = {
    "fit-embedding": {"corpus", "out", "update", "clips"},
    "fit-video": {"model", "clips", "features", "flow", "pooling", "recipe", "workers", "tensorboard"},
    "suggest": {
        "model", "clips", "like", "fps", "title", "given", "max_size", "allow", "as_json", "as_csv", "sidecar",
        "segments", "index", "workers", "cache", "zero_shot", "labels",
    },
    "build-corpus": {
        "sources", "out", "update", "stemmer", "dask", "strict", "query", "queries", "common_words", "words_language",
        "allow", "language", "columns", "delimiter", "separator",
    },
}  # fmt: skip


@pytest.mark.parametrize(
    ("command", "kinds"),
    [
        ("fit-embedding", [SpaceConfig]),
        ("fit-video", [TrainConfig]),
        ("suggest", [Wanted]),
        ("build-corpus", [Cleaning, Asking]),
    ],
)
def test_every_other_parameter_is_a_setting_with_its_default(command: str, kinds: list[type]) -> None:
    settings = {one.name: one.default for kind in kinds for one in fields(kind)}
    params = typer.main.get_command(with_commands()).commands[command].params  # type: ignore[attr-defined]
    for param in params:
        if param.name not in OWN[command] | {"help"}:
            assert settings[param.name] is not MISSING
            assert (param.default or None) == (settings[param.name] or None), param.name
