"""`tag2vec analogy`, `clusters`, `compare` and `plot`: look at what a tag space has learnt."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tag2vec.cli import app
from tag2vec.cli.ask import Model, facts, open_space, print_answer
from tag2vec.cli.fitvideo import Seed
from tag2vec.cli.output import Json, note, print_json, print_table
from tag2vec.files import write_whole

if TYPE_CHECKING:
    from tag2vec.evaluation.plots import Picture

Tags = Annotated[list[str], typer.Argument(metavar="TAG...", help="Hashtags, with or without '#'.")]

plot = typer.Typer(no_args_is_help=True, help="Pictures of a tag space.")
app.add_typer(plot, name="plot")


@app.command()
def analogy(
    a: Annotated[str, typer.Argument(help="As this hashtag ...")],
    b: Annotated[str, typer.Argument(help="... is to this one, ...")],
    c: Annotated[str, typer.Argument(help="... so is this one to what is searched.")],
    model: Model,
    k: Annotated[int, typer.Option("-k", help="How many.")] = 10,
    as_json: Json = False,
) -> None:
    """A is to B as C is to ?"""
    from tag2vec.embed.explore import analogy

    space = open_space(model)
    answer = analogy(space, a, b, c, k)
    found = [space.resolve(tag) for tag in (a, b, c)]
    names = [f"#{one.tag}" for one in found]
    print_answer(found, answer, as_json, "{} is to {} as {} is to".format(*names))


@app.command()
def clusters(
    model: Model,
    n: Annotated[int, typer.Option("-n", help="How many groups.")] = 20,
    top: Annotated[int, typer.Option(help="Hashtags named of each, the most central ones.")] = 10,
    tags: Annotated[int, typer.Option(help="Group the most frequent hashtags, so many at most.")] = 5000,
    seed: Seed = 1,
    as_json: Json = False,
) -> None:
    """Groups of hashtags, those in most posts first."""
    from tag2vec.embed.explore import clusters

    found = clusters(open_space(model), n, tags, top, seed)
    if as_json:
        print_json([{"posts": c.posts, "size": len(c.rows), "tags": [facts(tag) for tag in c.tags]} for c in found])
    else:
        rows = [[c.posts, len(c.rows), " ".join(f"#{tag.tag}" for tag in c.tags)] for c in found]
        print_table(["posts", "hashtags", "most central"], rows)


@app.command()
def compare(
    tags: Tags,
    model: Model,
    k: Annotated[int, typer.Option("-k", help="How many for each.")] = 10,
    html: Annotated[Path | None, typer.Option(help="Write a page with the table, one column for each.")] = None,
    as_json: Json = False,
) -> None:
    """The hashtags nearest to each of several, side by side."""
    from tag2vec.embed.explore import neighbours
    from tag2vec.evaluation.plots import check_output, table_html

    if html:
        check_output(html, [".html"])
    found = neighbours(open_space(model), tags, k)
    if html:
        write_whole(html, table_html(found))
        note(f"wrote {html}")
    if as_json:
        print_json([asdict(one.found) | {"tags": [facts(tag) for tag in one.nearest]} for one in found])
    else:
        rows = [[one.title, " ".join(f"#{tag.tag}" for tag in one.nearest)] for one in found]
        print_table(["hashtag", "nearest first"], rows)


@plot.command()
def wordcloud(
    tags: Tags,
    model: Model,
    out: Annotated[Path, typer.Option("--out", "-o", help="A .png file to write.")],
    words: Annotated[int, typer.Option(min=1, help="Hashtags in each panel, so many at most.")] = 60,
    seed: Seed = 1,
) -> None:
    """The hashtags nearest to each of several, the nearer the larger: one panel each."""
    from tag2vec.embed.explore import neighbours
    from tag2vec.evaluation.plots import check_output, wordclouds

    check_output(out, [".png"])
    space = open_space(model)
    _save_picture(out, wordclouds(neighbours(space, tags, min(words, len(space) - 1)), seed))


@plot.command("map")
def map_(
    model: Model,
    out: Annotated[Path, typer.Option("--out", "-o", help="A .png or .html file to write.")],
    tags: Annotated[int, typer.Option(help="The most frequent hashtags, so many at most.")] = 400,
    n: Annotated[int, typer.Option("-n", help="Groups, each in its colour, so many at most.")] = 20,
    seed: Seed = 1,
) -> None:
    """The hashtags in the plane, near ones together, coloured by group; a page can be zoomed."""
    from tag2vec.embed.explore import tag_map
    from tag2vec.evaluation.plots import check_output, map_html, map_png

    suffix = check_output(out, [".png", ".html"])
    found = tag_map(open_space(model), tags, n, seed)
    if suffix == ".png":
        _save_picture(out, map_png(found))
    else:
        write_whole(out, map_html(found))
        typer.echo(str(out))


def _save_picture(out: Path, picture: Picture) -> None:
    write_whole(out, picture.png)
    if picture.undrawn:
        note(f"{picture.undrawn} hashtags have no label: no installed font has their letters")
    typer.echo(str(out))
