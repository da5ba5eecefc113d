"""`tag2vec fit-embedding`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tag2vec.cli import app, is_given, settings_of
from tag2vec.cli.fitvideo import Seed, forget_index, learn
from tag2vec.cli.output import note
from tag2vec.errors import UsageError
from tag2vec.progress import bar
from tag2vec.workers import PROCESSES

if TYPE_CHECKING:
    from tag2vec.embed.space import TagSpace
    from tag2vec.scraping.corpus import Corpus


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
    workers: Annotated[
        int, typer.Option(help="Threads; more than one is faster and does not repeat exactly.", max=PROCESSES)
    ] = 1,
) -> None:
    """Learn the tag space of a corpus; with --clips also where clips lie in it, ready for suggest.

    With --update the space of a model learns new tags and new company without being fitted again, and its video
    embedder goes on working.
    """
    from tag2vec.embed.clips import read_clips
    from tag2vec.embed.model import check_model, save_model
    from tag2vec.embed.skipgram import SpaceConfig
    from tag2vec.scraping.corpus import Corpus

    model = out or update
    if model is None or (out and update):
        raise UsageError("Give --out MODEL for a new model, or --update MODEL for one whose corpus has grown.")
    # Whatever can be wrong with the arguments is found before the long work.
    check_model(model)
    listed = read_clips(clips) if clips else None
    settings = settings_of(context, SpaceConfig)
    given = {name: value for name, value in settings.items() if is_given(context, name)}
    read = Corpus.load(corpus)
    space = _updated(model, read, given) if update else _fitted(read, settings)
    save_model(space, read, model)
    forget_index(model)
    note(f"tag space: {len(space):,} tags, {space.dim} dimensions")
    failed = learn(space, model, listed, seed=space.config["seed"]) if listed else 0
    typer.echo(str(model))
    if failed:
        raise typer.Exit(1)


def _fitted(corpus: Corpus, settings: dict[str, Any]) -> TagSpace:
    from tag2vec.embed.skipgram import SpaceConfig
    from tag2vec.embed.space import TagSpace

    passes = SpaceConfig(**settings).for_corpus(len(corpus), corpus.report["tags"]).passes
    with bar("tag space, passes", passes) as tick:
        return TagSpace.fit(corpus, tick, **settings)


def _updated(model: Path, corpus: Corpus, given: dict[str, Any]) -> TagSpace:
    from tag2vec.embed.space import FOLDER, TagSpace
    from tag2vec.embed.update import EPOCHS, updated

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
