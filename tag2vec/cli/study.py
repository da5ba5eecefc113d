"""`tag2vec study new`, `serve`, `link` and `report`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tag2vec.cli import app
from tag2vec.cli.output import Json, note, print_report, print_table
from tag2vec.errors import MissingExtra, UsageError
from tag2vec.progress import bar

study = typer.Typer(no_args_is_help=True, help="Let people say which suggested hashtags are relevant.")
app.add_typer(study, name="study")

Folder = Annotated[Path, typer.Argument(metavar="STUDY", help="A study folder.")]


@study.command()
def new(
    clips: Annotated[Path, typer.Argument(help="A clips list, or a folder of videos.")],
    model: Annotated[
        list[str], typer.Option("--model", "-m", help="A model folder, or NAME=FOLDER. Repeat to compare several.")
    ],
    output: Annotated[Path, typer.Option("--output", "-o", help="The study folder to write.")],
    k: Annotated[int, typer.Option("-k", help="Hashtags of a clip from each.")] = 15,
    control: Annotated[bool, typer.Option(help="Mix random popular hashtags in.")] = True,
    per_class: Annotated[int | None, typer.Option(help="Clips of each class, at most; drawn.")] = None,
    seconds: Annotated[float, typer.Option(help="Of a clip that are shown.")] = 20.0,
    seed: int = 1,
) -> None:
    """Suggest hashtags for clips and mix them, so that nobody knows who suggests which."""
    from tag2vec.web.study.making import Settings, new_study

    models: dict[str, Path] = {}
    for one in model:
        name, _, folder = one.rpartition("=") if not Path(one).exists() else (Path(one).resolve().name, "", one)
        if name in models:
            raise UsageError(f"Two models are named '{name}'; wanted another name for one: -m NAME={folder}")
        models[name] = Path(folder)
    with bar("clips") as tick:
        failed = new_study(output, clips, models, Settings(k, control, per_class, seconds, seed), note, tick)
    note(f"{output}: tag2vec study serve {output}" + (f"; {failed} clips could not be used" if failed else ""))
    raise typer.Exit(1 if failed else 0)


@study.command()
def serve(
    folder: Folder,
    host: Annotated[str, typer.Option(help="The address to listen on; others reach 0.0.0.0.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="0: a free one.")] = 8001,
    host_name: Annotated[list[str] | None, typer.Option(help="A name that raters know it by. Repeat for more.")] = None,
    invited: Annotated[
        bool, typer.Option("--invited", help="Only raters with a link, see tag2vec study link.")
    ] = False,
) -> None:
    """Show the clips to raters in their browsers, and keep every page they mark."""
    try:
        from tag2vec.web.study.serving import serve
    except ImportError as error:
        raise MissingExtra("study serve", error.name or "fastapi", "serve") from error
    serve(
        folder,
        host,
        port,
        tuple(host_name or ()),
        invited,
        lambda at: note(f"{folder} is served at {at}  Ctrl-C ends it."),
    )


@study.command()
def link(
    folder: Folder,
    names: Annotated[list[str] | None, typer.Argument(help="Raters; all there are when none is named.")] = None,
    address: Annotated[str, typer.Option(help="Where the study is served.")] = "http://127.0.0.1:8001/",
) -> None:
    """The personal link of each rater: who has it goes on where he was."""
    from tag2vec.web.study.store import Study

    opened = Study(folder)
    keys = {name: opened.rater(name) for name in names} if names else {name: key for name, key, _ in opened.raters()}
    print_table(["rater", "link"], [[name, f"{address.rstrip('/')}/#rater={key}"] for name, key in keys.items()])


@study.command()
def report(
    folder: Folder,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write a page, its figures and all marks into this folder.")
    ] = None,
    as_json: Json = False,
) -> None:
    """How many hashtags people found relevant, by who suggested them and by class."""
    from tag2vec.web.study import report as reports
    from tag2vec.web.study.store import Study

    opened = Study(folder)
    found = reports.report(opened) if output is None else reports.write_report(output, opened)
    print_report(found, as_json, reports.rows(found), reports.facts(found))
