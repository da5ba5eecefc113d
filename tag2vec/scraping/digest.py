"""One block of posts -> its tag sentences and counts: the step that any process on any machine can do alone."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice

from tag2vec.scraping.clean import Cleaning
from tag2vec.scraping.language import code_of
from tag2vec.scraping.normalise import Stems, spell, tags_of
from tag2vec.scraping.post import Post
from tag2vec.scraping.sources import FILE, Block
from tag2vec.scraping.sources.jsonl import parse

MAX_TAGS = 10_000  # of a post; no platform takes a hundredth of it
TOGETHER = 1000  # posts whose tags are stemmed at once: more at once is slower, the table leaves the processor's cache


@dataclass
class Digest:
    """What a block holds.

    `rows` has a line a post that may stay: origin, id, author, day, language, stems, forms, with tabs between; `counts`
    a line a (stem, form) of these rows with their number, when it was wanted.
    """

    rows: bytes = b""
    counts: bytes = b""
    read: int = 0
    left_out: Counter[str] = field(default_factory=Counter)  # posts by rule
    dropped: Counter[str] = field(default_factory=Counter)  # tags by rule
    problems: list[tuple[str, str]] = field(default_factory=list)  # (where, reason) of what could not be read


def digest(block: Block, stemmer: str, cleaning: Cleaning, count: bool = False) -> Digest:
    """Normalise, clean and stem the posts of `block`, and with `count` count its forms."""
    stems = Stems(stemmer, digits=cleaning.keep_digits)
    result = Digest()
    rows: list[str] = []
    counts: Counter[tuple[str, str]] = Counter()
    posts = _posts(block, result)
    while some := list(islice(posts, TOGETHER)):
        tags = [tags_of(post) for post in some]
        table = _table(stems, cleaning, set(chain.from_iterable(tags)))
        for post, written in zip(some, tags, strict=True):
            found = _first_forms(table, written)
            if "" in found:
                del found[""]
                result.dropped.update(table[tag][1] for tag in written if not table[tag][0])
            if len(found) < cleaning.min_tags:
                result.left_out["near-empty"] += 1
            elif len(found) > MAX_TAGS:
                result.left_out["unreadable"] += 1
                result.problems.append((f"{block.where}, post {post.id or '?'}", f"{len(found):,} tags"))
            elif cleaning.other_language(post):
                result.left_out["language"] += 1
            else:
                rows.append(_row(block.where, post, found))
                if count:
                    counts.update(found.items())
    result.rows = "".join(rows).encode()
    result.counts = "".join([f"{stem}\t{form}\t{number}\n" for (stem, form), number in counts.items()]).encode()
    return result


def _posts(block: Block, result: Digest) -> Iterator[Post]:
    for number, line in block.lines():
        if not line or line.isspace():
            continue
        result.read += 1
        post = parse(line)
        if isinstance(post, Post):
            yield post
        else:
            result.left_out["unreadable"] += 1
            result.problems.append((f"{block.where}:{number}", post))


def _table(stems: Stems, cleaning: Cleaning, tags: set[str]) -> dict[str, tuple[str, str]]:
    """{tag: (stem, form)}, or {tag: ("", rule that leaves it out)}."""
    written, forms, normals = spell(tags)
    table = dict(zip(written, zip(stems.stem_all(normals), forms, strict=True), strict=True))
    for number, rule in cleaning.screen(forms, normals).items():
        table[written[number]] = ("", rule)
    return table


def _first_forms(table: dict[str, tuple[str, str]], tags: Sequence[str]) -> dict[str, str]:
    """{stem: form} in order of appearance; of several forms of a stem the first."""
    found = dict(map(table.__getitem__, tags))
    if len(found) < len(tags):  # dict keeps the last of equal keys: look again from the end
        last = dict(map(table.__getitem__, reversed(tags)))
        found = {stem: last[stem] for stem in found}
    return found


def _row(where: str, post: Post, found: dict[str, str]) -> str:
    origin = post.source or f"{FILE}{where}"
    cells: tuple[str, ...] = (origin, post.id, post.author or "", (post.date or "")[:10], code_of(post.language))
    if not "".join(cells).isprintable():  # a tab or a line end would break the row
        cells = tuple(json.dumps(cell) if cell and not cell.isprintable() else cell for cell in cells)
    return "\t".join((*cells, " ".join(found), " ".join(found.values()))) + "\n"
