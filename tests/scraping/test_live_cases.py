"""What is particular to one live source: logins, quotas, servers that refuse, feeds that attack, recipes."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer

from tag2vec import plugins
from tag2vec.errors import Refused, SourceError, Tag2VecError, UnknownName
from tag2vec.scraping.live import PATIENCE, Live
from tag2vec.scraping.polite.session import Hosts, Reply, Session
from tag2vec.scraping.post import Post
from tag2vec.scraping.sources import Source


def _source(name: str, httpserver: HTTPServer, skipped: list[str] | None = None, **settings: Any) -> Live:
    httpserver.no_handler_status_code = 404  # there is no robots.txt
    host = f"{httpserver.host}:{httpserver.port}"
    session = Session(None, allow_hosts=[host], hosts=Hosts(pace=0), backoff=0.001)
    note = [] if skipped is None else skipped
    skip = lambda where, reason: note.append(reason)  # noqa: E731
    given = {"server": f"http://{host}", "session": session, "skip": skip} | settings
    return plugins.make(Source, name, given)  # type: ignore[return-value]


class Listing(Session):
    """Remembers whom it was to ask; nobody answers."""

    def get_many(self, urls: Sequence[str]) -> list[Reply | SourceError]:
        self.urls = list(urls)
        return [Refused(f"{url} is not asked.") for url in urls]


def test_peertube_asks_the_server_that_holds_a_video(httpserver: HTTPServer) -> None:
    uuid = "0b6f9a52-7d0e-4c8b-9e41-2f6a1c3d5e7%d"
    hosts = ["videos.example", "10.0.0.1", "localhost", "a.example/../?", "a.example:99@b.example", "", "ü.example"]
    data = [{"uuid": uuid % n, "account": {"name": "x", "host": host}} for n, host in enumerate(hosts)]
    httpserver.expect_request("/api/v1/search/videos").respond_with_json({"total": 10**15, "data": data})
    skipped: list[str] = []
    session = Listing(None, allow_hosts=[f"{httpserver.host}:{httpserver.port}"], hosts=Hosts(pace=0))
    source = _source("peertube", httpserver, skipped, session=session)
    assert list(source.posts("x", 5)) == []
    # 10.0.0.1 is asked for: that it is private is the session's to see, for names that lead there too.
    assert session.urls == [f"https://{host}/api/v1/videos/{uuid % n}" for n, host in enumerate(hosts[:2])]
    assert len(skipped) == len(hosts) * PATIENCE
    assert skipped[:3] == [f"its server {host!r} is not a host name" for host in hosts[2:5]]


def test_peertube_without_a_query_asks_for_the_newest(httpserver: HTTPServer) -> None:
    httpserver.expect_request(
        "/api/v1/search/videos", query_string={"sort": "-publishedAt", "start": "0", "count": "100", "nsfw": "false"}
    ).respond_with_json({"total": 0, "data": []})
    source = _source("peertube", httpserver)
    assert source.queries() == [""] and list(source.posts("")) == []  # asked otherwise it would be 404


def _instance(local: str, remote: str) -> dict[str, Any]:
    return {"configuration": {"timelines_access": {"hashtag_feeds": {"local": local, "remote": remote}}}}


@pytest.mark.parametrize("local", ["authenticated", "disabled"])
def test_mastodon_that_wants_a_login_is_left_alone(httpserver: HTTPServer, local: str) -> None:
    httpserver.expect_request("/api/v2/instance").respond_with_json(_instance(local, local))
    source = _source("mastodon", httpserver)
    for ask in (lambda: list(source.posts("bread")), source.queries):
        with pytest.raises(Refused, match=f"only to people who log in \\('{local}'\\); name a server"):
            ask()
    paths = [request.path for request, _ in httpserver.log]
    assert paths.count("/api/v2/instance") == 1 and not any("timelines" in path for path in paths)


@pytest.mark.parametrize(
    ("instance", "query"),
    [
        (_instance("public", "authenticated"), {"limit": "7", "local": "true"}),
        (_instance("public", "public"), {"limit": "7"}),
        ({"version": "4.2.0", "configuration": {"statuses": {}}}, {"limit": "7"}),
        (None, {"limit": "7"}),  # 404: older still
    ],
)
def test_mastodon_asks_for_what_is_public(
    httpserver: HTTPServer, instance: dict[str, Any] | None, query: dict[str, str]
) -> None:
    if instance is not None:
        httpserver.expect_request("/api/v2/instance").respond_with_json(instance)
    else:
        httpserver.expect_request("/api/v2/instance").respond_with_data("no", 404)
    post = {"uri": "https://a.example/1", "content": "#x"}
    httpserver.expect_request("/api/v1/timelines/tag/Bread", query_string=query).respond_with_json([post])
    source = _source("mastodon", httpserver)
    assert [post.id for post in source.posts("#Bread", 7)] == ["https://a.example/1"]


@pytest.mark.parametrize("server", ["mastodon.social", "https://Mastodon.Social:443/", "x@mastodon.social."])
def test_mastodon_social_is_refused_unasked(server: str) -> None:
    source = plugins.make(Source, "mastodon", {"server": server, "session": Session(None, hosts=Hosts(max_requests=0))})
    with pytest.raises(Refused, match="mastodon.social forbids scrapers"):
        list(source.posts("bread"))
    with pytest.raises(Refused, match="mastodon.social forbids scrapers"):
        source.queries()  # type: ignore[attr-defined]


def test_mastodon_trends_are_the_queries_and_what_is_no_tag_is_not_asked(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/api/v2/instance").respond_with_json({})
    httpserver.expect_request("/api/v1/trends/tags").respond_with_json([{"name": "bread"}, {"name": "rye"}])
    source = _source("mastodon", httpserver)
    assert source.queries() == ["bread", "rye"]
    asked = source.session.requests
    assert [list(source.posts(query)) for query in ("", "2026", "#", "!?")] == [[]] * 4
    assert source.session.requests == asked


@pytest.mark.parametrize(
    "link", ["<http://[; rel=next", "<http://[>; rel=next", "<a>; rel", "rel=next", ",,;;<>", "<x?y=1>; rel=next"]
)
def test_mastodon_with_a_broken_link_to_the_next_page_ends(httpserver: HTTPServer, link: str) -> None:
    httpserver.expect_request("/api/v2/instance").respond_with_json({})
    httpserver.expect_request("/api/v1/timelines/tag/x").respond_with_json([{"uri": "u"}], headers={"Link": link})
    assert [post.id for post in _source("mastodon", httpserver).posts("x")] == ["u"]


_SPENT = {
    "error": {
        "code": 403,
        "message": 'The request cannot be completed because you have exceeded your <a href="/youtube/v3/getting-started'
        '#quota">quota</a>.',
        "errors": [{"domain": "youtube.quota", "reason": "quotaExceeded"}],
    }
}


def test_youtube_says_that_the_quota_is_spent_and_never_shows_the_key(
    httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("YOUTUBE_API_KEY", "AIza-invented")
    httpserver.expect_ordered_request("/search").respond_with_json(_SPENT, status=403)
    httpserver.expect_ordered_request("/search").respond_with_json({"error": {"message": "API key not valid."}}, 403)
    httpserver.expect_ordered_request("/search").respond_with_json({"items": [{"id": 5}]})
    httpserver.expect_ordered_request("/search").respond_with_json({"items": None})
    skipped: list[str] = []
    source = _source("youtube", httpserver, skipped)
    with pytest.raises(Refused, match="quota .* is spent .*100 searches.* midnight Pacific time"):
        list(source.posts("quota"))
    with pytest.raises(Refused, match="API key not valid") as refused:
        list(source.posts("quota"))
    assert list(source.posts("quota")) == [] and len(skipped) == 1
    with pytest.raises(SourceError, match="Expected `array`, got `null` - at `\\$.items`") as wrong:
        list(source.posts("quota"))
    assert "AIza" not in f"{refused.value} {skipped} {wrong.value}"


def test_flickr_tells_an_escaped_apostrophe_from_an_escaped_backslash(httpserver: HTTPServer) -> None:
    body = r'jsonFlickrFeed({"items":[{"link":"l","title":"a\\\\\'b\\n","tags":"x"}]});' + "\n"
    httpserver.expect_request("/services/feeds/photos_public.gne").respond_with_data(body)
    assert [post.title for post in _source("flickr", httpserver).posts("x")] == ["a\\\\'b\\n"]
    assert list(_source("flickr", httpserver).posts("# !")) == []


def test_bluesky_logs_in_once_and_again_when_the_token_expires(
    httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BLUESKY_HANDLE", "nest.example")
    monkeypatch.setenv("BLUESKY_APP_PASSWORD", "aaaa-bbbb")
    login, search = "/xrpc/com.atproto.server.createSession", "/xrpc/app.bsky.feed.searchPosts"
    expired = {"error": "ExpiredToken", "message": "Token has expired"}
    body = {"identifier": "nest.example", "password": "aaaa-bbbb"}
    for token in ("one", "two"):
        httpserver.expect_ordered_request(login, "POST", json=body).respond_with_json({"accessJwt": token})
        allowed = {"Authorization": f"Bearer {token}"}
        httpserver.expect_ordered_request(search, headers=allowed).respond_with_json({"posts": []})
        httpserver.expect_ordered_request(search, headers=allowed).respond_with_json(expired, status=400)
    source = _source("bluesky", httpserver)
    assert list(source.posts("birds")) == []
    assert list(source.posts("birds")) == []
    httpserver.expect_ordered_request(login, "POST").respond_with_json({"message": "Invalid password"}, status=401)
    with pytest.raises(Refused, match="look at BLUESKY_HANDLE and BLUESKY_APP_PASSWORD. .*Invalid password") as error:
        list(source.posts("birds"))
    assert "aaaa-bbbb" not in str(error.value)
    httpserver.check_assertions()


def _feed(httpserver: HTTPServer, body: str | bytes) -> tuple[list[Post], list[str]]:
    httpserver.expect_request("/feed").respond_with_data(body, content_type="application/xml")
    skipped: list[str] = []
    source = _source("rss", httpserver, skipped, server=httpserver.url_for("/feed"))
    assert source.queries() == [""]
    return list(source.posts("")), skipped


_ENTITIES = '<!ENTITY a0 "aaaaaaaaaa">' + "".join(
    f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 12)
)  # ten to the power of twelve letters


@pytest.mark.parametrize(
    "feed",
    [
        f"<!DOCTYPE rss [{_ENTITIES}]><rss><channel><item><guid>1</guid><title>&a11;</title></item></channel></rss>",
        f'<!DOCTYPE feed [{_ENTITIES}]><feed><entry><id>1</id><category term="&a11;"/></entry></feed>',
        '<!DOCTYPE rss SYSTEM "file:///etc/passwd"><rss><item><guid>1</guid></item></rss>',
        '<!DOCTYPE rss [<!ENTITY x SYSTEM "file:///etc/passwd">]><rss><item><guid>1</guid><title>&x;</title></item></rss>',
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_rss_with_entities_is_refused(httpserver: HTTPServer, feed: str, encoding: str) -> None:
    start = time.monotonic()
    with pytest.raises(SourceError, match=r"/feed declares a document type \(<!DOCTYPE>\)"):
        _feed(httpserver, f'<?xml version="1.0" encoding="{encoding}"?>{feed}'.encode(encoding))
    assert time.monotonic() - start < 2


def test_rss_that_breaks_off_gives_what_it_has_and_a_note(httpserver: HTTPServer) -> None:
    feed = "<rss><channel>\n<item><guid>urn:1</guid><category>tea</category></item>\n<item><guid>urn:2</guid><cat"
    posts, skipped = _feed(httpserver, feed)
    assert [(post.id, post.tags) for post in posts] == [("urn:1", ("tea",)), ("urn:2", ())]
    assert len(skipped) == 1 and re.search("what follows a fault in the XML may be lost; line 3: ", skipped[0])


@pytest.mark.parametrize(
    ("feed", "said"),
    [
        ("<rss><channel>\n<titel>x</title>", "is broken XML without a single item; line 2: "),
        ("<opml><body/></opml>", "wanted an RSS or Atom feed"),
        ("tea", "answered with tea; wanted an RSS or Atom feed"),
        ("", r"answered with \(nothing\); wanted an RSS or Atom feed"),
    ],
)
def test_what_is_no_feed(httpserver: HTTPServer, feed: str, said: str) -> None:
    with pytest.raises(SourceError, match=said):
        _feed(httpserver, feed)


def test_rss_of_other_kinds(httpserver: HTTPServer) -> None:
    rdf = (
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/">'
        "<channel/><item><link>http://a.example/1</link><category>a</category><category/></item></rdf:RDF>"
    )
    assert [(post.id, post.tags) for post in _feed(httpserver, rdf)[0]] == [("http://a.example/1", ("a",))]


def test_rss_with_a_place_for_queries_wants_some(httpserver: HTTPServer) -> None:
    source = _source("rss", httpserver, server=httpserver.url_for("/feed?q={query}"))
    with pytest.raises(SourceError, match="nothing to ask for; give --query"):
        source.queries()


def _recipe(folder: Path, httpserver: HTTPServer, **changes: Any) -> str:
    recipe = {"url": httpserver.url_for("/tag/{query}"), "tags": "p", "pace": 0} | changes
    path = folder / "recipe.json"
    path.write_text(json.dumps(recipe))
    return str(path)


def test_a_page_where_the_selector_finds_nothing_is_kept(httpserver: HTTPServer, tmp_path: Path) -> None:
    httpserver.expect_request("/tag/Ol\u00e9").respond_with_data(
        "<div>Log in</div><p> , # </p>", content_type="text/html"
    )
    recipe = _recipe(tmp_path, httpserver)
    with pytest.raises(SourceError, match=r"selector 'p' of .*recipe.json finds no hashtag on .*/tag/Ol%C3%A9. Mend"):
        list(_source("hashtag_page", httpserver, server=recipe).posts("Olé"))
    with pytest.raises(SourceError) as error:
        list(_source("hashtag_page", httpserver, server=recipe, save=tmp_path / "a" / "b").posts("Olé"))
    (kept,) = (tmp_path / "a" / "b").iterdir()
    assert f"The page lies in {kept}." in str(error.value) and b"Log in" in kept.read_bytes()
    (tmp_path / "file").write_text("")
    with pytest.raises(SourceError, match="cannot be saved as .*: Not a directory"):
        list(_source("hashtag_page", httpserver, server=recipe, save=tmp_path / "file" / "b").posts("Olé"))


def test_hashtag_page_takes_tags_apart_and_waits(httpserver: HTTPServer, tmp_path: Path) -> None:
    page = "<p>street food|caf\xe9| #a #b </p><h1></h1>".encode("latin-1")
    httpserver.expect_request("/tag/x").respond_with_data(page, content_type="text/html; charset=iso-8859-1")
    source = _source("hashtag_page", httpserver, server=_recipe(tmp_path, httpserver, split="|", pace=0.2, title="h1"))
    start = time.monotonic()
    (post,) = source.posts("x")
    assert post.tags == ("x", "street food", "café", "a", "b") and post.title is None
    assert 0.2 <= time.monotonic() - start < 2
    assert list(source.posts("#")) == []


@pytest.mark.parametrize(
    ("text", "kind", "said"),
    [
        ('{"url": "https://a.example/{query}", "tgas": "p"}', UnknownName, "'tgas'. Did you mean 'tags'?"),
        ('{"url": "https://a.example/{query}"}', SourceError, "missing required field `tags`"),
        ('{"url": "https://a.example/{query}", "tags": 3}', SourceError, "Expected `str`, got `int`"),
        ('{"url": "https://a.example/{query}", "tags": "p["}', SourceError, "CSS selector that cannot be read: Mal"),
        ('{"url": "https://a.example/{query}", "tags": "p", "title": ">"}', SourceError, "CSS selector"),
        ('{"url": "https://a.example/{query}", "tags": "p", "pace": -1}', SourceError, "`float` >= 0"),
        ('{"url": "https://a.example/{query}", "tags": "p", "split": ""}', SourceError, "length >= 1"),
        ('{"url": "https://a.example/", "tags": "p"}', SourceError, "wanted https://... with {query}"),
        ('{"url": "file:///{query}", "tags": "p"}', SourceError, "wanted https://... with {query}"),
        ("[1]", SourceError, "is not a recipe: Expected `object`, got `array`"),
        ("{", SourceError, "is not a recipe: Expecting"),
        ("[" * 100_000, SourceError, "is not a recipe: maximum recursion"),
        (None, SourceError, "Cannot open .*: No such file"),
    ],
)
def test_a_recipe_that_cannot_be_used(tmp_path: Path, text: str | None, kind: type[Tag2VecError], said: str) -> None:
    path = tmp_path / "recipe.json"
    if text is not None:
        path.write_text(text)
    source = plugins.make(Source, "hashtag_page", {"server": str(path), "session": Session(None)})
    with pytest.raises(kind, match=re.escape(said).replace(r"\.\*", ".*")) as error:
        list(source.posts("x"))
    assert str(path) in str(error.value)


def test_hashtag_page_is_off_and_says_why() -> None:
    live = {name: plugins.get(Source, name) for name in plugins.names(Source)}
    off = {name: source.off for name, source in live.items() if issubclass(source, Live) and source.off}
    assert list(off) == ["hashtag_page"] and "forbid copying by machine" in off["hashtag_page"]
