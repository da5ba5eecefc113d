"""The HTTP API, asked over loopback as clients ask it."""

from __future__ import annotations

import io
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from itertools import pairwise
from pathlib import Path

import numpy as np
import psutil
import pytest

from tag2vec import Suggester
from tag2vec.embed.extract import extract
from tests.conftest import Home
from tests.web.conftest import TOKEN, Server, serving

PROBLEM = "application/problem+json"


def _problem(reply: object, status: int, *said: str) -> None:
    assert reply.status_code == status, reply.text  # type: ignore[attr-defined]
    assert reply.headers["Content-Type"] == PROBLEM  # type: ignore[attr-defined]
    body = reply.json()  # type: ignore[attr-defined]
    assert body["status"] == status and all(text in body["detail"] for text in said), body["detail"]


def test_a_clip_gets_what_the_library_suggests(server: Server, suggester: Suggester, clip: Path) -> None:
    wanted = {"k": 6, "for": "instagram", "exclude": ["juggl*"], "style": "lower", "diversity": 0.2}
    reply = server.suggest(clip, **wanted)
    assert reply.status_code == 200, reply.text
    library = {name: value for name, value in wanted.items() if name != "for"} | {"platform": "instagram"}
    expected = suggester.suggest(clip, **library).json()  # type: ignore[arg-type]
    assert reply.json()["suggestions"] == expected["suggestions"] and len(expected["suggestions"]) == 5
    assert reply.json()["clip"] == clip.name and set(reply.json()["timing_s"]) >= {"decode", "features"}


def test_features_in_place_of_a_clip(server: Server, suggester: Suggester, clip: Path) -> None:
    found = extract(clip, suggester.video.kinds, suggester.video.limits).arrays
    file = io.BytesIO()
    np.savez(file, *found)
    reply = server.post("/v1/suggest", files={"features": ("a.npz", file.getvalue())})
    assert reply.json()["suggestions"] == suggester.suggest(clip).json()["suggestions"]
    one = io.BytesIO()
    np.save(one, found[0][:, :9])
    _problem(server.post("/v1/suggest", files={"features": one.getvalue()}), 422, "wanted (rows, 426) for trajectories")
    _problem(server.post("/v1/suggest", files={"features": b"rubbish"}), 422, "wanted a .npy or .npz")


def test_a_clip_that_was_seen_is_asked_about_again_without_sending_it(home: Home, clip: Path) -> None:
    with serving(home.model, "--workers", "1", "--keep", "8M") as server:
        first = server.suggest(clip, k=6).json()
        again = server.post("/v1/suggest", data={"seen": first["id"], "k": 4, "for": "threads", "explain": "true"})
        assert again.status_code == 200 and again.json()["clip"] == clip.name and again.json()["id"] == first["id"]
        (best,) = again.json()["suggestions"]  # the platform takes one
        assert best["tag"] == first["suggestions"][0]["tag"] and best["why"]["clips"]
        assert again.json()["timing_s"]["features"] == first["timing_s"]["features"], "nothing was computed again"
        _problem(server.post("/v1/suggest", data={"seen": "../../etc"}), 404, "'../../etc' is not kept", "Send it")
        with clip.open("rb") as file:
            both = server.post("/v1/suggest", data={"seen": first["id"]}, files={"clip": file})
        _problem(both, 422, "one of these")
        for _ in range(3):  # there is room for few
            padded = server.post("/v1/suggest", files={"clip": ("b.mp4", clip.read_bytes() + b"\0" * 3 * 2**20)})
            assert padded.status_code == 200, padded.text
        assert server.post("/v1/suggest", data={"seen": padded.json()["id"]}).status_code == 200
        _problem(server.post("/v1/suggest", data={"seen": first["id"]}), 404, "is not kept")


def test_the_weeks_of_a_tag(dated: Server, server: Server) -> None:
    found = dated.get("/v1/trend/Yoyo").json()
    ends = [date.fromisoformat(week["until"]) for week in found["weeks"]]
    assert len(ends) == 13 and {(b - a).days for a, b in pairwise(ends)} == {7}
    assert sum(week["authors"] for week in found["weeks"]) > 0 and all(
        0 <= week["share"] < 1 for week in found["weeks"]
    )
    _problem(dated.get("/v1/trend/yoyopiano"), 404, "no hashtag of this model")
    _problem(server.get("/v1/trend/yoyo"), 404, "knows no weeks")


def test_tags_beside_tags_and_help_for_who_types(server: Server, suggester: Suggester) -> None:
    space = suggester.space
    beside = server.post("/v1/complete", json={"tags": ["yoyo", "#yoyoo"], "k": 4}).json()
    assert [one["stem"] for one in beside["tags"]] == [one.stem for one in space.complete(["yoyo", "yoyoo"], 4)]
    assert [one["step"] for one in beside["query"]] == ["exact", "spelling"]
    near = server.get("/v1/related/%23yoyo?k=3").json()["tags"]
    assert [one["stem"] for one in near] == [one.stem for one in space.related("yoyo", 3)]
    typed = server.get("/v1/tags?prefix=YO&k=50").json()["tags"]
    assert typed and all(one["tag"].lower().startswith("yo") for one in typed)
    assert [one["count"] for one in typed] == sorted((one["count"] for one in typed), reverse=True)
    assert len(server.get("/v1/tags?k=7").json()["tags"]) == 7


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"", "is empty"), (b"\x00" * 5000, "is not a video"), (b"<html><img onerror=alert(1)></html>", "is not a video")],
)
def test_what_is_no_clip_is_refused_by_the_name_that_the_client_gave(server: Server, content: bytes, said: str) -> None:
    for name, shown in (("../../etc/passwd", "passwd"), ("C:\\a\\b.mp4", "b.mp4"), ("<img onerror=x>.mp4", "<img")):
        reply = server.post("/v1/suggest", files={"clip": (name, content)})
        _problem(reply, 422, shown, said)
        assert "/tmp" not in reply.text and "tag2vec-" not in reply.text


def test_a_cut_clip_is_used_with_a_warning(server: Server, clip: Path, tmp_path: Path) -> None:
    import av

    whole = tmp_path / "a.mkv"  # its index is not at its end
    with av.open(str(clip)) as source, av.open(str(whole), "w") as out:
        stream = out.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                out.mux(packet)
    cut = tmp_path / "cut.mkv"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size * 2 // 3])
    reply = server.suggest(cut)
    assert reply.status_code == 200 and reply.json()["warning"]


def test_what_speaks_for_a_tag_without_the_places_of_files(server: Server, home: Home, clip: Path) -> None:
    reply = server.suggest(clip, explain="true", k=3)
    clips = [name for one in reply.json()["suggestions"] for name, _ in one["why"]["clips"]]
    assert clips and all(name.count("/") == 1 for name in clips) and str(home.folder) not in reply.text
    assert {tuple(one["why"]["seconds"]) for one in reply.json()["suggestions"]} - {None}


def test_what_the_model_knows_and_a_map_of_it(server: Server, suggester: Suggester) -> None:
    facts = server.get("/v1/model").json()
    assert facts["tags"] == len(suggester.space) and facts["features"] == ["trajectories"] and not facts["titles"]
    drawn = server.get("/v1/map?most=50").json()["tags"]
    assert [one["tag"] for one in drawn] == suggester.space.forms[:50]
    assert max(abs(x) for one in drawn for x in one["at"]) == pytest.approx(1, abs=1e-3)
    assert server.get("/v1/map?most=50").json()["tags"] == drawn
    _problem(server.get("/v1/map?most=1"), 422, "most: found '1'")


def test_what_cannot_be_wanted_is_said(server: Server, clip: Path) -> None:
    _problem(server.suggest(clip, **{"for": "instagran"}), 404, "Did you mean 'instagram'?")
    _problem(server.suggest(clip, k=0), 422, "k: found '0'", "greater than or equal to 1")
    _problem(server.suggest(clip, title="surf"), 422, "title")
    _problem(server.suggest(clip, exclude="/etc/passwd"), 422, "no file")
    _problem(server.suggest(clip, language="xx"), 422, "language")
    _problem(server.post("/v1/suggest", data={"k": 3}), 422, "Wanted a clip or features")
    _problem(server.post("/v1/complete", json={"tags": []}), 422, "tags: found []")
    _problem(server.post("/v1/complete", data="{"), 422)
    _problem(server.get("/v1/related/qqqqqqqqqq"), 404, "qqqqqqqqqq")
    _problem(server.get("/nowhere"), 404, "/openapi.json")
    _problem(server.get("/v1/suggest"), 405, "Method Not Allowed")


def test_what_is_too_large_is_refused_before_it_comes(server: Server, clip: Path) -> None:
    _problem(server.post("/v1/suggest", files={"clip": b"\0" * (6 * 2**20)}), 413, "5 MiB at most")
    host, port = server.address.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as line:  # 2 GB are announced, and none is sent
        line.sendall(f"POST /v1/suggest HTTP/1.1\r\nHost: {host}\r\nContent-Length: 2000000000\r\n\r\n".encode())
        assert b" 413 " in line.recv(100)

    def endless() -> object:
        yield b'--x\r\nContent-Disposition: form-data; name="clip"; filename="a"\r\n\r\n'
        for _ in range(20):
            yield b"\0" * 2**20

    kind = {"Content-Type": "multipart/form-data; boundary=x"}
    try:
        reply = server.post("/v1/suggest", data=endless(), headers=kind)
    except OSError:  # it may close while we still send
        return
    _problem(reply, 413, "More came")


def test_pages_of_other_sites_and_other_names_are_refused(server: Server) -> None:
    _problem(server.get("/v1/tags", headers={"Host": "evil.example"}), 421, "evil.example", "localhost")
    _problem(server.get("/v1/tags", headers={"Origin": "http://evil.example"}), 403, "evil.example")
    _problem(server.get("/v1/tags", headers={"Sec-Fetch-Site": "cross-site"}), 403)
    assert server.get("/v1/tags", headers={"Origin": server.address}).status_code == 200


def test_it_can_be_measured(server: Server) -> None:
    assert server.get("/healthz").json()["status"] == "ok"
    server.get("/v1/tags")
    text = server.get("/metrics").text
    assert 'tag2vec_requests_total{route="/v1/tags",status="200"}' in text and "tag2vec_clips_waiting 0.0" in text
    described = server.get("/openapi.json").json()
    assert {"/v1/suggest", "/v1/complete", "/v1/related/{tag}", "/v1/tags"} <= set(described["paths"])


def test_when_the_queue_is_full_more_are_sent_away_and_the_rest_is_answered(server: Server, clip: Path) -> None:
    with ThreadPoolExecutor(12) as pool:
        replies = list(pool.map(lambda _: server.suggest(clip), range(12)))
    counts = {status: sum(reply.status_code == status for reply in replies) for status in (200, 429)}
    assert counts[200] >= 2 and counts[429] >= 1 and counts[200] + counts[429] == 12
    for reply in replies:
        if reply.status_code == 429:
            _problem(reply, 429, "Try again")
            assert int(reply.headers["Retry-After"]) > 0
    assert server.suggest(clip).status_code == 200


def test_a_worker_that_is_killed_costs_its_clip_only(server: Server, clip: Path) -> None:
    before = server.workers()
    stop = threading.Event()
    with ThreadPoolExecutor(3) as pool:
        asking = [pool.submit(server.suggest, clip) for _ in range(2)]
        time.sleep(0.15)
        for one in before:
            one.kill()
        quick = pool.submit(server.get, "/v1/tags")
        replies = [one.result() for one in asking]
        stop.set()
    assert all(reply.status_code in {200, 503} for reply in [*replies, quick.result()])
    for reply in replies:
        if reply.status_code == 503:
            _problem(reply, 503, "Try again")
            assert reply.headers["Retry-After"]
    assert server.suggest(clip).status_code == 200 and server.suggest(clip).status_code == 200
    assert server.get("/v1/tags").status_code in {200, 503} and server.get("/v1/tags").status_code == 200
    assert 'tag2vec_workers_replaced_total{why="died"}' in server.get("/metrics").text


def test_a_token_a_limit_and_an_end(home: Home, clip: Path) -> None:
    with serving(home.model, "--workers", "1", "--seconds", "1", token=TOKEN) as server:
        _problem(server.get("/v1/tags"), 401, "Bearer")
        _problem(server.get("/v1/tags", headers={"Authorization": "Bearer wrong"}), 401)
        mine = {"Authorization": f"Bearer {TOKEN}"}
        assert server.get("/v1/tags", headers=mine).status_code == 200 == server.get("/healthz").status_code
        children = psutil.Process(server.process.pid).children(recursive=True)
    assert server.process.returncode == 0 and not psutil.wait_procs(children, timeout=10)[1]


def test_what_takes_too_long_is_stopped(home: Home, tmp_path: Path) -> None:
    from tests.clips import texture, write_clip

    pictures = [texture(480, 640, seed) for seed in range(3)] * 60
    slow = write_clip(tmp_path / "slow.mp4", pictures)
    with serving(home.model, "--workers", "1", "--seconds", "1", "--max-size", "900M") as server:
        with slow.open("rb") as file:
            replies = [server.post("/v1/suggest", files={"clip": file}, data={"explain": "true"})]
        _problem(replies[0], 504, "longer than the 1 seconds")
        assert server.get("/v1/tags").status_code == 200


def test_a_model_that_cannot_be_served_and_a_port_in_use(home: Home, tmp_path: Path, server: Server) -> None:
    import subprocess
    import sys

    port = server.address.rpartition(":")[2]
    for arguments, said, code in (
        ([str(tmp_path / "none"), "--port", "0"], "There is no folder", 1),
        ([str(home.model), "--port", port], f"port {port} cannot be listened on", 2),
        ([str(home.model), "--host", "0.0.0.0"], "--host-name", 2),
    ):
        done = subprocess.run(
            [sys.executable, "-m", "tag2vec", "serve", *arguments], capture_output=True, text=True, timeout=120
        )
        assert done.returncode == code and said in done.stderr and "Traceback" not in done.stderr
