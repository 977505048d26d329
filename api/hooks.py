"""Where services call in: a request to the address of a webhook starts a run."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import parse_qsl

import orjson
from fastapi import FastAPI, Request
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException

from api.bodies import LARGEST_BODY, allow, is_form
from orchestrator.errors import InvalidInput
from orchestrator.file_names import safe_names
from orchestrator.triggers import firings
from orchestrator.triggers.triggers import HOOKS
from orchestrator.workflow_engine import WorkflowEngine

LONGEST_KEY = 255
"""Characters of an `Idempotency-Key`."""

LARGEST_FORM = 10_000_000
"""Bytes of a form, with its files."""

MOST_FILES = 20
MOST_FIELDS = 200
"""Of a form."""

PRIVATE = frozenset({"authorization", "cookie", "proxy-authorization"})
"""Headers that no run is given."""


def add_hook_route(api: FastAPI, engine: WorkflowEngine) -> None:
    address = f"{HOOKS.removeprefix('/api')}{{token}}"

    @api.get(address, status_code=202, operation_id="hook_by_get")
    @api.put(address, status_code=202, operation_id="hook_by_put")
    @api.post(address, status_code=202, operation_id="hook")
    async def hook(token: str, request: Request) -> dict[str, str]:
        """Start a run. It is on disk when this answers. The same `Idempotency-Key` gives the same run, and so does the
        same signed id. Of a request that no webhook waits for, no body is read; where the webhook wants a signature,
        nothing in it is believed before that was checked."""
        key = request.headers.get("idempotency-key", "").strip()
        if len(key) > LONGEST_KEY:
            raise InvalidInput(
                f"An Idempotency-Key has at most {LONGEST_KEY} characters.", remedy="Send a shorter one."
            )
        headers = dict(request.headers)
        await run_in_threadpool(engine.firings.ensure, token, request.method)
        if is_form(headers.get("content-type", "")):
            allow(request, LARGEST_FORM)
        content = await request.body()
        signed = await run_in_threadpool(engine.firings.verify, token, request.method, headers, content)
        if is_form(headers.get("content-type", "")):
            body, files = await _form(request)
        else:
            body, files = _data(content, headers.get("content-type", "")), {}
        came = firings.Request(
            method=request.method,
            headers={name: value for name, value in headers.items() if name not in PRIVATE},
            query=dict(request.query_params),
            body=body,
            key=signed or key or None,
            files=files,
            is_verified=signed is not None,
        )
        return {"run_id": await run_in_threadpool(engine.firings.called, token, came)}


def _data(body: bytes, content_type: str) -> Any:
    """What a body says: the data of JSON, the fields of a form, else text. Raises `InvalidInput`."""
    kind = content_type.partition(";")[0].strip().lower()
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
            "The body is no text.", remedy="Send JSON, text in UTF-8, or a file as a form (multipart/form-data)."
        ) from None
    if kind == "application/x-www-form-urlencoded":
        return _fields(_pairs(text))
    return text


def _pairs(text: str) -> list[tuple[str, str]]:
    try:
        return parse_qsl(text, keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except ValueError:
        raise _too_many() from None


async def _form(request: Request) -> tuple[dict[str, Any], dict[str, bytes]]:
    """The fields of a form, and its files by the names that they are kept under. Raises `InvalidInput`."""
    try:
        async with request.form(max_files=MOST_FILES, max_fields=MOST_FIELDS, max_part_size=LARGEST_BODY) as form:
            found = [
                (name, value if isinstance(value, str) else (value, await value.read()))
                for name, value in form.multi_items()
            ]
    except HTTPException as error:
        raise InvalidInput(f"The form cannot be read: {error.detail}", remedy="Correct it.") from None
    uploads = [value for _, value in found if not isinstance(value, str) and value[0].filename]
    names = iter(list(safe_names((upload.filename or "", upload.content_type or "") for upload, _ in uploads)))
    files: dict[str, bytes] = {}
    pairs: list[tuple[str, Any]] = []
    for name, value in found:
        if isinstance(value, str):
            pairs.append((name, value))
        elif value[0].filename:  # else nobody chose a file
            kept = next(names)
            files[kept] = value[1]
            pairs.append((name, _told(value[0], kept, len(value[1]))))
    return _fields(pairs), files


def _told(upload: UploadFile, path: str, size: int) -> dict[str, Any]:
    """A file as a workflow sees it: `path` is where it lies in the run's folder, `name` what the sender calls it."""
    return {"path": path, "name": upload.filename, "type": upload.content_type or "", "size": size}


def _fields(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """By name; one that comes several times is a list."""
    found: dict[str, list[Any]] = {}
    for name, value in pairs:
        found.setdefault(name, []).append(value)
    return {name: values[0] if len(values) == 1 else values for name, values in found.items()}


def _too_many() -> InvalidInput:
    return InvalidInput(f"The form has more than {MOST_FIELDS} fields.", remedy="Send fewer, or JSON.")
