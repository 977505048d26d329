"""What the tests of model providers share: the services of a call, and a real server on loopback."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette

from orchestrator.actions import Call, ModelAnswer, ModelRequest, Prompt

SCHEMA = {
    "type": "object",
    "properties": {"total": {"type": "number", "minimum": 0}},
    "required": ["total"],
    "additionalProperties": False,
}
DOT = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5E"
    "rkJggg=="
)
"""A picture of one pixel."""


@dataclass
class Watcher:
    """The services of a call; keeps what was shown."""

    shown: list[str] = field(default_factory=list)
    logged: list[str] = field(default_factory=list)

    @property
    def call(self) -> Call:
        return Call("run", "step", "key", self)

    def log(self, call: Call, message: str) -> None:
        self.logged.append(message)

    def stream(self, call: Call, text: str) -> None:
        self.shown.append(text)

    def prompt(self, template: str, variables: Mapping[str, Any]) -> Prompt:
        raise NotImplementedError

    def generate(self, call: Call, model: str | None, request: ModelRequest) -> ModelAnswer:
        raise NotImplementedError

    def folder(self, call: Call) -> Path:
        raise NotImplementedError


@contextmanager
def serving(app: Starlette, port: int = 0) -> Iterator[str]:
    """The app's address, as "http://127.0.0.1:4001"."""
    config = uvicorn.Config(app, port=port, log_level="warning", lifespan="off", ws="none", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    deadline = time.monotonic() + 10
    while not server.started:
        assert time.monotonic() < deadline, "the server did not start in time"
        time.sleep(0.005)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join(timeout=10)
