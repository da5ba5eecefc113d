"""Everything tag2vec raises on purpose. Anything else that escapes is a bug.

    Tag2VecError                    catch this one to catch all
    ├── UsageError(ValueError)      an argument that cannot be used
    ├── UnknownName(LookupError)    no plugin, tag or platform of that name
    ├── MissingExtra(ImportError)   an optional dependency is not installed
    ├── ArtifactError(ValueError)   a folder on disk is absent, damaged, of another kind, or cannot be written
    ├── SourceError(ValueError)     posts or a clips list cannot be read
    │   └── Refused                 a server, its robots.txt or our own rules say no: asking again will not help
    ├── BudgetSpent                 --max-requests or --max-minutes is reached; the same command goes on later
    └── VideoError(ValueError)      a clip cannot be decoded

Every message says what was found, what was wanted and what to do.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

MOST = 2**31 - 1  # what libraries count in 32 bits ends there


class Tag2VecError(Exception):
    """Base of all errors raised on purpose. `exit_code` is what the command line ends with."""

    exit_code = 1

    def __reduce__(self) -> tuple[Any, ...]:
        """From one process to another as class and message: a subclass may be made from other arguments."""
        return _again, (type(self), str(self))


class UsageError(Tag2VecError, ValueError):
    """An argument that cannot be used, alone or together with another."""

    exit_code = 2


class UnknownName(Tag2VecError, LookupError):
    """No plugin, tag or platform of that name."""

    exit_code = 2


class MissingExtra(Tag2VecError, ImportError):
    """An optional dependency is not installed. The message carries the pip line."""

    exit_code = 2

    def __init__(self, what: str, package: str, extra: str) -> None:
        super().__init__(
            f"{what} needs the package '{package}', which is not installed. "
            f'Install it with: pip install "tag2vec[{extra}]"'
        )


@contextmanager
def importing(what: str, package: str, extra: str) -> Iterator[None]:
    """An ImportError inside the `with` block is the MissingExtra of these."""
    try:
        yield
    except ImportError as error:
        raise MissingExtra(what, package, extra) from error


class ArtifactError(Tag2VecError, ValueError):
    """A folder on disk is absent, damaged, of another kind, of a newer format, or cannot be written."""


class SourceError(Tag2VecError, ValueError):
    """Posts, a clips list or given features cannot be read."""


class Refused(SourceError):
    """A server, its robots.txt or our own rules (private addresses) say no: asking again will not help."""


class BudgetSpent(Tag2VecError):
    """The number of requests or minutes that the user allowed is spent."""


class VideoError(Tag2VecError, ValueError):
    """A clip cannot be decoded."""


def unknown(kind: str, name: str, known: Iterable[str]) -> UnknownName:
    """The error for a `name` that is not among the `known` ones: lists them, and the nearest spelling first."""
    from difflib import get_close_matches

    names = sorted(known)
    near = get_close_matches(name, names, n=1)
    hint = f" Did you mean '{near[0]}'?" if near else ""
    return UnknownName(f"There is no {kind} named '{name}'.{hint} Known: {', '.join(names) or 'none'}.")


def at_least(settings: object, most: float = math.inf, **least: float) -> None:
    """Raise UsageError for a field of `settings` that is below what it is to be at least, or above `most`.

    None may stand anywhere.
    """
    for name, value in least.items():
        given = getattr(settings, name)
        if given is not None and not value <= given <= most:
            raise UsageError(
                f"{name} is {given}; wanted {f'{most:,} at most' if given > most else f'{value} or more'}."
            )


def _again(cls: type[Tag2VecError], message: str) -> Tag2VecError:
    return cls.__new__(cls, message)
