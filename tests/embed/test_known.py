"""What a model keeps of its tags: trends and languages, written by fit-embedding and looked at by suggest."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import duckdb
import numpy as np
import pytest
from typer.testing import CliRunner, Result

from tag2vec import Corpus, Suggester, TagSpace, artifact
from tag2vec.cli import app
from tag2vec.embed.forms import Forms
from tag2vec.embed.known import Known
from tag2vec.embed.languages import written_in
from tag2vec.embed.tagtrends import RISING, TagTrends
from tag2vec.errors import ArtifactError, UsageError
from tag2vec.scraping.trends import trends
from tests.conftest import Home
from tests.scraping.test_corpus import write_posts
from tests.spaces import space as small_space


def run(*arguments: object) -> Result:
    from tag2vec.cli import fit, suggest

    assert fit and suggest
    return CliRunner().invoke(app, [str(one) for one in arguments])


def _posts(days: int, rising: int, first: int = 0) -> list[dict[str, object]]:
    """Eight authors a day; #steady always, #rising and #risen on the last days, `rising` of these authors' each."""
    start = date(2026, 3, 1) + timedelta(first)
    return [
        {"id": f"{first + day}-{who}", "author": f"{first + day}-{who}", "date": str(start + timedelta(day))}
        | {"tags": ["steady", "daily", *(["rising", "risen"] if day >= days - 7 and who < rising else ["old"])]}
        for day in range(days)
        for who in range(8)
    ]


def _fitted(folder: Path, posts: list[dict[str, object]]) -> TagSpace:
    Corpus.build(write_posts(folder / "p.jsonl", posts), folder / "corpus", stemmer="none")
    done = run("fit-embedding", folder / "corpus", "-o", folder / "model", "--dim", "8", "--epochs", "2")
    assert done.exit_code == 0, done.output
    return TagSpace.load(folder / "model")


def test_fit_embedding_keeps_the_trends_of_the_corpus_and_an_update_those_of_now(tmp_path: Path) -> None:
    space = _fitted(tmp_path, _posts(35, 4))
    kept = Known.load(tmp_path / "model", space).trends
    assert kept and kept.last == date(2026, 4, 4)
    known = trends(space.corpus())
    for row, stem in enumerate(known.stems):
        assert kept.trend[space.rows[stem]] == pytest.approx(known.trend[row])
    assert kept.trend[space.rows["rising"]] > RISING > kept.trend[space.rows["steady"]]
    assert kept.of(np.array([space.rows["rising"], len(space) + 3])).tolist() == [kept.trend[space.rows["rising"]], 0]
    assert kept.weeks is not None and kept.every == (0,) * 8 + (56,) * 5  # 35 days of eight authors
    assert kept.weeks[space.rows["steady"]].tolist() == list(kept.every)
    assert kept.weeks[space.rows["rising"]].tolist() == [0] * 12 + [28]
    assert kept.weeks[space.rows["old"]].tolist() == [0] * 8 + [56] * 4 + [28]

    calm = write_posts(tmp_path / "later.jsonl", _posts(35, 0, first=35))
    Corpus.build(calm, tmp_path / "corpus", stemmer="none", update=True)
    assert run("fit-embedding", tmp_path / "corpus", "--update", tmp_path / "model").exit_code == 0
    grown = TagSpace.load(tmp_path / "model")
    now = Known.load(tmp_path / "model", grown).trends
    assert now and now.last == date(2026, 5, 9) and now.trend[grown.rows["rising"]] <= 0
    assert Known.load(tmp_path / "model", space).trends is None  # they are those of another space


def test_posts_without_dates_leave_no_trends_and_remove_those_there_were(tmp_path: Path) -> None:
    _fitted(tmp_path, _posts(35, 4))
    assert (tmp_path / "model" / "trends").is_dir()
    undated = [{name: value for name, value in post.items() if name != "date"} for post in _posts(35, 4)]
    shutil.rmtree(tmp_path / "corpus")
    space = _fitted(tmp_path, undated)
    assert not (tmp_path / "model" / "trends").exists() and Known.load(tmp_path / "model", space).trends is None


def test_what_is_damaged_or_stands_in_the_way_is_refused(tmp_path: Path) -> None:
    space = _fitted(tmp_path, _posts(35, 4))
    kept = Known.load(tmp_path / "model", space).trends
    assert kept
    replace(kept, trend=kept.trend[1:]).save(tmp_path / "model", space)
    with pytest.raises(ArtifactError, match="trend.npy is float32 of shape"):
        Known.load(tmp_path / "model", space)
    (tmp_path / "other" / "trends").mkdir(parents=True)
    (tmp_path / "other" / "trends" / "mine.txt").write_text("mine")
    done = run("fit-embedding", tmp_path / "corpus", "-o", tmp_path / "other")
    assert isinstance(done.exception, ArtifactError) or "not written over it" in done.output
    with pytest.raises(ArtifactError, match="was not saved"):
        Known().save(tmp_path / "model", TagSpace(space.entries, space.inputs, space.outputs, space.config))


def test_rising_tags_come_first_where_it_is_wanted(home: Home, clip: Path, tmp_path: Path) -> None:
    shutil.copytree(home.model, tmp_path / "model")
    plain = Suggester.load(tmp_path / "model", cache=home.cache).suggest(clip)
    assert {one.group for one in plain} <= {"broad", "niche"} and plain[0].trend is None
    with pytest.raises(UsageError, match="this model knows none.*tag2vec fit-embedding CORPUS"):
        Suggester.load(tmp_path / "model", cache=home.cache).suggest(clip, trend=0.5)
    space = TagSpace.load(tmp_path / "model")
    last = space.rows[plain[-1].stem]
    trend = np.zeros(len(space), np.float32)
    trend[last] = 3.0
    Known(TagTrends(date(2026, 5, 9), 7, 28, trend)).save(tmp_path / "model", space)
    suggester = Suggester.load(tmp_path / "model", cache=home.cache)
    assert [one.stem for one in suggester.suggest(clip)] == [one.stem for one in plain]
    assert suggester.suggest(clip)[-1].group == "rising" and suggester.suggest(clip)[-1].trend == 3.0
    up = [one.stem for one in suggester.suggest(clip, trend=1)]
    down = [one.stem for one in suggester.suggest(clip, trend=-1)]
    assert up.index(plain[-1].stem) < 14 and plain[-1].stem not in down
    scores = {one.stem: one.score for one in plain}
    assert all(one.score == scores[one.stem] for one in suggester.suggest(clip, trend=1) if one.stem in scores)

    told = json.loads(run("suggest", clip, "-m", tmp_path / "model", "--json", "--trend", "1").stdout)["suggestions"]
    assert [one["stem"] for one in told] == up and {one["stem"]: one["trend"] for one in told}[plain[-1].stem] == 3.0
    table = run("suggest", clip, "-m", tmp_path / "model", "--explain").stdout.splitlines()
    assert table[14].split("\t")[3:5] == ["rising", "+3.00"] and table[0].split("\t")[4] == "+0.00"
    assert artifact.read(tmp_path / "model" / "trends").parents == {"space": space.digest}


def test_only_my_tags_needs_no_training(home: Home, clip: Path, tmp_path: Path) -> None:
    mine = tmp_path / "mine.txt"
    mine.write_text("PianoCoverFriends\nYoyoTricksFriends\npiano\nqwxzk\n")
    done = run("suggest", clip, "-m", home.model, "--vocabulary", mine, "--json")
    told = {one["tag"]: one for one in json.loads(done.stdout)["suggestions"]}
    assert set(told) == {"PianoCoverFriends", "YoyoTricksFriends", "Piano"}
    assert told["YoyoTricksFriends"]["score"] > told["PianoCoverFriends"]["score"] > 0
    assert told["YoyoTricksFriends"]["count"] == 0 and told["YoyoTricksFriends"]["group"] == "niche"
    assert "2 tags of" in done.stderr and "placed by the known tags inside them: PianoCoverFriends, Yo" in done.stderr
    assert "1 tags of" in done.stderr and "left out: qwxzk" in done.stderr
    suggester = Suggester.load(home.model, cache=home.cache)
    pascal = suggester.suggest(clip, vocabulary=mine, style="lower", explain=True)
    assert "yoyotricksfriends" in [one.tag for one in pascal] and pascal[0].why


@pytest.mark.parametrize(
    ("kind", "config", "arrays"),
    [
        ("trends", {"last": "2026-05-09", "recent": 7, "before": 28}, {"trend": [0.0] * 5, "weeks": [[0] * 13] * 5}),
        ("languages", {"codes": ["en"]}, {"languages": ["none"] * 5}),
        ("forms", {}, {"rows": ["0", "1"], "prior": [0.0] * 2, "vectors": [[0.0] * 5] * 2, "cases": [[0.0] * 5] * 6}),
    ],
)
def test_what_was_made_otherwise_is_refused(
    kind: str, config: dict[str, object], arrays: dict[str, list[object]], tmp_path: Path
) -> None:
    own = small_space()
    own.save(tmp_path)
    with artifact.write(tmp_path / kind, kind, config, {"space": own.digest}) as draft:
        (draft.path / "forms.txt").write_text("a\nb\n")
        for name, values in arrays.items():
            draft.array(f"{name}.npy", np.array(values))
    with pytest.raises(ArtifactError, match="does not hold"):
        Forms.load(tmp_path, own)
        Known.load(tmp_path, own)


WORDS = {
    "es": ["cocinaespañola", "recetasfáciles", "comidadeldía", "hechoencasa"],
    "en": ["thekitchen", "easyrecipes", "homemadefood", "whatsfordinner"],
}


def _spoken(named: bool) -> list[dict[str, object]]:
    """Posts of two languages, #messi in all of them, #pasta in few."""
    return [
        {"id": f"{code}{i}", "tags": [*words, "messi", *(["pasta"] if i < 2 else [])]}
        | ({"language": {"es": "es-419", "en": "en_US"}[code]} if named else {})
        for code, words in WORDS.items()
        for i in range(12)
    ]


@pytest.mark.parametrize("named", [True, False])
def test_tags_are_of_the_language_of_their_posts(tmp_path: Path, named: bool) -> None:
    space = _fitted(tmp_path, _spoken(named))
    languages = Known.load(tmp_path / "model", space).languages
    assert languages and languages.codes == ("en", "es")
    assert {space.forms[row]: languages.at(row) for row in range(len(space)) if languages.at(row)} == {
        word: code for code, words in WORDS.items() for word in words
    }
    assert languages.at(len(space) + 1) is None
    assert not languages.other(space.rows["messi"], "messi", ["en"]) and languages.other(0, "кино", ["en"])
    replace(languages, of=languages.of + 2).save(tmp_path / "model", space)
    with pytest.raises(ArtifactError, match="does not hold languages of this tag space"):
        Known.load(tmp_path / "model", space)


@pytest.mark.parametrize(
    ("form", "codes", "yes"),
    [
        ("Beach", ["ru"], True),
        ("пляж", ["en"], False),
        ("пляж", ["en", "uk"], True),
        ("東京タワー", ["ja"], True),
        ("東京タワー", ["zh"], False),
        ("café", ["en"], True),
        ("הים", ["ar"], False),
    ],
)
def test_letters_say_which_languages_a_tag_cannot_be_of(form: str, codes: list[str], yes: bool) -> None:
    assert written_in(form, codes) is yes


def test_a_corpus_of_an_earlier_version_has_no_languages_and_grows(tmp_path: Path) -> None:
    corpus = Corpus.build(write_posts(tmp_path / "p.jsonl", _spoken(True)), tmp_path / "corpus", stemmer="none")
    posts = corpus.folder.path("posts.parquet")
    with artifact.write(tmp_path / "old", "corpus", corpus.folder.config) as draft:
        for name in corpus.folder.files:
            shutil.copyfile(corpus.folder.path(name), draft.path / name)
        duckdb.execute(f"COPY (SELECT * EXCLUDE language FROM '{posts}') TO '{draft.path / 'posts.parquet'}'")
    old = Corpus.load(tmp_path / "old")
    assert {code for code, _ in old.spoken()} == {""} and [*old.written()] == [*corpus.written()]
    new = write_posts(tmp_path / "n.jsonl", [{"id": "new", "tags": ["cine", "playa"], "language": "ES"}])
    grown = Corpus.build(new, tmp_path / "old", stemmer="none", update=True)
    assert [code for code, _ in grown.spoken()] == [""] * 24 + ["es"]
