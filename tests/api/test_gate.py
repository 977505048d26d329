"""The gate: what it lets through, and what it refuses with a sentence."""

from __future__ import annotations

import pytest
from starlette.applications import Starlette
from starlette.requests import HTTPConnection, Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket, WebSocketDisconnect

from api.gate import Gate, Refusal

OURS = ["127.0.0.1:8501", "localhost:8501", "[::1]:8501", "127.0.0.1", "LOCALHOST", "[::1]"]
NOT_OURS = [
    "evil.example",
    "evil.example:8501",
    "127.0.0.1.evil.example",
    "localhost.evil.example:8501",
    "user@localhost",
    "localhost:8501@evil.example",
    "localhost/evil.example",
    "localhost:port",
    "192.168.1.5:8501",
    "0.0.0.0:8501",
    "[::1",
    "",
]
FOREIGN = ["http://evil.example", "http://127.0.0.1:9999", "http://localhost.evil.example:8501", "null", "", "file://"]


async def page(request: Request) -> PlainTextResponse:
    return PlainTextResponse("inside")


async def socket(connection: WebSocket) -> None:
    await connection.accept()
    await connection.send_text("inside")
    await connection.close()


def inside() -> Starlette:
    return Starlette(
        routes=[Route("/page", page, methods=["GET", "POST", "DELETE"]), WebSocketRoute("/socket", socket)]
    )


@pytest.fixture
def client() -> TestClient:
    return TestClient(Gate(inside()), base_url="http://127.0.0.1:8501")


@pytest.mark.parametrize("host", OURS)
def test_this_machines_own_names_are_let_through(client: TestClient, host: str) -> None:
    assert client.get("/page", headers={"host": host}).text == "inside"


@pytest.mark.parametrize("host", NOT_OURS)
def test_a_name_that_was_made_to_point_here_is_refused(client: TestClient, host: str) -> None:
    answer = client.get("/page", headers={"host": host})

    assert answer.status_code == 421
    assert "open it as http://127.0.0.1" in answer.text


def test_two_hosts_are_as_good_as_none(client: TestClient) -> None:
    answer = client.get("/page", headers=[("host", "localhost"), ("host", "evil.example")])

    assert answer.status_code == 421


@pytest.mark.parametrize("origin", FOREIGN)
@pytest.mark.parametrize("method", ["POST", "DELETE"])
def test_another_site_cannot_change_anything(client: TestClient, method: str, origin: str) -> None:
    answer = client.request(method, "/page", headers={"origin": origin})

    assert answer.status_code == 403
    assert "another site" in answer.text


def test_two_origins_are_as_good_as_a_foreign_one(client: TestClient) -> None:
    headers = [("origin", "http://127.0.0.1:8501"), ("origin", "http://evil.example")]

    assert client.post("/page", headers=headers).status_code == 403


def test_another_site_may_link_to_the_studio(client: TestClient) -> None:
    assert client.get("/page", headers={"origin": "http://evil.example"}).status_code == 200


@pytest.mark.parametrize("host", OURS)
def test_the_studios_own_pages_change_things(client: TestClient, host: str) -> None:
    headers = {"host": host, "origin": f"http://{host.lower()}"}

    assert client.post("/page", headers=headers).text == "inside"


def test_a_program_that_is_no_browser_changes_things(client: TestClient) -> None:
    assert client.post("/page").text == "inside"


@pytest.mark.parametrize("origin", [{}, {"origin": "http://localhost:8501"}])
def test_sockets_of_the_studio_are_let_through(client: TestClient, origin: dict[str, str]) -> None:
    with client.websocket_connect("/socket", headers={"host": "localhost:8501", **origin}) as connection:
        assert connection.receive_text() == "inside"


@pytest.mark.parametrize(
    ("host", "origin"),
    [*(("127.0.0.1:8501", origin) for origin in FOREIGN), ("evil.example", "http://evil.example")],
)
def test_sockets_of_other_sites_are_refused(client: TestClient, host: str, origin: str) -> None:
    headers = {"host": host, "origin": origin}

    with pytest.raises(WebSocketDisconnect), client.websocket_connect("/socket", headers=headers):
        pass


def test_a_further_check_stands_behind_the_first_ones() -> None:
    def closed(connection: HTTPConnection) -> Refusal | None:
        return Refusal(401, "Sign in.")

    answer = TestClient(Gate(inside(), checks=(closed,))).get("/page")

    assert (answer.status_code, answer.text) == (401, "Sign in.")
