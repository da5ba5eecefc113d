"""Saved pages and Parquet files: what their sources make of clean and of dirty ones."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from tag2vec.errors import SourceError
from tag2vec.scraping.post import Post
from tag2vec.scraping.sources import html
from tests.scraping.importing import read, written


@pytest.mark.parametrize(
    ("page", "tags"),
    [
        ('<meta name="Keywords" content="skate, kick flip;street">', ("skate", "kick flip", "street")),
        ('<meta property="og:video:tag" content="skate"><meta property="article:tag" content="a b">', ("skate", "a b")),
        ('<a href="/x/y" rel="nofollow tag">Street\n Art</a>', ("Street Art",)),
        ('<a href="https://s.example/tags/catsofx" class="hashtag">#<span>CatsOfX</span></a>', ("CatsOfX",)),
        ('<a href="/explore/tags/caf%C3%A9/?hl=en">all posts</a>', ("café",)),
        ('<a href="/hashtag/a"></a><a href="tag/b/page/2"></a>', ("a", "b")),
        ('<a href="/go?to=/tags/c"></a><a href="/stage/d"></a><a href="/tags/e"></a>', ("e",)),
        ('<meta name=keywords content="a"><a href="/tags/a">a</a>', ("a",)),
        ("<a href='http://[bad/tags/x'>x</a>", ("x",)),
    ],
)
def test_html_tags(tmp_path: Path, page: str, tags: tuple[str, ...]) -> None:
    (post,), skipped = read("html", written(tmp_path / "a.html", f"<html><head></head><body>{page}"))
    assert post.tags == tags and skipped == [] and post.id == str(tmp_path / "a.html")


def test_html_title_text_and_address(tmp_path: Path) -> None:
    page = (
        '<meta charset="iso-8859-1"><title>Café &amp; #skate</title><link rel="canonical" href="https://v.example/1">'
        '<meta property="og:url" content="https://v.example/2"><meta name="description" content="more #stra&szlig;e">'
    )
    (post,), _ = read("html", written(tmp_path / "a.htm", page.encode("latin-1")))
    assert post == Post("https://v.example/1", (), "more #straße", "Café & #skate", source="html")
    (post,), _ = read("html", written(tmp_path / "a.htm", page.replace("canonical", "icon").encode("latin-1")))
    assert post.id == "https://v.example/2"


def test_html_that_tells_nothing_is_skipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nothing = "a.html: no keywords, tag links or hashtags on this page"
    for page in ("", "<title>Hello</title><meta name=keywords content=', ,'><a href='#top'>up</a>", "<div>" * 100_000):
        assert read("html", written(tmp_path / "a.html", page)) == ([], [nothing])
    assert read("html", written(tmp_path / "a.html", b"\x89PNG\0\0 #a")) == ([], ["a.html: a binary file and no page"])
    (post,), _ = read("html", written(tmp_path / "a.html", "<title>#ä</title>".encode("utf-16")))
    assert post.title == "#ä"
    monkeypatch.setattr(html, "MAX_PAGE", 2 << 20)
    with (tmp_path / "a.html").open("wb") as file:
        file.truncate(200 << 20)
    assert read("html", tmp_path / "a.html") == ([], ["a.html: a page of over 2 MiB"])


def _parquet(path: Path, query: str) -> Path:
    with duckdb.connect() as db:
        db.execute(f"COPY ({query}) TO '{path}' (FORMAT parquet)")
    return path


def test_parquet_with_a_list_of_tags(tmp_path: Path) -> None:
    rows = """
        SELECT 7300000000000000017 AS "Video ID", ['a', NULL, 'b &amp; c'] AS tags, 'x\\ny &#39;' AS description,
               TIMESTAMP '2026-01-02 03:04:05' AS created_at, 10 AS category_id, {'a': 1} AS other
        UNION ALL SELECT NULL, NULL, NULL, NULL, NULL, NULL
    """
    posts, skipped = read("parquet", _parquet(tmp_path / "p.parquet", rows))
    first = Post("7300000000000000017", ("a", "b & c"), "x\ny '", date="2026-01-02T03:04:05", category="10")
    assert posts == [first, Post("", ())] and skipped == []


def test_parquet_with_tags_in_one_text(tmp_path: Path) -> None:
    rows = "(VALUES ('a|\"b c\"', 'x'), ('[none]', 'y'), ('None', 'z'))"
    path = _parquet(tmp_path / "p.pq", f'SELECT col0 AS labels, col1 AS "who ""is""" FROM {rows}')
    posts, _ = read("parquet", path, columns={"tags": "labels", "author": 'who "is"'})
    assert [(post.tags, post.author) for post in posts] == [(("a", "b c"), "x"), ((), "y"), (("None",), "z")]
    assert read("parquet", path, columns={"tags": "labels"}, separator="c")[0][0].tags == ('a|"b',)
    with pytest.raises(SourceError, match="no tags column; its columns are labels"):
        read("parquet", path)


def test_parquet_rows_that_are_no_posts(tmp_path: Path) -> None:
    posts, skipped = read("parquet", _parquet(tmp_path / "p.parquet", "SELECT 5 AS tags, 'x' AS id"))
    assert posts == [] and skipped == ['p.parquet, row 1: "tags" is a int; wanted text or a list of texts']
    posts, skipped = read("parquet", _parquet(tmp_path / "p.parquet", "SELECT ['a'] AS tags, ['x'] AS title"))
    assert posts == [] and skipped == ['p.parquet, row 1: "title" is a list; wanted text']


def test_parquet_is_read_in_order_and_as_far_as_wanted(tmp_path: Path) -> None:
    path = _parquet(tmp_path / "p.parquet", "SELECT i AS id, ['t' || i] AS tags FROM range(130000) AS t(i)")
    assert [post.id for post in read("parquet", path, 2)[0]] == ["0", "1"]
    posts, _ = read("parquet", path)
    assert [post.id for post in posts] == [str(i) for i in range(130_000)]


def test_parquet_opens_the_file_it_was_given_and_no_other(tmp_path: Path) -> None:
    folder = tmp_path / "tags=x"  # neither a column nor, below, a pattern
    folder.mkdir()
    for name in ("a*.parquet", "ab.parquet"):
        _parquet(folder / "new.parquet", f"SELECT ['{name}'] AS tags").rename(folder / name)
    (post,), _ = read("parquet", folder / "a*.parquet")
    assert post.tags == ("a*.parquet",)


def test_parquet_that_is_damaged(tmp_path: Path) -> None:
    whole = _parquet(tmp_path / "p.parquet", "SELECT 't' || i AS tags FROM range(5000) AS t(i)").read_bytes()
    middle = len(whole) // 2
    for content in (b"", b"PAR1", whole[:middle], whole[:middle] + b"x" * 300 + whole[middle + 300 :]):
        with pytest.raises(SourceError, match=r"p\.parquet cannot be read as Parquet"):
            read("parquet", written(tmp_path / "p.parquet", content))
    with pytest.raises(SourceError, match="Cannot open"):
        read("parquet", tmp_path / "absent.parquet")
