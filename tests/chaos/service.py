"""The practice services as a process of their own, so that what was done is counted where it was done.

`python -m tests.chaos.service FOLDER FAULTS` prints its address. Every now and then (`FAULTS`, a share of the writes) a
service does what it was asked and answers that it failed, or does nothing and says so. `GET /busy` tells how many
requests are under way.
"""

from __future__ import annotations

import socket
import sys
from pathlib import Path

import uvicorn
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from integrations.practice import create_app
from integrations.practice.faults import Fault, Faults


class Counted:
    """Says how many requests are under way."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._busy = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] == "/busy":
            await JSONResponse({"busy": self._busy})(scope, receive, send)
            return
        self._busy += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._busy -= 1


def main(folder: Path, share: float) -> None:
    app = create_app(folder / "practice.db", "http://studio.test")
    faults: Faults = app.state.faults
    faults.switch_off()
    for service in faults.services if share else ():
        for kind in ("failing", "failing_after"):
            faults.switch_on(service, Fault(kind, requests="writes", share=share / 2))
    listener = socket.socket(proto=socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    sys.stdout.write(f"http://127.0.0.1:{listener.getsockname()[1]}\n")
    sys.stdout.flush()
    config = uvicorn.Config(Counted(app), log_level="error", lifespan="off", ws="none")
    uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main(Path(sys.argv[1]), float(sys.argv[2]))
