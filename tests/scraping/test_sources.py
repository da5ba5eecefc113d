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
from tag2vec.scraping.sources.csv import MAX_ROW


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
    assert posts[1].tags == () and posts[1].title == "#x" and posts[1].id == ""
    assert skipped == []


def test_lines_with_fields_of_other_types(tmp_path: Path) -> None:
    text = '{"id": 7.5, "tags": ["cut \\ud83d"], "title": "", "author": 9, "date": null, "created_at": 2026}\n'
    posts, skipped = _read(_file(tmp_path / "p.jsonl", text))
    assert posts == [Post("7.5", ("cut \ufffd",), author="9", date="2026")] and skipped == []


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
    long = "".join(f"tag{i * i}" for i in range(700_000))  # a line over several blocks
    packed = gzip.compress(f'{{"tags": ["a"]}}\n{{"tags": ["{long}"]}}\n'.encode(), 1)
    posts, skipped = _read(_file(tmp_path / "r.jsonl.gz", packed[: len(packed) * 9 // 10]))
    assert [post.tags for post in posts] == [("a",)]
    assert len(skipped) == 1 and skipped[0].startswith("2 ") and "damaged or cut off" in skipped[0]


def test_endings_in_capitals(tmp_path: Path) -> None:
    path = _file(tmp_path / "P.TSV.GZ", gzip.compress(b"id\ttags,of it\n1\ta,b\n"))
    assert _read(path, columns={"tags": "tags,of it"}) == ([Post("1", ("a", "b"))], [])


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


def test_a_table_as_kaggle_has_them(tmp_path: Path) -> None:
    text = (
        "video_id,trending_date,title,channel_title,category_id,publish_time,tags,views,description\n"
        'v1,17.14.11,"A, B &amp; #one",Ann,10,2017-11-13T17:13:01.000Z,'
        '"a|""b c""|""R&amp;B; live""",5,#two\\n#three\\n\n'
        "#NAME?,17.14.11,T,Ann,10,2017-11-13T17:13:01.000Z,[none],5,\n"
    )
    posts, skipped = _read(_file(tmp_path / "p.csv", text))
    first, second = posts
    assert first == Post(
        "v1",
        ("a", "b c", "R&B; live"),
        "#two\n#three",
        "A, B & #one",
        "Ann",
        "2017-11-13T17:13:01.000Z",
        category="10",
    )
    assert (second.id, second.tags, second.text) == ("", (), None) and skipped == []


@pytest.mark.parametrize(
    ("cells", "tags"),
    [
        (["null", "None", "nan", "[None]", ""], [("null",), ("None",), ("nan",), (), ()]),
        (["null|a", "[none]"], [("null", "a"), ()]),
        (['a|"b | c"|"d', '"a | b"|"c"| d'], [("a", "b", "c", "d"), ("a | b", "c", "d")]),
        (["#a#b #c", "#"], [("#a", "#b", "#c"), ()]),
        (["#a b #c|d"], [("#a b", "#c", "d")]),
        (["it&#39;s a b", "c&amp;d"], [("it's", "a", "b"), ("c&d",)]),
        (["['it&#39;s', None, 7]", "[]", "['a', b]"], [("it's", "7"), (), ("a", "b")]),
        (['["a", null, "cut \\ud83d"]', "[]", "x"], [("a", "cut \ufffd"), (), ("x",)]),
        (["[" * 5000 + "]"], [()]),
    ],
)
def test_tags_of_a_cell(tmp_path: Path, cells: list[str], tags: list[tuple[str, ...]]) -> None:
    rows = "".join('x,"{}"\n'.format(cell.replace('"', '""')) for cell in cells)
    posts, skipped = _read(_file(tmp_path / "p.csv", "id,tags\n" + rows))
    assert [post.tags for post in posts] == tags and skipped == []


def test_a_table_without_header_and_columns_by_number(tmp_path: Path) -> None:
    path = _file(tmp_path / "p.csv", "v1,a b,Ann\nv2,c d,Bob\n")
    posts, _ = _read(path, columns={"tags": "2", "author": "3"})
    assert [(post.tags, post.author) for post in posts] == [(("a", "b"), "Ann"), (("c", "d"), "Bob")]
    with pytest.raises(SourceError, match=r"no tags column; its columns are v1, a b, Ann.*--columns tags=3"):
        _read(path)
    with pytest.raises(SourceError, match="no column 4; its columns are v1"):
        _read(path, columns={"tags": "4"})
    posts, _ = _read(_file(tmp_path / "p.csv", "title,2\nT,a b\n"), columns={"tags": "2"})
    assert [post.tags for post in posts] == [("a", "b")]


def test_a_lost_quote_costs_one_row(tmp_path: Path) -> None:
    text = 'id,tags,text\n1,a b,x\n2,"c d,x\n3,e f,"y"\n4,"g h","two\nlines"\n5,"i ""j""",z\n6,k l,"cut'
    posts, skipped = _read(_file(tmp_path / "p.csv", text))
    assert [post.id for post in posts] == ["1", "3", "4", "5"] and posts[2].text == "two\nlines"
    assert [line.partition(" ")[0] for line in skipped] == ["3", "8"]


def test_a_quote_that_nothing_closes(tmp_path: Path) -> None:
    rows = "".join(f"{number},a b\n" for number in range(3 * MAX_ROW))
    posts, skipped = _read(_file(tmp_path / "p.csv", 'id,tags\nx,"a\n' + rows))
    assert len(posts) == 3 * MAX_ROW
    assert skipped == [f"2 not a table row (a quote is not closed within {MAX_ROW} lines)"]


def test_quotes_that_nobody_escaped(tmp_path: Path) -> None:
    posts, skipped = _read(_file(tmp_path / "p.csv", 'id,tags,title\n1,"a"|"b c",T\n2,d,5" pipe\n'))
    assert [(post.tags, post.title) for post in posts] == [(("a", "b c"), "T"), (("d",), '5" pipe')]
    assert skipped == []


def test_rows_that_ran_together_are_named(tmp_path: Path) -> None:
    posts, skipped = _read(_file(tmp_path / "p.csv", "id,tags\n1,a2,b\n3,c\n"))
    assert [post.id for post in posts] == ["3"] and skipped == ["2 3 cells; the header has 2"]


def test_stray_nul_characters_and_old_line_ends(tmp_path: Path) -> None:
    posts, skipped = _read(_file(tmp_path / "p.csv", b"id,tags\r1,a\0 b\r\r2,c\r\n\0\0\0"))
    assert [(post.id, post.tags) for post in posts] == [("1", ("a", "b")), ("2", ("c",))] and skipped == []


@pytest.mark.parametrize("charset", ["cp1251", "utf-16", "utf-8-sig"])
def test_tables_in_other_charsets(tmp_path: Path, charset: str) -> None:
    words = ["смешные животные", "кошка видео", "новости сегодня", "футбол россия", "мультфильмы для детей"]
    text = "id,tags\n" + "".join(f"{number},{words[number % 5]}|ещё одно видео\n" for number in range(100))
    posts, skipped = _read(_file(tmp_path / "p.csv", text.encode(charset)))
    assert [post.tags[0] for post in posts[:5]] == words and len(posts) == 100 and skipped == []


def test_a_line_that_is_too_long_in_another_charset(tmp_path: Path) -> None:
    text = f"id,tags\n1,a\n2,{'b' * MAX_LINE}\n3,c\n"
    posts, skipped = _read(_file(tmp_path / "p.csv", text.encode("utf-16")))
    assert [post.id for post in posts] == ["1", "3"] and skipped == ["3 a line of over 16 MiB"]


def test_a_damaged_line_does_not_change_the_charset(tmp_path: Path) -> None:
    good = "{},niño|café\n"
    text = "id,tags\n" + good.format(1) + "2,ni\udcf1o|caf\udce9\n" + good.format(3)
    posts, skipped = _read(_file(tmp_path / "p.csv", text.encode(errors="surrogateescape")))
    assert [(post.id, post.tags) for post in posts] == [("1", ("niño", "café")), ("3", ("niño", "café"))]
    assert skipped == ["3 not UTF-8 text"]


def test_a_packed_table_that_breaks_off(tmp_path: Path) -> None:
    packed = gzip.compress(("id,tags\n" + "".join(f"{n},tag{n * n} x\n" for n in range(5000))).encode())
    posts, skipped = _read(_file(tmp_path / "p.csv.gz", packed[: len(packed) // 2]))
    assert 0 < len(posts) < 5000 and posts[0].tags == ("tag0", "x")
    assert "damaged or cut off" in skipped[-1]


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
