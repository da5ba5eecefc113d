"""`tag2vec index-clips` and `tag2vec search`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tag2vec.cli import app
from tag2vec.cli.ask import Model, say_found
from tag2vec.cli.fitvideo import Given, Title, Workers
from tag2vec.cli.index import IndexName
from tag2vec.cli.output import Json, note, print_json, print_table
from tag2vec.endings import VIDEOS
from tag2vec.errors import UsageError
from tag2vec.progress import bar

if TYPE_CHECKING:
    from tag2vec.retrieval.clips import ClipIndex


@app.command("index-clips")
def index_clips(
    clips: Annotated[
        list[Path], typer.Argument(metavar="CLIPS...", help="Video files, folders, .csv lists, or a features folder.")
    ],
    model: Model,
    out: Annotated[Path, typer.Option("--out", "-o", help="The folder to write, or to bring up to date.")],
    index: IndexName = None,
    given: Given = None,
    workers: Workers = None,
) -> None:
    """Make clips searchable by hashtags and by other clips.

    The folder has these clips afterwards and no others. Those that it had and that have not changed are not computed
    again, and a run that was stopped goes on where it was.
    """
    from tag2vec.embed.clips import any_clips
    from tag2vec.embed.gather import is_features
    from tag2vec.embed.video import VideoEmbedder
    from tag2vec.retrieval.clips import index_clips

    if (folders := [path for path in clips if is_features(path)]) and len(clips) > 1:
        raise UsageError(f"{folders[0]} is a features folder and {len(clips)} paths were given; give it alone.")
    listed = None if folders else any_clips(clips)
    video = VideoEmbedder.load(model, given=given)
    with bar("clips", len(listed) if listed else None) as tick:
        built = index_clips(out, video, listed or clips[0], index, workers=workers, tick=tick)
    changes = built.changes
    for path, warning in changes.warnings:
        note(f"{path}: {warning}")
    for _, reason in changes.failed:
        note(f"failed: {reason}")
    facts = [f"{len(built):,} clips", f"{changes.known:,} of them were there already"]
    note(", ".join([*facts, f"{changes.gone:,} are gone", f"{len(changes.failed):,} failed"]))
    typer.echo(str(out))
    if changes.failed:
        raise typer.Exit(1)


@app.command()
def search(
    folder: Annotated[Path, typer.Argument(help="A folder written by index-clips.")],
    query: Annotated[
        list[str], typer.Argument(metavar="QUERY...", help="Hashtags that should all fit, or one video file.")
    ],
    model: Model,
    k: Annotated[int, typer.Option("-k", help="How many clips.")] = 10,
    title: Title = None,
    given: Given = None,
    as_json: Json = False,
) -> None:
    """Clips that hashtags fit best, or that are most like a clip. What begins with '#' is a hashtag, what names a
    file is a clip."""
    from tag2vec.embed.cache import Cache
    from tag2vec.embed.video import VideoEmbedder
    from tag2vec.retrieval.clips import ClipIndex

    clips = ClipIndex.load(folder, VideoEmbedder.load(model, given=given))
    files = [one for one in query if _is_clip(one, clips)]
    if files and len(query) > 1:
        raise UsageError(
            f"{files[0]} is a clip and {len(query)} queries were given; ask for one clip, or for hashtags."
        )
    if title is not None and not files:
        raise UsageError("--title was given without a clip; it is the title of one.")
    asked: dict[str, Any]
    if files:
        asked, found = {"clip": files[0]}, clips.search_clip(files[0], k, title, Cache())
    else:
        tags = [clips.video.space.resolve(tag) for tag in query]
        asked, found = {"tags": say_found(tags)}, clips.search_tags(query, k)
    if as_json:
        print_json(asked | {"clips": [one.json() for one in found]})
        return
    rows = [[one.path, one.score, " ".join(f"#{tag}" for tag in one.tags)] for one in found]
    print_table(["clip", "score", "its own tags"], rows)


def _is_clip(query: str, clips: ClipIndex) -> bool:
    path = Path(query)
    here = path.is_file() or path.absolute() in clips.placed.rows  # features are enough for a clip to be found by
    return not query.startswith("#") and (here or path.suffix.lower() in VIDEOS)
