"""The command line: one command = options, one library call, print.

Results go to stdout, everything else to stderr. Exit codes: 0 all done, 1 some inputs failed (listed), 2 usage.
Nothing heavy is imported before a command runs.
"""

from __future__ import annotations

import errno
import os
import sys
from dataclasses import fields
from importlib import import_module
from io import TextIOWrapper
from pkgutil import iter_modules
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from tag2vec.errors import Tag2VecError
from tag2vec.version import __version__

AGAIN = "What was finished is kept; the same command goes on from there."
OUTSIDE = {  # what is wrong with a disk, with the rights to it or with memory, and no bug
    getattr(errno, name)
    for name in ("ENOMEM", "ENOSPC", "EDQUOT", "EROFS", "EFBIG", "EIO", "EACCES", "EPERM")
    if hasattr(errno, name)
}


class _Group(TyperGroup):
    """Turns our errors into one message and an exit code. Any other exception is a bug and keeps its traceback."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except Tag2VecError as error:
            typer.echo(f"tag2vec: {error}", err=True)
            raise SystemExit(error.exit_code) from None
        except KeyboardInterrupt:
            typer.echo(f"tag2vec: stopped. {AGAIN}", err=True)
            raise SystemExit(130) from None
        except BrokenPipeError:  # `tag2vec ... | head` is no error; let Python's own flush at exit find no pipe
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise SystemExit(0) from None
        except OSError as error:
            if error.errno == errno.ENAMETOOLONG:
                typer.echo(f"tag2vec: {error.strerror}: {str(error.filename)[:80]}... Give a shorter one.", err=True)
                raise SystemExit(2) from None
            if error.errno not in OUTSIDE:
                raise
            where = f" ({error.filename})" if error.filename else ""
            typer.echo(f"tag2vec: {error.strerror}{where}. {AGAIN}", err=True)
            raise SystemExit(1) from None
        except MemoryError as error:
            why = f" ({error})" if str(error) else ""
            typer.echo(f"tag2vec: out of memory{why}. Free some, or give it less at once. {AGAIN}", err=True)
            raise SystemExit(1) from None


app = typer.Typer(
    cls=_Group,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Learn how people hashtag, then hashtag any clip: offline, on a laptop, with tags people really use.",
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"tag2vec {__version__}")
        raise typer.Exit


@app.callback()
def _all(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass


def is_given(context: typer.Context, name: str) -> bool:
    """Whether the user gave the parameter `name`, instead of leaving it at its default."""
    source = context.get_parameter_source(name)
    return source is not None and source.name != "DEFAULT"


def settings_of(context: typer.Context, kind: type[Any]) -> dict[str, Any]:
    """The parameters of a command that are fields of the dataclass `kind`: they have the same names there."""
    return {one.name: context.params[one.name] for one in fields(kind) if one.name in context.params}


def with_commands() -> typer.Typer:
    """`app` with the commands of every file."""
    for file in iter_modules(__path__):
        import_module(f"{__name__}.{file.name}")
    return app


def main() -> None:
    """Entry point of the `tag2vec` command."""
    for stream in (sys.stdout, sys.stderr):  # names of files need not be text, nor need a terminal have all letters
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    with_commands()()
