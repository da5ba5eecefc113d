"""A folder of an export is a clips list: which video files its posts have, with which hashtags, and what is no clip."""

from __future__ import annotations

import gzip
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tag2vec.embed.clips import any_clips, read_clips
from tag2vec.errors import SourceError
from tests.conftest import Home, Run


def _touch(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    return path


def _info(video: Path, packed: bool = False, **facts: Any) -> None:
    """What yt-dlp writes beside a video."""
    data = json.dumps({"id": video.stem, "extractor": "youtube"} | facts).encode()
    path = video.with_suffix(".info.json.gz" if packed else ".info.json")
    path.write_bytes(gzip.compress(data) if packed else data)


def _reel(uri: str, caption: str, day: int) -> dict[str, Any]:
    written = caption.encode().decode("latin-1")  # as Instagram does
    return {"media": [{"uri": uri, "creation_timestamp": 1_735_689_600 + day * 86_400, "title": written}]}


@pytest.fixture
def instagram(tmp_path: Path) -> Path:
    root = tmp_path / "export"
    for name in ("a.mp4", "b.MOV", "still.jpg", "plain.mp4"):
        _touch(root / "media" / "reels" / name)
    _touch(tmp_path / "outside.mp4")
    posts = [
        _reel("media/reels/a.mp4", "First #Kickflip at the Café #skate", 0),
        _reel("media/reels/b.MOV", "#CaféRacer", 1),
        _reel("media/reels/still.jpg", "#sunset", 1),
        _reel("media/reels/plain.mp4", "no hashtag here", 2),
        _reel("media/reels/gone.mp4", "#gone", 2),
        _reel("../outside.mp4", "#mine", 3),
        _reel(str(tmp_path / "outside.mp4"), "#mine", 3),
        _reel("media/reels/a.mp4", "again #other", 4),
        _reel("media/" + "long" * 2000 + ".mp4", "#long", 4),
        _reel("media/\0.mp4", "#nothing", 4),
        {"no": "post"},
    ]
    listed = _touch(root / "your_instagram_activity" / "media" / "reels.json")
    listed.write_text(json.dumps({"ig_reels_media": posts}))
    return root


def test_an_export_of_instagram(instagram: Path) -> None:
    first, second = read_clips(instagram)
    assert first.path == instagram / "media" / "reels" / "a.mp4"
    assert first.tags == ("Kickflip", "skate") and first.about == "First #Kickflip at the Café #skate"
    assert second.tags == ("CaféRacer",)
    assert (first.group, second.group) == ("2025-01-01", "2025-01-02")  # all are mine: by day
    tagged = {clip.path.name: clip.tags for clip in any_clips([instagram])}
    assert tagged == {"a.mp4": ("Kickflip", "skate"), "b.MOV": ("CaféRacer",), "plain.mp4": ()}


def test_what_yt_dlp_wrote(tmp_path: Path) -> None:
    for name in ("ann/one.mp4", "ann/two.v2.webm", "bob/three.mkv", "bob/four.mp4", "bob/five.mp4"):
        _touch(tmp_path / name)
    _info(tmp_path / "ann" / "one.mp4", tags=["yoyo"], title="Tricks #slack", uploader_id="ann", description="Told")
    _info(tmp_path / "ann" / "two.v2.webm", tags=["yoyo", "ann"], uploader_id="ann")
    _info(tmp_path / "bob" / "three.mkv", packed=True, tags=["piano"], uploader_id="bob")
    _info(tmp_path / "bob" / "never-fetched.mp4", tags=["piano"], uploader_id="bob")
    (tmp_path / "bob" / "four.info.json").write_text('{"id": "four", "tags": ["cut o')
    _touch(tmp_path / "ann" / "one.en.vtt")
    found = {clip.path.name: clip for clip in read_clips(tmp_path)}
    assert sorted(found) == ["one.mp4", "three.mkv", "two.v2.webm"]
    assert found["one.mp4"].tags == ("yoyo", "slack") and found["one.mp4"].title == "Tricks #slack"
    assert found["one.mp4"].about == "Told"
    assert {name: clip.group for name, clip in found.items()} == {
        "one.mp4": "ann",
        "two.v2.webm": "ann",
        "three.mkv": "bob",
    }


def test_class_folders_are_what_they_were(tmp_path: Path) -> None:
    _touch(tmp_path / "yoyo" / "v_yoyo_g01_c02.avi")
    _touch(tmp_path / "piano" / "b.mp4")
    (tmp_path / "notes.csv").write_text("tags\nyoyo tricks\n")
    (tmp_path / "piano" / "b.json").write_text('{"fps": 30}')
    assert [(clip.tags, clip.group) for clip in read_clips(tmp_path)] == [
        (("piano",), "piano/b.mp4"),
        (("yoyo",), "v_yoyo_g01"),
    ]


def test_a_damaged_export_is_named(instagram: Path, tmp_path: Path) -> None:
    listed = instagram / "your_instagram_activity" / "media" / "reels.json"
    listed.write_text(listed.read_text()[:-20])
    with pytest.raises(SourceError, match=r"reels\.json"):
        read_clips(instagram)
    (tmp_path / "empty").mkdir()
    with pytest.raises(SourceError, match="no class folders with clips and no posts with hashtags"):
        read_clips(tmp_path / "empty")


def test_an_archive_is_to_be_unpacked(instagram: Path, tmp_path: Path, run: Run) -> None:
    packed = shutil.make_archive(str(tmp_path / "mine"), "zip", instagram)
    with pytest.raises(SourceError, match=r"mine\.zip is an archive of files\. Unpack it, and name the folder"):
        read_clips(packed)
    code, _, said = run("build-corpus", packed, "-o", tmp_path / "corpus")
    assert code == 1 and "is an archive of files. Unpack it" in said and not (tmp_path / "corpus").exists()


def test_from_an_export_to_suggestions(home: Home, tmp_path: Path, run: Run) -> None:
    """The commands, with real clips."""
    for number in range(6):
        for tag in ("yoyo", "piano"):
            video = _touch(tmp_path / "videos" / f"{tag}-{number}.mp4")
            video.write_bytes((home.folder / "clips" / tag / f"0{number}.mp4").read_bytes())
            _info(video, tags=[tag, f"{tag} tricks", "fun"], uploader_id=f"one-{number}")
    assert run("build-corpus", tmp_path / "videos", "-o", tmp_path / "corpus")[0] == 0
    fit = ["fit-embedding", tmp_path / "corpus", "-o", tmp_path / "model", "--min-count", 1, "--dim", 8]
    code, _, said = run(*fit, "--clips", tmp_path / "videos")
    assert code == 0 and "video embedder: 12 clips" in said
    code, out, said = run("suggest", home.folder / "clips" / "piano" / "09.mp4", "-m", tmp_path / "model", "-k", 2)
    assert code == 0 and "#piano" in out, (out, said)
