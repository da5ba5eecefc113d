"""Listens until it is told to stop; what was begun is finished first."""

from __future__ import annotations

import socket
from collections.abc import Callable
from contextlib import suppress

import uvicorn
from fastapi import FastAPI

from tag2vec.errors import Tag2VecError, UsageError
from tag2vec.web.api import app
from tag2vec.web.settings import Settings

FINISH_S = 30  # seconds that those who are being answered have when it stops


def run(settings: Settings, ready: Callable[[str], None] = lambda address: None) -> None:
    """Serve a model until SIGINT or SIGTERM; `ready` is told the address once the model is open.

    Raises UsageError for an address that cannot be listened on, ArtifactError for a model that cannot be opened.
    """
    listen(settings.host, settings.port, lambda opened: app(settings, opened), ready)


def listen(host: str, port: int, make: Callable[[Callable[[], None]], FastAPI], ready: Callable[[str], None]) -> None:
    """Serve what `make` gives, which calls what it is given once it can answer. Raises UsageError for an address that
    cannot be listened on, and what the application left in `state.failed` where it did not start."""
    with _bound(host, port) as listening:
        named = f"[{host}]" if ":" in host else host
        made = make(lambda: ready(f"http://{named}:{listening.getsockname()[1]}/"))
        # Its own log would tell what `ready`, the metrics and the errors that are raised here tell.
        server = uvicorn.Server(
            uvicorn.Config(made, log_level="critical", timeout_graceful_shutdown=FINISH_S, server_header=False)
        )
        try:
            with suppress(KeyboardInterrupt):  # the usual end: all who had asked were answered
                server.run([listening])
        except SystemExit as end:  # uvicorn's way to say that the application did not start
            failed: Tag2VecError | None = getattr(made.state, "failed", None)
            raise failed or end from None


def _bound(host: str, port: int) -> socket.socket:
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family)
    except OSError as error:
        raise UsageError(
            f"{host} port {port} cannot be listened on: {error.strerror or error}. Name another with "
            "--port, or let one be found with --port 0."
        ) from error
