"""The practice services on a free port of this machine, for a process that has no studio around it."""

from __future__ import annotations

import importlib
import socket
import threading
import time
from pathlib import Path
from typing import Any

import uvicorn

from orchestrator.errors import StoreError

PACKAGE = "integrations.practice"
START = 60.0
"""Seconds that the server may take to answer, on a machine that does much else."""


def practice_app(home: Path, studio_url: str) -> Any:
    """The ASGI app of the practice services, which keep their data in `home` until `app.state.store.close()`."""
    return importlib.import_module(PACKAGE).create_app(home / "practice.db", studio_url)


class PracticeServer:
    """Serves the practice services on 127.0.0.1 until `close`."""

    def __init__(self, home: Path, studio_url: str) -> None:
        # Named as TCP, or asyncio leaves Nagle's algorithm on: 40 ms for each answer on a kept connection.
        self._socket = socket.socket(proto=socket.IPPROTO_TCP)
        self._socket.bind(("127.0.0.1", 0))
        self._app = practice_app(home, studio_url)
        config = uvicorn.Config(
            self._app,
            log_level="error",
            log_config=None,
            lifespan="off",
            timeout_graceful_shutdown=1,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._serve, name="practice", daemon=True)
        self._thread.start()
        deadline = time.monotonic() + START
        while not self._server.started:
            if time.monotonic() > deadline or not self._thread.is_alive():
                raise StoreError("The practice services do not start.", remedy="Look at the log for the reason.")
            time.sleep(0.005)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._socket.getsockname()[1]}"

    def close(self) -> None:
        self._server.should_exit = True
        self._thread.join(timeout=30)
        self._socket.close()
        self._app.state.store.close()

    def _serve(self) -> None:
        self._server.run(sockets=[self._socket])
