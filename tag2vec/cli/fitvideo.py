"""`tag2vec fit-video` and `tag2vec fit-cnn`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tag2vec.cli import app, settings_of
from tag2vec.cli.output import note
from tag2vec.errors import MOST
from tag2vec.progress import bar
from tag2vec.workers import PROCESSES

if TYPE_CHECKING:
    from tag2vec.embed.space import TagSpace

Clips = Annotated[
    Path,
    typer.Argument(
        help="A .csv (path,tags[,group,title,about]), a folder of class folders, an export with its videos, "
        "TFRecords, or features."
    ),
]
Title = Annotated[str | None, typer.Option(help="The title of the clip, for a model that was fitted with titles.")]
Given = Annotated[Path | None, typer.Option(help="Features of these clips, for a model fitted on given:PATH.")]
FeaturesName = Annotated[
    str | None,
    typer.Option(
        "--features", help="Kinds of features: one, or several as in one+another. Trajectories when not given."
    ),
]
Flow = Annotated[
    str | None, typer.Option(help="How trajectories follow motion: dis (computed) or codec (as the file has it; fast).")
]
PoolingName = Annotated[str | None, typer.Option("--pooling", help="How the features of a clip become one vector.")]
Recipe = Annotated[
    str,
    typer.Option(
        help="How clips are learnt: tagspace (ours), fusion (a network for each kind of features), softmax "
        "(a category), softfusion (both), sigmoid (a classifier), groups (of hashtags) or seed (Singh 2016)."
    ),
]
Seed = Annotated[int, typer.Option(help="The same seed gives the same numbers.", min=0, max=MOST)]
Workers = Annotated[
    int | None, typer.Option(help="Processes that read clips; one a core when not given.", min=0, max=PROCESSES)
]
TRAINING = "Training"
NAMED = 20  # tags that are listed by name


@app.command("fit-video")
def fit_video(
    context: typer.Context,
    model: Annotated[Path, typer.Argument(help="A model folder written by fit-embedding.")],
    clips: Clips,
    features: FeaturesName = None,
    flow: Flow = None,
    pooling: PoolingName = None,
    recipe: Recipe = "tagspace",
    seed: Seed = 1,
    workers: Workers = None,
    optimizer: Annotated[str, typer.Option(help="adamw or adam.", rich_help_panel=TRAINING)] = "adamw",
    lr: Annotated[float, typer.Option(help="The learning rate.", rich_help_panel=TRAINING)] = 1e-3,
    schedule: Annotated[
        str, typer.Option(help="Of the rate: constant, cosine or exponential.", rich_help_panel=TRAINING)
    ] = "constant",
    decay: Annotated[
        float, typer.Option(help="What an exponential schedule multiplies the rate with.", rich_help_panel=TRAINING)
    ] = 0.95,
    weight_decay: Annotated[float, typer.Option(help="How much weights are shrunk.", rich_help_panel=TRAINING)] = 1e-2,
    batch: Annotated[int, typer.Option(help="Clips a step.", rich_help_panel=TRAINING)] = 64,
    epochs: Annotated[
        int | None, typer.Option(help="At most so many; as the recipe has it when not given.", rich_help_panel=TRAINING)
    ] = None,
    patience: Annotated[
        int, typer.Option(help="Epochs without a better loss on held-out clips.", rich_help_panel=TRAINING)
    ] = 8,
    balance: Annotated[
        str, typer.Option(help="Clips of rare tags: none, weights or sampling.", rich_help_panel=TRAINING)
    ] = "none",
    frames: Annotated[
        int, typer.Option(help="Rows of a clip that a trained pooling is shown.", rich_help_panel=TRAINING)
    ] = 300,
    precision: Annotated[str, typer.Option(help="float32 or bfloat16.", rich_help_panel=TRAINING)] = "float32",
    shards: Annotated[
        int, typer.Option(help="Parts of a batch, for as many processes of torchrun.", rich_help_panel=TRAINING)
    ] = 1,
    tensorboard: Annotated[
        Path | None,
        typer.Option(help="A folder for the losses of each epoch, to be watched.", rich_help_panel=TRAINING),
    ] = None,
) -> None:
    """Learn where clips lie in the tag space of a model, from clips or from a folder that extract wrote.

    Started by torchrun, several processes train together. A run that was killed goes on where it was.
    """
    from tag2vec.embed import ranks
    from tag2vec.embed.clips import read_clips
    from tag2vec.embed.gather import is_features
    from tag2vec.embed.kinds import with_flow
    from tag2vec.embed.space import TagSpace
    from tag2vec.embed.training import TrainConfig

    with ranks.joined():
        failed = learn(
            TagSpace.load(model),
            model,
            clips if is_features(clips) else read_clips(clips),
            tensorboard,
            features=with_flow(features, flow),
            pooling=pooling,
            recipe=recipe,
            workers=workers,
            **settings_of(context, TrainConfig),
        )
        if ranks.first():
            typer.echo(str(model))
    if failed:
        raise typer.Exit(1)


@app.command("fit-cnn")
def fit_cnn(
    clips: Clips,
    out: Annotated[Path, typer.Option("--out", "-o", help="The .safetensors file to write.")],
    side: Annotated[int, typer.Option(help="Pixels of a side of the squares that it sees.")] = 64,
    frames: Annotated[int, typer.Option(help="Frames of a clip that it learns from.")] = 8,
    seed: Seed = 1,
    workers: Workers = None,
) -> None:
    """Train a small network on clips, for --features cnn:FILE."""
    from tag2vec.embed.clips import read_clips
    from tag2vec.embed.cnntraining import fit_cnn

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


def forget_index(model: Path) -> None:
    """What was fitted anew has other vectors than those in the index of the model."""
    from tag2vec.retrieval.stored import remove_index

    if remove_index(model):
        note(f"the index of the model is removed, it was built for what was there before: tag2vec fit-index {model}")


def learn(space: TagSpace, out: Path, clips: Path | list[Any], tensorboard: Path | None = None, **settings: Any) -> int:
    """Fit and save; the number of clips that failed. The folder `tensorboard` gets the losses."""
    from tag2vec.embed import ranks
    from tag2vec.embed.checkpoint import FOLDER, Checkpoint
    from tag2vec.embed.losses import logged
    from tag2vec.embed.video import VideoEmbedder

    count = None if isinstance(clips, Path) else len(clips)
    with logged(tensorboard) as log, bar("clips", count) as tick, bar("epochs") as epochs:

        def epoch_tick(part: str, line: dict[str, Any]) -> None:
            epochs(line["epoch"])
            log(part, line)

        checkpoint = out / FOLDER
        video = VideoEmbedder.fit(space, clips, tick=tick, epoch_tick=epoch_tick, checkpoint=checkpoint, **settings)
    if not ranks.first():
        return len(video.failed)
    video.save(out)
    forget_index(out)
    Checkpoint(checkpoint).remove()
    for _, error in video.failed:
        note(f"left out: {error}")
    note(f"video embedder: {video.config.clips} clips")
    if new := [f"#{form}" for form in video.space.forms[len(space) :]]:
        more = f" and {len(new) - NAMED:,} more" if len(new) > NAMED else ""
        note(f"no post has {', '.join(new[:NAMED])}{more}: learnt from the clips alone")
    return len(video.failed)
