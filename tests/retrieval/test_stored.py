"""The index that a model keeps: built, opened, refused, removed, measured."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from tag2vec import Suggester, TagSpace, VideoEmbedder, artifact, plugins
from tag2vec.embed.zeroshot import class_items, zero_shot
from tag2vec.errors import ArtifactError, UsageError
from tag2vec.retrieval.asked import asked
from tag2vec.retrieval.choice import Wish
from tag2vec.retrieval.indexes import Index
from tag2vec.retrieval.stored import fit_index, load_index, remove_index
from tests.conftest import Home, Run
from tests.networks import write_labels, write_onnx


@pytest.fixture
def model(home: Home, tmp_path: Path) -> Path:
    """A model of one's own, to write into."""
    shutil.copytree(home.model, tmp_path / "model", ignore=shutil.ignore_patterns("index"))
    return tmp_path / "model"


def test_a_model_suggests_with_the_index_that_it_keeps(home: Home, model: Path, clip: Path, run: Run) -> None:
    before = Suggester.load(model, cache=home.cache).suggest(clip)
    code, out, err = run("fit-index", model, "--index", "ivf:lists=4,probes=4", "--recall", "0.9")
    assert (code, out) == (0, f"{model}\n") and "index: ivf," in err
    found = artifact.read(model / "index", "index")
    assert found.config["settings"] == {"lists": 4, "probes": 4, "recall": 0.9, "gpu": False}
    assert (
        found.parents == {kind: artifact.read(model / kind).digest for kind in ("space", "video")}
        and found.config["tuned_on"] == "training clips"
    )
    kept = Suggester.load(model, cache=home.cache)
    assert plugins.name_of(kept._index) == "ivf"
    after = kept.suggest(clip)
    assert [s.tag for s in after] == [s.tag for s in before]
    assert np.allclose([s.score for s in after], [s.score for s in before], atol=1e-4)
    assert plugins.name_of(Suggester.load(model, "exact", home.cache)._index) == "exact"


def test_an_index_without_the_index_of_its_lists_is_refused(model: Path) -> None:
    fit_index(model, "ivf")
    path = model / "index" / artifact.MANIFEST
    manifest = json.loads(path.read_text())
    manifest["files"] = {name: facts for name, facts in manifest["files"].items() if "/" not in name}
    path.write_text(json.dumps(manifest))
    shutil.rmtree(model / "index" / "lists")  # as earlier versions wrote it
    with pytest.raises(ArtifactError, match="does not hold what tag2vec writes"):
        Suggester.load(model)


def test_an_index_of_another_model_is_refused_by_both_checksums(home: Home, model: Path) -> None:
    fit_index(model)
    space = TagSpace.load(model)
    other = VideoEmbedder.fit(space, home.folder / "clips.csv", cache=home.cache, seed=2)
    other.save(model)
    named = artifact.read(model / "index").parents["video"]
    assert named != other.digest
    with pytest.raises(
        ArtifactError, match=f"names the video {named[:12]}, this one is {other.digest[:12]}.*fit-index"
    ):
        Suggester.load(model)
    assert plugins.name_of(Suggester(space, other, "flat")._index) == "flat"


def test_what_replaces_the_embedder_removes_the_index(home: Home, model: Path, run: Run) -> None:
    fit_index(model)
    code, _, err = run("fit-video", model, home.folder / "clips.csv", "--epochs", "1")
    assert code == 0 and "the index of the model is removed" in err and not (model / "index").exists()
    assert not remove_index(model)


def test_a_space_alone_keeps_an_index_for_networks_that_name_classes(home: Home, model: Path, tmp_path: Path) -> None:
    shutil.rmtree(model / "video")
    space = TagSpace.load(model)
    found = asked(model, home.folder / "corpus")
    assert found.source == "posts" and found.parents == {"space": space.digest}
    assert found.items.shape == class_items(space).shape and found.queries.shape[1] == found.items.shape[1]
    fit_index(model, "exact", corpus=home.folder / "corpus")

    network = write_onnx(tmp_path / "tiny.onnx")
    names = zero_shot(space, f"onnx:{network}", write_labels(tmp_path / "names.txt"))
    index = load_index(model, names)
    assert index is not None and len(index) == len(names.items) == len(space)
    assert load_index(model, VideoEmbedder.load(home.model)) is None  # it asks for something else
    with pytest.raises(ArtifactError):
        asked(model, home.folder / "nowhere")

    # Its corpus is gone, as for a model that came from elsewhere.
    TagSpace(space.entries, space.inputs, space.outputs, space.config | {"corpus": "/gone"}, bias=space.bias).save(
        model
    )
    drawn = asked(model)
    assert drawn.source == "tags drawn by their counts" and drawn.queries.shape[1] == found.queries.shape[1]
    np.testing.assert_array_equal(drawn.queries, asked(model).queries)


def test_what_cannot_be_built_says_why(model: Path, run: Run) -> None:
    code, _, err = run("fit-index", model, "--index", "hnsw", "--memory", "1K")
    assert code == 2 and "needs" in err and "there is 1.0 KB" in err
    code, _, err = run("fit-index", model, "--memory", "lots")
    assert code == 2 and "'lots' is no amount of memory" in err
    code, _, err = run("fit-index", model.parent)
    assert code == 1 and "not a tag2vec folder" in err
    (model / "index").mkdir()
    (model / "index" / "mine.txt").write_text("")
    with pytest.raises(ArtifactError, match="a index is not written over it"):
        fit_index(model)
    with pytest.raises(UsageError, match="recall is 0"):
        Wish(recall=0)


def test_every_index_is_measured_beside_exact_search(model: Path, run: Run) -> None:
    code, out, _ = run("evaluate", "index", model, "--json")
    assert code == 0
    report = json.loads(out)
    assert set(report["indexes"]) == set(plugins.names(Index)) and report["queries_from"] == "training clips"
    assert report["indexes"]["exact"]["recall"] == report["indexes"]["flat"]["recall"] == 1
    for row in report["indexes"].values():
        assert row["recall"] >= 0.9 and 0 < row["p50_ms"] <= row["p99_ms"] and row["disk_mb"] > 0 < row["memory_mb"]
    code, out, _ = run("evaluate", "index", model, "--index", "ivf:lists=2", "--index", "flat")
    assert code == 0 and [line.split("\t")[0] for line in out.splitlines()] == ["exact", "ivf:lists=2", "flat"]
    assert run("evaluate", "index", model, "--index", "ivv")[0] == 2
