"""What the child runs."""

from __future__ import annotations

import json
import math
import os
import socket
import sys
from contextlib import suppress
from typing import Any

import av

from tag2vec.embed.decoding.pictures import see
from tag2vec.embed.decoding.sound import hear
from tag2vec.embed.decoding.stills import see_stills
from tag2vec.embed.decoding.stream import CannotSeek, Refused, reason


def main() -> None:
    limits = _received()
    out = sys.stdout.buffer
    end: dict[str, Any] = {"refused": None, "problem": None, "stopped": False, "last_s": 0.0, "sound": None}
    try:
        _confine(limits)
        av.logging.set_level(av.logging.PANIC)
        if limits["stills"]:
            see_stills(limits, out, end)
        elif "pictures" in limits["wants"]:
            try:
                see(limits, out, end)
            except CannotSeek:
                see(limits | {"seek_s": 0.0}, out, end)
        if "sound" in limits["wants"] and not limits["stills"]:
            try:
                hear(limits, out, end)
            except CannotSeek:
                hear(limits, out, end, seek=False)
    except Refused as error:
        end["refused"] = str(error)
    except MemoryError:
        end["refused"] = end["problem"] = f"needs more than the {limits['memory_mb']} MB of memory allowed"
    except av.FFmpegError as error:
        end["refused"] = end["problem"] = f"cannot be decoded ({reason(error)})"
    out.write(b"E" + json.dumps(end).encode() + b"\n")
    out.flush()


def _received() -> dict[str, Any]:
    """What is to be done; its file is standard input from now on. See `starting`."""
    if len(sys.argv) > 1:
        return dict(json.loads(sys.argv[1]))
    with socket.socket(fileno=os.dup(0)) as line:
        text, files, _, _ = socket.recv_fds(line, 2**16, 1)
        while more := line.recv(2**16):
            text += more
    if not files:  # the parent ended
        sys.exit()
    os.dup2(files[0], 0)
    os.close(files[0])
    return dict(json.loads(text))


def _confine(limits: dict[str, Any]) -> None:
    """Bound this process. Windows has no such limits; there the parent's clock alone bounds it."""
    try:
        import resource
    except ImportError:
        return
    memory, seconds = limits["memory_mb"] * 2**20, math.ceil(limits["timeout_s"]) + 1
    for kind, wanted in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
    ):
        hard = resource.getrlimit(kind)[1]
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        # The signal of the soft limit says which limit it was; that of a hard one does not.
        with suppress(ValueError, OSError):  # macOS refuses some
            resource.setrlimit(kind, (soft, hard if kind == resource.RLIMIT_CPU else soft))
