"""Pages that list the hashtags related to a keyword: a keyword in, one post with its hashtags out.

`server` is the path of a recipe, a JSON file that says how to read one site:

    {"url": "https://tags.example/hashtag/{query}",  the page of a keyword
     "tags": "div.related a",                        a CSS selector: elements that hold hashtags
     "split": "|",                                   what stands between the tags of one element (spaces or commas)
     "title": "h1",                                  a CSS selector: the page's title (none)
     "pace": 2.5}                                    seconds to wait after each page (1)

Only `url` and `tags` must be there; the defaults of the others stand in brackets.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, ClassVar
from urllib.parse import quote

import msgspec
import soupsieve
from bs4 import BeautifulSoup

from tag2vec.errors import SourceError, unknown
from tag2vec.scraping.live import Live, Page
from tag2vec.scraping.markup import soup
from tag2vec.scraping.normalise import written
from tag2vec.scraping.polite.reply import Reply
from tag2vec.scraping.post import Post
from tag2vec.scraping.sources import opened

_CHARSET = re.compile(r"charset=[\"']?([\w-]+)", re.IGNORECASE)


class _Recipe(msgspec.Struct):
    url: str
    tags: str
    split: Annotated[str, msgspec.Meta(min_length=1)] | None = None
    title: str | None = None
    pace: Annotated[float, msgspec.Meta(ge=0, le=3600)] = 1.0


@dataclass(frozen=True)
class HashtagPage(Live):
    """`save` keeps the pages on which the recipe finds nothing."""

    page_size: ClassVar[int] = 1
    off: ClassVar[str] = "most sites that list hashtags forbid copying by machine."

    @property
    def base(self) -> str:
        return self._recipe.url

    @cached_property
    def _recipe(self) -> _Recipe:
        if not self.server:
            raise SourceError(f"The source '{self.name}' needs a recipe file: {self.name}:RECIPE.json.")
        return _load(Path(self.server))

    def page(self, query: str, cursor: str | None, count: int) -> Page:
        keyword = written(query)
        if not keyword:
            return Page(())
        recipe = self._recipe
        url = recipe.url.replace("{query}", quote(keyword, safe=""))
        reply = self.session.get(url)
        if not reply.cached:
            time.sleep(recipe.pace)
        charset = _CHARSET.search(reply.headers.get("Content-Type", ""))
        page = soup(reply.content, charset[1] if charset else None)
        tags = list(_tags(page, recipe))
        if not tags:
            raise SourceError(
                f"The selector {recipe.tags!r} of {self.server} finds no hashtag on {url}.{self._kept(keyword, reply)} "
                "Mend the recipe, or ask for another keyword."
            )
        title = page.select_one(recipe.title) if recipe.title else None
        post = Post(
            id=url,
            tags=tuple(dict.fromkeys([keyword, *tags])),
            title=title.get_text(" ", strip=True) or None if title else None,
            source=self.origin,
        )
        return Page([post], items=1)

    def _kept(self, keyword: str, reply: Reply) -> str:
        """Saves the page for a look; returns the sentence that says where it lies."""
        if self.save is None:
            return ""
        path = self.save / f"{self.host.replace(':', '-')}-{keyword[:50]}.html"
        try:
            self.save.mkdir(parents=True, exist_ok=True)
            path.write_bytes(reply.content)
        except OSError as error:
            return f" The page cannot be saved as {path}: {error.strerror}."
        return f" The page lies in {path}."


def _tags(page: BeautifulSoup, recipe: _Recipe) -> Iterator[str]:
    for element in page.select(recipe.tags):
        text = element.get_text()
        parts = text.split(recipe.split) if recipe.split else re.split(r"[\s,]+", text)
        for part in parts:
            yield from (tag for word in re.split("[#＃]", part) if (tag := " ".join(word.split())))


def _load(path: Path) -> _Recipe:
    """The recipe in a file. Raises SourceError and UnknownName that say what is wrong with it."""
    try:
        with opened(path) as file:
            value: Any = json.loads(file.read())
        for name in value if isinstance(value, dict) else ():
            if name not in _Recipe.__struct_fields__:
                raise unknown(f"setting of recipes ({path})", name, _Recipe.__struct_fields__)
        recipe = msgspec.convert(value, _Recipe)
        for selector in filter(None, (recipe.tags, recipe.title)):
            soupsieve.compile(selector)
    except soupsieve.SelectorSyntaxError as error:
        raise SourceError(f"{path} holds a CSS selector that cannot be read: {str(error).splitlines()[0]}") from error
    except (ValueError, RecursionError) as error:
        if isinstance(error, SourceError):
            raise
        raise SourceError(f"{path} is not a recipe: {error}. Wanted JSON with at least url and tags.") from error
    if "{query}" not in recipe.url or not recipe.url.startswith(("http://", "https://")):
        raise SourceError(f"{path} has the url {recipe.url!r}; wanted https://... with {{query}} for the keyword.")
    return recipe
