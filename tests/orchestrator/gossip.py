"""A service that tells the secret of its account to whoever asks, and where to look for that secret afterwards."""

from __future__ import annotations

import base64
import contextlib
import json
import logging
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

from orchestrator import logs
from orchestrator.actions import (
    Account,
    Call,
    Connector,
    Params,
    Plan,
    Result,
    SecretStr,
    ServiceError,
    field,
    placeholder,
)
from orchestrator.settings import Settings
from orchestrator.stores import open_store

SECRET = 'ghp_k3Jd9aQ/x+7"Zé\\t0!'
ENCODED: dict[str, Callable[[str], str]] = {
    "as it is": lambda secret: f"<{secret}>",
    "in a URL": lambda secret: f"https://x.example/?key={quote(secret, safe='')}",
    "base64": lambda secret: base64.b64encode(f"user:{secret}:more".encode()).decode(),
    "JSON": lambda secret: json.dumps({"headers": {"authorization": f"Bearer {secret}"}}),
}


class GossipAccount(Account):
    token: SecretStr = field("Token")


class Ask(Params):
    """Make the service tell what it should not."""

    how: str = field("How it is written", default="as it is")
    where: str = field("Where it is told", default="output")


class Told(Result):
    text: str = field("What was told")


def a_gossip() -> Connector:
    gossip = Connector("gossip", title="Gossip", account=GossipAccount)

    def tell(p: Ask, account: GossipAccount) -> str:
        return ENCODED[p.how](account.token.get_secret_value())

    @gossip.action("Tell", effect="read", result=Told)
    def tell_all(p: Ask, account: GossipAccount, call: Call) -> Told:
        text = tell(p, account)
        if p.where == "log":
            call.log(text)
        if p.where == "stream":
            for piece in text:
                call.stream(piece)
            time.sleep(0.1)
        if p.where == "error":
            raise ServiceError(f"It said {text}.", remedy=f"Do not say {text}.")
        if p.where == "crash":
            raise ZeroDivisionError(text)
        return Told(text=text if p.where == "output" else "")

    @gossip.action("Pass it on", effect="write", result=Told)
    def pass_on(p: Ask, account: GossipAccount, call: Call) -> Told:
        return Told(text=tell(p, account))

    @pass_on.preview
    def _(p: Ask, account: GossipAccount) -> Plan:
        return Plan(f"Tell {tell(p, account)}", {"text": tell(p, account)}, Told(text=placeholder("text")))

    @pass_on.find
    def _(p: Ask, account: GossipAccount, call: Call) -> Told | None:
        return None

    return gossip


@contextlib.contextmanager
def all_logged() -> Iterator[None]:
    """A process of ours that logs everything. Another test's server may have given uvicorn a logging of its own."""
    hooks = (sys.excepthook, threading.excepthook)
    loggers = [logging.getLogger(name) for name in (None, "uvicorn", "uvicorn.error", "uvicorn.access")]
    before = [(one, one.level, list(one.handlers), one.propagate) for one in loggers]
    for one in loggers[1:]:
        one.setLevel(logging.NOTSET)
        one.handlers, one.propagate = [], True
    logs.configure("debug")
    try:
        yield
    finally:
        for one, level, handlers, propagate in before:
            one.setLevel(level)
            one.handlers[:], one.propagate = handlers, propagate
        sys.excepthook, threading.excepthook = hooks
        logs.configure_ours(logging.WARNING)


def kept(settings: Settings) -> bytes:
    """Every byte of the home folder, and of every table of a database that is elsewhere."""
    found = b"".join(path.read_bytes() for path in settings.home.rglob("*") if path.is_file())
    if settings.database_url is None:
        return found
    store = open_store(settings)
    with store.read() as connection:
        names = connection.exec_driver_sql(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = current_schema()"
        ).scalars()
        for name in names.all():
            found += repr(connection.exec_driver_sql(f"SELECT * FROM {name}").all()).encode()
    store.close()
    return found


def traces(secret: str) -> list[bytes]:
    forms = {secret, quote(secret, safe=""), json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]}
    for before in range(3):  # the middle of each way in which base64 can write it
        forms.add(base64.b64encode(bytes(before) + secret.encode()).decode()[4:-4])
    return [form.encode() for form in forms | {json.dumps(form)[1:-1] for form in forms} if len(form) > 5]


def steps(how: str) -> list[dict[str, Any]]:
    told = [
        {"id": where, "uses": "gossip.tell_all", "with": {"how": how, "where": where}, "on_error": "continue"}
        for where in ("output", "log", "stream", "error", "crash")
    ]
    again = {"id": "again", "uses": "gossip.tell_all", "with": {"how": how, "where": "{{ steps.output.text[:0] }}"}}
    echo = {"id": "echo", "uses": "set", "with": {"values": {"text": "{{ steps.output.text }}"}}}
    return [*told, again, echo, {"id": "pass", "uses": "gossip.pass_on", "with": {"how": how}}]
