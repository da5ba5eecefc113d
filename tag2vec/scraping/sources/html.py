"""Saved web pages, one post a page: its keywords, its links to tags, and the hashtags of its title and description."""

from __future__ import annotations

import codecs
import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar
from urllib.parse import unquote

from tag2vec.scraping.normalise import hashtags, normalise
from tag2vec.scraping.post import Post
from tag2vec.scraping.sources import FileSource, opened
from tag2vec.scraping.sources._json import whole

if TYPE_CHECKING:
    from bs4 import BeautifulSoup

# It tells of bytes that are no characters, and not of which page.
logging.getLogger("bs4.dammit").setLevel(logging.ERROR)

MAX_PAGE = 8 * 1024 * 1024  # bytes
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_TAG_NAMES = ("og:video:tag", "video:tag", "article:tag")  # of meta elements, one for each tag
# The last part of a link to all posts of a tag: /tags/skate, /hashtag/skate, /explore/tags/skate/
_TAG_LINK = re.compile(r"(?:[^?#]*/)?(?:tags?|hashtag)/([^/?#]+)")


@dataclass(frozen=True)
class Html(FileSource):
    suffixes: ClassVar[tuple[str, ...]] = (".html", ".htm")

    def read(self, path: Path) -> Iterator[Post]:
        with opened(path) as file:
            raw = file.read(MAX_PAGE + 1)
        post = _post(raw, whole(str(path)))
        if isinstance(post, Post):
            yield post
        else:
            self.skip(str(path), post)


def _post(raw: bytes, path: str) -> Post | str:
    """The post that a page shows, or why it shows none."""
    if len(raw) > MAX_PAGE:
        return f"a page of over {MAX_PAGE >> 20} MiB"
    if b"\0" in raw and not raw.startswith(_UTF16):
        return "a binary file and no page"
    from tag2vec.scraping.markup import soup

    page = soup(raw)
    meta = _meta(page)
    keywords = [word for content in meta.get("keywords", []) for word in re.split("[,;]", content)]
    named = [tag for name in _TAG_NAMES for tag in meta.get(name, [])]
    tags = dict.fromkeys(tag for found in (*keywords, *named, *_linked(page)) if (tag := " ".join(found.split())))
    title = _first(meta, "og:title") or (page.title.get_text().strip() if page.title else None)
    text = _first(meta, "og:description", "description")
    if not tags and not hashtags(f"{title} {text}"):
        return "no keywords, tag links or hashtags on this page"
    canonical = page.select_one("link[rel~=canonical][href]")
    address = str(canonical["href"]) if canonical else _first(meta, "og:url")
    return Post(id=address or path, tags=tuple(tags), text=text, title=title, source="html")


def _meta(page: BeautifulSoup) -> dict[str, list[str]]:
    """{name or property in lower case: contents} of the page's meta elements."""
    found: dict[str, list[str]] = {}
    for element in page.find_all("meta", content=True):
        name = element.get("property") or element.get("name") or ""
        found.setdefault(str(name).lower(), []).append(str(element["content"]).strip())
    return found


def _first(meta: dict[str, list[str]], *names: str) -> str | None:
    return next((content for name in names for content in meta.get(name, []) if content), None)


def _linked(page: BeautifulSoup) -> Iterator[str]:
    """The tags that the page links. A link's address folds case and spaces that its text may keep."""
    for link in page.find_all("a", href=True):
        text = link.get_text().strip().lstrip("#＃")
        match = _TAG_LINK.match(str(link["href"]))
        address = unquote(match[1]) if match else ""
        if "tag" in link.get_attribute_list("rel") or (match and normalise(text) == normalise(address)):
            yield text or address
        elif match:
            yield address
