"""Pictures of a tag space: word clouds, a map as a picture or a page, neighbours as a page.

PNG files need the extra `plots`. The same seed gives the same bytes. Pages are self-contained and escaped.
"""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from html import escape
from importlib import import_module
from io import BytesIO
from itertools import chain
from math import ceil, sqrt
from pathlib import Path
from typing import Any

import numpy as np

from tag2vec.embed.explore import ZOOMS, Neighbours, TagMap, place_labels, zoom_of_labels
from tag2vec.errors import ArtifactError, UsageError, importing
from tag2vec.evaluation.pages import page

DPI = 150
FONT = "DejaVu Sans"  # comes with matplotlib
WIDTH, HEIGHT, LETTER = 1200, 800, 13  # of the map's page, in units of its drawing


@dataclass(frozen=True)
class Picture:
    """A PNG file, and how many tags have no label in it because no installed font has their letters."""

    png: bytes
    undrawn: int


def check_output(path: Path, suffixes: Sequence[str]) -> str:
    """The suffix of `path`. Raises UsageError for one not in `suffixes`, ArtifactError where no file can be."""
    suffix = path.suffix.lower()
    if suffix not in suffixes:
        raise UsageError(f"{path} ends in '{path.suffix}'; wanted a file name that ends in {' or '.join(suffixes)}.")
    if path.is_dir() or not path.parent.is_dir() or not os.access(path.parent, os.W_OK):
        raise ArtifactError(f"{path} cannot be written; wanted a file in a folder that is there and can be written to.")
    return suffix


def wordclouds(queries: Sequence[Neighbours], seed: int = 1) -> Picture:
    """One panel for each query: the nearer a tag, the larger and darker. Raises UsageError when none can be drawn."""
    texts = [[tag.tag for tag in query.nearest] for query in queries]
    fonts = _Fonts(chain(*texts, (query.title for query in queries)))
    columns = ceil(sqrt(len(queries)))
    rows = ceil(len(queries) / columns)
    figure = plotting("matplotlib.figure").Figure(figsize=(6 * columns, 4.2 * rows), dpi=DPI, layout="constrained")
    figure.get_layout_engine().set(w_pad=0.25, h_pad=0.2)
    undrawn = 0
    for i, query in enumerate(queries):
        path, drawn = fonts.best(texts[i])
        if not drawn:
            raise UsageError(f"No installed font has the letters of the tags nearest to #{query.found.tag}.")
        axes = figure.add_subplot(rows, columns, i + 1)
        axes.imshow(_cloud({tag.tag: tag.score for tag in query.nearest if tag.tag in drawn}, path, seed))
        axes.set_axis_off()
        titled = fonts.draw(query.title)
        axes.set_title(query.title if titled else "", fontfamily=fonts.families, fontsize=15, parse_math=False)
        undrawn += len(texts[i]) - len(drawn) + (not titled)
    return Picture(_png(figure), undrawn)


def _cloud(scores: dict[str, float], font: str, seed: int) -> Any:
    """One word cloud as (760, 1200, 3) uint8."""
    low, high = min(scores.values()), max(scores.values())
    weights = {tag: 0.12 + 0.88 * (score - low) / (high - low or 1.0) for tag, score in scores.items()}
    colours = plotting("matplotlib").colormaps["viridis"]

    def colour(word: str, **_: Any) -> tuple[int, ...]:
        return tuple(int(part) for part in colours(0.72 * (1 - weights[word]), bytes=True)[:3])

    size = {"width": 1200, "height": 760, "max_font_size": 150, "min_font_size": 14, "margin": 6}
    look = {"font_path": font, "background_color": "white", "prefer_horizontal": 1.0, "color_func": colour}
    cloud = plotting("wordcloud").WordCloud(**size, **look, max_words=len(weights), random_state=seed)
    return cloud.generate_from_frequencies(weights).to_array()


def map_png(tags: TagMap) -> Picture:
    """Dots coloured by group; the most frequent tags are labelled first, those without room are left out."""
    fonts = _Fonts(tag.tag for tag in tags.tags)
    figure = plotting("matplotlib.figure").Figure(figsize=(14, 10), dpi=DPI)
    axes = figure.add_axes((0.04, 0.03, 0.92, 0.94))
    axes.set_axis_off()
    to_rgb = plotting("matplotlib.colors").hsv_to_rgb
    colours = [to_rgb((_hue(group) / 360, 0.8, 0.68)) for group in tags.groups]
    share = np.sqrt([tag.count / tags.tags[0].count for tag in tags.tags])
    axes.scatter(*tags.points.T, s=6 + 30 * share, c=colours, linewidths=0, alpha=0.6)
    drawn = [i for i, tag in enumerate(tags.tags) if fonts.draw(tag.tag)]
    halo = [plotting("matplotlib.patheffects").withStroke(linewidth=2, foreground="white")]
    style = {"fontfamily": fonts.families, "path_effects": halo, "verticalalignment": "bottom", "parse_math": False}
    labels = [axes.text(0, 0, tags.tags[i].tag, fontsize=6.5 + 6 * share[i], color=colours[i], **style) for i in drawn]
    if labels:
        figure.draw_without_rendering()  # only now does the figure know where its dots are
        dots = axes.transData.transform(tags.points)
        extents = [label.get_window_extent() for label in labels]
        sizes = np.array([(box.width, box.height) for box in extents])
        boxes = place_labels(dots[drawn], sizes, 9.0, dots, figure.bbox.extents)
        for label, (left, bottom, _right, _top) in zip(labels, boxes, strict=True):
            label.set_visible(not np.isnan(left))
            label.set_position(axes.transData.inverted().transform((left, bottom)) if not np.isnan(left) else (0, 0))
    return Picture(_png(figure), len(tags.tags) - len(drawn))


def map_html(tags: TagMap) -> str:
    """A page: every tag a dot with its name and posts on hovering; the wheel zooms in, and more labels find room."""
    low, high = tags.points.min(axis=0), tags.points.max(axis=0)
    points = (tags.points - low).astype(np.float64) / np.maximum(high - low, 1e-9)
    points[:, 1] = 1 - points[:, 1]  # a page counts from its top
    points = 20 + points * (WIDTH - 160, HEIGHT - 40)  # at the right, room for labels
    zooms = zoom_of_labels(points, np.array([_width(tag.tag) for tag in tags.tags]), LETTER * 1.2)
    dots, labels = [], []
    for tag, (x, y), group, zoom in zip(tags.tags, points, tags.groups, zooms, strict=True):
        name = escape(tag.tag)
        title = f"<title>#{name}, {tag.count:,} posts</title>"
        dots.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" style="--h:{_hue(group)}">{title}</circle>')
        if np.isfinite(zoom):
            labels.append(f'<text x="{x:.1f}" y="{y:.1f}" dx=".5em" dy=".35em" data-zoom="{zoom:.0f}">{name}</text>')
    drawing = "\n".join(dots + labels)
    body = f"<p>{len(tags.tags):,} hashtags; near ones stand beside the same others. Wheel: zoom, drag: move, "
    body += f'double click: all.</p>\n<svg viewBox="0 0 {WIDTH} {HEIGHT}">\n{drawing}\n</svg>\n<script>{_ZOOM}</script>'
    return page("Map of hashtags", body, _STYLE)


def table_html(queries: Sequence[Neighbours]) -> str:
    """A page with the tags nearest to each query in a column, nearest first."""
    head = "".join(f"<th>{escape(query.title)}</th>" for query in queries)
    ranks = zip(*(query.nearest for query in queries), strict=True)
    cells = (
        "".join(f'<td title="{t.score:.3f}, {t.count:,} posts">{escape(t.tag)}</td>' for t in row) for row in ranks
    )
    rows = "\n".join(f"<tr><td>{rank + 1}</td>{row}</tr>" for rank, row in enumerate(cells))
    return page("Nearest hashtags", f"<table>\n<tr><th></th>{head}</tr>\n{rows}\n</table>")


class _Fonts:
    """The installed fonts that draw `texts`: FONT, then those that add letters which the ones before lack."""

    def __init__(self, texts: Iterable[str]) -> None:
        manager = plotting("matplotlib.font_manager")
        entries = sorted(manager.fontManager.ttflist, key=lambda e: (e.name != FONT, e.weight != 400, e.name, e.fname))
        missing = {ord(letter) for text in texts for letter in text}
        self.letters: dict[str, set[int]] = {}  # of the texts, by path
        self.families: list[str] = []
        for entry in entries:
            # Last Resort has a box for every letter; italics are never what was asked for.
            if entry.style != "normal" or entry.name.startswith("Last Resort") or not missing:
                continue
            with suppress(RuntimeError, OSError):  # bitmap fonts of emoji, a file that is gone
                has = manager.get_font(entry.fname).get_charmap().keys()
                if not self.families or missing & has:
                    self.letters[entry.fname] = set(has)
                    self.families.append(entry.name)
                    missing -= has

    def draw(self, text: str) -> bool:
        """Whether all fonts together have the letters of `text`."""
        return all(any(ord(letter) in has for has in self.letters.values()) for letter in text)

    def best(self, texts: list[str]) -> tuple[str, set[str]]:
        """The path of the one font that draws most of `texts`, and those it draws."""
        drawn = {
            path: {text for text in texts if all(ord(letter) in has for letter in text)}
            for path, has in self.letters.items()
        }
        return max(drawn.items(), key=lambda item: len(item[1]))


def plotting(module: str) -> Any:
    """`module` of the extra `plots`. Raises MissingExtra."""
    package = module.partition(".")[0]
    with importing("A picture", package, "plots"):
        return import_module(module)


def _png(figure: Any) -> bytes:
    file = BytesIO()
    figure.savefig(file, format="png", facecolor="white")
    return file.getvalue()


def _hue(group: int) -> int:
    """Degrees 0..359; neighbouring groups are a golden section apart, so that any number of them differ."""
    return round(group * 222.5) % 360


def _width(text: str) -> float:
    """About how wide a browser draws `text`, with some room: it is not asked before the page is open."""
    return LETTER * (1 + sum(1.05 if unicodedata.east_asian_width(letter) in "WF" else 0.6 for letter in text))


_STYLE = f"""
svg {{ width: 100%; border: 1px solid #8886; --zoom: 1; touch-action: none }}
circle {{ fill: hsl(var(--h) 65% 48%); r: calc(3.5px / var(--zoom)) }} circle:hover {{ r: calc(7px / var(--zoom)) }}
text {{ font-size: calc({LETTER}px / var(--zoom)); fill: CanvasText; pointer-events: none; user-select: none;
  paint-order: stroke; stroke: Canvas; stroke-width: calc(3px / var(--zoom)) }}
text:not([data-zoom="1"]) {{ display: none }}
"""
_ZOOM = f"""
const svg = document.querySelector("svg"), texts = svg.querySelectorAll("text");
let x = 0, y = 0, zoom = 1, from = null;
const at = e => {{ const b = svg.getBoundingClientRect();
  return [(e.clientX - b.left) / b.width * {WIDTH} / zoom, (e.clientY - b.top) / b.height * {HEIGHT} / zoom]; }};
function show() {{
  svg.setAttribute("viewBox", [x, y, {WIDTH} / zoom, {HEIGHT} / zoom].join(" "));
  svg.style.setProperty("--zoom", zoom);
  for (const text of texts) text.style.display = text.dataset.zoom <= zoom ? "inline" : "none";
}}
svg.onwheel = e => {{ e.preventDefault(); const [a, b] = at(e), old = zoom;
  zoom = Math.min({ZOOMS[-1]}, Math.max(1, zoom * 2 ** (-Math.sign(e.deltaY) / 4)));
  x += a - a * old / zoom; y += b - b * old / zoom; show(); }};
svg.onpointerdown = e => {{ from = at(e); svg.setPointerCapture(e.pointerId); }};
svg.onpointermove = e => {{ if (!from) return;
  const [a, b] = at(e); x += from[0] - a; y += from[1] - b; from = [a, b]; show(); }};
svg.onpointerup = svg.onpointercancel = () => {{ from = null; }};
svg.ondblclick = () => {{ x = y = 0; zoom = 1; show(); }};
show();
"""
