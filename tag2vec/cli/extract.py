"""`tag2vec extract`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tag2vec.cli import app
from tag2vec.cli.fitvideo import FeaturesName, Flow, PoolingName, Seed, Workers
from tag2vec.cli.output import note
from tag2vec.progress import bar


@app.command()
def extract(
    clips: Annotated[list[Path], typer.Argument(metavar="CLIPS...", help="Video files, folders, or .csv clips lists.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="The features folder to write, or to go on with.")],
    features: FeaturesName = None,
    flow: Flow = None,
    pooling: PoolingName = None,
    seed: Seed = 1,
    workers: Workers = None,
    dask: Annotated[
        str | None,
        typer.Option(help="A Dask scheduler's address, or local:N for N processes. Workers must see the same files."),
    ] = None,
) -> None:
    """Features of many clips, to be fitted on in place of the clips.

    A run that was stopped goes on where it was. With --pooling one vector a clip is kept; without, all features.
    """
    from tag2vec.embed.clips import any_clips
    from tag2vec.embed.folder import extract_to
    from tag2vec.embed.kinds import with_flow

    listed = any_clips(clips)
    kinds = with_flow(features, flow)
    with bar("vocabulary, clips") as sample_tick, bar("clips", len(listed)) as tick:
        report = extract_to(
            out, listed, kinds, pooling, seed=seed, workers=workers, dask=dask, tick=tick, sample_tick=sample_tick
        )
    for path, warning in report.warnings.items():
        note(f"{path}: {warning}")
    for reason in report.failed.values():
        note(f"failed: {reason}")
    known = f", {report.known:,} of them were there already" if report.known else ""
    note(f"features: {report.clips - len(report.failed):,} of {report.clips:,} clips{known}")
    typer.echo(str(out))
    if report.failed:
        raise typer.Exit(1)
