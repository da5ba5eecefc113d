"""`tag2vec fit-embedding` and `tag2vec fit-video`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tag2vec.cli import app, is_given
from tag2vec.cli.output import note
from tag2vec.errors import UsageError

if TYPE_CHECKING:
    from tag2vec.embed.space import TagSpace
    from tag2vec.scraping.corpus import Corpus

Clips = Annotated[
    Path, typer.Argument(help="A .csv (path,tags[,group,title]), a folder of class folders, TFRecords, or features.")
]
KINDS = "Kinds of features: one, or several as in one+another."
FeaturesName = Annotated[str | None, typer.Option("--features", help=f"{KINDS} Trajectories when not given.")]
Flow = Annotated[
    str | None, typer.Option(help="How trajectories follow motion: dis (computed) or codec (as the file has it; fast).")
]
PoolingName = Annotated[str | None, typer.Option("--pooling", help="How the features of a clip become one vector.")]
Recipe = Annotated[str, typer.Option(help="How clips are learnt: tagspace (ours) or seed (Singh et al. 2016).")]
Seed = Annotated[int, typer.Option(help="The same seed gives the same numbers.")]
Workers = Annotated[int | None, typer.Option(help="Processes that read clips; one a core when not given.")]


@app.command("fit-embedding")
def fit_embedding(
    context: typer.Context,
    corpus: Annotated[Path, typer.Argument(help="A corpus folder written by build-corpus.")],
    out: Annotated[Path | None, typer.Option("--out", "-o", help="The model folder to write.")] = None,
    update: Annotated[
        Path | None, typer.Option(help="The model that learns what came to its corpus, in place of --out.")
    ] = None,
    clips: Annotated[Path | None, typer.Option(help="Fit the video embedder too, on these clips.")] = None,
    algorithm: Annotated[str, typer.Option(help="skipgram or cbow.")] = "skipgram",
    dim: Annotated[int, typer.Option(help="Dimensions of the tag space.")] = 100,
    epochs: Annotated[int | None, typer.Option(help="Passes over the corpus; 20, more for a small one.")] = None,
    refine: Annotated[int | None, typer.Option(help="Passes of the second stage; 0: word2vec alone.")] = None,
    negative: Annotated[int, typer.Option(help="Noise tags drawn for each pair of tags.")] = 5,
    ns_exponent: Annotated[
        float, typer.Option(help="Noise tags are drawn by count to this power; 0: all alike.")
    ] = 0.0,
    window: Annotated[int, typer.Option(help="Tags to either side that count as beside; the default is all.")] = 10_000,
    min_count: Annotated[int, typer.Option(help="Leave out tags that fewer posts carry.")] = 5,
    seed: Seed = 1,
    workers: Annotated[int, typer.Option(help="Threads; more than one is faster and does not repeat exactly.")] = 1,
) -> None:
    """Learn the tag space of a corpus; with --clips also where clips lie in it, ready for suggest.

    With --update the space of a model learns new tags and new company without being fitted again, and its video
    embedder goes on working.
    """
    from tag2vec import artifact
    from tag2vec.embed.clips import read_clips
    from tag2vec.embed.space import FOLDER, KIND
    from tag2vec.scraping.corpus import Corpus

    model = out or update
    if model is None or (out and update):
        raise UsageError("Give --out MODEL for a new model, or --update MODEL for one whose corpus has grown.")
    # Whatever can be wrong with the arguments is found before the long work.
    artifact.check_writable(model / FOLDER, KIND)
    listed = read_clips(clips) if clips else None
    settings: dict[str, Any] = {
        "algorithm": algorithm,
        "dim": dim,
        "epochs": epochs,
        "refine": refine,
        "negative": negative,
        "ns_exponent": ns_exponent,
        "window": window,
        "min_count": min_count,
        "seed": seed,
        "workers": workers,
    }
    given = {name: value for name, value in settings.items() if is_given(context, name)}
    read = Corpus.load(corpus)
    space = _updated(model, read, given) if update else _fitted(read, settings)
    space.save(model)
    note(f"tag space: {len(space):,} tags, {space.dim} dimensions")
    failed = _fit_video(space, model, listed, seed=space.config["seed"]) if listed else 0
    typer.echo(str(model))
    if failed:
        raise typer.Exit(1)


def _fitted(corpus: Corpus, settings: dict[str, Any]) -> TagSpace:
    from tag2vec.embed.skipgram import SpaceConfig
    from tag2vec.embed.space import TagSpace
    from tag2vec.progress import bar

    passes = SpaceConfig(**settings).for_corpus(len(corpus), corpus.report["tags"]).passes
    with bar("tag space, passes", passes) as tick:
        return TagSpace.fit(corpus, tick, **settings)


def _updated(model: Path, corpus: Corpus, given: dict[str, Any]) -> TagSpace:
    from tag2vec.embed.space import FOLDER, TagSpace
    from tag2vec.embed.update import EPOCHS, updated
    from tag2vec.progress import bar

    space = TagSpace.load(model / FOLDER)
    for name, value in given.items():
        if value != space.config.get(name):
            raise UsageError(
                f"{name} is {value}, the model {model} was fitted with {space.config.get(name)}, and an update changes "
                "no setting. Leave the option out, or fit a new model with --out."
            )
    with bar("tag space, passes", EPOCHS) as tick:
        grown = updated(space, corpus, tick)
    note(f"{len(grown) - len(space):,} new tags")
    return grown


@app.command("fit-video")
def fit_video(
    model: Annotated[Path, typer.Argument(help="A model folder written by fit-embedding.")],
    clips: Clips,
    features: FeaturesName = None,
    flow: Flow = None,
    pooling: PoolingName = None,
    recipe: Recipe = "tagspace",
    seed: Seed = 1,
    workers: Workers = None,
) -> None:
    """Learn where clips lie in the tag space of a model, from clips or from a folder that extract wrote."""
    from tag2vec.embed.clips import read_clips
    from tag2vec.embed.gather import is_features
    from tag2vec.embed.kinds import with_flow
    from tag2vec.embed.space import TagSpace

    failed = _fit_video(
        TagSpace.load(model),
        model,
        clips if is_features(clips) else read_clips(clips),
        features=with_flow(features, flow),
        pooling=pooling,
        recipe=recipe,
        workers=workers,
        seed=seed,
    )
    typer.echo(str(model))
    if failed:
        raise typer.Exit(1)


@app.command("fit-cnn")
def fit_cnn(
    clips: Clips,
    out: Annotated[Path, typer.Option("--out", "-o", help="The .safetensors file to write.")],
    side: Annotated[int, typer.Option(help="Pixels of a side of the squares that it sees.")] = 64,
    frames: Annotated[int, typer.Option(help="Frames of a clip that it learns from.")] = 4,
    seed: Seed = 1,
    workers: Workers = None,
) -> None:
    """Train a small network on clips, for --features cnn:FILE."""
    from tag2vec.embed.clips import read_clips
    from tag2vec.embed.cnntraining import fit_cnn
    from tag2vec.progress import bar

    listed = read_clips(clips)
    with bar("clips", len(listed)) as tick:
        done = fit_cnn(listed, out, seed=seed, side=side, frames=frames, workers=workers, tick=tick)
    for _, error in done.failed:
        note(f"left out: {error}")
    best = min(done.curve, key=lambda line: line.get("held_out", -line["epoch"]))
    held_out = f", accuracy on held-out groups {best['accuracy']:.3f}" if "accuracy" in best else ""
    note(f"network: {len(done.classes)} tags, epoch {best['epoch']} of {len(done.curve)}{held_out}")
    typer.echo(str(out))
    if done.failed:
        raise typer.Exit(1)


def _fit_video(space: TagSpace, out: Path, clips: Path | list[Any], **settings: Any) -> int:
    """Fit and save; the number of clips that failed."""
    from tag2vec.embed.video import VideoEmbedder
    from tag2vec.progress import bar

    with bar("clips", None if isinstance(clips, Path) else len(clips)) as tick:
        video = VideoEmbedder.fit(space, clips, tick=tick, **settings)
    video.save(out)
    for _, error in video.failed:
        note(f"left out: {error}")
    new = len(video.space) - len(space)
    known = "" if not new else f"; {new} of their tags are not in the tag space and were learnt from the clips alone"
    note(f"video embedder: {video.config.clips} clips{known}")
    return len(video.failed)
