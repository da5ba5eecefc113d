"""The figures of a report: SVG that goes into the page, in its ink, so that it is read in the light and in the dark.

They hold numbers and no names: a browser has the letters of every tag, a font here may not. Names stand in the legend
beside them, in the same colours. The same figures give the same bytes; the extra `plots` draws them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from io import StringIO
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tag2vec.embed.threads import one_thread
from tag2vec.evaluation.calibration import Bin
from tag2vec.evaluation.plots import plotting

COLOURS = ("#3b82f6", "#f97316", "#10b981", "#ef4444", "#a855f7", "#b45309", "#ec4899", "#64748b", "#84cc16", "#06b6d4")
OTHER = "#9ca3af"  # of whatever has no colour of its own
INK = "#010203"  # becomes the colour of the page's text
POINTS = 300  # of a curve: more are not seen
MOST = 1000  # clips of a map
SEED = 1  # of what is drawn at random
AXES = 50  # principal axes that a map starts from (van der Maaten and Hinton 2008, section 4.2)

Floats = NDArray[np.floating[Any]]
Curve = tuple[str, Floats, Floats]
"""Colour, x and y."""


def lines(curves: Sequence[Curve], xlabel: str, ylabel: str, unit: bool = True) -> str:
    """Curves; with `unit` both axes run from 0 to 1."""
    figure, axes = _figure(xlabel, ylabel, unit)
    for colour, x, y in curves:
        some = np.unique(np.linspace(0, len(x) - 1, POINTS).astype(int))
        axes.plot(np.asarray(x)[some], np.asarray(y)[some], color=colour, linewidth=1.4)
    return _svg(figure)


def losses(curves: Sequence[Sequence[dict[str, Any]]]) -> str:
    """What fits of several folds lost, epoch by epoch: on the clips learnt from, and on groups that were held out."""
    found = [
        (colour, np.array([row["epoch"] for row in curve]), np.array([row[name] for row in curve]))
        for curve in curves
        for name, colour in (("train", COLOURS[0]), ("held_out", COLOURS[1]))
        if curve and name in curve[0]
    ]
    return lines(found, "epoch", "loss", unit=False)


def bars(bins: Sequence[Bin]) -> str:
    """The share of pairs that came true in each bin of probabilities; on the diagonal they are what they say."""
    figure, axes = _figure("probability", "share that came true", True)
    widths = [one.high - one.low for one in bins]
    places = [one.low for one in bins]
    axes.bar(places, [one.share for one in bins], widths, align="edge", color=COLOURS[0], alpha=0.75, linewidth=0)
    axes.plot([0, 1], [0, 1], color=INK, linewidth=1, linestyle="--")
    return _svg(figure)


def dots(points: Floats, colours: Sequence[str]) -> str:
    """points (n, 2), a dot each."""
    figure, axes = _figure("", "", False)
    axes.scatter(*points.T, c=list(colours), s=14, linewidths=0, alpha=0.85)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.grid(False)
    return _svg(figure)


@one_thread()
def plane(vectors: Floats) -> Floats | None:
    """vectors (n, d) -> (n, 2) by t-SNE (van der Maaten and Hinton 2008); None for fewer than 5, or all the same."""
    from sklearn.decomposition import PCA
    from sklearn.manifold import TSNE

    if len(vectors) < 5 or not np.ptp(vectors, axis=0).any():
        return None
    if min(vectors.shape) > AXES:
        vectors = PCA(AXES, svd_solver="full", random_state=SEED).fit_transform(vectors)
    perplexity = min(30.0, (len(vectors) - 1) / 3)
    found: Floats = TSNE(2, perplexity=perplexity, init="random", random_state=SEED, n_jobs=1).fit_transform(vectors)
    return found


def some_clips(n: int) -> NDArray[np.intp]:
    """At most MOST of n rows, in order."""
    if n <= MOST:
        return np.arange(n)
    return np.sort(np.random.default_rng(SEED).choice(n, MOST, replace=False))


def _figure(xlabel: str, ylabel: str, unit: bool) -> tuple[Any, Any]:
    figure = plotting("matplotlib.figure").Figure(figsize=(4.6, 3.6), layout="constrained")
    axes = figure.add_subplot()
    axes.set_xlabel(xlabel, color=INK)
    axes.set_ylabel(ylabel, color=INK)
    axes.tick_params(colors=INK)
    axes.grid(color=INK, alpha=0.15)
    axes.spines[:].set_edgecolor(INK)
    if unit:
        axes.set_xlim(-0.03, 1.03)
        axes.set_ylim(-0.03, 1.03)
    return figure, axes


def _svg(figure: Any) -> str:
    """A figure as an element of a page: without prologue, background and names of parts, which would be there twice."""
    file = StringIO()
    with plotting("matplotlib").rc_context({"svg.hashsalt": "tag2vec", "svg.fonttype": "none"}):
        for patch in (figure.patch, *(axes.patch for axes in figure.axes)):
            patch.set_visible(False)
        figure.savefig(file, format="svg", metadata={"Date": None, "Creator": None})
    drawn = file.getvalue()
    drawn = drawn[drawn.index("<svg") :].replace(INK, "currentColor")
    drawn = re.sub(r"<metadata>.*?</metadata>|<!--.*?-->", "", drawn, flags=re.DOTALL)
    drawn = re.sub(r' id="\w+_\d+"| xmlns(:\w+)?="[^"]*"| (width|height)="[\d.]+pt"', "", drawn)
    return re.sub(r"\n\s*\n", "\n", drawn)
