"""The socket that shows a run live: one JSON message is one whole, small picture of it.

    {"run": {"id", "status", "started_at", "finished_at", "error"},
     "steps": {"<id>": {"status", "started_at", "finished_at", "attempts", "done", "total", "error", "waits_for"}},
     "text": {"<id>": "the end of what a model has written so far"},
     "at": 1770000000.0}

The first comes at once, then one at each change, at most every 50 ms; after that of a final state the socket closes
with code 1000. Times are seconds since 1970 by the server's clock, which `at` tells. What a client sends is ignored.
"""

from __future__ import annotations

from contextlib import aclosing

import anyio
import structlog
from fastapi import FastAPI
from starlette.websockets import WebSocket, WebSocketDisconnect

from api.gate import POLICY_VIOLATION, same_origin
from orchestrator.errors import PatchbayError
from orchestrator.workflow_engine import WorkflowEngine

OVER = 1000
FAILED = 1011
REFUSED = 4400
"""Trying again is of no use. RFC 6455 leaves 4000 to 4999 to applications."""

LONGEST_REASON = 120
"""Bytes that a close frame carries at most, less its code: RFC 6455, section 5.5."""

log = structlog.get_logger(__name__)


def add_live_route(api: FastAPI, engine: WorkflowEngine) -> None:
    @api.websocket("/runs/{id}/live")
    async def live(socket: WebSocket, id: str) -> None:
        if not same_origin(socket.headers):
            await socket.close(POLICY_VIOLATION)
            return
        await socket.accept()
        async with anyio.create_task_group() as group:

            async def leave_with_client() -> None:
                while (await socket.receive())["type"] != "websocket.disconnect":
                    pass
                group.cancel_scope.cancel()

            group.start_soon(leave_with_client)
            await _show(socket, engine, id)
            group.cancel_scope.cancel()


async def _show(socket: WebSocket, engine: WorkflowEngine, run_id: str) -> None:
    try:
        async with aclosing(engine.watch(run_id)) as pictures:
            async for picture in pictures:
                await socket.send_json(picture.as_dict())
        await socket.close(OVER)
    except PatchbayError as error:
        await socket.close(REFUSED, _reason(error))
    except WebSocketDisconnect:
        log.debug("watcher left", run=run_id)
    except Exception:
        log.exception("live view failed", run=run_id)
        await socket.close(FAILED, "The live view failed.")


def _reason(error: PatchbayError) -> str:
    return str(error).encode()[:LONGEST_REASON].decode(errors="ignore")
