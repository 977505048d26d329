"""Consent in the browser for the command line: a listener on this machine that waits until the browser comes back.

Source: developers.google.com/identity/protocols/oauth2/native-app (loopback IP address), RFC 8252, section 7.3
"""

from __future__ import annotations

import html
import time
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from orchestrator.consents import LASTS, Consents, Ended
from orchestrator.console import err
from orchestrator.errors import AccountError, InvalidSettings

HOST = "127.0.0.1"
BEAT = 0.5
"""Seconds between two looks at the clock while nobody comes."""


def connect_in_browser(
    consents: Consents, connector_id: str, name: str, values: Mapping[str, Any], *, port: int, **how: bool
) -> Ended:
    """Print where to go, and wait for the answer. `port` 0 is a free one. Raises `InvalidInput`, `NotFound`,
    `InvalidSettings` for a port that cannot be had, or `AccountError` when nobody came back."""
    try:
        listener = _Listener(consents, port)
    except OSError as error:
        raise InvalidSettings(f"Port {port} cannot be used: {error.strerror}.", remedy="Choose another one.") from None
    with listener:
        begun = consents.begin(connector_id, name, values, listener.redirect, **how)
        listener.state = begun.state
        err.print(f"Open this in a browser on this computer, and allow access:\n\n{begun.link}\n", markup=False)
        err.print(f"The service must know this redirect URI: {listener.redirect}", markup=False)
        deadline = time.monotonic() + LASTS
        while listener.ended is None and time.monotonic() < deadline:
            listener.handle_request()
    if listener.ended is None:
        raise AccountError("Nobody came back from the browser.", remedy="Begin again.")
    return listener.ended


class _Listener(HTTPServer):
    def __init__(self, consents: Consents, port: int) -> None:
        super().__init__((HOST, port), _Handler)
        self.timeout = BEAT
        self.consents = consents
        self.state = ""
        self.ended: Ended | None = None

    @property
    def redirect(self) -> str:
        return f"http://{HOST}:{self.server_port}/"


class _Handler(BaseHTTPRequestHandler):
    server: _Listener  # pyright: ignore[reportIncompatibleVariableOverride]
    timeout = 5

    def do_GET(self) -> None:
        asked = urlsplit(self.path)
        said = {name: values[0] for name, values in parse_qs(asked.query).items()}
        if asked.path != "/" or not said.get("state") or said["state"] != self.server.state:
            self._say(404, "There is nothing here.")
            return
        ended = self.server.consents.end(said["state"], said.get("code", ""), said.get("error", ""))
        self._say(200, f"{ended.said} You can close this page.")
        self.server.ended = ended

    def _say(self, status: int, words: str) -> None:
        page = f"<!doctype html><meta charset=utf-8><title>Patchbay</title><p>{html.escape(words)}</p>".encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(page)))
        self.send_header("Referrer-Policy", "no-referrer")  # the code stands in the address
        self.end_headers()
        self.wfile.write(page)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: the code stands in the address."""
