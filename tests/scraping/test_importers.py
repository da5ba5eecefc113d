"""Sources of JSON files that other programs write: what they make of clean and of dirty ones."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tag2vec.errors import SourceError
from tag2vec.scraping.find import find
from tag2vec.scraping.post import Post
from tag2vec.scraping.sources import _json
from tests.scraping.importing import read, written

# Files of one name that all are JSON, and what each source knows its own by.
MIXED = {
    "clip.info.json": ("ytdlp", {"id": "1", "permalinkUrl": "x"}),
    "posts_1.json": ("instagram", [{"title": "#a", "creation_timestamp": 1}]),
    "reels.json": ("instagram", {"ig_reels_media": [{"media": [{"uri": "m/1.mp4", "creation_timestamp": 1}]}]}),
    "answer.json": ("tiktok", {"data": {"videos": [{"id": 1, "hashtag_names": ["a"]}]}}),
    "abc.json": ("vine", {"postIdStr": "1", "description": "#a"}),
    "page.html": ("html", "<a rel=tag href=/x>a</a>"),
    "followers_1.json": (None, [{"creation_timestamp": 1}]),
    "package.json": (None, {"name": "x"}),
}


def test_each_file_of_a_folder_goes_to_its_source(tmp_path: Path) -> None:
    for file, (_, value) in MIXED.items():
        written(tmp_path / file, value)
    pairs = find(str(tmp_path), print, {})
    found = {Path(path).name: type(source).__module__.rpartition(".")[2] for source, path in pairs}
    assert found == {file: name for file, (name, _) in MIXED.items() if name}


def test_a_json_file_that_cannot_be_read_is_nobodys(tmp_path: Path) -> None:
    broken = written(tmp_path / "a.json", "")
    broken.rename(tmp_path / "a.json.gz").write_bytes(b'no gzip "postIdStr"')
    with pytest.raises(SourceError, match="not a file of posts that is known"):
        list(find(str(tmp_path / "a.json.gz"), print, {}))


INFO = {
    "id": "ID1",
    "title": "Kickflip",
    "description": "d",
    "tags": ["skate", "kick flip"],
    "categories": ["Sports"],
    "upload_date": "20260102",
    "timestamp": 1767312000.5,
    "uploader": "Ann",
    "uploader_id": "@ann",
    "extractor": "Youtube",
    "language": "en",
    "formats": [{"url": "x"}],
}


def test_ytdlp(tmp_path: Path) -> None:
    tags = ("skate", "kick flip")
    expected = Post("ID1", tags, "d", "Kickflip", "@ann", "2026-01-02T00:00:00Z", "youtube", "Sports", "en")
    assert read("ytdlp", written(tmp_path / "a.info.json", INFO)) == ([expected], [])
    assert read("ytdlp", written(tmp_path / "a.info.json.gz", INFO)) == ([expected], [])


def test_ytdlp_takes_what_there_is(tmp_path: Path) -> None:
    info = {"id": "2", "tags": None, "categories": [], "upload_date": "20260102", "timestamp": None}
    authors = {"uploader_id": None, "channel_id": "UC1", "uploader": "Ann"}
    (post,), _ = read("ytdlp", written(tmp_path / "a.info.json", info | authors))
    assert (post.id, post.tags, post.author, post.category, post.source) == ("2", (), "UC1", None, "ytdlp")
    assert post.date is not None and post.date.startswith("2026-01-02")
    (post,), _ = read("ytdlp", written(tmp_path / "a.info.json", {"id": "2", "upload_date": "NA", "timestamp": 10**18}))
    assert post.date is None


def test_ytdlp_playlists(tmp_path: Path) -> None:
    tabs = [{"_type": "playlist", "id": "T", "entries": [INFO, None]}, INFO | {"id": "ID2"}]
    path = written(tmp_path / "a.info.json", {"_type": "playlist", "id": "P", "title": "All", "entries": tabs})
    posts, skipped = read("ytdlp", path)
    assert [post.id for post in posts] == ["ID1", "ID2"]
    assert skipped == ["a.info.json, post 2: Expected `object`, got `null`"]
    alone = written(tmp_path / "b.info.json", {"_type": "playlist", "id": "P", "title": "All"})
    assert read("ytdlp", alone) == ([], ["b.info.json: a playlist without its videos"])


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (json.dumps(INFO)[:100], "not JSON"),
        (b"\xff\xfe\x00", "not JSON"),
        ("", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("null", "Expected `object`, got `null`"),
        ({"title": "x"}, "missing required field `id`"),
        (INFO | {"tags": "skate, kick flip"}, "Expected `array | null`, got `str` - at `$.tags`"),
        (INFO | {"tags": ["skate", 7]}, "Expected `str`, got `int` - at `$.tags[1]`"),
        (INFO | {"title": {"text": "x"}}, "at `$.title`"),
    ],
)
def test_a_damaged_file_of_one_post_is_one_post_skipped(tmp_path: Path, content: Any, reason: str) -> None:
    posts, skipped = read("ytdlp", written(tmp_path / "a.info.json", content))
    assert posts == [] and len(skipped) == 1
    assert skipped[0].startswith("a.info.json: ") and reason in skipped[0]


def test_a_byte_order_mark_and_half_an_emoji(tmp_path: Path) -> None:
    text = json.dumps({"id": "1", "title": "cut \ud83d", "description": "whole \U0001f6f9"})
    (post,), _ = read("ytdlp", written(tmp_path / "a.info.json", ("\ufeff" + text).encode()))
    assert (post.title, post.text) == ("cut �", "whole \U0001f6f9")
    assert read("ytdlp", written(tmp_path / "a.info.json", text.encode("utf-16")))[0] == [post]


def test_instagram(tmp_path: Path) -> None:
    medium = {"uri": "media/1.mp4", "creation_timestamp": 1763539200}
    entries = [
        {"media": [medium | {"title": "Café run #café".encode().decode("latin-1")}]},
        {"title": "set #Street", "creation_timestamp": 1763539260, "media": [{"uri": "media/2.jpg"}, medium]},
        {"media": [medium]},
    ]
    posts, skipped = read("instagram", written(tmp_path / "posts_1.json", entries))
    assert skipped == []
    assert posts == [
        Post("media/1.mp4", (), "Café run #café", author="me", date="2025-11-19T08:00:00Z", source="instagram"),
        Post("media/2.jpg", (), "set #Street", author="me", date="2025-11-19T08:01:00Z", source="instagram"),
        Post("media/1.mp4", (), None, author="me", date="2025-11-19T08:00:00Z", source="instagram"),
    ]


@pytest.mark.parametrize("right", ["Café #café", "naïve #日本語", "#skate", "Ünïcödé \U0001f6f9 #ä"])
def test_instagram_leaves_text_that_is_right(tmp_path: Path, right: str) -> None:
    (post,), _ = read("instagram", written(tmp_path / "posts_1.json", [{"title": right}]))
    assert post.text == right


def test_instagram_stories_and_reels(tmp_path: Path) -> None:
    stories = {"ig_stories": [{"uri": "media/s.mp4", "creation_timestamp": 1763539200, "title": "#a"}]}
    reels = {"ig_reels_media": [{"media": [{"uri": "media/r.mp4", "title": "#b"}]}]}
    for file, value, text in (("stories.json", stories, "#a"), ("reels.json", reels, "#b")):
        (post,), skipped = read("instagram", written(tmp_path / file, value))
        assert post.text == text and skipped == []


def test_instagram_entries_of_another_kind(tmp_path: Path) -> None:
    entries = [{"title": "#a"}, "#b", {"string_list_data": []}, {"media": "x"}, {"title": 5}, {"title": "#c"}]
    posts, skipped = read("instagram", written(tmp_path / "posts_1.json", entries))
    assert [post.text for post in posts] == ["#a", "#c"]
    assert [line.split(": ")[0] for line in skipped] == [f"posts_1.json, post {n}" for n in (2, 3, 4, 5)]
    assert skipped[1].endswith('neither "media" nor "title"')


VIDEO = {
    "id": 7300000000000000017,
    "video_description": "yo #Skate",
    "create_time": 1767225600,
    "region_code": "US",
    "hashtag_names": ["skate", "fyp"],
    "username": "ann",
}
ANSWER = {"data": {"videos": [VIDEO], "has_more": False}, "error": {"code": "ok"}}
FROM_TIKTOK = Post(
    "7300000000000000017", ("skate", "fyp"), "yo #Skate", author="ann", date="2026-01-01T00:00:00Z", source="tiktok"
)


@pytest.mark.parametrize("value", [ANSWER, [ANSWER], ANSWER["data"], [VIDEO], VIDEO, [[VIDEO]]])
def test_tiktok_answers_as_people_save_them(tmp_path: Path, value: Any) -> None:
    assert read("tiktok", written(tmp_path / "a.json", value)) == ([FROM_TIKTOK], [])


def test_tiktok_lines_when_it_is_named(tmp_path: Path) -> None:
    lines = f"{json.dumps(VIDEO)}\n\n{json.dumps(ANSWER)}\nno json\n"
    posts, skipped = read("tiktok", written(tmp_path / "a.jsonl.gz", lines))
    assert posts == [FROM_TIKTOK, FROM_TIKTOK]
    assert len(skipped) == 1 and skipped[0].startswith("a.jsonl.gz:4: not JSON")


def test_tiktok_keeps_ids_and_says_what_is_no_video(tmp_path: Path) -> None:
    failed = {"data": {}, "error": {"code": "access_token_invalid", "message": "m"}}
    values = [VIDEO | {"id": "73000"}, failed, VIDEO | {"hashtag_names": "skate"}, VIDEO | {"create_time": 1e300}]
    posts, skipped = read("tiktok", written(tmp_path / "a.json", values))
    assert [(post.id, post.date) for post in posts] == [("73000", "2026-01-01T00:00:00Z"), (str(VIDEO["id"]), None)]
    assert skipped[0] == 'a.json, post 2: neither "hashtag_names" nor "video_description"'
    assert skipped[1].startswith("a.json, post 3: Expected `array | null`")


def test_a_damaged_file_of_many_posts_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = json.dumps([VIDEO] * 50)
    with pytest.raises(SourceError, match=r"a\.json: not JSON"):
        read("tiktok", written(tmp_path / "a.json", text[:-5]))
    packed = written(tmp_path / "a.json.gz", text)
    packed.write_bytes(packed.read_bytes()[:-30])
    with pytest.raises(SourceError, match="damaged or cut off"):
        read("tiktok", packed)
    monkeypatch.setattr(_json, "MAX_FILE", 1000)
    with pytest.raises(SourceError, match="MiB of JSON; cut it into smaller files"):
        read("tiktok", written(tmp_path / "a.json", text))


VINE = {
    "username": "Ann",
    "userIdStr": "933",
    "postId": 1118,
    "postIdStr": "1119",
    "description": "Bye. #TXMeetup",
    "created": "2014-09-02T03:16:45.000000",
    "entities": [
        {"link": "vine://tag/TXMeetup", "type": "tag", "title": "txmeetup", "range": [5, 14]},
        {"link": "vine://tag/caf%C3%A9", "type": "tag", "title": "café"},
        {"link": "vine://user-id/1", "type": "mention", "title": "Bob"},
        {"link": None, "type": "tag", "title": "plain"},
    ],
}
FROM_VINE = Post(
    "1119", ("TXMeetup", "café", "plain"), "Bye. #TXMeetup", author="933", date="2014-09-02T03:16:45", source="vine"
)


@pytest.mark.parametrize("value", [VINE, [VINE], {"code": "", "data": {"count": 1, "records": [VINE]}}])
def test_vine_tags_keep_the_case_of_their_authors(tmp_path: Path, value: Any) -> None:
    assert read("vine", written(tmp_path / "a.json", value)) == ([FROM_VINE], [])


def test_vine_without_entities_and_of_another_kind(tmp_path: Path) -> None:
    records = [{"postId": 5, "description": "#a", "username": "bob", "created": "?"}, {"postId": 6}, {"entities": [1]}]
    posts, skipped = read("vine", written(tmp_path / "a.json", records))
    assert posts == [Post("5", (), "#a", author="bob", source="vine")]
    assert skipped[0] == 'a.json, post 2: neither "description" nor "entities"'
    assert skipped[1].startswith("a.json, post 3: Expected `object`")


@pytest.mark.parametrize("name", ["instagram", "tiktok", "vine", "ytdlp"])
def test_limit(tmp_path: Path, name: str) -> None:
    record = {"id": "1", "title": "#a", "description": "#a", "video_description": "#a"}
    assert len(read(name, written(tmp_path / "a.json", [record] * 5), 3)[0]) == 3
