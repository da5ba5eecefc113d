"""HTML to text and hashtags, and dates of every kind to one."""

from __future__ import annotations

import time

import pytest

from tag2vec.scraping.answers import iso
from tag2vec.scraping.markup import hashtag_links, text_of


@pytest.mark.parametrize(
    ("html", "text", "links"),
    [
        ("", "", []),
        ("a &lt;b&gt; &amp; c", "a <b> & c", []),
        ("<p>One\n two<br>three</p><p>#<span>Four</span></p>", "One two\nthree\n#Four", []),
        ("a<!-- no --> b<script>no</script><style>no</style> c", "a b c", []),
        (
            '<a class="u-url hashtag">#<b>Ab</b></a><a rel="nofollow tag">c  d</a><a>#e</a><a rel=tag>#</a>',
            "#Abc d#e#",
            ["Ab", "c d"],
        ),
        ("https://a.example/?a=1&b=2", "https://a.example/?a=1&b=2", []),
        ("<html><body><ul><li>a<li>b</ul>tail</html>", "a\nb\ntail", []),
        ("half \ud83d", "half ?", []),
    ],
)
def test_text_and_hashtags_of_html(html: str, text: str, links: list[str]) -> None:
    assert text_of(html) == text and hashtag_links(html) == links


def test_html_that_nests_for_ever_is_read_in_no_time() -> None:
    start = time.monotonic()
    for tag in ("div", "a rel=tag", "li"):
        html = f"<{tag}>" * 50_000 + "x"
        assert len(text_of(html)) <= 1 and len(hashtag_links(html)) <= 1
    assert time.monotonic() - start < 3


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("2026-01-02T03:04:05.678Z", "2026-01-02T03:04:05Z"),
        ("2026-01-02T03:04:05+0200", "2026-01-02T01:04:05Z"),
        ("2026-01-02", "2026-01-02T00:00:00"),
        ("Fri, 02 Jan 2026 03:04:05 GMT", "2026-01-02T03:04:05Z"),
        (1767322800, "2026-01-02T03:00:00Z"),
        (None, None),
        ("", None),
        ("soon", None),
        (1e300, None),
        (float("nan"), None),
        ("0001-01-01T00:00:00+14:00", None),
    ],
)
def test_dates(given: str | float | None, expected: str | None) -> None:
    assert iso(given) == expected
