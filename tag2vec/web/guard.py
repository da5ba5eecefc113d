"""Who may ask, and how much may come: looked at before anything of a request is read.

Pages of other sites must not be able to ask a server on this machine: a request must name a host that this one is
known by (against DNS rebinding), and one that a browser sends for a page must come from a page of ours. A body that is
too large is refused by its stated length, or as soon as too much has come.
"""

from __future__ import annotations

import hmac
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tag2vec.errors import UsageError
from tag2vec.web.problems import answer

OPEN = ("/healthz",)  # asked without a token


@dataclass
class Guard:
    """ASGI middleware. `hosts` are names without ports; `token` is asked of everybody where there is one."""

    app: ASGIApp
    hosts: Collection[str]
    max_bytes: int
    token: str | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        if refused := self._refusal(Headers(scope=scope), scope["path"]):
            await answer(*refused)(scope, receive, send)
            return
        came, started = 0, False

        async def counted() -> Message:
            nonlocal came
            message = await receive()
            came += len(message.get("body", b""))
            return message if came <= self.max_bytes else {"type": "http.disconnect"}

        async def guarded(message: Message) -> None:
            nonlocal started
            if came <= self.max_bytes or started:  # else what is said of the half that came
                started = True
                await send(message)

        await self.app(scope, counted, guarded)
        if came > self.max_bytes and not started:
            await answer(413, self._too_large("More came"))(scope, receive, send)

    def _refusal(self, headers: Headers, path: str) -> tuple[int, str] | None:
        host = headers.get("host", "")
        name = host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() else host
        if name.lower() not in self.hosts:
            known = ", ".join(sorted(self.hosts))
            return 421, f"The request is for the host '{name}'; wanted one of {known}. Allow more with --host-name."
        origin, site = headers.get("origin"), headers.get("sec-fetch-site", "none")
        if (origin and origin.partition("://")[2] != host) or site not in {"none", "same-origin"}:
            return 403, f"The request comes from a page of {origin or 'another site'}; wanted one of this server."
        if self.token and path not in OPEN and not self._has_token(headers):
            return 401, "The request has no token, or a wrong one; wanted the header Authorization: Bearer TOKEN."
        stated = headers.get("content-length", "0")
        if stated.isdigit() and int(stated) > self.max_bytes:
            return 413, self._too_large(f"{int(stated) / 2**20:,.0f} MiB are announced")
        return None

    def _has_token(self, headers: Headers) -> bool:
        scheme, _, given = headers.get("authorization", "").partition(" ")
        return scheme.lower() == "bearer" and hmac.compare_digest(given.strip().encode(), (self.token or "").encode())

    def _too_large(self, found: str) -> str:
        return f"{found}; wanted {self.max_bytes / 2**20:,.3g} MiB at most. Send a shorter or smaller clip."


def local_names(host: str, more: Collection[str]) -> frozenset[str]:
    """What a server that listens on `host` is known by. Raises UsageError where nobody can say."""
    if host in {"0.0.0.0", "::"} and not more:
        raise UsageError(f"{host} is every address of this machine; wanted the name clients use: --host-name NAME.")
    names: set[Any] = {"localhost", "127.0.0.1", "[::1]"} if host in {"127.0.0.1", "::1", "localhost"} else {host}
    return frozenset(name.lower() for name in {*names, *more})
