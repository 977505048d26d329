"""Servers of a test's own on loopback, for answers that no practice service gives."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qsl, urlsplit

NOWHERE = "http://127.0.0.1:9"
"""Where nobody listens: the discard port."""


@dataclass(frozen=True)
class Reply:
    """`body` is text, bytes, or data that is sent as JSON."""

    body: Any = ""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def content(self) -> bytes:
        text = self.body if isinstance(self.body, bytes | str) else json.dumps(self.body)
        return text.encode() if isinstance(text, str) else text


Replying = Reply | Callable[[str, Mapping[str, str]], Reply]
"""The same for every request, or one by path and query."""


@contextmanager
def replying(got: Replying, posted: Replying | None = None) -> Iterator[str]:
    """The address of a server that answers what is got and what is posted, the same way unless said otherwise."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._give(got)

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self._give(got if posted is None else posted)

        def _give(self, given: Replying) -> None:
            parts = urlsplit(self.path)
            reply = given if isinstance(given, Reply) else given(parts.path, dict(parse_qsl(parts.query)))
            self.send_response(reply.status)
            for name, value in {**reply.headers, "Content-Length": str(len(reply.content))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(reply.content)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with answering(Handler) as url:
        yield url


@contextmanager
def answering(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    """The address of a server whose requests the handler answers."""
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def closed_port() -> int:
    """A port that was free a moment ago."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]
