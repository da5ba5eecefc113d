"""Asks raters: a page a clip, over HTTP. Nobody who rates is told who suggested a tag, or what a clip is called."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any

from fastapi import FastAPI
from fastapi.responses import FileResponse
from pydantic import BaseModel, Field
from starlette.staticfiles import StaticFiles

from tag2vec.web.application import application
from tag2vec.web.guard import local_names
from tag2vec.web.problems import Problem
from tag2vec.web.run import listen
from tag2vec.web.study.store import LONGEST, Study

PAGE = Path(__file__).parent / "page"
MAX_BYTES = 2**16  # of a request


class Name(BaseModel):
    name: Annotated[str, Field(min_length=1, max_length=LONGEST)]


class Marked(BaseModel):
    """The numbers of the tags that are relevant, and the seconds that this took."""

    relevant: Annotated[list[int], Field(max_length=1000)]
    seconds: Annotated[float, Field(ge=0)] = 0.0


def app(
    study: Study,
    host: str,
    host_names: tuple[str, ...] = (),
    invited: bool = False,
    ready: Callable[[], None] = lambda: None,
) -> FastAPI:
    """The application, which calls `ready` when it starts. `invited`: only raters who have a link can begin."""

    @asynccontextmanager
    async def started(here: FastAPI) -> AsyncIterator[None]:
        ready()
        yield

    made = application("tag2vec study", started, PAGE, local_names(host, host_names), MAX_BYTES)
    made.mount("/rate", StaticFiles(directory=PAGE))

    @made.get("/v1/study")
    def about() -> dict[str, Any]:
        """How much there is to do, and whether a name is enough to begin."""
        return {"clips": len(study.clips), "pages": study.pages, "invited": invited}

    @made.post("/v1/raters")
    def begin(who: Name) -> dict[str, str]:
        """The key of the rater of that name, new or not."""
        if invited:
            raise Problem(403, "Raters of this study need a link. Ask who runs it for yours.")
        return {"key": study.rater(who.name)}

    @made.get("/v1/raters/{key}")
    def progress(key: str) -> dict[str, Any]:
        """How far a rater is; `next` is the first page without an answer, and no page when all have one."""
        name, done, first_open = study.progress(key)
        return {"name": name, "done": done, "pages": study.pages, "next": first_open}

    @made.get("/v1/raters/{key}/pages/{place}")
    def question(key: str, place: int) -> dict[str, Any]:
        """A clip and the tags to be marked, in the rater's own order; `marked` is null before it was answered."""
        asked = study.question(key, place)
        tags = [{"number": number, "tag": tag} for number, tag in asked.tags]
        parts = {"part": asked.part + 1, "of": len(study.parts[asked.clip])}
        return {"clip": f"v1/clips/{asked.clip}", **parts, "tags": tags, "marked": asked.marked}

    @made.put("/v1/raters/{key}/pages/{place}")
    def answer(key: str, place: int, marked: Marked) -> dict[str, Any]:
        """Keep an answer; it can be given anew."""
        study.answer(key, place, marked.relevant, marked.seconds)
        return progress(key)

    @made.get("/v1/clips/{number}", response_class=FileResponse)
    def clip(number: int) -> FileResponse:
        """A clip, as MP4."""
        if not 0 <= number < len(study.clips):
            raise Problem(404, f"There is no clip {number}; wanted 0 to {len(study.clips) - 1}.")
        return FileResponse(study.folder / study.clips[number]["file"], media_type="video/mp4")

    return made


def serve(
    folder: Path, host: str, port: int, host_names: tuple[str, ...], invited: bool, ready: Callable[[str], None]
) -> None:
    """Serve until SIGINT or SIGTERM. Raises ArtifactError for a folder that is no study, UsageError for an address that
    cannot be listened on."""
    study = Study(folder)
    listen(host, port, lambda started: app(study, host, host_names, invited, started), ready)
