"""What tag2vec stands on: every licence is permissive or known not to be, and the page names every dependency."""

from __future__ import annotations

import re
import tomllib
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = {name: asked for name, asked in PROJECT["optional-dependencies"].items() if name != "dev"}

PERMISSIVE = re.compile(
    r"(3-Clause )?(0BSD|Apache|BSD|BSL-1|CC0|CNRI|HPND|ISC|MIT|Mozilla|MPL-2|PSF|Python|The Unlicense|Unlicense|Zlib)\b"
)
KNOWN = {  # what is not permissive by its own word
    "gensim": "LGPL: imported, not changed, not shipped by us",
    "crc32c": "LGPL: imported, not changed, not shipped by us",
    "locate": "its licence file is MIT's, it only calls itself proprietary to the package index",
}
NOT_PERMISSIVE = re.compile(r"lib(avcodec|gmp|gnutls|mp3lame|nettle|unistring|x264|x265)\b")
CARRIED = {  # such libraries inside wheels
    "av": {"avcodec", "gmp", "gnutls", "mp3lame", "nettle", "unistring", "x264", "x265"},
    "opencv-python-headless": {"avcodec"},
}


def installed(extra: str) -> dict[str, Distribution]:
    """All that `tag2vec[extra]` brings; packages that are not installed are left out."""
    found: dict[str, Distribution] = {}
    todo, done = [*map(Requirement, PROJECT["dependencies"] + EXTRAS[extra])], set()
    while todo:
        one = todo.pop()
        name, extras = canonicalize_name(one.name), frozenset(one.extras)
        if (name, extras) in done:
            continue
        done.add((name, extras))
        try:
            found[name] = package = distribution(name)
        except PackageNotFoundError:
            continue
        asked = map(Requirement, package.requires or ())
        todo += [
            more
            for more in asked
            if more.marker is None or any(more.marker.evaluate({"extra": some}) for some in ("", *extras))
        ]
    return found


def licences(package: Distribution) -> list[str]:
    """What a package says of its licence: as an expression, by its classifiers, or in the first line of a text."""
    facts = package.metadata  # by `get`: once importlib_metadata is imported, it raises KeyError in place of None
    if expression := facts.get("License-Expression"):
        return re.split(r" AND | OR ", expression)
    named = [one.rpartition(" :: ")[2] for one in facts.get_all("Classifier") or () if one.startswith("License ::")]
    return [one for one in named if one != "OSI Approved"] or [(facts.get("License") or "no licence").splitlines()[0]]


@pytest.mark.parametrize("extra", EXTRAS)
def test_every_licence_is_permissive_or_known(extra: str) -> None:
    found = installed(extra)
    assert len(found) > 50
    strict = {name: said for name, one in found.items() if not all(map(PERMISSIVE.match, said := licences(one)))}
    assert strict.keys() <= KNOWN.keys(), strict


def test_what_wheels_carry_is_known() -> None:
    found = {}
    for name, package in {name: one for extra in EXTRAS for name, one in installed(extra).items()}.items():
        if carried := {match[1] for file in package.files or () if (match := NOT_PERMISSIVE.match(file.name))}:
            found[name] = carried
    assert all(carried <= CARRIED.get(name, set()) for name, carried in found.items()), found


def test_the_page_names_what_is_asked_for_and_what_is_not_permissive() -> None:
    rows = re.findall(r"^\| ([^|]+) \|", PAGE, re.MULTILINE)[1:]
    named = [canonicalize_name(name) for row in rows for name in re.sub(r" \(`\w+`\)", "", row).split(", ")]
    direct = map(Requirement, sum(EXTRAS.values(), PROJECT["dependencies"]))
    assert sorted(named) == sorted(canonicalize_name(one.name) for one in direct)
    listed = PAGE.partition("## Not permissive")[2]
    for name in [*KNOWN.keys() - {"locate"}, *CARRIED, "x264", "x265"]:
        assert name in listed, name
