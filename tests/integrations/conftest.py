"""The practice services, served over HTTP on a free loopback port, with fresh sample data."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from integrations.practice import create_app
from integrations.practice.store import Store

STUDIO_URL = "http://studio.test"


@dataclass(frozen=True)
class Practice:
    """`url` is where the services are mounted, as "http://127.0.0.1:4001"; `store` is what they keep."""

    url: str
    store: Store
    studio_url: str = STUDIO_URL


@pytest.fixture(scope="session")
def server() -> Iterator[tuple[str, list[ASGIApp]]]:
    """A server for all tests, since starting and stopping one takes time. It serves the last app of the list."""
    apps: list[ASGIApp] = []

    async def last(scope: Scope, receive: Receive, send: Send) -> None:
        await apps[-1](scope, receive, send)

    server = uvicorn.Server(
        uvicorn.Config(last, host="127.0.0.1", port=0, log_level="warning", lifespan="off", ws="none")
    )
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        deadline = time.monotonic() + 30
        while not server.started:
            assert thread.is_alive(), "the practice services could not start"
            assert time.monotonic() < deadline, "the practice services did not start in time"
            time.sleep(0.005)
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}", apps
    finally:
        server.should_exit = True
        thread.join(timeout=10)


@pytest.fixture
def practice(server: tuple[str, list[ASGIApp]], sample: Path) -> Iterator[Practice]:
    url, apps = server
    app = create_app(sample, STUDIO_URL)
    apps.append(app)
    yield Practice(url, app.state.store)
    apps.remove(app)
    app.state.store.close()
