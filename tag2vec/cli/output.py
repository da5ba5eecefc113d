"""How commands print."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import Annotated, Any

import typer

Table = tuple[Sequence[str], Sequence[Sequence[object]]]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def note(message: str) -> None:
    """Say something that is no result."""
    typer.echo(message, err=True)


def print_json(value: Any, line: bool = False) -> None:
    """One JSON document: indented, or on one line when it is one of many."""
    typer.echo(json.dumps(value, ensure_ascii=False, indent=None if line else 1))


def print_table(header: Sequence[str], rows: Sequence[Sequence[object]], title: str | None = None) -> None:
    """A table for a person, tab-separated lines for a pipe."""
    texts = [[_text(cell) for cell in row] for row in rows]
    if not sys.stdout.isatty():
        for row in texts:
            typer.echo("\t".join(row))
        return
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD, title=None if title is None else escape(title), title_justify="left")
    for i, name in enumerate(header):
        numeric = all(isinstance(row[i], int | float) for row in rows)
        table.add_column(name, justify="right" if numeric else "left")
    for row in texts:
        table.add_row(*map(escape, row))
    Console().print(table)


def print_report(report: Any, as_json: bool, table: Table, facts: str) -> None:
    """A document as JSON, or its table with a line of facts."""
    if as_json:
        print_json(report)
    else:
        print_table(*table, facts)


def _text(cell: object) -> str:
    return f"{cell:.3f}" if isinstance(cell, float) else str(cell)
