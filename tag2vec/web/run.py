"""Listens until it is told to stop; what was begun is finished first."""

from __future__ import annotations

import socket
from collections.abc import Callable

import uvicorn

from tag2vec.errors import Tag2VecError, UsageError
from tag2vec.web.api import app
from tag2vec.web.settings import Settings

FINISH_S = 30  # seconds that those who are being answered have when it stops


def run(settings: Settings, ready: Callable[[str], None] = lambda address: None) -> None:
    """Serve until SIGINT or SIGTERM; `ready` is told the address once the model is open.

    Raises UsageError for an address that cannot be listened on, ArtifactError for a model that cannot be opened.
    """
    with _bound(settings) as listening:
        port = listening.getsockname()[1]
        host = f"[{settings.host}]" if ":" in settings.host else settings.host
        made = app(settings, lambda: ready(f"http://{host}:{port}/"))
        # Its own log would tell what `ready`, the metrics and the errors that are raised here tell.
        server = uvicorn.Server(
            uvicorn.Config(made, log_level="critical", timeout_graceful_shutdown=FINISH_S, server_header=False)
        )
        try:
            server.run([listening])
        except SystemExit as end:  # uvicorn's way to say that the application did not start
            failed: Tag2VecError | None = getattr(made.state, "failed", None)
            raise failed or end from None


def _bound(settings: Settings) -> socket.socket:
    try:
        family = socket.getaddrinfo(settings.host, settings.port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((settings.host, settings.port), family=family)
    except OSError as error:
        raise UsageError(
            f"{settings.host} port {settings.port} cannot be listened on: {error.strerror or error}. Name another with "
            "--port, or let one be found with --port 0."
        ) from error
