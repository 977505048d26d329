"""A file by its address: small, in time, and from the open internet alone, also behind a redirect."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from integrations._download import REDIRECTS, download
from orchestrator.errors import ServiceError


class Answers(BaseHTTPRequestHandler):
    """/file is a file, /large one of 3 MB, /around leads to itself, /inside to a private address, anything else is not
    there."""

    def do_GET(self) -> None:
        if self.path == "/file":
            self._answer(200, b'{"id": "x"}')
        elif self.path == "/large":
            self._answer(200, b"x" * 3_000_000)
        elif self.path in ("/around", "/inside", "/elsewhere"):
            target = {"/around": "/around", "/inside": "http://10.0.0.1/", "/elsewhere": "ftp://a.example/"}[self.path]
            self._answer(302, b"", Location=target)
        else:
            self._answer(404, b"")

    def _answer(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """The test says what it saw."""


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    serving = HTTPServer(("127.0.0.1", 0), Answers)
    thread = threading.Thread(target=serving.serve_forever)
    thread.start()
    yield f"127.0.0.1:{serving.server_port}"
    serving.shutdown()
    thread.join()
    serving.server_close()


def test_a_file_is_fetched(server: str) -> None:
    assert download(f"http://{server}/file", 1_000_000, allowed=server) == b'{"id": "x"}'


def test_a_private_address_is_refused(server: str) -> None:
    with pytest.raises(ServiceError, match="inside this network or this machine"):
        download(f"http://{server}/file", 1_000_000)


def test_a_private_address_behind_a_redirect_is_refused(server: str) -> None:
    with pytest.raises(ServiceError, match=r"10\.0\.0\.1 is an address inside"):
        download(f"http://{server}/inside", 1_000_000, allowed=server)


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/large", "larger than 1 MB"),
        ("/around", f"more than {REDIRECTS} times"),
        ("/elsewhere", "cannot be asked for"),
        ("/missing", "status 404"),
    ],
)
def test_what_is_no_small_file_is_refused_in_a_sentence(server: str, path: str, said: str) -> None:
    with pytest.raises(ServiceError, match=said):
        download(f"http://{server}{path}", 1_000_000, allowed=server)


@pytest.mark.parametrize(
    "address", ["", "file:///etc/passwd", "ftp://a.example/x", "https://", "https://me:pw@a.example/", "http://[::1"]
)
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(ServiceError, match="is no address"):
        download(address, 1_000_000)


def test_a_folder_on_github_is_refused_with_a_way_out() -> None:
    with pytest.raises(ServiceError) as refused:
        download("https://github.com/someone/things/tree/main/bundles", 1_000_000)
    assert "Open the file in it" in refused.value.remedy
