"""A bound on what a request may carry."""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LARGEST_BODY = 1_000_000
"""Bytes."""

FORM = "multipart/form-data"

_LARGEST = "patchbay.largest_body"
"""In the scope of a request: how many bytes its body may have."""


class BodyLimit:
    """ASGI middleware: reading a body of more than `LARGEST_BODY` bytes, or of more than a route has allowed, ends in
    status 413."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        scope[_LARGEST] = LARGEST_BODY
        announced = int(Headers(scope=scope).get("content-length", "0"))
        received = 0

        async def bounded() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            largest: int = scope[_LARGEST]
            if max(announced, received) > largest:
                raise HTTPException(413, f"The request is larger than {largest:,} bytes.")
            return message

        await self.app(scope, bounded, send)


def allow(request: Request, largest: int) -> None:
    """Take a body of up to `largest` bytes. To be said before it is read."""
    request.scope[_LARGEST] = largest


def is_form(content_type: str) -> bool:
    return content_type.partition(";")[0].strip().lower() == FORM
