"""Connections that look once more, right before bytes of a write leave them, whether this process still owns the run.

Between `Call.sending()` in an action and the socket lies a whole HTTP client. A process that is paused in there and
woken after its lease, when another one has done the write, does it again; so the look is as near to the socket as it
can be.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from orchestrator.actions import last_look


@cache
def looking(connection: type) -> Any:
    """A connection class of `http.client`, or one made like it (urllib3, httplib2, smtplib), that looks."""

    class Looking(connection):
        def send(self, data: Any, *args: Any, **named: Any) -> Any:
            last_look()
            return super().send(data, *args, **named)

    return Looking


@cache
def looking_adapter() -> Callable[..., Any]:
    """The transport of `requests`, over connections that look."""
    from requests.adapters import HTTPAdapter
    from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

    class Pool(HTTPConnectionPool):
        ConnectionCls = looking(HTTPConnectionPool.ConnectionCls)

    class SecurePool(HTTPSConnectionPool):
        ConnectionCls = looking(HTTPSConnectionPool.ConnectionCls)

    class Adapter(HTTPAdapter):
        def init_poolmanager(self, *args: Any, **named: Any) -> None:
            super().init_poolmanager(*args, **named)
            self.poolmanager.pool_classes_by_scheme = {"http": Pool, "https": SecurePool}

    return Adapter


def trace(name: str, info: dict[str, Any]) -> None:
    """The extension "trace" of a request of httpx, which is told of each step of its connection."""
    if name.endswith((".send_request_headers.started", ".send_request_body.started")):
        last_look()
