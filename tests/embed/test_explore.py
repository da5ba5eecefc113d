"""Analogies, groups, neighbours and maps of spaces whose vectors are known; the commands as a person meets them."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest

from tag2vec import TagSpace
from tag2vec.embed.explore import ZOOMS, analogy, clusters, neighbours, place_labels, tag_map, zoom_of_labels
from tag2vec.errors import UnknownName, UsageError
from tag2vec.scraping.corpus import Entry
from tests.conftest import Home

SPORTS = ("golf", "judo", "polo", "yoga")
ROLES = ("", "club", "coach", "player")


def make_space(vectors: dict[str, list[float]]) -> TagSpace:
    """Tags in the order given, the first in most posts."""
    entries = [Entry(tag, 100 - i, {tag: 100 - i}) for i, tag in enumerate(vectors)]
    array = np.array(list(vectors.values()), np.float32)
    return TagSpace(entries, array, array, {"stemmer": "none"})


@pytest.fixture(scope="module")
def space() -> TagSpace:
    """Each sport and each role is a direction of its own; a tag is the sum of both, at a length that says nothing."""
    eye, draw = np.eye(8), np.random.default_rng(0)
    return make_space(
        {
            sport + role: list(draw.uniform(0.5, 5) * (2 * eye[i] + eye[4 + j]) + draw.normal(0, 0.01, 8))
            for j, role in enumerate(ROLES)
            for i, sport in enumerate(SPORTS)
        }
    )


def test_an_analogy_adds_the_difference_and_leaves_out_what_was_asked(space: TagSpace) -> None:
    answer = analogy(space, "golf", "golfcoach", "#judo", k=13)
    assert answer[0].tag == "judocoach" and answer[0].score > 0.99
    assert not {"golf", "golfcoach", "judo"} & {a.tag for a in answer}
    assert [a.score for a in answer] == sorted((a.score for a in answer), reverse=True)
    assert answer[0].count == space.entries[space.rows["judocoach"]].count


def test_groups_are_those_that_were_planted(space: TagSpace) -> None:
    found = clusters(space, n=4, top=2)
    assert [{space.forms[row][:4] for row in group.rows} for group in found] == [{sport} for sport in SPORTS]
    assert [group.posts for group in found] == sorted((group.posts for group in found), reverse=True)
    assert all(len(group.tags) == 2 and group.tags[0].score >= group.tags[1].score for group in found)
    assert found == clusters(space, n=4, top=2)
    assert sum(len(group.rows) for group in clusters(space, n=2, most=5)) == 5


def test_equal_vectors_make_fewer_groups() -> None:
    assert len(clusters(make_space({tag: [1.0, 0.0] for tag in "abcdef"}), n=3)) == 1


def test_neighbours_are_those_of_related_each_tag_once(space: TagSpace) -> None:
    first, second = neighbours(space, ["golff", "judo", "Golf"], k=3)
    assert (first.title, second.title) == ("#golf (asked: golff)", "#judo")
    assert first.nearest == space.related("golf", 3)


def test_near_tags_are_near_on_the_map(space: TagSpace) -> None:
    found = tag_map(space, groups=4)
    distances = np.linalg.norm(found.points[:, None] - found.points[None], axis=2) + 1e9 * np.eye(16)
    nearest = [space.forms[row][:4] for row in distances.argmin(axis=1)]
    assert nearest == [form[:4] for form in space.forms]
    assert len({(form[:4], group) for form, group in zip(space.forms, found.groups, strict=True)}) == 4
    assert np.array_equal(found.points, tag_map(space, groups=4).points)
    assert len(tag_map(space, most=6).tags) == 6


def test_what_cannot_be_answered_says_why(space: TagSpace) -> None:
    with pytest.raises(UsageError, match="k is 14, and there are 13 tags"):
        analogy(space, "golf", "golfcoach", "judo", k=14)
    with pytest.raises(UsageError, match="k is 16, and there are 15 tags"):
        neighbours(space, ["golf"], k=16)
    with pytest.raises(UsageError, match="groups is 17, and there are 16 tags"):
        clusters(space, n=17)
    for settings in ({"n": 0}, {"most": 0}, {"most": -3}, {"top": 0}):
        with pytest.raises(UsageError, match="wanted 1 or more"):
            clusters(space, **settings)
    with pytest.raises(UnknownName, match="#zzzz"):
        analogy(space, "golf", "zzzz", "judo")
    for few in (4, 0, -1):
        with pytest.raises(UsageError, match="wanted 5 tags or more"):
            tag_map(space, most=few)
    with pytest.raises(UsageError, match="1 dimensions"):
        tag_map(make_space({tag: [1.0] for tag in "abcdef"}))


def test_no_two_labels_overlap_and_the_first_come_first() -> None:
    draw = np.random.default_rng(0)
    points, sizes = draw.uniform(0, 300, (120, 2)), draw.uniform(8, 60, (120, 2)) / (1, 3)
    boxes = place_labels(points, sizes, 3.0, points, np.array([0.0, 0.0, 300.0, 300.0]))
    placed = boxes[~np.isnan(boxes[:, 0])]
    assert not np.isnan(boxes[0]).any() and 20 < len(placed) < 120
    assert placed.min() >= 0 and placed.max() <= 300
    assert _collisions(placed) == 0


def test_a_label_covers_a_dot_only_where_every_place_does() -> None:
    point, size, frame = np.array([[50.0, 50.0]]), np.array([[20.0, 10.0]]), np.array([0.0, 0.0, 100.0, 100.0])
    (right,) = place_labels(point, size, 3.0, point, frame)
    (left,) = place_labels(point, size, 3.0, np.array([[60.0, 50.0]]), frame)
    assert right[0] > 50 and left[2] < 50


def test_labels_have_room_at_every_zoom_from_their_own_on() -> None:
    points = np.random.default_rng(1).uniform(0, 200, (80, 2))
    zooms = zoom_of_labels(points, np.full(80, 40.0), 12.0)
    assert zooms[0] == 1 and len(set(zooms)) >= 3
    for zoom in ZOOMS:
        shown = points[zooms <= zoom] * zoom
        assert _collisions(np.hstack([shown, shown + np.array([40, 12])])) == 0
    assert np.isinf(zoom_of_labels(np.zeros((2, 2)), np.ones(2), 1.0)).tolist() == [False, True]


def _collisions(boxes: np.ndarray) -> int:
    a, b = boxes[:, None], boxes[None]
    meet = (a[..., :2] < b[..., 2:]).all(axis=2) & (a[..., 2:] > b[..., :2]).all(axis=2)
    return int(meet.sum()) - len(boxes)


def test_the_commands_answer_and_say_what_they_corrected(home: Home) -> None:
    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "tag2vec", *arguments, "-m", str(home.model)]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    done = run("analogy", "yoyo", "spintop", "pianno", "-k", "4", "--json")
    assert done.returncode == 0 and len(json.loads(done.stdout)["tags"]) == 4, done.stderr
    assert "#pianno: not known; the nearest spelling is #Piano" in done.stderr
    done = run("clusters", "-n", "6", "--top", "3")
    assert done.returncode == 0 and len(done.stdout.splitlines()) == 6 and not done.stderr
    assert all(line.count("#") == 3 for line in done.stdout.splitlines())
    done = run("compare", "yoyo", "piano", "-k", "9999")
    assert done.returncode == 2 and "k is 9,999, and there are" in done.stderr and "Traceback" not in done.stderr
