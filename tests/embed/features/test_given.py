"""Features that were computed elsewhere, in every format, and what is said of bad ones."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

from tag2vec import Suggester, VideoEmbedder
from tag2vec.embed.clips import Clip
from tag2vec.embed.features.given import Given
from tag2vec.embed.frames import Frames
from tag2vec.embed.kinds import kinds_of
from tag2vec.errors import ArtifactError, SourceError, UsageError
from tests.spaces import space

ROWS = {name: np.random.default_rng(i).normal(size=(i + 1, 3)).astype(np.float32) for i, name in enumerate("abc")}


def _folder(path: Path) -> Path:
    path.mkdir()
    np.save(path / "a.npy", ROWS["a"])
    np.savez(path / "b.npz", ROWS["b"])
    (path / "deep").mkdir()
    np.save(path / "deep" / "c.npy", ROWS["c"])
    return path


def _npz(path: Path) -> Path:
    np.savez(path.with_suffix(".npz"), **ROWS)
    return path.with_suffix(".npz")


def _csv(path: Path, header: str = "name,x,y,z\n") -> Path:
    lines = [",".join([name, *map(repr, row.tolist())]) for name, rows in ROWS.items() for row in rows]
    path.with_suffix(".csv").write_text(header + "\n".join(lines) + "\n")
    return path.with_suffix(".csv")


def _h5(path: Path) -> Path:
    with h5py.File(path.with_suffix(".h5"), "w") as file:
        for name, rows in ROWS.items():
            file["deep/c" if name == "c" else name] = rows
    return path.with_suffix(".h5")


def _of(features: Given, clip: str) -> np.ndarray:
    return features.of(Clip.of(clip), Frames.none())


@pytest.mark.parametrize("write", [_folder, _npz, _csv, lambda path: _csv(path, ""), _h5])
def test_every_format_gives_the_same(tmp_path: Path, write: Callable[[Path], Path]) -> None:
    (features,) = kinds_of(f"given:{write(tmp_path / 'given')}")
    assert isinstance(features, Given) and features.dim == 3 and features.blocks == {"all": 3}
    for name, rows in ROWS.items():
        for clip in (name, f"{name}.mp4", f"clips/deep/{name}.mp4", f"/far/away/deep/{name}"):
            if name != "c" or "deep" in clip or write in (_npz, _csv):
                np.testing.assert_array_equal(_of(features, clip), rows)
    with pytest.raises(SourceError, match="x.mp4: no features in .*wanted 'x' among its 3 names, of which 'a'"):
        _of(features, "x.mp4")


def test_longer_names_come_first(tmp_path: Path) -> None:
    np.savez(tmp_path / "g.npz", **{"one/a": ROWS["a"], "a": ROWS["b"], "a.mp4": ROWS["c"]})
    features = Given(str(tmp_path / "g.npz"))
    assert [len(_of(features, clip)) for clip in ("one/a.mp4", "two/a.mp4", "two/a.avi")] == [1, 3, 2]


@pytest.mark.parametrize("bad", [np.nan, np.inf, 1e300])
def test_numbers_that_are_none_are_named(tmp_path: Path, bad: float) -> None:
    folder = _folder(tmp_path / "given")
    np.save(folder / "b2.npy", np.array([[1.0, 2, 3], [4, bad, 6]]))
    with pytest.raises(SourceError, match=r"b2\.npy: row 1 holds a number that is not finite"):
        _of(Given(str(folder)), "b2")
    path = _csv(tmp_path / "t")
    path.write_text(path.read_text() + f"d,1,2,{bad}\n")
    with pytest.raises(SourceError, match=r"t\.csv:8: column 4 \(z\) holds"):
        Given(str(path))


@pytest.mark.parametrize(
    ("array", "said"),
    [
        (np.zeros((2, 4)), r"has 4 numbers a row; .* began with 3"),
        (np.zeros((2, 3, 3)), r"float64 of shape \(2, 3, 3\)"),
        (np.array([["a", "b", "c"]]), "wanted numbers"),
        (np.array([[{}, {}, {}]], object), "cannot be read as an array"),
    ],
)
def test_arrays_that_do_not_fit(tmp_path: Path, array: np.ndarray, said: str) -> None:
    folder = _folder(tmp_path / "given")
    np.save(folder / "z.npy", array, allow_pickle=True)
    with pytest.raises(SourceError, match=rf"z\.npy.*{said}"):
        _of(Given(str(folder)), "z")


def test_files_that_are_no_tables(tmp_path: Path) -> None:
    for name, content in (
        ("a.npz", b"PK no"),
        ("a.h5", b"no"),
        ("a.csv", b"a,1\nb\n"),
        ("a.csv", b""),
        ("a.txt", b"a"),
    ):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(SourceError, match=name):
            Given(str(tmp_path / name))
    cut = _folder(tmp_path / "given") / "a.npy"
    cut.write_bytes(cut.read_bytes()[:-5])
    with pytest.raises(SourceError, match=r"a\.npy cannot be read"):
        Given(str(cut.parent))
    with pytest.raises(SourceError, match="There is no"):
        Given(str(tmp_path / "absent"))
    with pytest.raises(UsageError, match="needs path"):
        kinds_of("given")


def test_other_files_of_hdf5_are_not_opened(tmp_path: Path) -> None:
    np.zeros(3, np.float32).tofile(tmp_path / "secret")
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("a", (3,), "f4", external=[(str(tmp_path / "secret"), 0, 12)])
    with pytest.raises(SourceError, match="another file, which is not opened"):
        Given(str(tmp_path / "a.h5"))


def test_poolings_that_are_trained_take_files_that_stay_open(tmp_path: Path) -> None:
    clips = [
        Clip(Path(f"{name}.mp4"), (tag,), name) for name, tag in zip("abc", ("skate", "beach", "new"), strict=True)
    ]
    given = f"given:{_npz(tmp_path / 'g')}"
    VideoEmbedder.fit(space(), clips, given, pooling="netvlad:clusters=2", recipe="groups", epochs=1)


def test_a_model_of_given_features_knows_its_own(tmp_path: Path) -> None:
    own = space()
    own.save(tmp_path / "model")
    draw = np.random.default_rng(0)
    rows = {f"{tag}{i}": draw.normal(tag == "skate", 0.1, (2, 3)) for i in range(6) for tag in ("skate", "beach")}
    np.savez(tmp_path / "old.npz", **rows)
    clips = [Clip(Path(f"{name}.mp4"), (name[:-1],), name) for name in rows]
    VideoEmbedder.fit(own, clips, f"given:{tmp_path / 'old.npz'}", patience=1, lr=0.02).save(tmp_path / "model")
    assert Suggester.load(tmp_path / "model").suggest("skate3.mp4")[0].tag == "skate"
    np.savez(tmp_path / "new.npz", unseen=np.ones((4, 3)))
    other = Suggester.load(tmp_path / "model", given=tmp_path / "new.npz")
    assert other.suggest("unseen")[0].tag == "skate"
    np.savez(tmp_path / "old.npz", **rows, more=np.ones(3))
    with pytest.raises(ArtifactError, match=r"old\.npz holds other features"):
        Suggester.load(tmp_path / "model")
