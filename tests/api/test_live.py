"""The socket that shows a run live."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from starlette.testclient import TestClient, WebSocketTestSession
from starlette.websockets import WebSocketDisconnect

from api.live import OVER, REFUSED


def run_of(client: TestClient, workflow: str) -> str:
    return client.post(f"/api/workflows/{workflow}/runs", json={}).json()["run_id"]


def messages(socket: WebSocketTestSession) -> tuple[list[dict[str, Any]], int]:
    """Everything until the server closes the socket, and the code that it closes it with."""
    received: list[dict[str, Any]] = []
    try:
        while True:
            received.append(socket.receive_json())
    except WebSocketDisconnect as closed:
        return received, closed.code


def test_a_run_is_followed_to_its_end_and_the_socket_closed(client: TestClient) -> None:
    run_id = run_of(client, "repositories")

    with client.websocket_connect(f"/api/runs/{run_id}/live") as socket:
        received, code = messages(socket)

    last = received[-1]
    assert code == OVER
    assert last["run"]["id"] == run_id
    assert last["run"]["status"] == "succeeded"
    assert last["steps"]["only"]["status"] == "succeeded"
    assert all(message["run"]["status"] != "succeeded" for message in received[:-1])


def test_each_message_is_a_whole_picture(client: TestClient) -> None:
    with client.websocket_connect(f"/api/runs/{run_of(client, 'failing')}/live") as socket:
        received, _ = messages(socket)

    for message in received:
        assert set(message) == {"run", "steps", "text", "at"}
        assert set(message["run"]) == {"id", "status", "started_at", "finished_at", "error"}
        assert set(message["steps"]["only"]) == {
            "status",
            "started_at",
            "finished_at",
            "attempts",
            "done",
            "total",
            "error",
            "waits_for",
        }
    assert received[-1]["steps"]["only"]["error"]["message"]


def test_a_run_that_is_over_is_shown_once(client: TestClient) -> None:
    run_id = run_of(client, "repositories")
    with client.websocket_connect(f"/api/runs/{run_id}/live") as socket:
        messages(socket)

    with client.websocket_connect(f"/api/runs/{run_id}/live") as socket:
        received, code = messages(socket)

    assert ([message["run"]["status"] for message in received], code) == (["succeeded"], OVER)


def test_a_run_goes_on_when_its_watcher_leaves(serve: Callable[..., TestClient]) -> None:
    client = serve(offline=True)
    run_id = run_of(client, "stuck")

    with client.websocket_connect(f"/api/runs/{run_id}/live") as socket:
        assert socket.receive_json()["run"]["status"] in ("queued", "running", "waiting")

    assert client.get(f"/api/runs/{run_id}").json()["summary"]["status"] in ("running", "waiting")


def test_an_unknown_run_closes_the_socket_with_the_reason(client: TestClient) -> None:
    with (
        client.websocket_connect("/api/runs/nothing/live") as socket,
        pytest.raises(WebSocketDisconnect) as closed,
    ):
        socket.receive_json()

    assert closed.value.code == REFUSED
    assert "There is no run 'nothing'." in closed.value.reason


def test_a_page_of_another_site_cannot_watch(client: TestClient) -> None:
    path = f"/api/runs/{run_of(client, 'repositories')}/live"

    with (
        pytest.raises(WebSocketDisconnect),
        client.websocket_connect(path, headers={"origin": "http://evil.example"}),
    ):
        pass


def test_a_page_of_the_studio_can(client: TestClient) -> None:
    origin = {"origin": "http://127.0.0.1:8501", "host": "127.0.0.1:8501"}

    with client.websocket_connect(f"/api/runs/{run_of(client, 'repositories')}/live", headers=origin) as socket:
        assert messages(socket)[1] == OVER
