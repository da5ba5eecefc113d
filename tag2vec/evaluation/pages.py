"""Self-contained pages: no file and no server beside them, light or dark as the reader has it, and wide as a phone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape

STYLE = """
:root { color-scheme: light dark; font: 15px system-ui, sans-serif; background: Canvas; color: CanvasText }
body { margin: 1.5em } h1 { font-size: 1.4em } h2 { font-size: 1.15em; margin-top: 2em }
table { border-collapse: collapse } th, td { padding: .3em 1em; text-align: left; border-bottom: 1px solid #8886 }
.wide { overflow-x: auto } .wide th, .wide td { padding: .3em .6em }
.wide :first-child:is(th, td) { position: sticky; left: 0; background: Canvas }
.legend { list-style: none; padding: 0; display: flex; flex-wrap: wrap; gap: .2em 1.2em }
.legend li::before { content: ""; display: inline-block; width: .8em; height: .8em; border-radius: 50%;
  background: var(--ink); margin-right: .4em }
.number { text-align: right; font-variant-numeric: tabular-nums }
"""


def page(title: str, body: str, style: str = "") -> str:
    """A whole page; `title` is text, `body` and `style` are put in as they are."""
    head = '<meta charset="utf-8">\n<meta name="viewport" content="width=device-width, initial-scale=1">\n'
    head += f"<title>{escape(title)}</title>\n<style>{STYLE}{style}</style>"
    return f'<!doctype html>\n<html lang="en">\n{head}\n<h1>{escape(title)}</h1>\n{body}\n</html>\n'


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table of plain values, escaped: a name a row, then numbers. One that is too wide scrolls by itself."""
    lines = ["".join(f'<th class="number">{escape(name)}</th>' if name else "<th></th>" for name in header)]
    lines += ["".join(map(_cell, row)) for row in rows]
    return '<div class="wide"><table>\n' + "\n".join(f"<tr>{line}</tr>" for line in lines) + "\n</table></div>"


def legend(names: Mapping[str, str]) -> str:
    """What each colour of a figure stands for: colour -> name, which is escaped."""
    marks = (f'<li style="--ink:{colour}">{escape(name)}</li>' for colour, name in names.items())
    return f'<ul class="legend">{"".join(marks)}</ul>'


def _cell(value: object) -> str:
    if isinstance(value, int | float):
        return f'<td class="number">{f"{value:.3f}" if isinstance(value, float) else f"{value:,}"}</td>'
    return f"<td>{escape(str(value))}</td>"
