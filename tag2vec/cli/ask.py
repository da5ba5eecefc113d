"""`tag2vec suggest`, `related` and `complete`."""

from __future__ import annotations

import csv
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from tag2vec.cli import app, is_given
from tag2vec.cli.output import note, print_json, print_table
from tag2vec.cli.segments import print_segments
from tag2vec.cli.trends import Before, Recent, Smoothing
from tag2vec.errors import Tag2VecError, UsageError

if TYPE_CHECKING:
    from tag2vec.embed.cache import Cache
    from tag2vec.embed.lookup import Composed, Found
    from tag2vec.embed.space import Related, Side, TagSpace
    from tag2vec.retrieval.suggest import Suggester, Suggestions

Model = Annotated[Path, typer.Option("--model", "-m", help="A model folder.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command()
def suggest(
    clips: Annotated[list[Path], typer.Argument(metavar="CLIP...", help="Video files, or folders of them.")],
    model: Model,
    k: Annotated[int, typer.Option("-k", help="Hashtags a clip.")] = 15,
    min_precision: Annotated[
        float | None,
        typer.Option(help="Only tags so probable that this share of suggestions was right on held-out clips, as 0.8."),
    ] = None,
    title: Annotated[
        str | None, typer.Option(help="The title of the clip, for a model that was fitted with titles.")
    ] = None,
    given: Annotated[
        Path | None, typer.Option(help="Features of these clips, for a model fitted on given:PATH.")
    ] = None,
    as_json: Json = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print clip,rank,tag,stem,score,count rows.")] = False,
    segments: Annotated[float | None, typer.Option(help="An answer for each so many seconds of a clip.")] = None,
    index: Annotated[str | None, typer.Option(help="Kind of index; chosen when not given.")] = None,
    workers: Annotated[int | None, typer.Option(help="Processes that read clips; one a core when not given.")] = None,
    cache: Annotated[bool, typer.Option("--cache/--no-cache", help="Keep features, and use those kept.")] = True,
    zero_shot: Annotated[
        str | None,
        typer.Option(help="A network that names what it sees, onnx:FILE or hf:FOLDER: no tagged clip is needed."),
    ] = None,
    labels: Annotated[Path | None, typer.Option(help="With --zero-shot: the names of its classes, one a line.")] = None,
) -> None:
    """Hashtags for clips. The last line is what you paste; many clips get one JSON object a line."""
    if as_json and as_csv:
        raise UsageError("Both --json and --csv were given; wanted one.")
    from tag2vec.embed.cache import Cache
    from tag2vec.embed.clips import find_clips
    from tag2vec.progress import bar
    from tag2vec.retrieval.suggest import Suggester

    paths = find_clips(clips)
    if title is not None and len(paths) > 1:
        raise UsageError(f"--title was given for {len(paths)} clips; wanted one clip.")
    if labels and not zero_shot:
        raise UsageError("--labels names the classes of a network; give the network with --zero-shot.")
    if segments is not None and title is not None:
        raise UsageError("--segments and --title were given; a title says nothing of a part of a clip.")
    kept = Cache() if cache else None
    suggester = (
        _without_clips(model, zero_shot, labels, index, kept)
        if zero_shot
        else Suggester.load(model, index, kept, given)
    )
    listed = paths if title is None else [suggester.titled(paths[0], title)]
    if segments is not None:
        form = "json" if as_json else "csv" if as_csv else "text"
        print_segments(suggester, paths, segments, form, k=k, workers=workers, min_precision=min_precision)
        return
    rows = csv.writer(sys.stdout)
    if as_csv:
        rows.writerow(["clip", "rank", "tag", "stem", "score", "count"])
    failed = 0
    with bar("clips", len(paths), printing=True) as tick:
        for done, (path, result) in enumerate(suggester.suggest_many(listed, k, workers, min_precision)):
            tick(done + 1)
            if isinstance(result, Tag2VecError):
                failed += 1
                note(f"tag2vec: {result}")
                if as_json:
                    print_json({"clip": str(path), "error": str(result)}, line=len(paths) > 1)
                continue
            if result.warning:
                note(f"{path}: {result.warning}")
            if as_json:
                print_json(result.json(), line=len(paths) > 1)
            elif as_csv:
                rows.writerows([path, i + 1, s.tag, s.stem, s.score, s.count] for i, s in enumerate(result))
            else:
                _show(result, many=len(paths) > 1)
    if failed:
        if len(paths) > 1:
            note(f"tag2vec: {failed} of {len(paths)} clips failed, each with its reason above.")
        raise typer.Exit(1)


def _without_clips(model: Path, network: str, labels: Path | None, index: str | None, cache: Cache | None) -> Suggester:
    from tag2vec.embed.zeroshot import ClassNames, zero_shot
    from tag2vec.retrieval.suggest import Suggester

    space = open_space(model)
    embedder = zero_shot(space, network, labels, cache)
    if isinstance(embedder, ClassNames) and embedder.left_out:
        few = ", ".join(embedder.left_out[:3])
        note(
            f"{len(embedder.left_out)} of {len(embedder.names)} class names are not known here and left out: {few} ..."
        )
    return Suggester(space, embedder, index, cache)


def _show(result: Suggestions, many: bool) -> None:
    if many:
        typer.echo(result.clip)
    if not many and len(result) and sys.stdout.isatty():
        print_table(["hashtag", "score", "posts"], [[f"#{s.tag}", s.score, s.count] for s in result])
    typer.echo(result.line() + ("\n" if many else ""))


@app.command()
def related(
    context: typer.Context,
    tag: Annotated[str, typer.Argument(help="A hashtag, with or without '#'.")],
    model: Model,
    k: Annotated[int, typer.Option("-k", help="How many.")] = 10,
    side: Annotated[
        str, typer.Option("--space", help="input: what means nearly the same; output: what stands beside it.")
    ] = "input",
    trending: Annotated[bool, typer.Option("--trending", help="Of the nearest, those first that rise now.")] = False,
    corpus: Annotated[
        Path | None, typer.Option(help="With --trending: the corpus of the model, when it was moved.")
    ] = None,
    recent: Recent = 7,
    before: Before = 28,
    smoothing: Smoothing = 5.0,
    as_json: Json = False,
) -> None:
    """Hashtags that mean nearly the same."""
    if not trending and (idle := [n for n in ("corpus", "recent", "before", "smoothing") if is_given(context, n)]):
        raise UsageError(f"--{idle[0]} was given without --trending, which alone looks at it. Add --trending.")
    space = open_space(model)
    found = space.place(tag)
    if not trending:
        title = f"beside #{found.tag}" if side == "output" else f"nearest to #{found.tag}"
        print_answer([found], space.related(tag, k, cast("Side", side)), as_json, title)
        return
    if side != "input":
        raise UsageError(f"--trending orders the nearest of --space input, and '{side}' was given; leave one out.")
    from tag2vec.embed.rising import rising
    from tag2vec.scraping.trends import trends

    now = trends(space.corpus(corpus), recent, before, smoothing)
    title = f"near #{found.tag} and rising until {now.last}"
    print_answer([found], rising(space, tag, now, k), as_json, title, {"trend": "trend", "authors a day": "popularity"})


@app.command()
def complete(
    tags: Annotated[list[str], typer.Argument(help="Hashtags that a post has already.")],
    model: Model,
    k: Annotated[int, typer.Option("-k", help="How many.")] = 10,
    as_json: Json = False,
) -> None:
    """Hashtags that people put beside all of these."""
    space = open_space(model)
    found = [space.place(tag) for tag in tags]
    print_answer(found, space.complete(tags, k), as_json, "beside " + " ".join(f"#{f.tag}" for f in found))


def open_space(model: Path) -> TagSpace:
    from tag2vec.embed.space import TagSpace

    return TagSpace.load(model)


def print_answer(
    found: Sequence[Found | Composed],
    answer: Sequence[Related],
    as_json: bool,
    title: str,
    more: Mapping[str, str] | None = None,
) -> None:
    """What was looked up and the answer; `more` are columns of the table and the fields of `answer` that fill them."""
    hows = {
        "stem": "not written so; its stem is that of",
        "spelling": "not known; the nearest spelling is",
        "words": "not known; placed by the words inside it:",
    }
    for one in found:
        if one.step != "exact":
            note(f"#{one.asked.lstrip('#')}: {hows[one.step]} {' '.join(f'#{tag}' for tag in _found(one))}")
    if as_json:
        asked = [{"asked": one.asked, "found": " ".join(_found(one)), "step": one.step} for one in found]
        print_json({"query": asked, "tags": [facts(one) for one in answer]})
        return
    more = more or {}
    rows = [[f"#{a.tag}", a.score, a.count, *(getattr(a, name) for name in more.values())] for a in answer]
    print_table(["hashtag", "score", "posts", *more], rows, title)


def _found(one: Found | Composed) -> tuple[str, ...]:
    """The known tags that a tag is answered by."""
    return (one.tag,) if one.step != "words" else one.words


def facts(tag: Related) -> dict[str, Any]:
    """The fields of one answer for JSON."""
    return {name: round(value, 6) if isinstance(value, float) else value for name, value in asdict(tag).items()}
