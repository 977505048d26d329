"""What the contract test stands on: calls of actions as the engine makes them, a service that answers one thing, and a
guard that refuses the network."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
from pydantic import ValidationError

from orchestrator.account_fields import secret_fields
from orchestrator.actions import Account, Action, Call, Connector, ModelAnswer, ModelRequest, Params
from orchestrator.registry import Registry
from tests.integrations.contract_examples import ACCOUNTS, BEFORE, EXAMPLES, SHARED, Of, Press, Step
from tests.integrations.services import Services

SECRET = "planted-secret-5f2c91"
"""What stands for every secret of an account where the service does not check it."""


class Scripted(Services):
    """The model says what it is told to say."""

    def generate(self, call: Call, model: str | None, request: ModelRequest) -> ModelAnswer:
        return ModelAnswer("Hello.", "scripted")


@dataclass
class Place:
    """Where actions are called: the practice services at `url`, a run's folder, a repository to push to."""

    registry: Registry
    url: str
    folder: Path
    remote: Path
    results: dict[str, Any] = field(default_factory=dict)
    services: Scripted = field(init=False)

    def __post_init__(self) -> None:
        self.services = Scripted(self.folder)

    def account(self, connector: Connector, url: str | None = None, secret: str | None = None) -> Account:
        """The practice account, at another address or with another secret where one is given."""
        values = {**(connector.practice or {}), **ACCOUNTS.get(connector.id, {})}
        if secret is not None:
            values |= dict.fromkeys(set(secret_fields(connector)) & values.keys(), secret)
        address = {"practice": url or self.url, "studio": "http://studio.test", "remotes": str(self.remote.parent)}
        filled = {name: value.format(**address) for name, value in values.items()}
        return connector.account.model_validate({"name": "work", "practice": bool(connector.practice), **filled})

    def call(self, action: Action, key: str = "run-1/step", timeout: float = 20.0) -> Call:
        return Call(run_id="run-1", step_id="step", key=key, services=self.services, timeout=timeout)

    def params(self, action: Action) -> Params:
        """Real parameters of the action. Raises `AssertionError` that says what is missing."""
        given = dict(EXAMPLES.get(action.id, {}))
        shared = SHARED.get(action.connector.id, {})
        for name, info in action.params.model_fields.items():
            known = info.alias or name
            if info.is_required() and known not in given:
                assert name in shared or info.examples, (
                    f"{action.id}: no example for '{name}'. Give the field `examples` that work on the practice"
                    " services, or give the action a line in tests/integrations/contract_examples.py."
                )
                given[known] = shared[name] if name in shared else (info.examples or [None])[0]
        try:
            return action.params.model_validate({name: self._filled(value) for name, value in given.items()})
        except ValidationError as error:
            raise AssertionError(f"{action.id}: its example does not fit: {error}. See contract_examples.py.") from None

    def prepare(self, action: Action) -> None:
        """Do what has to be done before the action."""
        for before in BEFORE.get(action.id, ()):
            if isinstance(before, Press):
                self._press(before)
            else:
                self.result_of(before)

    def result_of(self, step: Step) -> Any:
        """The result of another action, done once."""
        known = f"{step.action} {step.given}"
        if known not in self.results:
            for earlier in step.after:
                self.result_of(earlier)
            action = self.registry[step.action]
            given = {name: self._filled(value) for name, value in step.given.items()}
            params = action.params.model_validate(given)
            made = action.function(params, self.account(action.connector), self.call(action, key=f"before-{known}"))
            self.results[known] = made.model_dump(mode="json")
        return self.results[known]

    def _press(self, press: Press) -> None:
        asked = self.result_of(press.question)
        body = {"chat": asked["chat"], "message": asked["message_id"], "data": f"{asked['id']}:{press.choice}"}
        httpx.post(f"{self.url}/telegram/press", json=body, trust_env=False).raise_for_status()

    def _filled(self, value: Any) -> Any:
        if isinstance(value, Of):
            found = self.result_of(value.step)
            for part in value.path.split("."):
                found = found[int(part)] if part.isdigit() else found[part]
            return found
        if isinstance(value, str):
            return value.replace("{practice}", self.url).replace("{remote}", str(self.remote))
        return value


@dataclass(frozen=True, slots=True)
class Answer:
    """What the service says to every request. `drops`: nothing, it hangs up. `hangs`: nothing, for a long time."""

    status: int = 200
    body: bytes = b""
    kind: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    drops: bool = False
    hangs: bool = False


class OneAnswer:
    """A service on loopback that gives one answer to whatever it is asked."""

    def __init__(self) -> None:
        self.answer = Answer()
        self.asked = 0
        self._over = threading.Event()
        service = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _any(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                service.asked += 1
                said = service.answer
                if said.hangs:
                    service._over.wait(30)
                if said.hangs or said.drops:
                    self.close_connection = True
                    return
                self.send_response(said.status)
                for name, value in {"Content-Type": said.kind, **said.headers}.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(said.body)))
                self.end_headers()
                self.wfile.write(said.body)

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = _any  # noqa: N815

            def log_message(self, format: str, *args: Any) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request: Any, client_address: Any) -> None:
                pass  # a client that gave up waiting

        self._server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def let_go(self) -> None:
        """Let the requests that hang go on, and answer at once from now on."""
        self._over.set()
        self._over = threading.Event()

    def close(self) -> None:
        self.let_go()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def body(shape: Mapping[str, Any]) -> bytes:
    return json.dumps(shape).encode()


class NetworkUsed(Exception):
    """Something reached for the network where it must not."""


_closed = threading.local()


def _guard(event: str, arguments: tuple[Any, ...]) -> None:
    if event.startswith("socket.") and getattr(_closed, "now", False):
        raise NetworkUsed(f"{event} {arguments[1:]}")


sys.addaudithook(_guard)


@contextmanager
def no_network() -> Iterator[None]:
    """Whatever this thread does with a socket raises `NetworkUsed`: Python itself tells of each (PEP 578)."""
    _closed.now = True
    try:
        yield
    finally:
        _closed.now = False
