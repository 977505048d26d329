"""A bound on what a request may carry."""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LARGEST_BODY = 1_000_000
"""Bytes."""

LARGEST_FORM = 10_000_000
"""Bytes of a form with files. Webhooks alone take one."""

FORM = "multipart/form-data"


class BodyLimit:
    """ASGI middleware: reading a body of more than `largest` bytes, or a form with files of more than `largest_form`,
    ends in status 413."""

    def __init__(self, app: ASGIApp, largest: int = LARGEST_BODY, largest_form: int = LARGEST_FORM) -> None:
        self.app = app
        self.largest = largest
        self.largest_form = largest_form

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        announced = int(headers.get("content-length", "0"))
        largest = self.largest_form if is_form(headers.get("content-type", "")) else self.largest
        received = 0

        async def bounded() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if max(announced, received) > largest:
                raise HTTPException(413, f"The request is larger than {largest:,} bytes.")
            return message

        await self.app(scope, bounded, send)


def is_form(content_type: str) -> bool:
    return content_type.partition(";")[0].strip().lower() == FORM
