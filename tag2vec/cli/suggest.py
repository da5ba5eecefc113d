"""`tag2vec suggest`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tag2vec.cli import app, settings_of
from tag2vec.cli.answers import print_answers
from tag2vec.cli.ask import Model, Style, open_space
from tag2vec.cli.fitvideo import Given, Title, Workers
from tag2vec.cli.output import Json, note
from tag2vec.cli.segments import print_segments
from tag2vec.cli.sidecars import Answers, write_sidecars
from tag2vec.errors import UsageError
from tag2vec.progress import bar

if TYPE_CHECKING:
    from tag2vec.embed.cache import Cache
    from tag2vec.retrieval.choosing import Chooser
    from tag2vec.retrieval.suggest import Suggester

_CHOOSING = "Choosing"
_BRINGING = "Standard input and the web"


@app.command()
def suggest(
    context: typer.Context,
    model: Model,
    clips: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[CLIP]...",
            help="Video files, pictures, folders of them, - for standard input, a web address; none with --like alone.",
        ),
    ] = None,
    like: Annotated[
        list[str] | None,
        typer.Option(help="In the manner of these tags, as '#surf #wave'; with or without a clip. Repeat for more."),
    ] = None,
    k: Annotated[int, typer.Option("-k", help="Hashtags a clip.")] = 15,
    min_precision: Annotated[
        float | None,
        typer.Option(help="Only tags so probable that this share of suggestions was right on held-out clips, as 0.8."),
    ] = None,
    fps: Annotated[
        float | None, typer.Option(help="Pictures a second of a folder of pictures; 25, or the model's own.")
    ] = None,
    title: Title = None,
    given: Given = None,
    max_size: Annotated[
        str, typer.Option(help="Of a clip from standard input or the web, the most.", rich_help_panel=_BRINGING)
    ] = "200M",
    allow: Annotated[
        list[str] | None,
        typer.Option(help="A host of yours with a private address, as nas:8080.", rich_help_panel=_BRINGING),
    ] = None,
    platform: Annotated[
        str | None, typer.Option("--for", help="Where the clip goes: its limits hold.", rich_help_panel=_CHOOSING)
    ] = None,
    exclude: Annotated[
        list[str] | None,
        typer.Option(
            help="A tag, a pattern as '*game*', or a file of them. Repeat for more.", rich_help_panel=_CHOOSING
        ),
    ] = None,
    include: Annotated[
        list[str] | None, typer.Option(help="A tag that always comes. Repeat for more.", rich_help_panel=_CHOOSING)
    ] = None,
    vocabulary: Annotated[
        Path | None, typer.Option(help="A file of the only tags to choose from.", rich_help_panel=_CHOOSING)
    ] = None,
    language: Annotated[
        list[str] | None,
        typer.Option(
            help="Only tags of this language, as en, and of none. Repeat for more.", rich_help_panel=_CHOOSING
        ),
    ] = None,
    show: Annotated[
        list[str] | None,
        typer.Option(help="noise or sensitive: do not hide the tags of this list.", rich_help_panel=_CHOOSING),
    ] = None,
    min_score: Annotated[
        float | None, typer.Option(help="Only tags with this score or more.", rich_help_panel=_CHOOSING)
    ] = None,
    variants: Annotated[
        bool, typer.Option("--variants", help="Also spellings of a better tag.", rich_help_panel=_CHOOSING)
    ] = False,
    diversity: Annotated[
        float, typer.Option(help="From 0, the best tags, to 1, the most different.", rich_help_panel=_CHOOSING)
    ] = 0.0,
    popularity: Annotated[
        float, typer.Option(help="From -1, rare tags first, to 1, frequent ones.", rich_help_panel=_CHOOSING)
    ] = 0.0,
    trend: Annotated[
        float, typer.Option(help="From -1, falling tags first, to 1, rising ones.", rich_help_panel=_CHOOSING)
    ] = 0.0,
    style: Style = "written",
    explain: Annotated[
        bool,
        typer.Option("--explain", help="Say what speaks for each tag, and what hid others.", rich_help_panel=_CHOOSING),
    ] = False,
    as_json: Json = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print clip,rank,tag,stem,score,count rows.")] = False,
    sidecar: Annotated[
        bool, typer.Option("--sidecar", help="Write CLIP.txt, with --json CLIP.json, beside each; done ones stay.")
    ] = False,
    segments: Annotated[float | None, typer.Option(help="An answer for each so many seconds of a clip.")] = None,
    index: Annotated[
        str | None,
        typer.Option(help="The index, as ivf or ivf:probes=8; that of the model, or a chosen one, when not given."),
    ] = None,
    workers: Workers = None,
    cache: Annotated[bool, typer.Option("--cache/--no-cache", help="Keep features, and use those kept.")] = True,
    zero_shot: Annotated[
        str | None,
        typer.Option(help="A network that names what it sees, onnx:FILE or hf:FOLDER: no tagged clip is needed."),
    ] = None,
    labels: Annotated[Path | None, typer.Option(help="With --zero-shot: the names of its classes, one a line.")] = None,
) -> None:
    """Hashtags for clips. The last line is what you paste; many clips get one JSON object a line.

    With --like, and no clip, hashtags that people put beside the given ones.
    """
    if as_json and as_csv:
        raise UsageError("Both --json and --csv were given; wanted one.")
    if not clips:
        of_clips = {
            "sidecar": sidecar, "segments": segments, "title": title, "given": given, "zero-shot": zero_shot,
            "labels": labels, "fps": fps, "min-precision": min_precision, "index": index,
        }  # fmt: skip
        _check_tags_alone(like, [name for name, value in of_clips.items() if value])
    from tag2vec.embed.bringing import Bringing
    from tag2vec.embed.cache import Cache
    from tag2vec.embed.clips import find_clips
    from tag2vec.retrieval.choice import bytes_of
    from tag2vec.retrieval.suggest import Suggester
    from tag2vec.retrieval.wanted import Wanted

    paths = find_clips(clips or ())
    if title is not None and len(paths) > 1:
        raise UsageError(f"--title was given for {len(paths)} clips; wanted one clip.")
    if sidecar and (away := [path for path in paths if isinstance(path, str)]):
        raise UsageError(f"--sidecar writes beside a clip, and {away[0]} lies in no folder. Print it: --json > FILE.")
    if labels and not zero_shot:
        raise UsageError("--labels names the classes of a network; give the network with --zero-shot.")
    if sidecar and (as_csv or segments is not None):
        raise UsageError("--sidecar writes text, or with --json JSON, of whole clips; leave --csv and --segments out.")
    if segments is not None and title is not None:
        raise UsageError("--segments and --title were given; a title says nothing of a part of a clip.")
    kept = Cache() if cache else None
    if not paths:
        suggester = Suggester.of_tags(model)
    elif zero_shot:
        suggester = _without_clips(model, zero_shot, labels, index, kept)
    else:
        suggester = Suggester.load(model, index, kept, given)
    wanted = settings_of(context, Wanted)
    wanted |= {"like": like} if like and paths else {}
    how: dict[str, Any] = {
        "workers": workers,
        "fps": fps,
        "bringing": Bringing(bytes_of(max_size), allow=tuple(allow or ())),
    }
    chooser = suggester.chooser(**wanted)
    _say_limits(chooser)
    form = "json" if as_json else "csv" if as_csv else "text"
    if like and not paths:
        print_answers(iter([("", suggester.suggest_like(like, **wanted))]), form, 1, explain)
        return
    if segments is not None:
        print_segments(suggester, paths, segments, form, **how, **wanted)
        return

    def answers(paths: Sequence[Path | str]) -> Answers:
        listed = paths if title is None else [suggester.titled(path, title) for path in paths]
        return suggester.chosen_by(chooser, listed, **how)

    with bar("clips", len(paths), printing=not sidecar) as tick:
        if sidecar:
            failed = write_sidecars([path for path in paths if isinstance(path, Path)], as_json, answers, tick)
        else:
            failed = print_answers(answers(paths), form, len(paths), explain, tick)
    if failed:
        if len(paths) > 1:
            note(f"tag2vec: {failed} of {len(paths)} clips failed, each with its reason above.")
        raise typer.Exit(1)


def _check_tags_alone(like: list[str] | None, given: list[str]) -> None:
    """Raise UsageError unless there are tags to be like, and nothing else that is about clips."""
    if not like:
        raise UsageError("Neither a clip nor --like was given; wanted CLIP..., --like '#surf #wave', or both.")
    if given:
        raise UsageError(f"--{given[0]} is about clips, and --like was given without one. Leave it out, or add CLIP.")


def _without_clips(model: Path, network: str, labels: Path | None, index: str | None, cache: Cache | None) -> Suggester:
    from tag2vec.embed.zeroshot import ClassNames, zero_shot
    from tag2vec.retrieval.suggest import Suggester

    embedder = zero_shot(open_space(model), network, labels, cache)
    if isinstance(embedder, ClassNames) and embedder.left_out:
        few = ", ".join(embedder.left_out[:3])
        note(
            f"{len(embedder.left_out)} of {len(embedder.names)} class names are not known here and left out: {few} ..."
        )
    return Suggester.with_embedder(model, embedder, index, cache)


def _say_limits(chooser: Chooser) -> None:
    """What is wanted and does not go, or does no good."""
    place, most = chooser.wanted.place, chooser.wanted.most
    if place and most < chooser.wanted.k:
        note(f"{place.name}: {most} tags a post at most (since {place.since}).")
    if place and place.warn_above and most > place.warn_above:
        note(f"{place.name}: {place.note}; wanted -k {place.warn_above} or fewer.")
    if chooser.listed:
        composed, unknown = chooser.listed.composed, chooser.listed.unknown
        for tags, what in ((composed, "placed by the known tags inside them"), (unknown, "left out")):
            few = ", ".join(tags[:5]) + (" ..." if len(tags) > 5 else "")
            if tags:
                note(f"{len(tags)} tags of {chooser.wanted.vocabulary} are not known here and {what}: {few}")
