"""What our servers have in common: a page, a guard before it, errors as problems, and a description for programs."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

from fastapi import FastAPI

from tag2vec.version import __version__
from tag2vec.web import pages, problems
from tag2vec.web.guard import Guard

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]


def application(
    title: str, lifespan: Lifespan, page: Path, hosts: frozenset[str], max_bytes: int, token: str | None = None
) -> FastAPI:
    """An application without requests of its own, which shows the index.html of the folder `page`; see `Guard`."""
    # FastAPI's own pages of documentation come from another server.
    made = FastAPI(
        title=title,
        version=__version__,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        responses=problems.RESPONSES,
    )
    problems.add_to(made)
    made.add_middleware(Guard, hosts=hosts, max_bytes=max_bytes, token=token)
    pages.add_to(made, page)
    return made
