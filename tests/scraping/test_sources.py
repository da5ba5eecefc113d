"""Sources that read files: what they make of clean and of dirty input."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from tag2vec.errors import SourceError, UnknownName
from tag2vec.scraping.find import find
from tag2vec.scraping.post import Post
from tag2vec.scraping.sources import MAX_LINE


def _read(path: Path, **settings: object) -> tuple[list[Post], list[str]]:
    skipped: list[str] = []
    pairs = find(str(path), lambda where, reason: skipped.append(f"{where.rsplit(':', 1)[-1]} {reason}"), settings)
    return [post for source, query in pairs for post in source.posts(query)], skipped


def _file(path: Path, text: str | bytes) -> Path:
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def test_jsonl(tmp_path: Path) -> None:
    line = {"id": 7, "tags": ["a", "B c"], "title": "T", "author": "me", "date": "2026-01-02"}
    posts, skipped = _read(_file(tmp_path / "p.jsonl", "\ufeff" + json.dumps(line) + "\r\n\n" + '{"title": "#x"}\n'))
    assert posts[0] == Post("7", ("a", "B c"), title="T", author="me", date="2026-01-02")
    assert posts[1].tags == () and posts[1].title == "#x" and posts[1].id.endswith(":3")
    assert skipped == []


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b'{"tags": ["a"', "not JSON"),
        (b'["a"]', "a JSON list; wanted an object"),
        (b'{"id": "1"}', 'no "tags", "title" or "text"'),
        (b'{"tags": "a b"}', '"tags" is not a list of strings'),
        (b'{"tags": [1]}', '"tags" is not a list of strings'),
        (b'{"tags": ["\xff"]}', "not UTF-8"),
        (b"[" * 100_000, "not JSON"),
        (b'{"tags": ["' + b"a" * MAX_LINE + b'"]}', "a line of over 16 MiB"),
    ],
)
def test_broken_lines_are_named_and_the_rest_goes_on(tmp_path: Path, line: bytes, reason: str) -> None:
    good = b'{"id": "%d", "tags": ["a", "b"]}\n'
    posts, skipped = _read(_file(tmp_path / "p.jsonl", good % 1 + line + b"\n" + good % 3))
    assert [post.id for post in posts] == ["1", "3"]
    assert len(skipped) == 1 and skipped[0].startswith("2 ") and reason in skipped[0]


def test_packed_files_and_one_that_breaks_off(tmp_path: Path) -> None:
    lines = "".join(json.dumps({"id": str(i), "tags": [f"tag{i}", "x"]}) + "\n" for i in range(5000))
    packed = gzip.compress(lines.encode())
    assert len(_read(_file(tmp_path / "p.jsonl.gz", packed))[0]) == 5000
    posts, skipped = _read(_file(tmp_path / "q.jsonl.gz", packed[: len(packed) // 2]))
    assert 0 < len(posts) < 5000 and posts[0].id == "0"
    assert len(skipped) == 1 and "damaged or cut off" in skipped[0]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ('video_id,tags,title\n1,"a|""b c""",T\n', "p.csv"),
        ('video_id;Tags;title\n1;"a|""b c""";T\n', "p.csv"),
        ("id\ttags\ttitle\n1\ta|b c\tT\n", "p.tsv"),
        ("id,hashtags,title\n1,\"['a', 'b c']\",T\n", "p.csv"),
        ('id,hashtags,title\n1,"[""a"", ""b c""]",T\n', "p.csv"),
        ('\ufeffID,Tag List,Title\r\n1,"a, b c",T\r\n', "p.csv"),
        ("title|id|tags\nT|1|a;b c\n", "p.csv"),
    ],
)
def test_tables_of_many_shapes(tmp_path: Path, text: str, name: str) -> None:
    posts, skipped = _read(_file(tmp_path / name, text))
    assert posts == [Post("1", ("a", "b c"), title="T")] and skipped == []


def test_spaces_separate_tags_when_nothing_else_does(tmp_path: Path) -> None:
    posts, _ = _read(_file(tmp_path / "p.csv", "id,tags\n1,#a #b\n2,c\n3,[none]\n"))
    assert [post.tags for post in posts] == [("#a", "#b"), ("c",), ()]


def test_a_cell_may_span_lines_and_bad_rows_are_named(tmp_path: Path) -> None:
    text = 'id,tags,text\n1,a b,"two\nlines"\n2,a b\n3,c d,x\n'
    posts, skipped = _read(_file(tmp_path / "p.csv", text))
    assert [post.id for post in posts] == ["1", "3"] and posts[0].text == "two\nlines"
    assert skipped == ["4 2 cells; the header has 3"]


def test_given_columns_and_delimiter(tmp_path: Path) -> None:
    path = _file(tmp_path / "p.csv", "what:who\na b:me\n")
    posts, _ = _read(path, delimiter=":", columns={"tags": "what", "author": "who"})
    assert posts[0].tags == ("a", "b") and posts[0].author == "me"
    with pytest.raises(SourceError, match="no column where; its columns are what, who"):
        _read(path, delimiter=":", columns={"tags": "where"})
    with pytest.raises(SourceError, match="A post has no field tag; it has id, tags"):
        _read(path, columns={"tag": "what"})


def test_a_table_without_tags_column_names_its_columns(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no tags column; its columns are id, name.*--columns tags=NAME"):
        _read(_file(tmp_path / "p.csv", "id,name\n1,x\n"))
    with pytest.raises(SourceError, match="no tags column; its columns are none"):
        _read(_file(tmp_path / "p.csv", ""))


def test_where_posts_can_be(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no file or folder"):
        _read(tmp_path / "absent.jsonl")
    with pytest.raises(SourceError, match="holds no file that can be read"):
        _read(tmp_path)
    with pytest.raises(SourceError, match=r"not a file of posts that is known; wanted one of .*\.csv"):
        _read(_file(tmp_path / "p.mp3", "x"))
    with pytest.raises(UnknownName, match="no source named 'mastodont'"):
        list(find("mastodont:example.social", print, {}))
    _file(tmp_path / "b.csv", "id,tags\n2,a\n")
    _file(tmp_path / "a.jsonl", '{"id": "1", "tags": ["a"]}\n')
    assert [post.id for post in _read(tmp_path)[0]] == ["1", "2"]
