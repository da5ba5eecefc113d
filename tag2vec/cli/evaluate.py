"""`tag2vec evaluate tags`, `forms`, `video` and `index`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tag2vec.cli import app
from tag2vec.cli.fitvideo import Clips, Given, Workers
from tag2vec.cli.output import Json, note, print_report, print_table
from tag2vec.progress import bar

evaluate = typer.Typer(no_args_is_help=True, help="Measure a model beside baselines.")
app.add_typer(evaluate, name="evaluate")

Model = Annotated[Path, typer.Argument(help="A model folder.")]


@evaluate.command()
def tags(
    model: Model,
    posts: Annotated[Path, typer.Option(help="Posts that the model was not fitted on.")],
    corpus: Annotated[Path | None, typer.Option(help="The corpus of the model, when it was moved.")] = None,
    as_json: Json = False,
) -> None:
    """Hide one tag of each post and find it again, given the others."""
    from tag2vec.evaluation.baselines import BASELINES
    from tag2vec.evaluation.tags import evaluate_tags, table

    with bar("rankings", len(BASELINES) + 1) as tick:
        report = evaluate_tags(model, posts, corpus, lambda where, reason: note(f"{where}: skipped, {reason}."), tick)
    for name, reason in report["left_out"].items():
        note(f"{name} is left out: {reason}")
    facts = f"{report['queries']:,} queries in {report['groups']:,} groups, {report['vocabulary']:,} tags"
    print_report(report, as_json, table(report), facts)


@evaluate.command()
def forms(
    model: Model,
    posts: Annotated[Path, typer.Option(help="Posts that the model was not fitted on.")],
    as_json: Json = False,
) -> None:
    """How often a tag is written as in the post it stands in, given its stem and what stands beside it."""
    from tag2vec.evaluation.forms import evaluate_forms, facts, table

    report = evaluate_forms(model, posts, lambda where, reason: note(f"{where}: skipped, {reason}."))
    print_report(report, as_json, table(report), facts(report))


@evaluate.command()
def video(
    model: Model,
    clips: Clips,
    folds: Annotated[int | None, typer.Option(help="Fit anew on each fold of the clips; groups stay whole.")] = None,
    repeats: Annotated[int, typer.Option(help="Shuffles of the folds.")] = 4,
    workers: Workers = None,
    given: Given = None,
    features: Annotated[
        str | None, typer.Option(help="With --folds: these kinds of features instead of the model's.")
    ] = None,
    report: Annotated[
        Path | None, typer.Option(help="Write a page with tables, plots and clips, and its figures, into this folder.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Suggest tags for clips and compare with the tags they carry."""
    from tag2vec.evaluation.measures import table, warning
    from tag2vec.evaluation.video import evaluate_video

    with bar("clips") as tick, bar("folds", (folds or 0) * repeats) as fold_tick:
        found = evaluate_video(
            model,
            clips,
            folds,
            repeats,
            workers=workers,
            tick=tick,
            fold_tick=fold_tick,
            given=given,
            features=features,
            report=report,
        )
    for reason in found["failures"]:
        note(f"failed: {reason}")
    if said := warning(found):
        note(f"warning: {said}")
    if report:
        note(f"wrote {report / 'report.html'}")
    print_report(found, as_json, table(found), f"{found['clips']:,} clips, {found['failed']} failed")
    if not as_json:
        shares = [[name, row["clips"], row["top1"]] for name, row in found["categories"].items()]
        print_table(["category", "clips", "top1"], shares)
    if found["failed"]:
        raise typer.Exit(1)


@evaluate.command("index")
def evaluate_index(
    model: Model,
    index: Annotated[
        list[str] | None, typer.Option(help="An index, with settings or without; may be repeated. All when not given.")
    ] = None,
    corpus: Annotated[Path | None, typer.Option(help="The corpus of the model, when it was moved.")] = None,
    as_json: Json = False,
) -> None:
    """Search with each index what the model asks for, beside exact search."""
    from tag2vec import plugins
    from tag2vec.evaluation.indexes import evaluate_indexes, table
    from tag2vec.retrieval.indexes import Index

    with bar("indexes", len(index or plugins.names(Index))) as tick:
        report = evaluate_indexes(model, index or (), corpus, tick)
    for name, reason in report["left_out"].items():
        note(f"{name} is left out: {reason}")
    facts = f"{report['vectors']:,} tags x {report['dim']}, {report['queries']:,} queries, {report['queries_from']}"
    print_report(report, as_json, table(report), facts)
