"""A real HTTP proxy between a connector and a service, which spoils what it is told to spoil.

It speaks plain HTTP/1.1 on a free loopback port and passes the `Host` on, so that a service's own links lead back
through it.
"""

from __future__ import annotations

import http.client
import socket
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

OWN = frozenset({"connection", "transfer-encoding", "content-length", "keep-alive", "date", "server"})
"""Headers of an answer that are this connection's own."""


@dataclass(frozen=True)
class Answer:
    status: int
    headers: list[tuple[str, str]]
    body: bytes


Ask = Callable[[], Answer]
"""Pass the request on."""


@dataclass
class Spoiler:
    """What is done to the next requests that `fits` says yes to: `times` at each address."""

    fits: Callable[[str, str], bool]
    spoil: Callable[[Ask], Answer | None]
    times: int = 1
    taken: Counter[str] = field(default_factory=Counter)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def takes(self, method: str, path: str) -> bool:
        address = urlsplit(path).path
        with self.lock:
            if not self.fits(method, path) or self.taken[address] == self.times:
                return False
            self.taken[address] += 1
            return True


UNSEEN = ("/search", "/query", "/git/blobs", "/git/trees", "/git/commits")
"""Ends of addresses that are sent to without anything to see: questions, and what no branch of git points at yet."""


def writes(method: str, path: str) -> bool:
    """Whether a request changes something that can be seen."""
    return method in ("POST", "PUT", "PATCH") and not urlsplit(path).path.endswith(UNSEEN)


# Ways to spoil a request. None: the connection is closed without an answer.


def drops_the_connection(ask: Ask) -> None:
    ask()


def does_it_and_answers_500(ask: Ask) -> Answer:
    ask()
    return _plain(500, b'{"message": "Internal error"}')


def does_nothing_and_answers_500(ask: Ask) -> Answer:
    return _plain(500, b'{"message": "Internal error"}')


def does_nothing_and_answers_429(ask: Ask) -> Answer:
    answer = _plain(429, b'{"message": "Slow down", "code": "rate_limited"}')
    return Answer(answer.status, [*answer.headers, ("Retry-After", "1")], answer.body)


def answers_garbage(ask: Ask) -> Answer:
    ask()
    return _plain(200, b"\x00\xff\xfe}{ not json")


def answers_half_a_body(ask: Ask) -> Answer:
    answer = ask()
    half = answer.body[: len(answer.body) // 2]
    return Answer(answer.status, [*answer.headers, ("Content-Length", str(len(answer.body)))], half)


def does_nothing_and_answers_json_of_another_shape(ask: Ask) -> Answer:
    return _plain(200, b'["something", "else"]')


def does_nothing_and_answers_a_sign_in_page(ask: Ask) -> Answer:
    return _plain(200, b"<html><body>Please sign in to this network</body></html>", "text/html")


def answers_json_of_another_shape(ask: Ask) -> Answer:
    ask()
    return does_nothing_and_answers_json_of_another_shape(ask)


def answers_a_sign_in_page(ask: Ask) -> Answer:
    ask()
    return does_nothing_and_answers_a_sign_in_page(ask)


def hangs(ask: Ask) -> None:
    """Longer than any connector waits."""
    ask()
    threading.Event().wait(45)


def _plain(status: int, body: bytes, kind: str = "application/json") -> Answer:
    return Answer(status, [("Content-Type", kind)], body)


class Proxy:
    """Stands before the service at `upstream`. Use `close` when done."""

    def __init__(self, upstream: str) -> None:
        self.spoilers: list[Spoiler] = []
        self.seen: list[tuple[str, str]] = []
        host, port = urlsplit(upstream).hostname, urlsplit(upstream).port
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            timeout = 60

            def _handle(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                proxy.seen.append((self.command, self.path))

                def ask() -> Answer:
                    connection = http.client.HTTPConnection(host or "", port, timeout=60)
                    try:
                        connection.request(self.command, self.path, body, dict(self.headers.items()))
                        answer = connection.getresponse()
                        kept = [(name, value) for name, value in answer.getheaders() if name.lower() not in OWN]
                        return Answer(answer.status, kept, answer.read())
                    finally:
                        connection.close()

                spoiler = next((one for one in proxy.spoilers if one.takes(self.command, self.path)), None)
                answer = spoiler.spoil(ask) if spoiler else ask()
                if answer is None:
                    self.close_connection = True
                    self.connection.shutdown(socket.SHUT_RDWR)
                    return
                self._give(answer)

            def _give(self, answer: Answer) -> None:
                self.send_response(answer.status)
                for name, value in answer.headers:
                    self.send_header(name, value)
                if all(name != "Content-Length" for name, _ in answer.headers):
                    self.send_header("Content-Length", str(len(answer.body)))
                else:
                    self.close_connection = True  # it was told of more than it gets
                self.end_headers()
                self.wfile.write(answer.body)

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _handle  # noqa: N815

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

    def spoil(
        self,
        how: Callable[[Ask], Answer | None],
        *,
        fits: Callable[[str, str], bool] = writes,
        times: int = 1,
    ) -> None:
        """From now on, do this to the next requests that fit, so many times at each address."""
        self.spoilers = [Spoiler(fits, how, times)]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
