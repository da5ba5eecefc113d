"""Planted truths: the form of a tag depends on its neighbours, or on the case of what stands beside it."""

from __future__ import annotations

import json
import random
import shutil
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from tag2vec import Corpus, Suggester, TagSpace, artifact
from tag2vec.artifact import MANIFEST
from tag2vec.cli import app, ask, evaluate, fit, suggest
from tag2vec.embed.forms import BESIDE, FOLDER, KIND, LEAST, Forms
from tag2vec.embed.space import query
from tag2vec.errors import ArtifactError, SourceError, UnknownName, UsageError
from tag2vec.evaluation.forms import evaluate_forms, facts, table
from tests.conftest import Home
from tests.scraping.test_corpus import write_posts

ONE = ["friends", "mirror", "outfit", "smile"]  # beside #Selfie
MANY = ["party", "concert", "festival", "crowd"]  # beside #selfies
CASED = ["roblox", "obby", "tycoon", "brainrot"]  # all of a post in capitals, or none


def posts(seed: int, n: int) -> list[dict[str, Any]]:
    draw = random.Random(seed)
    found = []
    for i in range(n):
        kind = i % 3
        tags = draw.sample([ONE, MANY, CASED][kind], 3)
        if kind == 2:
            tags = [tag.upper() for tag in tags] if draw.random() < 0.4 else tags
        else:
            tags.append(["Selfie", "selfies"][kind])
        found.append({"id": f"{seed}-{i}", "author": f"{seed}-{i // 4}", "tags": tags})
    return found


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """posts.jsonl, corpus/ and model/ with forms."""
    made = tmp_path_factory.mktemp("forms")
    corpus = Corpus.build(write_posts(made / "posts.jsonl", posts(0, 900)), made / "corpus")
    space = TagSpace.fit(corpus, dim=16, epochs=5, refine=3)
    space.save(made / "model")
    Forms.fit(corpus, space).save(made / "model")
    write_posts(made / "held_out.jsonl", posts(1, 300))
    return made


@pytest.fixture(scope="module")
def forms(folder: Path) -> Forms:
    return Forms.load(folder / "model", TagSpace.load(folder / "model"))


def beside(forms: Forms, *tags: str) -> Any:
    return query(forms.space.inputs[forms.space.known_rows(tags)])


def test_the_neighbours_say_which_form(forms: Forms) -> None:
    row = forms.space.rows["selfi"]
    for tags, form in ((ONE, "Selfie"), (MANY, "selfies")):
        for some in (tags, tags[:1], tags[1:3]):
            assert forms.write([row], beside(forms, *some)) == [form]
    both = np.stack([beside(forms, *ONE), beside(forms, *MANY)])
    assert forms.write([row, row], both) == ["Selfie", "selfies"]
    assert set(forms.write([row] * 2, 7.5 * both)) == {"Selfie", "selfies"}  # the length of a context says nothing


def test_the_case_beside_a_tag_says_which_case_where_it_is_known(forms: Forms) -> None:
    row, context = forms.space.rows["roblox"], beside(forms, "obby", "tycoon")
    assert forms.write([row], context) == ["roblox"]
    assert forms.write([row], context, beside=["OBBY", "TYCOON"]) == ["ROBLOX"]
    assert forms.write([row], context, beside=["obby", "tycoon"]) == ["roblox"]


def test_a_stranger_context_brings_nothing_that_nobody_wrote(forms: Forms) -> None:
    draw, rows = np.random.default_rng(0), range(len(forms.space))
    seen = Counter[str]()
    for _ in range(50):
        found = forms.write(rows, 100 * draw.standard_normal(forms.space.dim).astype(np.float32))
        assert all(form in forms.space.entries[row].forms for row, form in zip(rows, found, strict=True))
        seen.update(found)
    assert 0 < seen["Selfie"] < 50


def test_forms_count_by_authors_and_slips_do_not_count(tmp_path: Path) -> None:
    """One author wrote #Kite in 40 posts, twelve wrote #kite once; #kites is rarer than LEAST."""
    loud = [{"id": f"a{i}", "author": "loud", "tags": ["Kite", f"other{chr(97 + i % 20)}", f"{i}x"]} for i in range(40)]
    others = [{"id": f"b{i}", "author": f"b{i}", "tags": ["kite", f"other{chr(97 + i)}"]} for i in range(12)]
    slips = [{"id": f"c{i}", "author": f"c{i}", "tags": ["kites", "othera"]} for i in range(LEAST - 1)]
    corpus = Corpus.build(write_posts(tmp_path / "p.jsonl", [*loud, *others, *slips]), tmp_path / "corpus")
    space = TagSpace.fit(corpus, dim=4, min_count=2, epochs=1, refine=0)
    forms = Forms.fit(corpus, space)
    row, nothing = space.rows["kite"], np.zeros(space.dim, np.float32)
    assert space.forms[row] == "Kite" and forms.write([row], nothing) == ["kite"]
    assert forms.names == ["Kite", "kite"]
    assert Forms.none(space).write([row], nothing) == ["Kite"]


def test_a_ranking_is_read_without_the_tag_itself_and_no_longer_than_its_best(forms: Forms) -> None:
    rows = forms.space.known_rows(["selfie", *MANY, *ONE])
    assert len(MANY) <= BESIDE
    found = forms.ranked(rows)
    assert found[0] == "selfies"
    assert forms.ranked(rows[: BESIDE + 1]) == found[: BESIDE + 1]
    assert forms.ranked(forms.space.known_rows([*ONE, "selfie"]))[-1] == "Selfie"
    assert forms.ranked(rows[:1]) == forms.write(rows[:1], np.zeros(forms.space.dim, np.float32))
    assert forms.ranked([]) == []


def test_the_same_seed_gives_the_same_bytes_and_what_is_loaded_is_what_was_saved(folder: Path, tmp_path: Path) -> None:
    corpus, space = Corpus.load(folder / "corpus"), TagSpace.load(folder / "model")
    made = [Forms.fit(corpus, space, seed) for seed in (0, 0, 1)]
    for name, one in zip("abc", made, strict=True):
        one.save(tmp_path / name)
    files = [{p.name: p.read_bytes() for p in (tmp_path / name / FOLDER).iterdir()} for name in "abc"]
    assert files[0] == files[1] and files[0]["vectors.npy"] != files[2]["vectors.npy"]
    again = Forms.load(tmp_path / "a", space)
    assert again.names == made[0].names and again.vectors.dtype == np.float16
    for name in ("rows", "prior", "vectors", "cases"):
        assert np.array_equal(getattr(again, name), getattr(made[0], name))
    assert artifact.read(tmp_path / "a" / FOLDER, KIND).parents == {"space": space.digest}


def test_a_model_without_forms_or_with_those_of_another_space_writes_the_most_frequent(
    folder: Path, tmp_path: Path
) -> None:
    space = TagSpace.load(folder / "model")
    shutil.copytree(folder / "model", tmp_path / "model")
    shutil.rmtree(tmp_path / "model" / FOLDER)
    other = TagSpace.fit(Corpus.load(folder / "corpus"), dim=16, epochs=1, refine=0)
    other.save(tmp_path / "other")
    shutil.copytree(folder / "model" / FOLDER, tmp_path / "other" / FOLDER)
    for one in (Forms.load(tmp_path / "model", space), Forms.load(tmp_path / "other", other)):
        context = one.space.inputs[one.space.rows["friend"]]
        assert one.write(range(len(one.space)), context) == one.space.forms
    with pytest.raises(ArtifactError, match="was not saved"):
        Forms.none(TagSpace.fit(Corpus.load(folder / "corpus"), dim=4, epochs=1, refine=0)).save(tmp_path / "new")


def test_damaged_forms_are_refused(folder: Path, tmp_path: Path) -> None:
    space = TagSpace.load(folder / "model")
    for name in ("forms.txt", "rows.npy"):
        shutil.copytree(folder / "model", tmp_path / name)
        with (tmp_path / name / FOLDER / name).open("ab") as file:
            file.write(b"x")
        with pytest.raises(ArtifactError, match="damaged"):
            Forms.load(tmp_path / name, space)
    (tmp_path / "rows.npy" / FOLDER / MANIFEST).unlink()
    with pytest.raises(ArtifactError, match="no tag2vec.json"):
        Forms.load(tmp_path / "rows.npy", space)
    for name, wrong in {"rows.npy": np.full(4, 10_000, np.int32), "vectors.npy": np.zeros((4, 3), np.float16)}.items():
        found = artifact.read(folder / "model" / FOLDER, KIND)
        with artifact.write(tmp_path / f"odd {name}" / FOLDER, KIND, found.config, found.parents) as draft:
            for file_name in found.files:
                shutil.copy(found.path(file_name), draft.path / file_name)
            draft.array(name, wrong)
        with pytest.raises(ArtifactError, match="does not hold forms of this tag space"):
            Forms.load(tmp_path / f"odd {name}", space)


def test_held_out_posts_are_written_as_they_were(folder: Path, forms: Forms) -> None:
    report = evaluate_forms(folder / "model", folder / "held_out.jsonl")
    written = [post["tags"] for post in posts(1, 300)]
    assert report["all"]["tags"] == 200 + 300 and report["all"]["groups"] == 75 and report["unseen"] == 0
    assert report["stems"] == 1 + len(CASED) and report["divided"]["tags"] == 500
    commonest = {tag.casefold(): forms.space.forms[forms.space.rows[forms.space.stems.stem(tag)]] for tag in CASED}
    right = sum(
        tag == commonest.get(tag.casefold(), "Selfie")
        for tags in written
        for tag in tags
        if tag in {"Selfie", "selfies", *CASED, *(cased.upper() for cased in CASED)}
    )
    assert report["all"]["most_frequent"]["exact"] == right / 500
    ours, cased = report["all"]["ours"], report["all"]["ours_cased"]
    assert ours["ignoring_case"] == cased["ignoring_case"] == 1.0 and cased["exact"] == 1.0
    assert report["all"]["most_frequent"]["exact"] < ours["exact"] < 1
    low, high = ours["difference"]["exact"]
    assert 0 < low < ours["exact"] - report["all"]["most_frequent"]["exact"] < high
    assert "500 tags of 75 authors" in facts(report) and len(table(report)[1]) == 6
    assert report == evaluate_forms(folder / "model", folder / "held_out.jsonl")


def test_what_nobody_wrote_before_is_a_miss_for_all(folder: Path, tmp_path: Path) -> None:
    odd = [{"tags": ["SELFIES", "party"]}, {"tags": ["selfies", "crowd"]}, {"tags": ["selfies"]}]
    report = evaluate_forms(folder / "model", write_posts(tmp_path / "p.jsonl", odd))
    assert report["unseen"] == 0.5 and report["all"]["tags"] == report["all"]["groups"] == 2
    assert report["all"]["ours"]["exact"] == 0.5 and report["all"]["ours"]["ignoring_case"] == 1.0
    with pytest.raises(SourceError, match="nothing to evaluate"):
        evaluate_forms(folder / "model", write_posts(tmp_path / "q.jsonl", [{"tags": ["party", "crowd"]}]))
    shutil.copytree(folder / "model" / "space", tmp_path / "bare" / "space")
    with pytest.raises(ArtifactError, match="one form of each tag.*fit-embedding"):
        evaluate_forms(tmp_path / "bare", folder / "held_out.jsonl")


def run(*arguments: str | Path) -> Result:
    assert all((ask, evaluate, fit, suggest))  # each adds its commands to `app`
    return CliRunner().invoke(app, list(map(str, arguments)))


def test_the_commands_write_tags_as_they_stand_beside_those_asked(folder: Path) -> None:
    def tags(*arguments: str | Path) -> list[str]:
        done = run(*arguments, "-m", folder / "model", "--json")
        assert done.exit_code == 0, done.output
        return [one["tag"] for one in json.loads(done.stdout)["tags"]]

    assert "Selfie" in tags("complete", *ONE[:2]) and "selfies" in tags("complete", *MANY[:2])
    assert {"TYCOON", "BRAINROT"} <= set(tags("complete", "ROBLOX", "OBBY"))
    assert {"tycoon", "brainrot"} <= set(tags("complete", "roblox", "obby"))
    assert "selfies" in tags("related", MANY[0], "--space", "output")
    assert "TYCOON" in tags("related", "ROBLOX", "--space", "output")
    assert "tycoon" in tags("related", "ROBLOX", "-k", "20")
    assert "selfie" in tags("complete", *ONE[:2], "--style", "lower")
    assert {"Selfies", "Festival"} <= set(tags("complete", *MANY[:2], "--style", "pascal"))
    assert {"Selfies", "Festival"} <= set(tags("related", MANY[0], "--style", "pascal", "-k", "20"))
    report = json.loads(
        run("evaluate", "forms", folder / "model", "--posts", folder / "held_out.jsonl", "--json").stdout
    )
    assert report == evaluate_forms(folder / "model", folder / "held_out.jsonl")
    printed = run("evaluate", "forms", folder / "model", "--posts", folder / "held_out.jsonl").stdout
    assert "all\tours_cased\t1.000\t1.000" in printed


def test_fit_embedding_and_its_update_leave_forms_of_the_space_that_is_there(tmp_path: Path) -> None:
    Corpus.build(write_posts(tmp_path / "p.jsonl", posts(0, 300)), tmp_path / "corpus")
    model = tmp_path / "model"
    assert run("fit-embedding", tmp_path / "corpus", "-o", model, "--dim", "8", "--epochs", "2").exit_code == 0
    before = Forms.load(model, TagSpace.load(model))
    assert {"Selfie", "selfies"} <= set(before.names) and "selfieing" not in before.names
    wild = ["waterfall", "canyon", "river"]
    new = [{"author": f"n{i}", "tags": ["selfieing", *wild[: 1 + i % 3]]} for i in range(60)]
    Corpus.build(write_posts(tmp_path / "new.jsonl", new), tmp_path / "corpus", update=True)
    assert run("fit-embedding", tmp_path / "corpus", "--update", model).exit_code == 0
    space = TagSpace.load(model)
    after = Forms.load(model, space)
    assert "selfieing" in after.names and "waterfal" in space.rows
    assert after.write([space.rows["selfi"]], beside(after, *wild)) == ["selfieing"]


def test_suggestions_are_written_beside_each_other(home: Home, clip: Path, tmp_path: Path) -> None:
    shutil.copytree(home.model, tmp_path / "model")
    space = TagSpace.load(home.model)
    Forms.fit(Corpus.load(home.folder / "corpus"), space).save(tmp_path / "model")
    plain, ours = Suggester.load(home.model, cache=home.cache), Suggester.load(tmp_path / "model", cache=home.cache)
    assert not plain.forms.names and ours.forms.names
    alone, before = ours.suggest(clip), plain.suggest(clip)
    facts = [{name: value for name, value in asdict(s).items() if name != "tag"} for s in alone]
    assert facts == [{name: value for name, value in asdict(s).items() if name != "tag"} for s in before]
    assert [s.tag for s in before] == [space.forms[space.rows[s.stem]] for s in before]
    assert all(s.tag in space.entries[space.rows[s.stem]].forms for s in alone)
    for k in (1, 2, BESIDE, BESIDE + 1, 40):
        assert ours.suggest(clip, k=k)[0] == alone[0] and len(ours.suggest(clip, k=k)) == k
        assert ours.suggest(clip, k=k).suggestions[:2] == alone.suggestions[: min(k, 2)]
    others = [home.folder / "clips" / "piano" / "09.mp4", clip]
    for workers in (0, 2):
        (_, _), (_, batch) = ours.suggest_many(others, workers=workers)
        assert not isinstance(batch, Exception) and batch.suggestions == alone.suggestions
    ((_, _, part),) = ours.suggest_segments(clip, 60.0, style="lower")
    assert not isinstance(part, Exception) and [s.tag for s in part] == [s.tag.lower() for s in alone]
    pascal = ours.suggest(clip, style="pascal")
    assert [s.tag.casefold() for s in pascal] == [s.tag.casefold() for s in alone]
    assert all(s.tag[0].isupper() for s in pascal)
    with pytest.raises(UnknownName, match="no style named 'loud'"):
        ours.suggest(clip, style="loud")
    with pytest.raises(UsageError):
        ours.suggest(clip, k=0)


def test_suggestions_of_the_command_have_a_style(home: Home, clip: Path) -> None:
    done = run("suggest", clip, "-m", home.model, "-k", "5", "--style", "lower")
    line = done.stdout.splitlines()[-1]
    assert done.exit_code == 0 and line == line.lower() and line.count("#") == 5
    tags = run("suggest", clip, "-m", home.model, "-k", "5", "--style", "pascal", "--json").stdout
    assert all(s["tag"][0].isupper() for s in json.loads(tags)["suggestions"])
    cut = run("suggest", clip, "-m", home.model, "-k", "5", "--style", "lower", "--segments", "60")
    assert cut.stdout.strip().endswith(line)
    for arguments in (["suggest", clip], ["related", "yoyo"], ["complete", "yoyo"]):
        wrong = run(*arguments, "-m", home.model, "--style", "pascalle")
        assert wrong.exit_code == 2 and "Did you mean 'pascal'" in " ".join(wrong.output.split())
