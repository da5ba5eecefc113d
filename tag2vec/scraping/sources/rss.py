"""Posts of an RSS or Atom feed: its categories and keywords. `{query}` in the feed's address is where queries go."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar
from urllib.parse import quote, urljoin

from lxml import etree  # type: ignore[import-untyped]

from tag2vec.errors import SourceError
from tag2vec.scraping.answers import iso
from tag2vec.scraping.live import NO_QUERIES, Live, Page
from tag2vec.scraping.markup import text_of
from tag2vec.scraping.polite.reply import Reply
from tag2vec.scraping.post import Post


@dataclass(frozen=True)
class Rss(Live):
    """`server` is the address of the feed."""

    needs_queries: ClassVar[bool] = False

    @property
    def takes_queries(self) -> bool:
        return "{query}" in self.server

    def queries(self) -> list[str]:
        if self.takes_queries:
            raise SourceError(NO_QUERIES)
        return super().queries()

    def page(self, query: str, cursor: str | None, count: int) -> Page:
        reply = self.session.get(cursor or self.base.replace("{query}", quote(query, safe="")))
        root = self._parsed(reply)
        language = _text(root, "channel/{*}language") or root.get("{http://www.w3.org/XML/1998/namespace}lang")
        entries = list(root.iter("{*}item", "{*}entry"))
        posts = []
        for number, entry in enumerate(entries, 1):
            if name := self._id(entry):
                posts.append(self._post(entry, name, language))
            else:
                self.skip(f"{reply.url} item {number}", "it has no guid, id or link")
        return Page(posts, _next(root, reply.url), len(entries))

    def _parsed(self, reply: Reply) -> etree._Element:
        """The root of a feed. One that is broken is read as far as it goes, with a note to `skip`."""
        parser = etree.XMLParser(resolve_entities=False, load_dtd=False, no_network=True, huge_tree=False, recover=True)
        try:
            root = etree.fromstring(reply.content, parser)
        except etree.XMLSyntaxError:
            root = None
        if root is None or etree.QName(root).localname not in ("rss", "feed", "RDF"):
            raise SourceError(f"{reply.url} answered with {reply.said()}; wanted an RSS or Atom feed.")
        if root.getroottree().docinfo.internalDTD is not None:
            # Entities that hold entities that hold entities fill the memory; feeds have no use for them.
            raise SourceError(f"{reply.url} declares a document type (<!DOCTYPE>); a feed that does is not read.")
        if len(parser.error_log):
            fault = parser.error_log[0]
            where = f"line {fault.line}: {fault.message}"
            if root.find(".//{*}item") is None and root.find(".//{*}entry") is None:
                raise SourceError(f"{reply.url} is broken XML without a single item; {where}.")
            self.skip(reply.url, f"what follows a fault in the XML may be lost; {where}")
        return root

    def _id(self, entry: etree._Element) -> str | None:
        """The identifier of an entry, unique among all feeds: a guid may be `17`."""
        found = [name for name in (_text(entry, "guid", "id"), _link(entry)) if name]
        return next((name for name in found if ":" in name), f"{self.base}#{found[0]}" if found else None)

    def _post(self, entry: etree._Element, name: str, language: str | None) -> Post:
        return Post(
            id=name,
            tags=tuple(dict.fromkeys(_tags(entry))),
            text=text_of(_text(entry, "summary", "description", "encoded", "content") or "") or None,
            title=_text(entry, "title"),
            author=_text(entry, "author/{*}name", "author", "creator"),
            date=iso(_text(entry, "pubDate", "published", "updated", "date")),
            source=self.origin,
            language=language,
        )


def _tags(entry: etree._Element) -> Iterator[str]:
    found = [c.get("label") or c.get("term") or "".join(c.itertext()) for c in entry.iterchildren("{*}category")]
    for keywords in entry.iter("{*}keywords"):  # of Media RSS, inside a group or not, and of podcasts
        found += (keywords.text or "").split(",")
    return (tag for text in found if (tag := text.strip()))


def _text(entry: etree._Element, *names: str) -> str | None:
    """The text of the first of these children that has one."""
    for name in names:
        for element in entry.iterfind(f"{{*}}{name}"):
            if text := "".join(element.itertext()).strip():
                return text
    return None


def _link(entry: etree._Element) -> str | None:
    """The address of an entry: the text of an RSS link, the `href` of an Atom one."""
    links = (link for link in entry.iterchildren("{*}link") if link.get("rel", "alternate") == "alternate")
    return next((address for link in links if (address := (link.text or link.get("href") or "").strip())), None)


def _next(root: etree._Element, address: str) -> str | None:
    """The address of the page after this one (RFC 5005)."""
    for link in [*root.iterfind("{*}link"), *root.iterfind("{*}channel/{*}link")]:
        if link.get("rel") == "next" and (target := link.get("href")):
            try:
                return urljoin(address, str(target))
            except ValueError:  # not an address
                return None
    return None
