"""Clips that are no files yet: what comes on standard input, and what a server has under an address.

A text `-`, `http://...` or `https://...` names one; a Path is always a file (`./-`). They are brought into a folder of
their own, which is gone when they were looked at. Servers are asked by the polite session of the corpus: robots.txt,
the check of addresses after every redirect, and the bounds hold here too.
"""

from __future__ import annotations

import re
import signal
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, BinaryIO

from tag2vec.embed.clips import STDIN, Clip
from tag2vec.errors import SourceError, Tag2VecError, UsageError, VideoError

PIECE = 2**20
PATIENCE_S = 60.0  # that a server may ask us to wait
MORE = "Save it to a file, or allow more: --max-size 1G (Bringing.max_bytes)."
# Types of bodies that are no clip, whatever else a server may call one.
TEXTS = re.compile(r"text/.*|.*[/+.-](html|json|xml|javascript|mpegurl)")


@dataclass(frozen=True)
class Bringing:
    """What bringing one clip may cost. `allow` are the hosts (`host` or `host:port`) that may have private addresses.

    What a server sends is held in memory; standard input is not, and takes the time that it takes.
    """

    max_bytes: int = 200 * 2**20
    max_seconds: float = 600.0  # until the end of a server's answer
    allow: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.max_bytes < 1 or not self.max_seconds > 0:
            raise UsageError(f"{self.max_bytes} bytes in {self.max_seconds:g} s may be brought; wanted more than none.")


class Bringer:
    """Brings clips one after the other, each within the bounds of `how`; a server is asked at its pace."""

    def __init__(self, how: Bringing | None = None) -> None:
        self.how = how or Bringing()

    @contextmanager
    def bring(self, clip: Clip) -> Iterator[Clip]:
        """`clip` as a file that is there until the end of the block, or as it is when it is one.

        Raises SourceError when a server does not give it, VideoError when nothing or too much comes, UsageError for a
        terminal. What is said of the file within the block is said of what was named.
        """
        if clip.source is None:
            yield clip
            return
        with _removed_at_the_end() as folder:
            here = replace(clip, path=folder / "clip")
            try:
                with here.path.open("wb") as file:
                    if clip.source == STDIN:
                        self._from_stdin(file)
                    else:
                        file.write(self._from_server(clip.source))
            except OSError as error:
                raise VideoError(
                    f"{clip} could not be kept in {folder.parent} ({error.strerror or error}). Free some space there, "
                    "or name another folder in TMPDIR."
                ) from error
            try:
                yield here
            except Tag2VecError as error:
                raise named(error, here) from error.__cause__

    def _from_stdin(self, file: BinaryIO) -> None:
        source: Any = getattr(sys.stdin, "buffer", None)
        if source is None or sys.stdin.isatty():
            raise UsageError(
                "'-' is a clip on standard input, which is a terminal or closed; wanted: suggest - < clip.mp4"
            )
        left = self.how.max_bytes
        while piece := source.read(min(PIECE, left + 1)):
            left -= len(piece)
            if left < 0:
                raise VideoError(f"-: more than {self.how.max_bytes / 2**20:.3g} MiB came on standard input. {MORE}")
            file.write(piece)
        if left == self.how.max_bytes:
            raise VideoError("-: nothing came on standard input; wanted a clip. Look whether what writes it failed.")

    def _from_server(self, url: str) -> bytes:
        reply = self._session.get(url)
        kind = reply.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        if TEXTS.fullmatch(kind):
            raise SourceError(
                f"{reply.url} is no clip: the server calls it {kind}, and it begins '{reply.said()[:60]}'. Give the "
                "address of the video file itself; a clip on a page or in a playlist must be saved first, as by yt-dlp."
            )
        if not reply.content:
            raise SourceError(f"{reply.url} answered with nothing; wanted a clip. Check the address.")
        content: bytes = reply.content
        return content

    @cached_property
    def _session(self) -> Any:
        from tag2vec.scraping.polite.session import Hosts, Limits, Session

        limits = Limits(self.how.max_bytes, self.how.max_seconds, advice=f" {MORE}")
        return Session(allow_hosts=self.how.allow, limits=limits, hosts=Hosts(patience=PATIENCE_S))


def named(error: Tag2VecError, here: Clip) -> Tag2VecError:
    """`error` about the file of a clip that was brought, as one about what was named."""
    if here.source is not None:
        error.args = (str(error).replace(str(here.path), here.source),)
    return error


@contextmanager
def _removed_at_the_end() -> Iterator[Path]:
    """A folder for one clip. Meanwhile a polite kill (SIGTERM) ends the program as Ctrl-C does: it is removed too."""
    main = threading.current_thread() is threading.main_thread()
    ours = main and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    if ours:
        signal.signal(signal.SIGTERM, _leave)
    try:
        with tempfile.TemporaryDirectory(prefix="tag2vec-", ignore_cleanup_errors=True) as folder:
            yield Path(folder)
    finally:
        if ours:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _leave(number: int, _: object) -> None:
    raise SystemExit(128 + number)
