"""The synthetic demo: the same seed gives the same bits, every category is there, a killed run goes on."""

from __future__ import annotations

import csv
import json
import re
from collections import Counter
from datetime import date
from itertools import pairwise
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from tag2vec.demo import write_demo
from tag2vec.demo.motions import MOTIONS
from tag2vec.demo.posts import categories, general_tags, posts, write_posts
from tag2vec.demo.render import FPS, FRAMES, HEIGHT, WIDTH, render
from tag2vec.errors import ArtifactError, UnknownName, UsageError
from tag2vec.scraping.normalise import Stems

SEED_T = [
    "baseball", "basketball", "benchpress", "biking", "billiards", "boxing", "breaststroke",
    "diving", "drumming", "fencing", "golf", "highjump", "horseriding", "hulahoop", "juggling",
    "kayaking", "lunges", "nunchucks", "piano", "polevault", "pushups", "salsa", "skateboarding",
    "skiing", "soccer", "swing", "tennis", "volleyball", "yoyo",
]  # fmt: skip

STEMS = Stems("english")


def stems_of(post: dict) -> set[str]:
    inline = re.findall(r"#(\w+)", f"{post.get('title', '')} {post.get('text', '')}")
    return {STEMS.stem(tag) for tag in [*post["tags"], *inline]}


def decoded(path: Path) -> np.ndarray:
    with av.open(str(path)) as container:
        return np.stack([frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)])


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One training clip of each category; clips are what takes time."""
    return write_demo(tmp_path_factory.mktemp("demo"), 3, 1, 0, 5)


@pytest.fixture
def two_categories(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tag2vec.demo.write.categories", lambda: categories()[:2])


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_categories_are_those_of_seed_t_and_each_has_a_motion() -> None:
    assert [category.name for category in categories()] == SEED_T == sorted(MOTIONS)


def test_tags_belong_to_few_categories_and_variants_share_the_stem() -> None:
    owners = Counter(stem for c in categories() for stem in {STEMS.stem(tag) for tag in c.tags})
    for category in categories():
        stems = [STEMS.stem(tag) for tag in category.tags]
        assert 12 <= len(set(stems)) == len(stems) <= 16
        assert stems[0] == STEMS.stem(category.name)
        assert sum(owners[stem] > 1 for stem in stems) <= 2
        assert set(category.variants) <= {tag.casefold() for tag in category.tags}
        for tag, forms in category.variants.items():
            assert {STEMS.stem(form) for form in forms} == {STEMS.stem(tag)}
    assert not owners.keys() & {STEMS.stem(tag) for tag in general_tags()}


def test_posts_are_in_the_documented_format() -> None:
    found = list(posts(5, 20))
    assert len(found) == 20 * len(SEED_T) == len({post["id"] for post in found})
    assert found == list(posts(5, 20)) != list(posts(6, 20))
    for post in found:
        assert {"id", "tags", "author", "date", "source"} <= post.keys()
        assert post.keys() <= {"id", "tags", "author", "date", "source", "text", "title"}
        assert post["source"] == "demo" and date.fromisoformat(post["date"])
        assert post["tags"] and all(tag and not tag.isdigit() for tag in post["tags"])
        assert len(stems_of(post)) >= 3
    assert any("#" in post.get("text", "") for post in found)


def test_every_tag_is_well_represented_and_popularity_has_a_tail() -> None:
    counts = Counter(stem for post in posts(1, 120) for stem in stems_of(post))
    for category in categories():
        of_category = [counts[STEMS.stem(tag)] for tag in category.tags]
        assert min(of_category) >= 20
        assert max(of_category) > 3 * min(of_category)
    forms = {form for post in posts(1, 60) for form in post["tags"] if STEMS.stem(form) == "skateboard"}
    assert {"Skateboarding", "skateboarding"} < forms


def test_same_seed_same_frames() -> None:
    first = render("juggling", 4)
    assert first.shape == (FRAMES, HEIGHT, WIDTH, 3) and first.dtype == np.uint8
    assert np.array_equal(first, render("juggling", 4))
    assert not np.array_equal(first, render("juggling", 5))


def test_two_categories_move_differently() -> None:
    """A bar goes up and down, a cyclist rides sideways, whatever the scene looks like."""

    def upright(category: str, seed: int) -> float:
        gray = [cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) for frame in render(category, seed)[::2]]
        dis = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST)
        flow = np.stack([dis.calc(a, b, None) for a, b in pairwise(gray)])
        fast = np.hypot(flow[..., 0], flow[..., 1]) > 2.5
        return float(np.abs(flow[fast][:, 1]).sum() / np.abs(flow[fast]).sum())

    for seed in range(3):
        assert upright("benchpress", seed) > 0.6 > 0.4 > upright("biking", seed)


def test_unknown_category() -> None:
    with pytest.raises(UnknownName, match="skateboarding"):
        render("skatebording", 1)


def test_folder_lists_every_clip_and_all_decode(demo: Path) -> None:
    train = rows(demo / "clips.csv")
    assert [row["path"] for row in train] == [f"clips/{name}/00.mp4" for name in SEED_T]
    assert len(list(demo.rglob("*.mp4"))) == len(SEED_T) and not list(demo.rglob("*.part"))
    for category, row in zip(categories(), train, strict=True):
        tags = row["tags"].split()
        assert tags[0] == category.tags[0] and 2 <= len(tags) <= 4 and set(tags) <= set(category.tags)
        assert category.name not in row["title"].lower() and row["group"] == f"{category.name}/00"
        assert decoded(demo / row["path"]).shape == (FRAMES, HEIGHT, WIDTH, 3)
        assert (demo / row["path"]).stat().st_size < 80_000
    assert "synthetic" in (demo / "README.txt").read_text()
    assert len((demo / "posts.jsonl").read_text().splitlines()) == 5 * len(SEED_T)


def test_clip_shows_what_was_rendered_at_its_rate(demo: Path) -> None:
    shown, drawn = decoded(demo / "clips/swing/00.mp4"), render("swing", 3000)
    assert np.abs(shown.astype(int) - drawn).mean() < 8
    with av.open(str(demo / "clips/swing/00.mp4")) as container:
        assert container.streams.video[0].average_rate == FPS


@pytest.mark.usefixtures("two_categories")
def test_held_out_clips_are_others(tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    write_demo(tmp_path, 1, 1, 1, 5, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(1, 4), (2, 4), (3, 4), (4, 4)]
    names = [[row["group"] for row in rows(tmp_path / name)] for name in ("clips.csv", "held_out.csv")]
    assert names == [["baseball/00", "basketball/00"], ["baseball/01", "basketball/01"]]
    assert len({path.read_bytes() for path in tmp_path.rglob("*.mp4")}) == 4


@pytest.mark.usefixtures("two_categories")
def test_killed_run_goes_on(tmp_path: Path) -> None:
    """Complete clips stay untouched; missing and cut ones come back with the same bytes."""
    write_demo(tmp_path, 1, 2, 0, 5)
    every = {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()}
    kept, cut, gone, _ = sorted(tmp_path.rglob("*.mp4"))
    cut.write_bytes(every[cut][:3000])
    gone.unlink()
    gone.with_suffix(".part").write_bytes(b"half")
    (tmp_path / "clips.csv").unlink()
    before = kept.stat().st_mtime_ns
    write_demo(tmp_path, 1, 2, 0, 5)
    assert kept.stat().st_mtime_ns == before
    assert {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()} == every


@pytest.mark.usefixtures("two_categories")
def test_other_seed_replaces_the_clips(tmp_path: Path) -> None:
    first = write_demo(tmp_path, 1, 1, 0, 1) / "clips/baseball/00.mp4"
    old = first.read_bytes()
    write_demo(tmp_path, 2, 1, 0, 1)
    assert first.read_bytes() != old


def test_refuses_what_it_cannot_do(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="seed -1"):
        write_demo(tmp_path, -1)
    (tmp_path / "file").touch()
    with pytest.raises(ArtifactError, match="Choose another"):
        write_demo(tmp_path / "file")


def test_sample_posts_are_what_the_generator_writes(tmp_path: Path) -> None:
    sample = Path(__file__).parents[2] / "data" / "posts.jsonl"
    lines = sample.read_text(encoding="utf-8").splitlines()
    assert len(lines) == 1500 and sample.stat().st_size < 400_000
    write_posts(tmp_path / "posts.jsonl", list(posts(7, 52))[:1500])
    assert (tmp_path / "posts.jsonl").read_text(encoding="utf-8").splitlines() == lines
    assert json.loads(lines[0])["source"] == "demo"
