"""Holds practice GitHub, and the requests of our connector, to GitHub's own OpenAPI description.

`github.json` is the excerpt that scripts/github_schema.py makes of it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from jsonschema import Draft202012Validator
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from integrations.practice import create_app
from tests.integrations.conftest import STUDIO_URL, Practice

EXCERPT = Path(__file__).parent / "github.json"
LONG = frozenset({"path", "ref", "branch", "name", "tree_sha"})
"""Parts of an address that may have slashes in them."""
UNDESCRIBED = re.compile(r"/repositories/\d+")
"""Where the answer to an old name of a repository leads; not in the description."""


@dataclass(frozen=True)
class Exchange:
    """A request and its answer. `path` begins below the address of the API."""

    method: str
    path: str
    query: str
    sent: bytes
    status: int
    answered: bytes


def problems(exchange: Exchange) -> list[str]:
    """What GitHub's description says against an exchange. A request that was refused may be wrong."""
    name = _operation(exchange)
    if name is None:
        return [] if UNDESCRIBED.match(exchange.path) else [f"{exchange.method} {exchange.path} is not described"]
    operation = _excerpt()["operations"][name]
    found: list[str] = []
    if exchange.status < 400:
        found += _query(operation["query"], exchange.query)
        if "request" in operation:
            body = json.loads(exchange.sent or b"{}")
            found += [f"request {said}" for said in _wrong(operation["request"], body)]
            found += [f"request {key} is not described" for key in _unknown(operation["request"], body)]
    schema = operation["answers"].get(str(exchange.status))
    if schema is None and exchange.status < 300:
        found.append(f"status {exchange.status} is not described")
    schema = schema or {"$ref": "#/schemas/basic-error"}
    found += [f"answer {said}" for said in _wrong(schema, json.loads(exchange.answered))]
    return [f"{name} {exchange.status}: {said}" for said in found]


def _operation(exchange: Exchange) -> str | None:
    return next((name for name, form in _forms() if form.fullmatch(f"{exchange.method} {exchange.path}")), None)


@cache
def _excerpt() -> dict[str, Any]:
    return json.loads(EXCERPT.read_text("utf-8"))


@cache
def _forms() -> list[tuple[str, re.Pattern[str]]]:
    """Each operation and what its requests look like, those with the fewest open parts first."""

    def form(name: str) -> re.Pattern[str]:
        parts = re.split(r"\{(\w+)\}", name)
        opened = (".*" if part in LONG else "[^/]+" for part in parts[1::2])
        fixed = map(re.escape, parts[::2])
        return re.compile("".join(f"{text}{hole}" for text, hole in zip(fixed, [*opened, ""], strict=True)))

    names = sorted(_excerpt()["operations"], key=lambda name: (name.count("{"), -len(name)))
    return [(name, form(name)) for name in names]


def _wrong(schema: dict[str, Any], value: Any) -> Iterator[str]:
    validator = Draft202012Validator({**schema, "schemas": _excerpt()["schemas"]})
    for error in validator.iter_errors(value):
        yield f"{'/'.join(map(str, error.absolute_path)) or '.'}: {error.message[:200]}"


def _unknown(schema: dict[str, Any], value: Any) -> set[str]:
    known = schema.get("properties")
    return set(value) - set(known) if known is not None and isinstance(value, dict) else set()


def _query(known: dict[str, Any], query: str) -> Iterator[str]:
    for name, text in parse_qsl(query):
        if name not in known:
            yield f"query {name} is not described"
            continue
        value = int(text) if known[name].get("type") == "integer" and text.isdigit() else text
        yield from (f"query {name} {said}" for said in _wrong(known[name], value))


class Recorder:
    """An app that notes what goes in and out of another below a path."""

    def __init__(self, app: ASGIApp, below: str) -> None:
        self._app = app
        self._below = below
        self.exchanges: list[Exchange] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(self._below):
            await self._app(scope, receive, send)
            return
        sent, answered, status = bytearray(), bytearray(), 0

        async def receiving() -> Message:
            message = await receive()
            sent.extend(message.get("body", b""))
            return message

        async def sending(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)
            answered.extend(message.get("body", b""))
            if message["type"] == "http.response.body" and not message.get("more_body"):
                path, query = scope["path"].removeprefix(self._below), scope["query_string"].decode()
                exchange = Exchange(scope["method"], path, query, bytes(sent), status, bytes(answered))
                self.exchanges.append(exchange)
            await send(message)

        await self._app(scope, receiving, sending)


@contextmanager
def described(server: tuple[str, list[ASGIApp]], database: Path) -> Iterator[Practice]:
    """The practice services, held to GitHub's description when they end: every request and every answer."""
    url, apps = server
    app = create_app(database, STUDIO_URL)
    recorder = Recorder(app, "/github")
    apps.append(recorder)
    try:
        yield Practice(url, app.state.store)
    finally:
        apps.remove(recorder)
        app.state.store.close()
    found = {problem: None for exchange in recorder.exchanges for problem in problems(exchange)}
    assert not found, "\n".join(found)
