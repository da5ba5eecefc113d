"""The page, in a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tag2vec import Suggester, TagSpace, VideoEmbedder
from tag2vec.scraping.corpus import Entry
from tests.conftest import Home
from tests.web.conftest import CHROMIUM, WAIT_MS, Server, serving

sync_api = pytest.importorskip("playwright.sync_api")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium here")


@pytest.fixture
def page(browser: Any, server: Server) -> Iterator[Any]:
    context = browser.new_context(permissions=["clipboard-read", "clipboard-write"])
    context.set_default_timeout(WAIT_MS)
    found = context.new_page()
    errors: list[str] = []
    found.on("pageerror", lambda error: errors.append(str(error)))
    found.on("request", lambda one: errors.append(one.url) if not one.url.startswith((server.address, "blob:")) else 0)
    found.goto(server.address + "/")
    yield found
    context.close()
    assert not errors, "what went wrong on the page, or what it loaded from elsewhere"


def test_a_clip_gets_chips_that_can_be_dropped_and_copied(page: Any, suggester: Suggester, clip: Path) -> None:
    page.set_input_files("#files", clip)
    page.wait_for_selector(".chip")
    expected = [one.tag for one in suggester.suggest(clip)]
    assert sorted(text.strip().lstrip("#") for text in page.locator(".chip").all_inner_texts()) == sorted(expected)
    page.select_option("#platform", "instagram")
    sync_api.expect(page.locator(".chip")).to_have_count(5, timeout=WAIT_MS)
    chip = page.locator(".chip").first
    dropped = chip.inner_text().strip()
    chip.press("Space")  # by the keyboard
    assert chip.get_attribute("aria-pressed") == "false"
    assert page.locator("article output").inner_text().startswith("4 of 5 hashtags")
    page.click(".copy")
    page.wait_for_selector("text=Copied.")
    kept = page.evaluate("navigator.clipboard.readText()").split()
    assert len(kept) == 4 and dropped not in kept and all(tag.startswith("#") for tag in kept)


def test_what_is_no_clip_says_so_beside_it_and_a_name_is_only_text(page: Any, clip: Path, tmp_path: Path) -> None:
    bad = tmp_path / "<img src=x onerror=document.title='gone'>.mp4"
    bad.write_bytes(b"<b>no clip</b>")
    page.set_input_files("#files", [bad, clip])
    page.wait_for_selector(".chip")
    article = page.locator("article", has_text="onerror")
    article.locator(".said.bad", has_text="is not a video").wait_for()
    assert page.locator("#clips img").count() == 0 and page.title().startswith("tag2vec")
    article.locator(".away").click()
    assert page.locator("article").count() == 1


def test_hashtags_can_be_looked_at(page: Any, suggester: Suggester) -> None:
    page.locator("#tab-suggest").press("ArrowRight")
    page.fill("#tag", "yoyoo")
    page.press("#tag", "Enter")
    page.wait_for_selector("#near li")
    near = [f"#{one.tag}".lower() for one in suggester.space.related("yoyo", 30)]
    assert [text.strip().lower() for text in page.locator("#near button").all_inner_texts()] == near
    assert "#yoyoo is not known; near #" in page.locator("#said").inner_text()
    page.locator("#near button").nth(2).click()
    sync_api.expect(page.locator("#said")).to_have_text(f"Near {near[2]}", ignore_case=True)
    page.fill("#tag", "")
    page.type("#tag", "yo")
    page.locator("#typed option").nth(1).wait_for(state="attached")


def test_the_weeks_of_a_hashtag_are_drawn(browser: Any, dated: Server) -> None:
    page = browser.new_page()
    page.goto(dated.address + "/")
    page.click("#tab-explore")
    page.fill("#tag", "Yoyo")
    page.press("#tag", "Enter")
    page.wait_for_selector("#weeks:not([hidden])")
    assert "of a thousand a week" in page.locator("#weeks figcaption").inner_text()
    assert page.locator("#weeks polyline").get_attribute("points").count(",") == 13
    page.close()


def test_why_and_a_map(page: Any, clip: Path) -> None:
    page.set_input_files("#files", clip)
    page.wait_for_selector(".chip")
    assert page.locator(".title").is_hidden()  # the model reads none
    page.locator(".chip").first.hover()
    page.wait_for_selector(".chip[title*='like ']")
    assert "most from" in page.locator(".chip").first.get_attribute("title")
    page.click("#tab-explore")
    page.click("#draw")
    page.wait_for_selector("#map:not([hidden])")
    far = page.locator("#mapped").inner_text()
    assert far.startswith(tuple("123456789")) and "named here" in far
    page.focus("#map")
    for key in ("+", "+", "ArrowRight", "ArrowUp"):
        page.press("#map", key)
    assert page.locator("#mapped").inner_text() != far


def test_a_tag_that_is_markup_stays_text(browser: Any, home: Home, clip: Path, tmp_path: Path) -> None:
    """A model from a stranger may call its tags anything."""
    bad = "<img src=x onerror=document.title='gone'>"
    space = TagSpace.load(home.model)
    entries = [
        Entry(one.stem, one.count, {bad: one.count} if one.stem == "yoyo" else one.forms) for one in space.entries
    ]
    other = TagSpace(entries, space.inputs, space.outputs, space.config, space.parents, bias=space.bias)
    other.save(tmp_path / "model")
    VideoEmbedder.fit(other, home.folder / "clips.csv", cache=home.cache).save(tmp_path / "model")
    with serving(tmp_path / "model", "--workers", "1") as server:
        page = browser.new_page()
        page.goto(server.address + "/")
        page.set_input_files("#files", clip)
        page.locator(".chip", has_text=bad).wait_for(timeout=WAIT_MS)
        page.click("#tab-explore")
        page.fill("#tag", "walkthedog")
        page.press("#tag", "Enter")
        page.locator("#near", has_text=bad).wait_for(timeout=WAIT_MS)
        page.locator("#near button", has_text=bad).click()
        page.click("#draw")
        page.wait_for_selector("#map:not([hidden])", timeout=WAIT_MS)
        assert page.locator("img").count() == 0 and page.title().startswith("tag2vec")
        page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_shows_it_whole(page: Any, clip: Path, scheme: str) -> None:
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": 360, "height": 740})
    page.set_input_files("#files", clip)
    page.wait_for_selector(".chip")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    paper, ink = (page.evaluate(f"getComputedStyle(document.body).{name}") for name in ("backgroundColor", "color"))
    brightness = [sum(map(int, colour[4:-1].split(","))) for colour in (paper, ink)]
    assert (brightness[0] > brightness[1]) == (scheme == "light")
