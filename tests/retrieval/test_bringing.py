"""Clips from standard input and from servers: real pipes, real servers on loopback, and nothing left behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import pytest

from tag2vec.embed.bringing import Bringing
from tag2vec.embed.frames import read_frames
from tag2vec.errors import Refused, SourceError, UsageError, VideoError
from tag2vec.retrieval.suggest import Suggester
from tests.conftest import Home
from tests.scraping.test_session import Server, connected, other, says, server

__all__ = ["connected", "other", "server"]  # fixtures


@pytest.fixture(autouse=True)
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where clips are brought to; every test must leave it empty."""
    folder = tmp_path / "room"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr(tempfile, "tempdir", None)
    yield folder
    assert list(folder.iterdir()) == []


@pytest.fixture(scope="module")
def wanted(suggester: Suggester, clip: Path) -> str:
    return suggester.suggest(clip, 4).line()


def _serves(server: Server, path: str, body: bytes, **headers: str) -> str:
    server.routes[path] = says(body, **headers)
    return f"http://{server.host}{path}"


def _ours(server: Server, most: int = 2**24) -> Bringing:
    return Bringing(most, allow=(server.host,))


def test_a_clip_of_a_server(suggester: Suggester, clip: Path, wanted: str, server: Server) -> None:
    url = _serves(server, "/a.mp4", clip.read_bytes(), Content_Type="video/mp4")
    found = suggester.suggest(url, 4, bringing=_ours(server))
    assert (found.line(), found.clip, found.json()["clip"]) == (wanted, url, url)
    assert server.paths() == ["/robots.txt", "/a.mp4"]
    parts = list(suggester.suggest_segments(url, 60.0, 4, bringing=_ours(server)))
    assert [part[2].line() for part in parts] == [wanted]  # type: ignore[union-attr]
    why = suggester.suggest(url, 1, bringing=_ours(server), explain=True)[0].why
    assert why and why.clips and server.paths().count("/a.mp4") == 3  # asked for once, though looked at twice


def test_a_picture_of_a_server(suggester: Suggester, clip: Path, tmp_path: Path, server: Server) -> None:
    cv2.imwrite(str(tmp_path / "a.jpg"), read_frames(clip).rgb[0])
    url = _serves(server, "/a", (tmp_path / "a.jpg").read_bytes(), Content_Type="image/jpeg")
    assert len(suggester.suggest(url, 4, bringing=_ours(server))) == 4


def test_private_addresses_are_refused_before_and_after_a_redirect(
    suggester: Suggester, clip: Path, server: Server, other: Server, connected: list[str]
) -> None:
    with pytest.raises(Refused, match=r"no public address: not asked\. .* --allow 127\.0\.0\.1"):
        suggester.suggest(_serves(server, "/a.mp4", clip.read_bytes()))
    assert server.asked == [] and "127.0.0.1" not in connected
    there = _serves(other, "/a.mp4", clip.read_bytes())
    server.routes["/moved"] = says(b"", 302, Location=there)
    with pytest.raises(Refused, match="no public address"):
        suggester.suggest(f"http://{server.host}/moved", bringing=_ours(server))
    assert other.asked == []


def test_robots_txt_is_kept_to(suggester: Suggester, clip: Path, server: Server) -> None:
    url = _serves(server, "/a.mp4", clip.read_bytes())
    server.routes["/robots.txt"] = says(b"User-agent: *\nDisallow: /a")
    with pytest.raises(Refused, match="disallows /a.mp4"):
        suggester.suggest(url, bringing=_ours(server))
    assert server.paths() == ["/robots.txt"]


def test_what_is_no_clip_is_told(suggester: Suggester, clip: Path, server: Server) -> None:
    pages = {
        "/page": (
            b"<html><title>A day out</title>",
            "text/html; charset=utf-8",
            "text/html, and it begins 'A day out'",
        ),
        "/list": (b"#EXTM3U", "application/vnd.apple.mpegurl", "must be saved first"),
        "/data": (b"{}", "application/json", "no clip: the server calls it application/json"),
        "/empty": (b"", "video/mp4", "answered with nothing"),
        "/junk": (b"junk", "video/mp4", r"/junk is not a video"),
    }
    for path, (body, kind, said) in pages.items():
        url = _serves(server, path, body, Content_Type=kind)
        with pytest.raises((SourceError, VideoError), match=said) as caught:
            suggester.suggest(url, bringing=_ours(server))
        assert url in str(caught.value) and "tag2vec-" not in str(caught.value)
    with pytest.raises(SourceError, match="/none answered 404: not here"):
        suggester.suggest(f"http://{server.host}/none", bringing=_ours(server))
    large = _serves(server, "/large", clip.read_bytes())
    with pytest.raises(SourceError, match=r"sent more than .* MiB, the most that is read\. .*--max-size"):
        suggester.suggest(large, bringing=_ours(server, 4096))


def test_one_that_fails_costs_itself_only(suggester: Suggester, clip: Path, wanted: str, server: Server) -> None:
    url = _serves(server, "/a.mp4", clip.read_bytes())
    asked: list[str | Path] = [clip, f"http://{server.host}/none", url, clip]
    found = list(suggester.suggest_many(asked, 4, bringing=_ours(server)))
    assert [name for name, _ in found] == asked
    assert isinstance(found[1][1], SourceError)
    assert [one.line() for i, (_, one) in enumerate(found) if i != 1] == [wanted] * 3  # type: ignore[union-attr]


def test_an_address_is_a_text_and_never_a_path(suggester: Suggester, server: Server) -> None:
    with pytest.raises(VideoError, match="given as text and not as a Path"):
        suggester.suggest(Path(f"http://{server.host}/a.mp4"))
    with pytest.raises(VideoError, match="no such file"):
        suggester.suggest(Path("-"))
    assert server.asked == []


def test_bounds_that_are_none_are_refused() -> None:
    for wrong in ({"max_bytes": 0}, {"max_seconds": 0.0}):
        with pytest.raises(UsageError, match="wanted more than none"):
            Bringing(**wrong)  # type: ignore[arg-type]


def _start(home: Home, *arguments: str, stdin: int = subprocess.PIPE) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "tag2vec", "suggest", "-m", str(home.model), *arguments]
    return subprocess.Popen(command, stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def test_a_clip_through_a_pipe(home: Home, clip: Path, wanted: str) -> None:
    with _start(home, "-", "-k", "4") as run:
        out, err = run.communicate(clip.read_bytes())
    assert (run.returncode, out.decode().strip()) == (0, wanted), err
    with clip.open("rb") as file, _start(home, "-", str(clip), "-k", "4", "--json", stdin=file.fileno()) as run:
        out, err = run.communicate()
    assert [json.loads(line)["clip"] for line in out.splitlines()] == ["-", str(clip)], err


@pytest.mark.parametrize(
    ("sent", "arguments", "said"),
    [
        (b"", ["-"], "nothing came on standard input"),
        (b"junk", ["-"], "- is not a video"),
        (b"x" * 5000, ["-", "--max-size", "4K"], "-: more than 0.00391 MiB came on standard input"),
        (b"", ["-", "-"], "'-' was given twice"),
        (b"", ["-", "--sidecar"], "--sidecar writes beside a clip, and - lies in no folder"),
        (b"", ["http://127.0.0.1:9/a.mp4"], "no public address"),
    ],
)
def test_what_is_wrong_is_one_sentence(home: Home, sent: bytes, arguments: list[str], said: str) -> None:
    with _start(home, *arguments) as run:
        out, err = run.communicate(sent)
    assert run.returncode in {1, 2} and not out
    assert said in err.decode() and "Traceback" not in err.decode() and "tag2vec-" not in err.decode()


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="no terminals here")
def test_a_terminal_is_not_waited_for(home: Home) -> None:
    ours, theirs = os.openpty()
    try:
        with _start(home, "-", stdin=theirs) as run:
            _, err = run.communicate(timeout=120)
    finally:
        os.close(ours)
        os.close(theirs)
    assert run.returncode == 1 and "which is a terminal" in err.decode()


def test_a_polite_kill_leaves_nothing_behind(home: Home, room: Path) -> None:
    with _start(home, "-") as run:
        assert run.stdin is not None
        run.stdin.write(b"the beginning of a clip")
        run.stdin.flush()
        late = threading.Timer(120, run.kill)
        late.start()
        while not list(room.iterdir()) and run.poll() is None:
            time.sleep(0.02)
        assert list(room.iterdir())
        run.send_signal(signal.SIGTERM)
        run.wait()
        late.cancel()
        assert run.returncode == 128 + signal.SIGTERM
