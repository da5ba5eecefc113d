"""Workers that share one opened model, and the queue before them.

One that dies or takes too long is replaced and takes nobody along. Some workers look at clips, which takes a second;
one more answers what takes a millisecond, so that it never waits for a clip.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tag2vec.errors import ArtifactError, Tag2VecError
from tag2vec.workers import own_command

LINE = 2**26  # bytes that an answer has at most


class Busy(Tag2VecError):
    """All workers are at work and the queue is full: to be tried again later."""


class Died(Tag2VecError):
    """The worker ended before it answered: to be tried again."""


class TookTooLong(Tag2VecError):
    """The worker was stopped since its time was over."""


@dataclass
class _Worker:
    number: int  # of its process
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def ask(self, job: dict[str, Any]) -> dict[str, Any]:
        self.writer.write(json.dumps(job).encode() + b"\n")
        await self.writer.drain()
        answer: dict[str, Any] = json.loads(await self.reader.readuntil(b"\n"))
        return answer

    def end(self) -> None:
        self.writer.close()
        with suppress(ProcessLookupError, PermissionError):
            os.kill(self.number, signal.SIGKILL)


@dataclass
class Pool:
    """`workers` for clips and one for the rest, over the model folder `model`. Use as `async with`."""

    model: Path
    workers: int
    queue: int  # clips that may wait
    seconds: float  # that an answer may take
    index: str | None
    replaced: Callable[[str], None]  # told of each worker that was
    waiting: int = field(default=0, init=False)
    working: int = field(default=0, init=False)

    async def __aenter__(self) -> Pool:
        """Open the model. Raises ArtifactError when it cannot be."""
        self._clips: asyncio.Queue[_Worker] = asyncio.Queue()
        self._quick: asyncio.Queue[_Worker] = asyncio.Queue()
        self._lock = asyncio.Lock()
        self._template: subprocess.Popen[bytes] | None = None
        await self._open()
        for _ in range(self.workers):
            self._clips.put_nowait(await self._new())
        self._quick.put_nowait(await self._new())
        return self

    async def __aexit__(self, *_: object) -> None:
        for idle in (self._clips, self._quick):
            while not idle.empty():
                idle.get_nowait().end()
        self._close()

    async def look(self, job: dict[str, Any]) -> dict[str, Any]:
        """Have a worker look at a clip. Raises Busy, Died, TookTooLong."""
        if self.waiting >= self.queue and self._clips.empty():
            raise Busy(f"{self.waiting} clips wait already, as many as may; wanted fewer. Try again in a few seconds.")
        self.waiting += 1
        try:
            worker = await self._clips.get()
        finally:
            self.waiting -= 1
        self.working += 1
        try:
            return await self._asked(worker, self._clips, job)
        finally:
            self.working -= 1

    async def ask(self, job: dict[str, Any]) -> dict[str, Any]:
        """Have what needs no clip answered. Raises Died, TookTooLong."""
        return await self._asked(await self._quick.get(), self._quick, job)

    async def _asked(self, worker: _Worker, idle: asyncio.Queue[_Worker], job: dict[str, Any]) -> dict[str, Any]:
        try:
            async with asyncio.timeout(self.seconds):
                answer = await worker.ask(job)
        except BaseException as error:  # also when who asked has gone: the worker is still at it
            worker.end()
            late = isinstance(error, TimeoutError)
            self.replaced("late" if late else "died" if isinstance(error, EOFError | OSError) else "left")
            await asyncio.shield(self._replace(idle))
            if late:
                raise TookTooLong(
                    f"This took longer than the {self.seconds:g} seconds that an answer may take, and was stopped. "
                    "Try a shorter or smaller clip."
                ) from error
            if isinstance(error, EOFError | OSError):
                raise Died("The process that worked on this ended before it answered. Try again.") from error
            raise
        idle.put_nowait(worker)
        return answer

    async def _replace(self, idle: asyncio.Queue[_Worker]) -> None:
        idle.put_nowait(await self._new())

    async def _new(self) -> _Worker:
        async with self._lock:
            try:
                number, line = await asyncio.to_thread(self._fork)
            except (OSError, ValueError):  # the template was killed
                self._close()
                await self._open()
                number, line = await asyncio.to_thread(self._fork)
        reader, writer = await asyncio.open_connection(sock=line, limit=LINE)
        return _Worker(number, reader, writer)

    async def _open(self) -> None:
        ours, theirs = socket.socketpair()
        arguments = [str(self.model), *([self.index] if self.index else [])]
        with theirs:
            self._template = subprocess.Popen(own_command("tag2vec.web.template", *arguments), stdin=theirs.fileno())
        self._control, self._said = ours, ours.makefile("rb")
        said = await asyncio.to_thread(self._said.readline)
        if said != b"\n":
            self._close()
            why = said.decode().strip() or "the process that opened it ended"
            raise ArtifactError(f"The model cannot be served: {why}")

    def _fork(self) -> tuple[int, socket.socket]:
        ours, theirs = socket.socketpair()
        with theirs:
            socket.send_fds(self._control, [b"+"], [theirs.fileno()])
        return int(self._said.readline()), ours

    def _close(self) -> None:
        if self._template:
            self._said.close()
            self._control.close()
            self._template.wait()
            self._template = None
