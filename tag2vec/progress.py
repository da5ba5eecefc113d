"""Progress bars for long work: on a terminal's stderr, nothing elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Tick = Callable[[int], None]
"""Called with the number of steps done so far."""


@contextmanager
def bar(what: str, total: int | None = None, printing: bool = False) -> Iterator[Tick]:
    """A bar labelled `what` over `total` steps (None: unknown). Quiet when stderr is not a terminal.

    With `printing`, results go to stdout meanwhile: on a terminal they show the progress and a bar is in their way.
    """
    if not sys.stderr.isatty() or (printing and sys.stdout.isatty()):
        yield lambda done: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, Task, TextColumn, TimeRemainingColumn
    from rich.text import Text

    class Speed(TextColumn):
        def render(self, task: Task) -> Text:
            return Text(f"{task.speed:.3g}/s" if task.speed else "")

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        Speed(""),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(what, total=total)
        yield lambda done: progress.update(task, completed=done)


@contextmanager
def line() -> Iterator[Callable[[str], None]]:
    """A line of text with a spinner that says how far it is: for work of unknown length. Quiet without a terminal."""
    if not sys.stderr.isatty():
        yield lambda text: None
        return
    from rich.console import Console
    from rich.markup import escape

    with Console(stderr=True).status("") as status:
        yield lambda text: status.update(escape(text))
