"""Plugins are found by their file names."""

from __future__ import annotations

import pytest

from tag2vec import plugins
from tag2vec.embed.features import Features
from tag2vec.embed.heads import Head
from tag2vec.embed.pooling import Pooling
from tag2vec.errors import Tag2VecError, UnknownName, UsageError
from tag2vec.retrieval.indexes import Index
from tag2vec.scraping.sources import Source
from tag2vec.scraping.sources.csv import Csv

KINDS = [Source, Features, Pooling, Head, Index]


@pytest.mark.parametrize("base", KINDS)
def test_every_file_in_the_folder_is_one_plugin(base: type) -> None:
    names = plugins.names(base)
    assert names and all(not name.startswith("_") for name in names)
    for name in names:
        assert issubclass(plugins.get(base, name), base)
        assert plugins.get(base, name).__module__.rpartition(".")[2] == name


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(UnknownName, match="no indexes named 'exakt'. Did you mean 'exact'.*flat") as raised:
        plugins.get(Index, "exakt")
    assert isinstance(raised.value, LookupError) and isinstance(raised.value, Tag2VecError)


def test_unknown_settings_are_refused() -> None:
    with pytest.raises(UsageError, match="no setting delimeter.*delimiter"):
        plugins.make(Source, "csv", {"delimeter": ";"})
    made = plugins.make(Source, "csv", {"delimiter": ";"})
    assert isinstance(made, Csv) and made.delimiter == ";"


def test_the_first_setting_needs_no_name_and_is_read_as_named_ones_are() -> None:
    assert plugins.parse(Index, "ivf:64") == plugins.parse(Index, "ivf:lists=64") == ("ivf", {"lists": 64})
    assert plugins.parse(Index, "flat:false") == ("flat", {"gpu": False})
    assert plugins.parse(Features, "given:2026") == ("given", {"path": "2026"})


def test_an_entry_point_of_another_name_than_its_module_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plugins, "_theirs", lambda kind: {"colours": "my_package.plugins"})
    assert "colours" in plugins.names(Features)
    with pytest.raises(UsageError, match=r"'colours' of tag2vec.features leads to the module my_package.plugins"):
        plugins.get(Features, "colours")
