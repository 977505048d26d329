"""The practice services as a process of their own, so that what was done is counted where it was done.

`python -m tests.chaos.service FOLDER FAULTS SEED` prints its address. Every now and then (`FAULTS`, a share of the
requests) it does what it was asked and answers that it failed, or does nothing and says so. `GET /busy` tells how many
requests are under way.
"""

from __future__ import annotations

import random
import socket
import sys
from pathlib import Path

import uvicorn
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from integrations.practice import create_app

WRITES = frozenset({"POST", "PUT", "PATCH"})


class Faulty:
    """A service that fails now and then, before or after it did what it was asked."""

    def __init__(self, app: ASGIApp, share: float, rng: random.Random) -> None:
        self._app = app
        self._share = share
        self._rng = rng
        self._busy = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] == "/busy":
            await JSONResponse({"busy": self._busy})(scope, receive, send)
            return
        fault = scope["method"] in WRITES and self._rng.random() < self._share
        self._busy += 1
        try:
            if not fault:
                await self._app(scope, receive, send)
                return
            if self._rng.random() < 0.5:
                await self._app(scope, receive, _nowhere)
            await JSONResponse({"message": "chaos"}, 503)(scope, receive, send)
        finally:
            self._busy -= 1


async def _nowhere(message: Message) -> None:
    pass


def main(folder: Path, faults: float, seed: int) -> None:
    app = Faulty(create_app(folder / "practice.db", "http://studio.test"), faults, random.Random(seed))
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    sys.stdout.write(f"http://127.0.0.1:{listener.getsockname()[1]}\n")
    sys.stdout.flush()
    config = uvicorn.Config(app, log_level="error", lifespan="off", ws="none")
    uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main(Path(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3]))
