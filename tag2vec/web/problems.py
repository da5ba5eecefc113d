"""What goes wrong, as `application/problem+json` (RFC 9457): `detail` says what was found, wanted and to do."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from tag2vec.errors import Tag2VecError

KIND = "application/problem+json"
# Of the errors that workers raise on purpose; all others are those of a clip or of what was asked.
STATUS = {"Busy": 429, "Died": 503, "TookTooLong": 504, "ArtifactError": 500, "UnknownName": 404}
AGAIN_S = {429: 2, 503: 1}  # seconds after which to try again

_SCHEMA = {
    "type": "object",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "what was found, what was wanted and what to do"},
    },
}
# For OpenAPI: whatever is no answer is one of these.
RESPONSES: dict[int | str, dict[str, Any]] = {
    code: {"description": "A problem", "content": {KIND: {"schema": _SCHEMA}}} for code in (422, "default")
}


class Problem(Exception):
    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status


def of_error(name: str, detail: str) -> Problem:
    """The problem that an error of the class `name` is."""
    return Problem(STATUS.get(name, 422), detail)


def answer(status: int, detail: str) -> JSONResponse:
    body = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail}
    headers = {"Retry-After": str(AGAIN_S[status])} if status in AGAIN_S else {}
    return JSONResponse(body, status, headers, media_type=KIND)


def add_to(app: FastAPI) -> None:
    """Let every error of `app` be answered so."""

    async def problem(request: Request, error: Any) -> JSONResponse:
        return answer(error.status, str(error))

    async def http(request: Request, error: Any) -> JSONResponse:
        return answer(error.status_code, f"{request.method} {request.url.path}: {error.detail}. See /openapi.json.")

    async def invalid(request: Request, error: Any) -> JSONResponse:
        return answer(422, " ".join(map(_sentence, error.errors()[:5])))

    async def known(request: Request, error: Any) -> JSONResponse:
        return await problem(request, of_error(type(error).__name__, str(error)))

    app.add_exception_handler(Problem, problem)
    app.add_exception_handler(Tag2VecError, known)
    app.add_exception_handler(HTTPException, http)
    app.add_exception_handler(RequestValidationError, invalid)


def _sentence(one: dict[str, Any]) -> str:
    """`k: found 'many'; input should be a valid integer.`"""
    name = ".".join(str(part) for part in one["loc"][1:]) or "body"
    found = repr(one.get("input"))
    found = found if len(found) <= 60 else found[:57] + "..."
    said = str(one["msg"])
    return f"{name}: found {found}; {said[0].lower()}{said[1:]}."
