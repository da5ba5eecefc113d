"""The training loop: settings, checkpoints, several processes, and poolings that are trained."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tag2vec.embed.clips import Clip
from tag2vec.embed.limits import FrameLimits
from tag2vec.embed.losses import logged
from tag2vec.embed.pooled import Poolings
from tag2vec.embed.precision import highest
from tag2vec.embed.training import TrainConfig
from tag2vec.embed.video import VideoEmbedder
from tag2vec.errors import ArtifactError, MissingExtra, UsageError
from tests.spaces import TAGS, space

WIDE = 12
CLIPS = 60
KINDS = [0, 1, 2, 0] * 15
OFTEN = "from tag2vec.embed import checkpoint as kept\nkept.EVERY_S = 0\n"  # an epoch, not ten seconds
SCRIPT = """
import sys
from pathlib import Path
from tag2vec.embed import ranks
from tests.embed.test_training import fitted, save_state
with ranks.joined():
    video = fitted(Path(sys.argv[1]), checkpoint=sys.argv[3] or None, shards=2, epochs=int(sys.argv[4]))
    if ranks.first():
        save_state(video, Path(sys.argv[2]))
"""


def write(folder: Path) -> None:
    """Features of clips in which what a clip carries is told by one row, anywhere in it."""
    draw = np.random.default_rng(0)
    middles = 4 * draw.normal(size=(3, WIDE))
    folder.mkdir()
    for i in range(CLIPS):
        rows = draw.normal(size=(int(draw.integers(4, 9)), WIDE))
        rows[draw.integers(len(rows))] += middles[KINDS[i]]
        np.save(folder / f"c{i}.npy", rows.astype(np.float32))


def clips() -> list[Clip]:
    return [Clip(Path(f"c{i}.mp4"), (TAGS[KINDS[i]],), str(i)) for i in range(CLIPS)]


def fitted(folder: Path, pooling: str = "netvlad:clusters=3", **settings: Any) -> VideoEmbedder:
    return VideoEmbedder.fit(space(), clips(), f"given:{folder}", pooling=pooling, workers=0, **settings)


def save_state(video: VideoEmbedder, path: Path) -> None:
    state = {**video.poolings.state_dict(), **video.head.state_dict()}
    np.savez(path, **{name: value.numpy() for name, value in state.items()})


def _state(video: VideoEmbedder) -> dict[str, torch.Tensor]:
    return {**video.poolings.state_dict(), **video.head.state_dict()}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("training") / "given"
    write(folder)
    return folder


def test_a_pooling_learns_from_tags(folder: Path) -> None:
    video = fitted(folder)
    untrained = Poolings(video.kinds, "netvlad:clusters=3")
    trained = dict(video.poolings.named_parameters())
    assert trained and any(not torch.equal(one, trained[name]) for name, one in untrained.named_parameters())
    right = 0
    for i in range(CLIPS):
        place = video.place([np.load(folder / f"c{i}.npy")])
        _, rows = video.best(place, video.items @ place.query, np.arange(len(video.items)))
        right += video.space.forms[rows[0]] == TAGS[KINDS[i]]
    assert right > 0.9 * CLIPS


def test_it_is_the_same_when_opened_again(folder: Path, tmp_path: Path) -> None:
    tags = space()
    tags.save(tmp_path)
    video = VideoEmbedder.fit(tags, clips(), f"given:{folder}", pooling="gru:units=4", epochs=2, workers=0)
    video.save(tmp_path)
    again = VideoEmbedder.load(tmp_path)
    rows = [np.load(folder / "c0.npy")]
    np.testing.assert_array_equal(video.place(rows).direct, again.place(rows).direct)
    np.testing.assert_array_equal(video.items, again.items)


def test_forms_in_which_clips_carry_known_tags_count_when_it_is_opened_again(folder: Path, tmp_path: Path) -> None:
    tags = space()
    tags.save(tmp_path)
    named = [replace(clip, tags=("LongIsland",)) if clip.tags == ("skate",) else clip for clip in clips()]
    video = VideoEmbedder.fit(tags, named, f"given:{folder}", epochs=1, workers=0)
    video.save(tmp_path)
    again = VideoEmbedder.load(tmp_path)
    assert video.space.forms == again.space.forms == ["skate", "newyork", "beach", "new", "LongIsland"]
    assert again.space.inputs is again.base.inputs


def test_the_same_seed_gives_the_same_bytes(folder: Path) -> None:
    one, same, other = (fitted(folder, epochs=2, seed=seed) for seed in (1, 1, 2))
    assert all(torch.equal(value, _state(same)[name]) for name, value in _state(one).items())
    assert any(not torch.equal(value, _state(other)[name]) for name, value in _state(one).items())


def test_a_killed_run_goes_on_where_it_was(folder: Path, tmp_path: Path) -> None:
    whole = fitted(folder, shards=2, epochs=30)
    checkpoint = tmp_path / "training"
    command = [sys.executable, "-c", OFTEN + SCRIPT, str(folder), str(tmp_path / "out.npz"), str(checkpoint), "30"]
    child = subprocess.Popen(command)
    wait = time.monotonic() + 120
    while not (checkpoint / "held-out-1.safetensors").is_file() and time.monotonic() < wait:
        assert child.poll() is None
        time.sleep(0.005)
    child.send_signal(signal.SIGKILL)
    child.wait()
    assert not (tmp_path / "out.npz").exists()
    ticks: list[Any] = []
    again = fitted(folder, shards=2, epochs=30, checkpoint=checkpoint, epoch_tick=lambda *told: ticks.append(told))
    assert again.learnt.curve == whole.learnt.curve
    assert all(torch.equal(value, _state(again)[name]) for name, value in _state(whole).items())
    every: list[Any] = []
    fitted(folder, shards=2, epochs=30, epoch_tick=lambda *told: every.append(told))
    assert 0 < len(ticks) < len(every)  # what was done was not done again


def test_a_checkpoint_of_another_run_is_not_used(folder: Path, tmp_path: Path) -> None:
    fitted(folder, epochs=2, checkpoint=tmp_path / "t")
    ticks: list[Any] = []
    fitted(folder, epochs=2, lr=0.01, checkpoint=tmp_path / "t", epoch_tick=lambda *told: ticks.append(told))
    assert len(ticks) == 4 * 2
    (tmp_path / "t" / "all.safetensors").write_bytes(b"cut off")
    fitted(folder, epochs=2, lr=0.01, checkpoint=tmp_path / "t", epoch_tick=lambda *told: ticks.append(told))
    assert len(ticks) == 4 * 2 + 2  # the damaged part alone was done again


def test_a_checkpoint_of_other_features_or_another_space_is_not_used(folder: Path, tmp_path: Path) -> None:
    """What a pooling that is trained was shown is not in its settings, and clips keep their names."""
    write(tmp_path / "other")
    ticks: list[Any] = []
    fitted(folder, epochs=2, checkpoint=tmp_path / "t", epoch_tick=lambda *told: ticks.append(told))
    fitted(tmp_path / "other", epochs=2, checkpoint=tmp_path / "t", epoch_tick=lambda *told: ticks.append(told))
    assert len(ticks) == 2 * 4 * 2
    tags, one = space(), FrameLimits(start_s=1.0)
    tags.save(tmp_path / "model")
    for number, (where, limits) in enumerate([(tags, None), (tags, None), (tags, one), (space(), one)]):
        del ticks[:]
        VideoEmbedder.fit(
            where,
            clips(),
            f"given:{folder}",
            pooling="netvlad:clusters=3",
            limits=limits,
            workers=0,
            epochs=2,
            checkpoint=tmp_path / "t",
            epoch_tick=lambda *told: ticks.append(told),
        )
        assert len(ticks) == (0 if number == 1 else 4 * 2)


def test_two_processes_train_as_one(folder: Path, tmp_path: Path) -> None:
    run = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2"]
    script = tmp_path / "train.py"
    script.write_text(SCRIPT)
    out = tmp_path / "out.npz"
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2]), "OMP_NUM_THREADS": "1"}
    subprocess.run([*run, str(script), str(folder), str(out), "", "4"], check=True, env=environment, timeout=300)
    together, alone = np.load(out), _state(fitted(folder, shards=2, epochs=4))
    for name, value in alone.items():
        np.testing.assert_allclose(together[name], value.numpy(), atol=1e-4, err_msg=name)


def test_losses_are_there_for_tensorboard_while_training_lasts(folder: Path, tmp_path: Path) -> None:
    events = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")

    def kept() -> dict[str, dict[int, float]]:
        found = events.EventAccumulator(str(tmp_path / "log"))
        found.Reload()
        return {name: {e.step: e.value for e in found.Scalars(name)} for name in found.Tags()["scalars"]}

    told: list[tuple[str, dict[str, Any]]] = []
    with logged(tmp_path / "log") as log:

        def tick(part: str, line: dict[str, Any]) -> None:
            log(part, line)
            told.append((part, dict(line)))
            if len(told) == 2:
                assert [*map(len, kept().values())] == [2, 2]  # not only at the end

        fitted(folder, epochs=2, epoch_tick=tick)
    parts = ["held-out-0", "held-out-1", "held-out-2"]
    assert set(kept()) == {f"{name}/{part}" for part in parts for name in ("train", "held_out")} | {"train/all"}
    assert len(told) == 2 * 4
    for part, line in told:
        for name in line.keys() - {"epoch"}:
            assert kept()[f"{name}/{part}"][line["epoch"]] == pytest.approx(line[name])


def test_a_folder_for_losses_is_refused_before_the_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("tensorboard")
    (tmp_path / "file").touch()
    with pytest.raises(ArtifactError, match="Could not write the losses into"), logged(tmp_path / "file"):
        pass
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    with pytest.raises(MissingExtra, match=r"tag2vec\[tensorboard\]"), logged(tmp_path / "log"):
        pass


@pytest.mark.parametrize(
    "settings",
    [
        {"schedule": "cosine"},
        {"schedule": "exponential", "optimizer": "adam"},
        {"balance": "weights"},
        {"balance": "sampling"},
        {"precision": "bfloat16"},
        {"frames": 2},
        {"batch": 7, "shards": 3},
    ],
)
def test_settings_change_what_is_learnt(folder: Path, settings: dict[str, Any]) -> None:
    plain, other = fitted(folder, epochs=3), fitted(folder, epochs=3, **settings)
    assert all(np.isfinite(line["held_out"]) for line in other.learnt.curve)
    assert any(not torch.equal(value, _state(other)[name]) for name, value in _state(plain).items())


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"optimizer": "sgd"}, "wanted adamw or adam"),
        ({"schedule": "step"}, "wanted constant or cosine or exponential"),
        ({"lr": 0.0}, "lr is 0.0; wanted a number above 0"),
        ({"epochs": 0}, "epochs is 0"),
        ({"frames": float("nan")}, "frames is nan"),
    ],
)
def test_wrong_settings_are_told(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        TrainConfig(**settings)


def test_probabilities_are_judged_by_clips_of_new_words_too(folder: Path) -> None:
    """A tag of one group only is not learnt when that is held out; leaving such clips out would promise too much."""
    count = 4 * CLIPS
    seen = torch.from_numpy(np.random.default_rng(0).normal(size=(count, WIDE)).astype(np.float32))
    alone = [Clip(Path(f"c{i}.mp4"), (f"own{i}",) if i % 2 else (TAGS[0],), str(i)) for i in range(count)]
    poolings = Poolings(fitted(folder, pooling="mean", epochs=1).kinds, "mean")
    video = VideoEmbedder.fit_seen(space(), alone, seen, poolings, "sigmoid", None, TrainConfig(epochs=5))
    assert 0.35 < highest(video.thresholds) < 0.7  # TAGS[0] is right for half of the clips, no other is ever right
