"""Where services call in: a request to the address of a webhook starts a run."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl

import orjson
from fastapi import FastAPI, Request
from starlette.concurrency import run_in_threadpool

from orchestrator.errors import InvalidInput
from orchestrator.triggers import firings
from orchestrator.triggers.triggers import HOOKS
from orchestrator.workflow_engine import WorkflowEngine

LONGEST_KEY = 255
"""Characters of an `Idempotency-Key`."""

PRIVATE = frozenset({"authorization", "cookie", "proxy-authorization"})
"""Headers that no run is given."""


def add_hook_route(api: FastAPI, engine: WorkflowEngine) -> None:
    address = f"{HOOKS.removeprefix('/api')}{{token}}"

    @api.get(address, status_code=202, operation_id="hook_by_get")
    @api.put(address, status_code=202, operation_id="hook_by_put")
    @api.post(address, status_code=202, operation_id="hook")
    async def hook(token: str, request: Request) -> dict[str, str]:
        """Start a run. It is on disk when this answers. The same `Idempotency-Key` gives the same run."""
        key = request.headers.get("idempotency-key", "").strip()
        if len(key) > LONGEST_KEY:
            raise InvalidInput(
                f"An Idempotency-Key has at most {LONGEST_KEY} characters.", remedy="Send a shorter one."
            )
        came = firings.Request(
            method=request.method,
            headers={name: value for name, value in request.headers.items() if name not in PRIVATE},
            query=dict(request.query_params),
            body=_data(await request.body(), request.headers.get("content-type", "")),
            key=key or None,
        )
        return {"run_id": await run_in_threadpool(engine.firings.called, token, came)}


def _data(body: bytes, content_type: str) -> Any:
    """What a body says: the data of JSON, the fields of a form, else text. Raises `InvalidInput`."""
    kind = content_type.partition(";")[0].strip().lower()
    if kind.startswith("multipart/"):
        raise InvalidInput("A webhook takes no files.", remedy="Send JSON, the fields of a form, or text.")
    if not body:
        return None
    if kind == "application/json" or kind.endswith("+json"):
        try:
            return orjson.loads(body)
        except ValueError as error:
            raise InvalidInput(f"The body is no JSON: {error}.", remedy="Correct it, or send it as text.") from None
    try:
        text = body.decode()
    except UnicodeDecodeError:
        raise InvalidInput(
            "The body is no text.", remedy="Send JSON, the fields of a form, or text in UTF-8."
        ) from None
    if kind == "application/x-www-form-urlencoded":
        return dict(parse_qsl(text, keep_blank_values=True))
    return text
