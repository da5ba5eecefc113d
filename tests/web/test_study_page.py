"""A whole study in a real browser: two raters, a restart in the middle, and a report that equals their marks."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import pytest

from tag2vec.web.study.making import CONTROL, Settings, new_study
from tag2vec.web.study.report import report
from tag2vec.web.study.store import Study
from tests.conftest import Home
from tests.web.conftest import CHROMIUM, WAIT_MS, started

sync_api = pytest.importorskip("playwright.sync_api")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium here")


@pytest.fixture(scope="module")
def folder(home: Home, tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("study") / "study"
    new_study(made, home.folder / "held_out.csv", {"ours": home.model}, Settings(5, per_class=1, seed=3))
    return made


def _free() -> str:
    with socket.create_server(("127.0.0.1", 0)) as here:
        return str(here.getsockname()[1])


def _page(browser: Any, address: str) -> Any:
    page = browser.new_page()
    page.set_default_timeout(WAIT_MS)
    page.goto(address)
    return page


def _answer(page: Any, wanted: Any) -> None:
    """Mark a page: `wanted` says of the number of the clip and of a tag whether it is relevant."""
    page.locator("#marks:not([disabled])").wait_for()
    shown = page.locator("#tags label")
    clip = int(page.locator("#clip").get_attribute("src").rpartition("/")[2])
    for label in shown.all():
        if wanted(clip, label.inner_text().strip().lstrip("#")):
            label.click()
    before = page.locator("#done").get_attribute("title")
    page.click("#next")
    sync_api.expect(page.locator("#done")).not_to_have_attribute("title", before or "")


def test_two_raters_mark_a_whole_study(browser: Any, folder: Path) -> None:
    study, port = Study(folder), _free()
    ours = [set(clip["lists"]["ours"]) for clip in study.clips]
    address = f"http://127.0.0.1:{port}/"
    with started("study", "serve", str(folder), "--port", port):
        ada = _page(browser, address)
        ada.fill("#name", "Ada")
        ada.press("#name", "Enter")
        sync_api.expect(ada.locator("#who")).to_have_text("Ada")
        for _ in range(4):
            _answer(ada, lambda clip, tag: tag in ours[clip])
        bob = _page(browser, f"{address}#rater={study.rater('Bob')}")  # by a link
        _answer(bob, lambda clip, tag: False)
        half = bob.locator("#tags label").first
        half.click()  # marked, and not sent when the server stops
    bob.click("#next")
    bob.locator("#said.bad", has_text="Your marks are kept here").wait_for()
    with started("study", "serve", str(folder), "--port", port):
        sync_api.expect(bob.locator("#done")).to_have_attribute("title", f"2 of {study.pages} pages")
        assert Study(folder).progress(study.rater("Bob"))[1] == 2
        for _ in range(study.pages - 2):
            _answer(bob, lambda clip, tag: False)
        bob.locator("#said", has_text="Thank you, Bob").wait_for()
        ada.reload()  # goes on where she was
        sync_api.expect(ada.locator("#done")).to_have_attribute("title", f"4 of {study.pages} pages")
        for _ in range(study.pages - 4):
            _answer(ada, lambda clip, tag: tag in ours[clip])
        ada.locator("#said", has_text="Thank you, Ada").wait_for()
    found = report(study)
    assert found["raters"] == {"Ada": 6, "Bob": 6}
    marked = sum(relevant for *_, relevant in study.marks())
    assert marked == sum(map(len, ours)) + 1
    arm = found["arms"]["ours"]
    bobs = [(clip, tag) for name, clip, tag, relevant in study.marks() if name == "Bob" and relevant]
    extra = sum(study.clips[clip]["tags"][tag] in ours[clip] for clip, tag in bobs)
    assert arm["relevant"] == pytest.approx((sum(map(len, ours)) + extra) / 12, abs=1e-4)
    assert found["arms"][CONTROL]["relevant"] < arm["relevant"]


def test_going_back_keeps_the_marks_and_keys_play_the_clip(browser: Any, folder: Path) -> None:
    with started("study", "serve", str(folder), "--port", "0") as server:
        page = _page(browser, server.address + "/")
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.fill("#name", "<img src=x onerror=alert(1)>")
        page.click("#begin button")
        page.locator("#tags label").first.click()
        assert page.locator("#next").inner_text() == "Next" and page.locator("#who img").count() == 0
        page.click("#next")
        sync_api.expect(page.locator("#next")).to_have_text("None is relevant")
        page.click("#back")
        sync_api.expect(page.locator("#count")).to_contain_text("1 of")
        playing = "document.querySelector('#clip').paused"
        page.locator("h1").click()
        sync_api.expect(page.locator("#clip")).to_have_js_property("paused", False)
        page.keyboard.press("Space")
        assert page.evaluate(playing)
        page.keyboard.press("r")
        sync_api.expect(page.locator("#clip")).to_have_js_property("paused", False)
        for _ in range(200):  # it is decoded once it has gone back; the page lets nobody wait inside it
            if decoded := page.evaluate("document.querySelector('#clip').readyState") >= 2:
                break
            page.wait_for_timeout(50)
        assert decoded
        page.set_viewport_size({"width": 360, "height": 740})
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
        assert not errors
