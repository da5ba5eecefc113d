"""Help for who types: tags that begin so."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tag2vec.embed.prefix import Prefixes
from tag2vec.embed.space import TagSpace
from tag2vec.scraping.corpus import Entry

LETTERS = st.text("aAbB", min_size=1, max_size=4)


def _same(found: TagSpace, prefix: str, k: int) -> list[str]:
    """By looking at every tag."""
    rows = [
        row
        for row, entry in enumerate(found.entries)
        if any(form.lower().startswith(prefix.lower()) for form in entry.forms)
    ]
    return [found.entries[row].stem for row in sorted(rows, key=lambda row: (-found.entries[row].count, row))[:k]]


@given(
    tags=st.lists(st.dictionaries(LETTERS, st.integers(1, 9), min_size=1, max_size=3), min_size=1, max_size=20),
    prefix=st.text("aAbB", max_size=3),
)
def test_those_of_most_posts_that_begin_so_come_first(tags: list[dict[str, int]], prefix: str) -> None:
    entries = [Entry(str(row), sum(forms.values()), forms) for row, forms in enumerate(tags)]
    zeros = np.zeros((len(tags), 2), np.float32)
    made = TagSpace(entries, zeros, zeros, {"stemmer": "english", "corpus": "nowhere"})
    for k in (1, 3, 50):
        found = Prefixes(made).find(f" #{prefix}", k)
        assert [one.stem for one in found] == _same(made, prefix, k)
        assert all(one.tag.lower().startswith(prefix.lower()) for one in found)
    assert Prefixes(made).find(prefix, 0) == []
