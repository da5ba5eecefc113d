"""Features folders: written by many processes, gone on with after a kill, fitted on without the clips."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from distributed import LocalCluster
from numpy.typing import NDArray

from benchmarks.fuzz import Colours
from tag2vec import TagSpace, VideoEmbedder, artifact
from tag2vec.embed.clips import Clip, any_clips, read_clips
from tag2vec.embed.features import Features
from tag2vec.embed.folder import Kept, extract_to
from tag2vec.embed.frames import Frames
from tag2vec.embed.gather import gather
from tag2vec.embed.limits import FrameLimits
from tag2vec.errors import ArtifactError, SourceError, UsageError
from tag2vec.evaluation.video import evaluate_video
from tests.clips import moving, write_clip
from tests.conftest import Home


@dataclass(frozen=True)
class Titled(Features):
    """How long the title is: nothing of the file is wanted."""

    dim: int = 1
    wants: ClassVar[frozenset[str]] = frozenset()

    def of(self, clip: Clip, seen: Frames) -> NDArray[np.float32]:
        return np.full((1, 1), len(clip.title or ""), np.float32)


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> list[Clip]:
    folder = tmp_path_factory.mktemp("clips")
    for i in range(6):
        write_clip(folder / f"{i}.mp4", moving(8 + i, 64, 64, seed=i))
    return [Clip(folder / f"{i}.mp4", ("yoyo",), str(i), "x" * i) for i in range(6)]


def _arrays(folder: Path) -> list[list[bytes]]:
    listed = artifact.read(folder / "list", "features")
    kept = Kept(folder, [line["keys"] for line in listed.lines("clips.jsonl") if "keys" in line])
    return [[array.tobytes() for array in kept[i]] for i in range(len(kept))]


def test_several_kinds_are_written_and_read_without_the_clips(clips: list[Clip], tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="not for a cluster"):
        extract_to(tmp_path / "f", clips, [Colours(), Titled()], dask="local:1")
    moved = [Clip(Path(shutil.copy(c.path, tmp_path / c.path.name)), c.tags, c.group, c.title) for c in clips]
    report = extract_to(tmp_path / "f", moved, [Colours(), Titled()], workers=0)
    assert (report.clips, report.known, report.failed, report.warnings) == (6, 0, {}, {})
    for clip in moved:
        clip.path.unlink()
    found = gather(tmp_path / "f", [Colours(), Titled()])
    assert [clip.title for clip in found.clips] == [clip.title for clip in clips]
    assert [a.shape for a in found.arrays[2]] == [(10, 3), (1, 1)] and found.arrays[2][1] == 2
    with pytest.raises(UsageError, match=r"features of fuzz:dim=3\+test_folder:dim=1; wanted traj"):
        gather(tmp_path / "f", "trajectories")
    with pytest.raises(UsageError, match=r"max_seconds=10.0, .*; wanted .* max_seconds=5,"):
        gather(tmp_path / "f", [Colours(), Titled()], FrameLimits(max_seconds=5))
    for path in (tmp_path / "f" / "arrays").rglob("*.safetensors"):
        path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(ArtifactError, match="Run the same extract again"):
        found.arrays[0]


def test_failures_are_listed_and_all_failing_is_an_error(clips: list[Clip], tmp_path: Path) -> None:
    (tmp_path / "bad.mp4").write_bytes(b"nothing")
    bad, absent = Clip.of(tmp_path / "bad.mp4"), Clip.of(tmp_path / "absent.mp4")
    report = extract_to(tmp_path / "f", [bad, *clips[:2], absent], Colours(), workers=2)
    assert list(report.failed) == [str(bad), str(absent)] and "no such file" in report.failed[str(absent)]
    found = gather(tmp_path / "f", Colours())
    assert len(found.clips) == 2 and [path for path, _ in found.failed] == [bad.path, absent.path]
    assert extract_to(tmp_path / "f", [bad, *clips[:3]], Colours(), workers=0).known == 2
    before = (tmp_path / "f" / "list" / "clips.jsonl").read_bytes()
    with pytest.raises(SourceError, match="None of the 2 clips could be used"):
        extract_to(tmp_path / "f", [bad, absent], Colours(), workers=0)
    assert (tmp_path / "f" / "list" / "clips.jsonl").read_bytes() == before
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ArtifactError, match="Could not write"):
        extract_to(tmp_path / "file" / "f", clips, Colours(), workers=0)


def test_one_vector_a_clip(clips: list[Clip], tmp_path: Path) -> None:
    kinds = [Colours(), Titled()]
    extract_to(tmp_path / "f", clips[:4], kinds, "fisher:components=2,reduce=1+mean", workers=0)
    first = gather(tmp_path / "f", kinds)
    assert first.poolings is not None and first.vectors().shape == (4, first.poolings.out_dim)
    np.testing.assert_allclose((first.vectors() ** 2).sum(axis=1).mean(), 2, rtol=1e-2)  # 1 a kind
    # More clips, and the same poolings: what they mean does not change.
    assert extract_to(tmp_path / "f", clips, kinds, "fisher:components=2,reduce=1+mean", workers=2).known == 4
    more = gather(tmp_path / "f", kinds)
    assert more.poolings is not None and more.poolings.same_as(first.poolings)
    np.testing.assert_array_equal(more.vectors()[:4], first.vectors())


def test_lists_folders_and_files_together(home: Home, tmp_path: Path) -> None:
    folder = home.folder / "clips"
    found = any_clips([folder / "yoyo" / "00.mp4", home.folder / "clips.csv", folder])
    assert found[0].tags == () and len({clip.path for clip in found}) == len(found) == 6 * 11
    assert {clip.tags for clip in any_clips([folder])} == {(path.name,) for path in folder.iterdir()}


def _run(home: Home, *arguments: str | Path, **settings: Any) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tag2vec", *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **settings)


def test_killed_at_any_moment_the_same_command_goes_on(home: Home, tmp_path: Path) -> None:
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    command = ("extract", home.folder / "clips" / "yoyo", "--workers", "2", "-o")
    killed = _run(home, *command, broken, start_new_session=True)
    while len(done := list((broken / "arrays").rglob("*.safetensors"))) < 3:
        assert killed.poll() is None
        time.sleep(0.02)
    os.killpg(killed.pid, signal.SIGKILL)
    killed.communicate()
    assert not (broken / "list").exists()
    before = {path: path.stat().st_mtime_ns for path in done}
    again = _run(home, *command, broken)
    out, err = again.communicate()
    assert again.returncode == 0 and out.strip() == str(broken), err
    assert "of them were there already" in err
    assert {path: path.stat().st_mtime_ns for path in done} == before
    assert _run(home, *command, whole).wait() == 0
    assert _arrays(broken) == _arrays(whole)
    for name in ("tag2vec.json", "clips.jsonl"):
        assert (broken / "list" / name).read_bytes() == (whole / "list" / name).read_bytes()
    assert not [path for path in broken.iterdir() if path.name not in ("arrays", "list")]


def test_a_model_of_a_features_folder_is_that_of_the_clips(home: Home, tmp_path: Path) -> None:
    clips, space = read_clips(home.folder / "clips.csv"), TagSpace.load(home.model)
    cache = tmp_path / "f" / "arrays"
    shutil.copytree(home.cache.folder, cache)
    assert extract_to(tmp_path / "f", clips).known == len(clips)
    video = VideoEmbedder.fit(space, tmp_path / "f")
    known = VideoEmbedder.load(home.model)
    np.testing.assert_array_equal(video.items, known.items)
    np.testing.assert_array_equal(video.learnt.vectors, known.learnt.vectors)
    # The same as vectors: the poolings are the model's own, so that they mean the same.
    extract_to(tmp_path / "f", clips, pooling="fisher")
    pooled = VideoEmbedder.fit(space, tmp_path / "f", epochs=1)
    assert pooled.config.pooling == ["fisher"] and pooled.poolings.same_as(known.poolings)
    assert evaluate_video(home.model, tmp_path / "f")["top1"] > 0.9
    assert evaluate_video(home.model, tmp_path / "f", folds=2, repeats=1)["clips"] == len(clips)
    with pytest.raises(UsageError, match="pooled by fisher; wanted mean"):
        VideoEmbedder.fit(space, tmp_path / "f", pooling="mean")
    extract_to(tmp_path / "f", clips, pooling="fisher:components=4")
    with pytest.raises(UsageError, match="other poolings made than the model's"):
        evaluate_video(home.model, tmp_path / "f")


def test_the_list_is_json_lines(clips: list[Clip], tmp_path: Path) -> None:
    extract_to(tmp_path / "f", clips[:1], Colours(), workers=0)
    (line,) = (tmp_path / "f" / "list" / "clips.jsonl").read_text().splitlines()
    facts = json.loads(line)
    assert facts | {"keys": 0} == {
        "path": str(clips[0].path), "tags": ["yoyo"], "group": "0", "title": "", "about": None, "keys": 0,
        "duration_s": pytest.approx(8 / 30), "warning": None,
    }  # fmt: skip


@dataclass(frozen=True)
class Slow(Colours):
    """Takes a while, so that there is a middle; says who computed it, and whether on a GPU's turn."""

    folder: str = ""
    gpu: ClassVar[bool] = True

    def __call__(self, frames: NDArray[np.uint8], fps: float) -> NDArray[np.float32]:
        Path(self.folder, str(time.time_ns())).write_text(str(os.getpid()))
        time.sleep(0.2)
        return super().__call__(frames, fps)


def test_a_cluster_gives_the_same_features_though_a_worker_is_killed(clips: list[Clip], tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    seen.mkdir()
    kind, reports = Slow(folder=str(seen)), []
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None, resources={"GPU": 1}) as workers:
        call = partial(extract_to, tmp_path / "there", clips, kind, dask=workers.scheduler_address)
        running = threading.Thread(target=lambda: reports.append(call()))
        running.start()
        while len(done := list(seen.iterdir())) < 3:
            assert running.is_alive()
            time.sleep(0.02)
        os.kill(int(done[-1].read_text()), signal.SIGKILL)
        running.join()
    assert reports[0].clips == 6 and not reports[0].failed
    extract_to(tmp_path / "here", clips, kind, workers=0)
    assert _arrays(tmp_path / "there") == _arrays(tmp_path / "here")
    assert (tmp_path / "there/list/tag2vec.json").read_bytes() == (tmp_path / "here/list/tag2vec.json").read_bytes()


@dataclass(frozen=True)
class Deadly(Colours):
    def __call__(self, frames: NDArray[np.uint8], fps: float) -> NDArray[np.float32]:
        if len(frames) == 9:
            os._exit(3)
        return super().__call__(frames, fps)


def test_a_clip_that_ends_the_workers_of_a_cluster_costs_itself_only(clips: list[Clip], tmp_path: Path) -> None:
    import dask

    with dask.config.set({"distributed.scheduler.allowed-failures": 0}):
        report = extract_to(tmp_path / "f", clips[:3], Deadly(), dask="local:1")
    assert list(report.failed) == [str(clips[1])] and "ended abruptly" in report.failed[str(clips[1])]
