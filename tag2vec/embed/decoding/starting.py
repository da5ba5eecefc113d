"""Starts the children. To start one takes as long as to decode a short clip, so from the second on one waits already.

A child is given its file and what to do with it through a socket, whose end it waits for: it also ends when its parent
does. Where files cannot be sent so (Windows), each is started with its file when it is wanted, and none waits.
"""

from __future__ import annotations

import atexit
import json
import os
import socket
import subprocess
import threading
from dataclasses import dataclass
from typing import Any, BinaryIO

from tag2vec.workers import own_command

SENDS = hasattr(socket, "send_fds")

Process = subprocess.Popen[bytes]


@dataclass
class _Waiting:
    process: Process
    line: socket.socket


class _Children:
    """Those of this process."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.started = 0
        self.waiting: _Waiting | None = None

    def take(self) -> _Waiting:
        with self.lock:
            found, self.waiting = self.waiting, None
            self.started += 1
        if found and found.process.poll() is not None:  # it was killed
            _end(found)
            found = None
        return found or _start()

    def prepare(self) -> None:
        with self.lock:
            if self.started > 1 and not self.waiting:
                self.waiting = _start()

    def end(self) -> None:
        with self.lock:
            found, self.waiting = self.waiting, None
        if found:
            _end(found)


_children = _Children()


def _forget() -> None:
    """After a fork: they belong to the parent."""
    global _children
    if found := _children.waiting:
        found.line.close()
        assert found.process.stdout is not None
        found.process.stdout.close()
        found.process.returncode = 0  # it cannot be waited for
    _children = _Children()


atexit.register(lambda: _children.end())
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)


def given(job: dict[str, Any], file: BinaryIO) -> Process:
    """A child that does `job` with `file`; what it says comes from its standard output."""
    if not SENDS:
        return _process(file, json.dumps(job))
    child = _children.take()
    with child.line as line:
        socket.send_fds(line, [json.dumps(job).encode()], [file.fileno()])
    return child.process


def prepare() -> None:
    """Let one wait for the next file, unless this was the first: there may be no other."""
    if SENDS:
        _children.prepare()


def _start() -> _Waiting:
    ours, theirs = socket.socketpair()
    with theirs:
        return _Waiting(_process(theirs), ours)


def _process(stdin: Any, *arguments: str) -> Process:
    command = own_command("tag2vec.embed.decoding.child", *arguments)
    return subprocess.Popen(command, stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, pipesize=2**20)


def _end(child: _Waiting) -> None:
    with child.process:  # it is waited for
        child.line.close()
