"""`tag2vec related` and `complete`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from tag2vec.cli import app, is_given
from tag2vec.cli.output import Json, note, print_json, print_table
from tag2vec.cli.trends import Before, Recent, Smoothing
from tag2vec.errors import UsageError

if TYPE_CHECKING:
    from tag2vec.embed.forms import Forms
    from tag2vec.embed.lookup import Composed, Found
    from tag2vec.embed.space import Related, Side, TagSpace

Model = Annotated[Path, typer.Option("--model", "-m", help="A model folder.")]
Style = Annotated[
    str, typer.Option(help="written: as people do; lower: in lower case; pascal: #StreetSkating, for screen readers.")
]


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
    style: Style = "written",
    as_json: Json = False,
) -> None:
    """Hashtags that mean nearly the same."""
    if not trending and (idle := [n for n in ("corpus", "recent", "before", "smoothing") if is_given(context, n)]):
        raise UsageError(f"--{idle[0]} was given without --trending, which alone looks at it. Add --trending.")
    space, forms = _with_forms(model, style)
    found = space.place(tag)
    if not trending:
        title = f"beside #{found.tag}" if side == "output" else f"nearest to #{found.tag}"
        answer = space.related(tag, k, cast("Side", side))
        # What means the same does not stand beside it: how the tag is written here says nothing of it.
        print_answer([found], forms.answer(answer, [tag], style, known=side == "output"), as_json, title)
        return
    if side != "input":
        raise UsageError(f"--trending orders the nearest of --space input, and '{side}' was given; leave one out.")
    from tag2vec.embed.rising import rising
    from tag2vec.scraping.trends import trends

    now = trends(space.corpus(corpus), recent, before, smoothing)
    title = f"near #{found.tag} and rising until {now.last}"
    answer = forms.answer(rising(space, tag, now, k), [tag], style, known=False)
    print_answer([found], answer, as_json, title, {"trend": "trend", "authors a day": "popularity"})


@app.command()
def complete(
    tags: Annotated[list[str], typer.Argument(help="Hashtags that a post has already.")],
    model: Model,
    k: Annotated[int, typer.Option("-k", help="How many.")] = 10,
    style: Style = "written",
    as_json: Json = False,
) -> None:
    """Hashtags that people put beside all of these."""
    space, forms = _with_forms(model, style)
    found = [space.place(tag) for tag in tags]
    answer = forms.answer(space.complete(tags, k), tags, style)
    print_answer(found, answer, as_json, "beside " + " ".join(f"#{f.tag}" for f in found))


def open_space(model: Path) -> TagSpace:
    from tag2vec.embed.space import TagSpace

    return TagSpace.load(model)


def _with_forms(model: Path, style: str) -> tuple[TagSpace, Forms]:
    from tag2vec.embed.forms import Forms
    from tag2vec.embed.style import style_of

    style_of(style)
    space = open_space(model)
    return space, Forms.load(model, space)


def print_answer(
    found: Sequence[Found | Composed],
    answer: Sequence[Related],
    as_json: bool,
    title: str,
    more: Mapping[str, str] | None = None,
) -> None:
    """What was looked up and the answer; `more` are columns of the table and the fields of `answer` that fill them."""
    asked = say_found(found)
    if as_json:
        print_json({"query": asked, "tags": [facts(one) for one in answer]})
        return
    more = more or {}
    rows = [[f"#{a.tag}", a.score, a.count, *(getattr(a, name) for name in more.values())] for a in answer]
    print_table(["hashtag", "score", "posts", *more], rows, title)


def say_found(found: Sequence[Found | Composed]) -> list[dict[str, str]]:
    """Say which tags were not found as they are written; what JSON says of all of them."""
    from tag2vec.embed.lookup import told

    hows = {
        "stem": "not written so; its stem is that of",
        "spelling": "not known; the nearest spelling is",
        "words": "not known; placed by the words inside it:",
    }
    for one in found:
        if one.step != "exact":
            note(f"#{one.asked.lstrip('#')}: {hows[one.step]} {' '.join(f'#{tag}' for tag in one.known)}")
    return [told(one) for one in found]


def facts(tag: Related) -> dict[str, Any]:
    """The fields of one answer for JSON."""
    return {name: round(value, 6) if isinstance(value, float) else value for name, value in asdict(tag).items()}
