"""Pictures and pages: the same bytes each time, every script, nothing a tag can break."""

from __future__ import annotations

import re
import subprocess
import sys
import warnings
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest

from tag2vec.embed.explore import Neighbours, TagMap, neighbours, tag_map
from tag2vec.embed.lookup import Found
from tag2vec.embed.space import Related, TagSpace
from tag2vec.errors import ArtifactError, MissingExtra, UsageError
from tag2vec.evaluation.plots import check_output, map_html, map_png, table_html, wordclouds
from tag2vec.files import write_whole
from tests.conftest import Home

SCRIPTS = [
    "kickflip",
    "été",
    "скейтборд",
    "سكيت",
    "สเก็ต",
    "स्केटबोर्ड",
    "スケボー",
    "東京",
    "스케이트",
    "😀😎",
    "<script>",
    "a&b",
]
NOWHERE = "\U000e8000"  # for private use: no font has it


def _neighbours(*tags: str) -> Neighbours:
    nearest = [Related(tag, tag, 0.9 - i / 20, 50 - i) for i, tag in enumerate(tags)]
    return Neighbours(Found("$x$ <b>", "kickflip", 0, "spelling"), nearest)


def _map(*tags: str) -> TagMap:
    points = np.random.default_rng(0).normal(size=(len(tags), 2)).astype(np.float32)
    related = [Related(tag, tag, 1.0, 50 - i) for i, tag in enumerate(tags)]
    return TagMap(related, points, np.arange(len(tags)) % 3)


def _pixels(png: bytes) -> np.ndarray:
    image = pytest.importorskip("PIL.Image")
    return np.asarray(image.open(BytesIO(png)).convert("RGB"))


def test_pictures_of_a_real_space_are_the_same_each_time(home: Home) -> None:
    pytest.importorskip("matplotlib")
    pytest.importorskip("wordcloud")
    space = TagSpace.load(home.model)
    queries = neighbours(space, ["yoyo", "piano"], 20)
    first = wordclouds(queries)
    assert first == wordclouds(queries) and first != wordclouds(queries, seed=2) and first.undrawn == 0
    panels = np.array_split(_pixels(first.png), 2, axis=1)
    assert all((panel < 128).mean() > 0.02 for panel in panels), "a panel is nearly empty"
    found = tag_map(space, most=60)
    assert map_png(found) == map_png(tag_map(space, most=60))
    assert map_html(found) == map_html(tag_map(space, most=60))


def test_every_script_is_drawn_or_counted_and_none_as_boxes() -> None:
    pytest.importorskip("matplotlib")
    pytest.importorskip("wordcloud")
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # matplotlib warns of a glyph that it draws as a box
        cloud, known = wordclouds([_neighbours(*SCRIPTS, NOWHERE)]), wordclouds([_neighbours(*SCRIPTS)])
        chart, same = map_png(_map(*SCRIPTS, NOWHERE)), map_png(_map(*SCRIPTS))
    assert cloud.undrawn == known.undrawn + 1 and chart.undrawn == same.undrawn + 1
    assert cloud.undrawn < len(SCRIPTS)
    with pytest.raises(UsageError, match="No installed font"):
        wordclouds([_neighbours(NOWHERE)])
    assert map_png(_map(*[NOWHERE + str(i) for i in range(5)])).undrawn == 5


def test_equal_scores_and_one_tag_are_a_cloud_too() -> None:
    pytest.importorskip("wordcloud")
    assert _pixels(wordclouds([_neighbours("alone")]).png).min() < 200


def test_the_page_of_a_map_has_every_tag_and_is_escaped() -> None:
    page = map_html(_map(*SCRIPTS))
    assert page.count("<circle") == len(SCRIPTS) and page.count("<script>") == 1
    assert "#&lt;script&gt;, 40 posts" in page and "a&amp;b" in page and "東京" in page
    places = [(float(x), float(y)) for x, y in re.findall(r'cx="([\d.]+)" cy="([\d.]+)"', page)]
    assert all(0 < x < 1200 and 0 < y < 800 for x, y in places)
    assert "http" not in page


def test_the_page_of_neighbours_has_a_column_for_each() -> None:
    page = table_html([_neighbours("<script>", "b"), _neighbours("c", "d")])
    assert "<th>#kickflip (asked: $x$ &lt;b&gt;)</th>" in page and "<script>" not in page
    cells = [re.findall(r">([^<>]+)</td>", row) for row in page.split("<tr>")[2:]]
    assert cells == [["1", "&lt;script&gt;", "c"], ["2", "b", "d"]]


def test_without_the_extra_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.font_manager", None)
    with pytest.raises(MissingExtra, match=r"tag2vec\[plots\]"):
        map_png(_map(*SCRIPTS))


def test_a_place_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "folder.png").mkdir()
    assert check_output(tmp_path / "a.PNG", [".png"]) == ".png"
    with pytest.raises(UsageError, match=r"ends in '.gif'; wanted .* \.png or \.html"):
        check_output(tmp_path / "a.gif", [".png", ".html"])
    for path in (tmp_path / "none" / "a.png", tmp_path / "folder.png"):
        with pytest.raises(ArtifactError, match="cannot be written"):
            check_output(path, [".png"])
        with pytest.raises(ArtifactError, match="Could not write"):
            write_whole(path, b"")
    write_whole(tmp_path / "a.html", "été")
    assert (tmp_path / "a.html").read_bytes() == "été".encode()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.html", "folder.png"]


def test_the_commands_write_what_they_name(home: Home, tmp_path: Path) -> None:
    pytest.importorskip("wordcloud")

    def run(*arguments: str, out: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "tag2vec", "plot", *arguments, "-m", str(home.model), "-o", out]
        return subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)

    assert run("wordcloud", "yoyo", out="w.png").stdout == "w.png\n"
    assert run("map", "--tags", "50", out="m.html").stdout == "m.html\n"
    assert _pixels((tmp_path / "w.png").read_bytes()).shape == (630, 900, 3)
    assert (tmp_path / "m.html").read_text().count("<circle") == 50
    done = run("wordcloud", "yoyo", out="w.html")
    assert done.returncode == 2 and "wanted a file name that ends in .png" in done.stderr
    assert sorted(p.name for p in tmp_path.iterdir()) == ["m.html", "w.png"]
