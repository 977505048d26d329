"""The gate in front of the whole studio: pages, API and sockets pass through it, or are refused with a sentence.

The studio listens on this machine only and asks for no password there. So the gate keeps out what other web sites
could send through a person's own browser: a name that was made to point here (DNS rebinding), a form or a script of
another site, a socket that another site opens. The one address that services outside may call is that of a webhook.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from orchestrator.triggers.triggers import HOOKS

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
READING = frozenset({"GET", "HEAD", "OPTIONS"})
POLICY_VIOLATION = 1008
"""Why a WebSocket is closed: RFC 6455, section 7.4.1."""


@dataclass(frozen=True, slots=True)
class Refusal:
    status: int
    sentence: str


HOOK = re.compile(re.escape(HOOKS) + r"[A-Za-z0-9_-]+")
"""The address of a webhook, which nobody can guess: who knows it may call it, from wherever it is reached."""

Check = Callable[[HTTPConnection], Refusal | None]


def is_ours(connection: HTTPConnection) -> Refusal | None:
    """The address in the browser is one of this machine's own names."""
    hosts = connection.headers.getlist("host")
    if len(hosts) == 1 and _host_name(hosts[0]) in LOOPBACK:
        return None
    return Refusal(421, "The studio answers on this machine only: open it as http://127.0.0.1 or http://localhost.")


def is_same_site(connection: HTTPConnection) -> Refusal | None:
    """What changes something, and every socket, was sent by a page of the studio or by no page at all."""
    if connection.scope["type"] == "http" and connection.scope["method"] in READING:
        return None
    if same_origin(connection.headers):
        return None
    return Refusal(403, "This was sent by a page of another site. Use the studio's own pages.")


def same_origin(headers: Headers) -> bool:
    """Whether a page of this very host sent the request. Programs that are no browser send no Origin and may."""
    origins = headers.getlist("origin")
    if not origins:
        return True
    netloc = urlsplit(origins[0]).netloc.lower()
    return len(origins) == 1 and bool(netloc) and netloc == headers.get("host", "").lower()


def _host_name(host: str) -> str | None:
    try:
        parts = urlsplit(f"//{host}")
        _ = parts.port
    except ValueError:
        return None
    return parts.hostname if parts.netloc == host and parts.username is None else None


class Gate:
    """ASGI middleware. The checks are asked in their order; the first refusal is the answer."""

    def __init__(self, app: ASGIApp, checks: tuple[Check, ...] = (is_ours, is_same_site)) -> None:
        self.app = app
        self.checks = checks

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_hook = scope["type"] == "http" and HOOK.fullmatch(scope["path"])
        is_looked_at = scope["type"] in ("http", "websocket") and not is_hook
        refusal = self._refusal(HTTPConnection(scope)) if is_looked_at else None
        if refusal is None:
            await self.app(scope, receive, send)
        elif scope["type"] == "http":
            await PlainTextResponse(refusal.sentence, refusal.status)(scope, receive, send)
        else:
            await receive()
            await send({"type": "websocket.close", "code": POLICY_VIOLATION, "reason": refusal.sentence})

    def _refusal(self, connection: HTTPConnection) -> Refusal | None:
        return next((refusal for check in self.checks if (refusal := check(connection))), None)
