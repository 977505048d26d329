"""Calls of Notion's actions, and a look at what goes over the wire to practice Notion."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from integrations.notion import NotionAccount, ReadPage, Search, read_page, search
from orchestrator.actions import Action, Call, Params
from tests.integrations.services import Services

SCHEMA = Path(__file__).parent / "schemas" / "notion.json"
KEY = "run-1/step/"


def a_call(key: str = KEY, timeout: float = 50.0) -> Call:
    return Call(run_id="run-1", step_id="step", key=key, services=Services(), timeout=timeout)


def do(action: Action, params: Params, account: NotionAccount, key: str = KEY) -> Any:
    return action.function(params, account, a_call(key))


def find(action: Action, params: Params, account: NotionAccount, key: str = KEY) -> Any:
    assert action.find_function is not None
    return action.find_function(params, account, a_call(key))


def preview(action: Action, params: Params) -> Any:
    assert action.preview_function is not None
    return action.preview_function(params, NotionAccount(base_url="http://127.0.0.1:9", token="x"))


def markdown_of(account: NotionAccount, page_id: str) -> str:
    return do(read_page, ReadPage(page=page_id), account).markdown


def id_of(account: NotionAccount, title: str) -> str:
    [found] = [f for f in do(search, Search(query=title), account).found if f.title == title]
    return found.id


@dataclass(frozen=True)
class Sent:
    """A request, as "PATCH /v1/pages/{id}"."""

    endpoint: str
    path: str
    body: dict[str, Any]

    @property
    def is_write(self) -> bool:
        return not self.endpoint.startswith("GET") and not self.endpoint.endswith(("/query", "/search"))


@cache
def _schema() -> dict[str, Any]:
    return json.loads(SCHEMA.read_text("utf-8"))


def ensure_as_notion_says(sent: Sent) -> None:
    """The body of a request is of the type that Notion's own client declares for it."""
    if sent.endpoint.startswith("GET"):
        return
    whole = _schema()
    schema = {"definitions": whole["definitions"], **whole["properties"][sent.endpoint]}
    jsonschema.Draft7Validator(schema).validate(sent.body)


@dataclass
class Wire:
    """What was sent. The write number `broken` (from 0) is answered with `status` and `body`, after it was done if
    `does_it`."""

    sent: list[Sent] = field(default_factory=list)
    broken: int | None = None
    does_it: bool = False
    status: int = 500
    body: bytes = b"{}"

    @property
    def writes(self) -> list[Sent]:
        return [sent for sent in self.sent if sent.is_write]

    def fails_now(self) -> bool:
        if self.broken is None or not self.sent[-1].is_write or len(self.writes) != self.broken + 1:
            return False
        self.broken = None
        return True


@contextmanager
def watched(apps: list[ASGIApp]) -> Iterator[Wire]:
    """The last of `apps`, with a wire before it. Each request is held to Notion's types."""
    inner = apps[-1]
    wire = Wire()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        raw = b""
        more = True
        while more:
            message = await receive()
            raw += message.get("body", b"")
            more = message.get("more_body", False)
        path = scope["path"].removeprefix("/notion")
        endpoint = re.sub(r"(/(?:pages|blocks|data_sources|databases|comments)/)[^/]+", r"\1{id}", path)
        wire.sent.append(Sent(f"{scope['method']} {endpoint}", path, json.loads(raw or b"{}")))
        fails = wire.fails_now()

        async def again() -> Message:
            return {"type": "http.request", "body": raw, "more_body": False}

        async def nothing(message: Message) -> None:
            """The answer gets lost."""

        if not fails:
            await inner(scope, again, send)
            return
        if wire.does_it:
            await inner(scope, again, nothing)
        await send({"type": "http.response.start", "status": wire.status, "headers": []})
        await send({"type": "http.response.body", "body": wire.body})

    apps.append(app)
    try:
        yield wire
    finally:
        apps.remove(app)
    for sent in wire.sent:
        ensure_as_notion_says(sent)
