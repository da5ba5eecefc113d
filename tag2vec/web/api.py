"""The HTTP API: every answer is JSON, every error a problem (`problems`). /openapi.json describes it."""

from __future__ import annotations

import shutil
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import asdict
from pathlib import Path, PurePath
from typing import Annotated, Any, Literal

import anyio
from fastapi import FastAPI, Form, Query, Request, Response, UploadFile
from pydantic import BaseModel, Field

from tag2vec.errors import Tag2VecError
from tag2vec.retrieval.platforms import platforms
from tag2vec.version import __version__
from tag2vec.web import pages, problems
from tag2vec.web.application import application
from tag2vec.web.guard import local_names
from tag2vec.web.kept import Kept
from tag2vec.web.metrics import Metrics
from tag2vec.web.pool import Pool
from tag2vec.web.problems import Problem
from tag2vec.web.settings import Settings

MAPS = 4  # that are kept: they take seconds to draw
MOST = 200  # hashtags of an answer
Number = Annotated[int, Field(ge=1, le=MOST)]
Style = Literal["written", "lower", "pascal"]
Few = Annotated[list[Annotated[str, Field(max_length=100)]], Field(max_length=100)]


class Asked(BaseModel):
    """Hashtags of a post, for those that people put beside them."""

    tags: Annotated[list[Annotated[str, Field(min_length=1, max_length=100)]], Field(min_length=1, max_length=50)]
    k: Number = 10
    style: Style = "written"


def app(settings: Settings, ready: Callable[[], None] = lambda: None) -> FastAPI:
    """The application. It opens the model when it starts, then calls `ready`; else `state.failed` says why."""
    metrics = Metrics()
    pool = Pool(settings.model, settings.workers, settings.queue, settings.seconds, settings.index, metrics.replaced)

    kept = Kept(settings.keep_bytes)

    @asynccontextmanager
    async def opened(here: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            stack.enter_context(kept)
            try:
                await stack.enter_async_context(pool)
            except Tag2VecError as error:
                here.state.failed = error
                raise
            ready()
            yield

    hosts = local_names(settings.host, settings.host_names)
    made = application("tag2vec", opened, pages.FOLDER, hosts, settings.max_bytes, settings.token)

    @made.middleware("http")
    async def measured(request: Request, call: Callable[[Request], Awaitable[Response]]) -> Response:
        start = time.perf_counter()
        reply = await call(request)
        route = request.scope.get("route")
        metrics.answered(getattr(route, "path", "other"), reply.status_code, time.perf_counter() - start)
        return reply

    @made.get("/v1/model")
    async def model() -> dict[str, Any]:
        """What can be asked of the model."""
        return await _answered(pool.ask({"do": "model"}))

    drawn: dict[int, dict[str, Any]] = {}

    @made.get("/v1/map")
    async def tag_map(most: Annotated[int, Query(ge=5, le=2000)] = 400) -> dict[str, Any]:
        """The most frequent hashtags in the plane, near ones near each other. The first time it takes seconds."""
        if most not in drawn:
            if len(drawn) == MAPS:
                drawn.pop(next(iter(drawn)))
            drawn[most] = await _answered(pool.look({"do": "map", "most": most}))
        return drawn[most]

    @made.get("/v1/platforms")
    async def known_platforms() -> dict[str, Any]:
        """What the places where clips are posted allow."""
        return {"platforms": [asdict(one) for one in platforms().values()]}

    @made.get("/healthz")
    async def healthz() -> dict[str, Any]:
        """Whether it answers, and how much it has to do."""
        return {"status": "ok", "version": __version__, "working": pool.working, "waiting": pool.waiting}

    @made.get("/metrics", response_class=Response)
    async def prometheus() -> Response:
        """Numbers for Prometheus."""
        return Response(metrics.text(pool), media_type=metrics.kind)

    @made.post("/v1/suggest")
    async def suggest(
        clip: UploadFile | None = None,
        features: UploadFile | None = None,
        seen: Annotated[str | None, Form(max_length=100)] = None,
        title: Annotated[str | None, Form(max_length=2000)] = None,
        k: Annotated[int, Form(ge=1, le=MOST)] = 15,
        platform: Annotated[str | None, Form(alias="for", max_length=50)] = None,
        style: Annotated[Style, Form()] = "written",
        exclude: Annotated[Few, Form()] = [],  # noqa: B006
        include: Annotated[Few, Form()] = [],  # noqa: B006
        language: Annotated[Few, Form()] = [],  # noqa: B006
        show: Annotated[list[Literal["noise", "sensitive"]], Form()] = [],  # noqa: B006
        min_score: Annotated[float | None, Form()] = None,
        diversity: Annotated[float, Form(ge=0, le=1)] = 0.0,
        popularity: Annotated[float, Form(ge=-1, le=1)] = 0.0,
        trend: Annotated[float, Form(ge=-1, le=1)] = 0.0,
        explain: Annotated[bool, Form()] = False,
    ) -> dict[str, Any]:
        """Hashtags of a clip, of one `seen` before (the `id` of an earlier answer), or of features of one (.npy, or
        .npz with an array for each kind of the model)."""
        if sum(one is not None for one in (clip, features, seen)) != 1:
            raise Problem(422, "Wanted a clip or features of one, as a file of a form, or the id of one; one of these.")
        if files := [one for one in exclude if {".", "/", "\\"} & set(one)]:
            raise Problem(422, f"'{files[0]}' is to be excluded; wanted a tag or a pattern as *game*, and no file.")
        wanted = {
            "k": k,
            "platform": platform,
            "style": style,
            "exclude": exclude,
            "include": include,
            "language": language,
            "show": show,
            "min_score": min_score,
            "diversity": diversity,
            "popularity": popularity,
            "trend": trend,
            "explain": explain,
        }
        with kept.again(seen) if seen else kept.new(_name(clip or features), keep=features is None) as one:
            if file := clip or features:
                await anyio.to_thread.run_sync(_keep, file, one.file)
            job = {"path": str(one.file), "name": one.name, **wanted}
            if features:
                return await _answered(pool.look({"do": "features", **job}))
            job |= {"title": title} if title else {}
            return await _answered(pool.look({"do": "suggest", "cache": str(one.features), **job})) | {"id": one.id}

    @made.post("/v1/complete")
    async def complete(asked: Asked) -> dict[str, Any]:
        """Hashtags that people put beside all of these."""
        return await _answered(pool.ask({"do": "complete", **asked.model_dump()}))

    @made.get("/v1/related/{tag}")
    async def related(
        tag: str,
        k: Annotated[int, Query(ge=1, le=MOST)] = 10,
        space: Literal["input", "output"] = "input",
        style: Style = "written",
    ) -> dict[str, Any]:
        """Hashtags that mean nearly the same (`space` input), or that stand beside it (output)."""
        return await _answered(pool.ask({"do": "related", "tag": tag, "k": k, "side": space, "style": style}))

    @made.get("/v1/trend/{tag}")
    async def trend(tag: str) -> dict[str, Any]:
        """The authors of a hashtag week by week, and their share of all; 404 where the posts had no dates."""
        return await _answered(pool.ask({"do": "trend", "tag": tag}))

    @made.get("/v1/tags")
    async def tags(
        prefix: Annotated[str, Query(max_length=100)] = "", k: Annotated[int, Query(ge=1, le=MOST)] = 10
    ) -> dict[str, Any]:
        """Hashtags that begin so, those of most posts first: help for who types."""
        return await _answered(pool.ask({"do": "tags", "prefix": prefix, "k": k}))

    return made


async def _answered(answer: Awaitable[dict[str, Any]]) -> dict[str, Any]:
    found = await answer
    if not found.pop("ok"):
        raise problems.of_error(found["error"], found["detail"])
    return found


def _name(file: UploadFile | None) -> str:
    """Of a file without the folders that it came from."""
    return PurePath((file.filename or "" if file else "").replace("\\", "/")).name or "clip"


def _keep(file: UploadFile, path: Path) -> None:
    with path.open("wb") as out:
        shutil.copyfileobj(file.file, out, 2**20)
