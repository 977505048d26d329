"""Faults of the practice services: slow, limited, failing, breaking off, so that one can see what a workflow does then.

A fault is switched on for one service and stays until it is switched off, or for the next so many requests. It is kept
with the services' data, so that the studio and the command line, which may share them, behave alike.
"""

from __future__ import annotations

import asyncio
import random
import re
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from typing import Any, Literal

from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from integrations.practice.store import Doc, Store

SERVICE = "faults"

KINDS = {
    "slow": "Answers late",
    "limited": "Says that there were too many requests",
    "failing": "Fails and does nothing",
    "failing_after": "Does what it is asked, then says that it failed",
    "dropping": "Does what it is asked, then breaks off its answer",
    "wrong_token": "Does not accept the token",
    "sign_in_page": "Does what it is asked, then answers with a web page to sign in",
    "garbage": "Does what it is asked, then answers with what nobody can read",
    "other_shape": "Does what it is asked, then answers with data of another form",
}
"""What a service can be made to do, and how a person calls it."""

ON_WRITES = frozenset({"failing_after", "dropping"})
"""Faults that are about a write, and leave requests that only read alone unless told otherwise."""

READS = re.compile(r"/(search|query|get\w*|answerCallbackQuery)$", re.IGNORECASE)
"""How the paths of requests end that are sent as POST and change nothing: those of Notion and Telegram."""
OURS = re.compile(r"/(press|config-v1\.1\.xml)$")
"""Never spoiled: what a person does on the page *Practice*, which no service has, and where the mail servers are, whose
faults are those of their own commands (`mail_faults`)."""


@dataclass(frozen=True, slots=True)
class Fault:
    """`times`: how many requests are still to be spoiled, None for all. `share` of those that fit are. `seconds` is how
    late it answers (`slow`), or how long it asks to wait (`limited`)."""

    kind: str
    requests: Literal["all", "writes"] = "all"
    times: int | None = None
    share: float = 1.0
    seconds: float = 5.0

    def __post_init__(self) -> None:
        if self.kind not in KINDS or self.requests not in ("all", "writes"):
            raise ValueError(f"There is no fault '{self.kind}' for '{self.requests}'.")

    @classmethod
    def of(cls, doc: Doc) -> Fault:
        """Raises `ValueError` or `TypeError` for what is none."""
        requests = "writes" if doc.get("kind") in ON_WRITES else "all"
        return cls(**{"requests": requests, **doc})

    def fits(self, method: str, path: str) -> bool:
        return (self.requests == "all" or writes(method, path)) and not OURS.search(path)


def writes(method: str, path: str) -> bool:
    """Whether a request changes something."""
    return method in ("POST", "PUT", "PATCH", "DELETE") and not READS.search(path)


class Faults:
    """The faults that are switched on: for each of the services at most one of a kind."""

    def __init__(self, store: Store, services: tuple[str, ...]) -> None:
        self._store = store
        self.services = services

    def on(self) -> dict[str, list[Fault]]:
        """By service, in the order in which they were switched on."""
        found: dict[str, list[Fault]] = {service: [] for service in self.services}
        for doc in self._store.all(SERVICE, "fault"):
            if doc["service"] in found:
                found[doc["service"]].append(Fault.of(doc["fault"]))
        return found

    def switch_on(self, service: str, fault: Fault) -> None:
        doc = {"service": service, "fault": asdict(fault)}
        self._store.put(SERVICE, "fault", f"{service}/{fault.kind}", doc)

    def switch_off(self, service: str | None = None) -> None:
        """All of a service, or of all services."""
        with self._store.transaction():
            for name, faults in self.on().items():
                for fault in faults if service in (None, name) else ():
                    self._store.delete(SERVICE, "fault", f"{name}/{fault.kind}")

    def take(self, service: str, method: str, path: str) -> Fault | None:
        """What is to be done to this request. One that is for so many requests is used up by it."""
        for fault in self.on()[service]:
            if fault.fits(method, path) and (fault.share >= 1 or random.random() < fault.share):
                return fault if fault.times is None else self._used(service, fault.kind)
        return None

    def _used(self, service: str, kind: str) -> Fault | None:
        with self._store.transaction():
            doc = self._store.get(SERVICE, "fault", f"{service}/{kind}")
            times = doc["fault"]["times"] if doc else 0
            if doc is None or times == 0:
                return None
            self._store.delete(SERVICE, "fault", f"{service}/{kind}")
            if times > 1:
                self._store.put(
                    SERVICE, "fault", f"{service}/{kind}", {**doc, "fault": {**doc["fault"], "times": times - 1}}
                )
            return Fault.of(doc["fault"])


class Spoiled:
    """A practice service, with its faults before it."""

    def __init__(self, app: ASGIApp, service: str, faults: Faults) -> None:
        self._app = app
        self._service = service
        self._faults = faults

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        fault = None
        if scope["type"] == "http":
            fault = await run_in_threadpool(self._faults.take, self._service, scope["method"], scope["path"])
        if fault is None:
            await self._app(scope, receive, send)
        else:
            await _WAYS[fault.kind](_Spoiling(self._app, self._service, fault, scope, receive, send))


@dataclass(frozen=True, slots=True)
class _Spoiling:
    app: ASGIApp
    service: str
    fault: Fault
    scope: Scope
    receive: Receive
    send: Send

    async def done(self) -> list[Message]:
        """Do what is asked. What is answered to it goes nowhere."""
        kept: list[Message] = []

        async def keep(message: Message) -> None:
            kept.append(message)

        await self.app(self.scope, self.receive, keep)
        return kept

    async def answer(self, status: int, body: bytes, kind: str, headers: tuple[tuple[bytes, bytes], ...] = ()) -> None:
        head = [(b"content-type", kind.encode()), (b"content-length", str(len(body)).encode()), *headers]
        await self.send({"type": "http.response.start", "status": status, "headers": head})
        await self.send({"type": "http.response.body", "body": body})

    async def refuse(self, status: int, words: str, reason: str, headers: tuple[tuple[bytes, bytes], ...] = ()) -> None:
        body = JSONResponse(refusal(self.service, status, words, reason, round(self.fault.seconds))).body
        await self.answer(status, bytes(body), "application/json", headers)


async def _slow(at: _Spoiling) -> None:
    answer = await at.done()
    await asyncio.sleep(at.fault.seconds)
    for message in answer:
        await at.send(message)


async def _limited(at: _Spoiling) -> None:
    wait = str(round(at.fault.seconds)).encode()
    await at.refuse(429, "Too many requests", "rate_limited", ((b"retry-after", wait),))


async def _failing(at: _Spoiling) -> None:
    await at.refuse(500, "Internal error", "internal_server_error")


async def _failing_after(at: _Spoiling) -> None:
    await at.done()
    await _failing(at)


async def _dropping(at: _Spoiling) -> None:
    """Half of the answer, after which the server closes a connection that was promised more."""
    start, *rest = await at.done()
    body = b"".join(message.get("body", b"") for message in rest)
    headers = [(name, value) for name, value in start["headers"] if name.lower() != b"content-length"]
    length = (b"content-length", str(len(body) + 1).encode())
    await at.send({**start, "headers": [*headers, length]})
    await at.send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True})


async def _wrong_token(at: _Spoiling) -> None:
    """The service itself is given another token, and says what it says to one."""
    headers = [(name, b"Bearer x" if name == b"authorization" else value) for name, value in at.scope["headers"]]
    path = re.sub(r"/bot[^/]+/", "/botx/", at.scope["path"])
    await at.app({**at.scope, "headers": headers, "path": path, "raw_path": path.encode()}, at.receive, at.send)


async def _sign_in_page(at: _Spoiling) -> None:
    await at.done()
    await at.answer(200, b"<html><body>Please sign in to this network</body></html>", "text/html")


async def _garbage(at: _Spoiling) -> None:
    await at.done()
    await at.answer(200, b"\x00\xff\xfe}{ not json", "application/json")


async def _other_shape(at: _Spoiling) -> None:
    await at.done()
    await at.answer(200, b'["something", "else"]', "application/json")


_WAYS: dict[str, Callable[[_Spoiling], Awaitable[None]]] = {
    "slow": _slow,
    "limited": _limited,
    "failing": _failing,
    "failing_after": _failing_after,
    "dropping": _dropping,
    "wrong_token": _wrong_token,
    "sign_in_page": _sign_in_page,
    "garbage": _garbage,
    "other_shape": _other_shape,
}


def refusal(service: str, status: int, words: str, reason: str = "", wait: int = 0) -> Doc:
    """The body of a refusal as that service words it. `reason` is Notion's code, `wait` Telegram's in seconds."""
    return _SHAPES.get(service, _plain)(status, words, reason, wait)


def _plain(status: int, words: str, reason: str, wait: int) -> Doc:
    """docs.github.com/en/rest/using-the-rest-api/troubleshooting-the-rest-api"""
    return {"message": words, "status": str(status)}


def _google(status: int, words: str, reason: str, wait: int) -> Doc:
    """developers.google.com/workspace/drive/api/guides/handle-errors, google.aip.dev/193"""
    kind = "rateLimitExceeded" if status == 429 else "backendError"
    errors = [{"domain": "usageLimits" if status == 429 else "global", "reason": kind, "message": words}]
    return {"error": {"code": status, "message": words, "errors": errors}}


def _notion(status: int, words: str, reason: str, wait: int) -> Doc:
    """developers.notion.com/reference/status-codes"""
    return {"object": "error", "status": status, "code": reason, "message": words}


def _telegram(status: int, words: str, reason: str, wait: int) -> Doc:
    """core.telegram.org/bots/api#making-requests, #responseparameters"""
    more: dict[str, Any] = {"parameters": {"retry_after": wait}} if status == 429 else {}
    return {"ok": False, "error_code": status, "description": words, **more}


_SHAPES: dict[str, Callable[[int, str, str, int], Doc]] = {
    "gmail": _google,
    "drive": _google,
    "notion": _notion,
    "telegram": _telegram,
}
"""How a service words a refusal; any other words it as GitHub does."""
