"""What people see of HTML: its text, and the hashtags that it links. Broken markup is read as a browser would."""

from __future__ import annotations

import re
from collections.abc import Iterator

from bs4 import BeautifulSoup
from bs4.dammit import UnicodeDammit
from lxml import etree  # type: ignore[import-untyped]

# Elements that end a line. All others stand in running text: `#<span>skate</span>` is one word.
_BLOCK = re.compile(
    "address|article|aside|blockquote|br|dd|div|dl|dt|figcaption|figure|footer|form|h[1-6]|header|hr|li|main|nav|ol|p|pre|"
    "section|table|td|th|title|tr|ul"
)
_UNSEEN = frozenset({"script", "style", "template"})


def soup(html: bytes, encoding: str | None = None) -> BeautifulSoup:
    """A page to select from; `encoding` is what the server says, else the page itself."""
    text = UnicodeDammit(html, [encoding] if encoding else [], is_html=True).unicode_markup or ""
    # Through a parser that stops at a depth of 256: the text of elements nested a hundred thousand deep takes hours.
    return BeautifulSoup(etree.tostring(_parsed(text), encoding="unicode", method="html"), "lxml")


def text_of(html: str) -> str:
    """The text of `html`: a line for each paragraph or line break, without scripts, styles and empty lines."""
    lines = (" ".join(line.split()) for line in "".join(_pieces(_parsed(html))).split("\n"))
    return "\n".join(filter(None, lines))


def hashtag_links(html: str) -> list[str]:
    """Hashtags that `html` links as such (class `hashtag` or rel `tag`), in order, as written, without their '#'."""
    links = (
        link
        for link in _parsed(html).iter("a")
        if "hashtag" in link.get("class", "").split() or "tag" in link.get("rel", "").split()
    )
    texts = (" ".join("".join(link.itertext()).split()) for link in links)
    return [tag for text in texts if (tag := text.lstrip("#＃").strip())]


def _parsed(html: str) -> etree._Element:
    parser = etree.HTMLParser(encoding="utf-8", no_network=True)
    # The element around it: a parser wants a document, and a post may be empty.
    return etree.fromstring(f"<html>{html}</html>".encode(errors="replace"), parser)


def _pieces(root: etree._Element) -> Iterator[str]:
    """The text in the order of the page. Only the ends of blocks are line breaks, those of the file are spaces."""
    for event, node in etree.iterwalk(root, events=("start", "end", "comment", "pi")):
        if event in ("start", "end") and _BLOCK.fullmatch(node.tag):
            yield "\n"
        if event != "start":
            yield (node.tail or "").replace("\n", " ")
        elif node.tag not in _UNSEEN:
            yield (node.text or "").replace("\n", " ")
