"""The report of an evaluation: a folder with `report.json`, what `evaluate video` prints, and `report.html` to look at.

The page needs nothing beside it. Whatever comes from clips and tags is escaped. Plots show the first shuffle.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tag2vec import artifact
from tag2vec.evaluation import reportplots as plots
from tag2vec.evaluation.calibration import Bin
from tag2vec.evaluation.measures import Evaluation, warning
from tag2vec.evaluation.measures import table as figures
from tag2vec.evaluation.pages import legend, page, table
from tag2vec.evaluation.plots import plotting
from tag2vec.evaluation.reportclips import best_and_worst
from tag2vec.evaluation.reportcurves import precision_recall, roc

KIND = "report"
SHOWN = 15  # categories with a row of their own among the guesses; the others go together
LARGEST = 6  # tags with curves of their own


def check_report(folder: str | Path) -> None:
    """Before long work: raises ArtifactError where no report can be written, MissingExtra when nothing can draw it."""
    artifact.check_writable(folder, KIND)
    plotting("matplotlib.figure")


def write_report(folder: str | Path, found: Evaluation) -> None:
    """Write the whole folder or leave what was there. Raises as `check_report` does."""
    text = page("Tags of clips", "\n".join(_sections(found)), _STYLE)
    document = json.dumps(found.document, ensure_ascii=False, indent=1)
    with artifact.write(folder, KIND, {"clips": len(found.clips)}) as draft:
        (draft.path / "report.html").write_text(text, encoding="utf-8")
        (draft.path / "report.json").write_text(document + "\n", encoding="utf-8")


def _sections(found: Evaluation) -> list[str]:
    return [
        _measures(found.document),
        *_curves(found),
        _maps(found),
        _confusion(found),
        best_and_worst(found),
        _tags(found),
    ]


def _measures(document: dict[str, Any]) -> str:
    cut = document["at_best_f1"]
    text = f"{document['clips']:,} clips, {document['failed']:,} more could not be read. Higher is better. "
    text += f"{escape(said)} " if (said := warning(document)) else ""
    text += f"Where F1 is best, precision is {cut['precision']:.3f} and recall {cut['recall']:.3f}; averaged over tags "
    text += f"they are {cut['macro_precision']:.3f} and {cut['macro_recall']:.3f}, and F1 {cut['macro_f1']:.3f}."
    rows = [
        [asked, "none" if found["precision"] is None else found["precision"], found["suggestions"]]
        for asked, found in document["at_min_precision"].items()
    ]
    kept = table(["", "precision", "suggestions a clip"], rows)
    said = "<p>Suggestions above the thresholds that training chose for these precisions (--min-precision):</p>"
    return f"<p>{text}</p>\n{table(*figures(document))}\n{said}\n{kept}"


def _curves(found: Evaluation) -> list[str]:
    ours, labels = found.ours, found.ours.labels
    names = {plots.INK: "all tags at once"}
    names |= {plots.COLOURS[i]: f"#{labels.forms[code]}" for i, code in enumerate(labels.measured[:LARGEST])}
    colours = list(names)
    shapes = _figures(
        ("Precision and recall", plots.lines(precision_recall(ours, colours), "recall", "precision")),
        ("True and false positives", _roc(roc(ours, colours))),
    )
    ece, bins = found.document["ece"], found.document["reliability"]
    checked = plots.bars([Bin(**one) for one in bins]) if bins else _none("its scores are no probabilities")
    said = "Reliability" if ece is None else f"Reliability: expected calibration error {ece:.3f}"
    learnt = any(found.first.curves)
    fits = _figures(
        ("Learning", plots.losses(found.first.curves) if learnt else _none("no curve was kept")),
        (said, checked),
    )
    losses = legend({plots.COLOURS[0]: "clips learnt from", plots.COLOURS[1]: "held out, decides when to stop"})
    named = legend({colour.replace(plots.INK, "currentColor"): name for colour, name in names.items()})
    return [f"<h2>Tags given or not</h2>{named}{shapes}", f"<h2>Losses and probabilities</h2>{losses}{fits}"]


def _roc(curves: Sequence[plots.Curve]) -> str:
    if not curves:
        return _none("it needs clips with and without a tag")
    return plots.lines(curves, "false positive rate", "true positive rate")


def _maps(found: Evaluation) -> str:
    labels = found.ours.labels
    some = plots.some_clips(len(found.clips))
    firsts = labels.firsts[some]
    codes, counts = np.unique(firsts, return_counts=True)
    largest = codes[np.argsort(-counts, kind="stable")][: len(plots.COLOURS)].tolist()
    colour_of = dict(zip(largest, plots.COLOURS, strict=False))
    colours = [colour_of.get(code, plots.OTHER) for code in firsts.tolist()]
    maps = [
        (title, _none("wanted 5 clips or more that differ") if points is None else plots.dots(points, colours))
        for title, points in (
            ("Before: their features", plots.plane(found.features[some])),
            ("After: where the network puts them in the tag space", plots.plane(found.first.points[some])),
        )
    ]
    names = {colour: f"#{labels.forms[code]}" for code, colour in colour_of.items()}
    names |= {plots.OTHER: "others"} if len(codes) > len(largest) else {}
    return f"<h2>Clips, near ones alike (t-SNE)</h2>{legend(names)}{_figures(*maps)}"


def _confusion(found: Evaluation) -> str:
    ours, labels = found.ours, found.ours.labels
    codes, counts = np.unique(labels.firsts, return_counts=True)
    shown = codes[np.argsort(-counts, kind="stable")][:SHOWN].tolist()
    names = [f"#{labels.forms[code]}" for code in shown]
    place = {code: i for i, code in enumerate(shown)}
    rows = _places(labels.firsts, place)
    columns = _places(ours.categories[:, 0], place)
    matrix = np.zeros((len(shown) + 1, len(shown) + 1), int)
    np.add.at(matrix, (rows, columns), 1)
    used = len(shown) + int(bool(matrix[-1].sum() + matrix[:, -1].sum()))
    names = [*names, "others"][:used]
    head = "".join(f'<th class="guess"><span>{escape(name)}</span></th>' for name in names)
    body = "\n".join(
        f"<tr><th>{escape(name)}</th>{''.join(_share(n, row.sum()) for n in row[:used])}</tr>"
        for name, row in zip(names, matrix, strict=False)
    )
    grid = f'<div class="wide"><table class="grid">\n<tr><th></th>{head}</tr>\n{body}\n</table></div>'
    return f"<h2>Categories taken for each other</h2><p>Rows: the first tag. Columns: the guess.</p>{grid}"


def _places(codes: NDArray[np.int64], place: dict[int, int]) -> NDArray[np.intp]:
    return np.array([place.get(code, len(place)) for code in codes.tolist()])


def _share(n: int, of: int) -> str:
    return f'<td style="--share:{n / max(of, 1):.2f}">{n or ""}</td>'


def _tags(found: Evaluation) -> str:
    labels = found.ours.labels
    names = ("clips", "precision", "recall", "f1", "ap")
    rows = [
        [f"#{labels.forms[labels.codes[stem]]}", *(row[name] for name in names)]
        for stem, row in found.document["tags"].items()
    ]
    said = f"<h2>Tag by tag</h2><p>{len(rows):,} of {len(labels.counts):,} tags, those of most clips.</p>"
    return f"{said}{table(['', *names], rows)}"


def _figures(*pairs: tuple[str, str]) -> str:
    found = "\n".join(f"<figure><figcaption>{escape(title)}</figcaption>{drawn}</figure>" for title, drawn in pairs)
    return f'<div class="figures">{found}</div>'


def _none(why: str) -> str:
    return f"<p>Not drawn: {escape(why)}.</p>"


_STYLE = """
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(18em, 100%), 30em)); gap: 1em }
figure { margin: 0 } figcaption { font-weight: 600 } svg { width: 100%; height: auto }
.grid td { text-align: center; padding: .2em .3em; min-width: 1.8em;
  background: rgb(59 130 246 / calc(var(--share) * .75)) }
.grid th { padding: .2em .5em; font-weight: normal; white-space: nowrap }
.grid .guess { vertical-align: bottom } .guess span { writing-mode: vertical-rl; transform: rotate(180deg) }
.clip { border-top: 1px solid #8886; padding: .6em 0 } .clip h3 { font-size: 1em; margin: .2em 0 }
.clip img { max-width: 32%; height: auto } .clip p { margin: .3em 0; overflow-wrap: anywhere }
mark { background: #10b98155; color: inherit; border-radius: .2em; padding: 0 .1em }
"""
