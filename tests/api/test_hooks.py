"""Webhooks: services outside start runs, and nothing else."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Mount
from starlette.testclient import TestClient

from api.app import create_api
from api.bodies import LARGEST_BODY
from api.gate import Gate
from orchestrator.settings import Settings
from orchestrator.workflow import Workflow
from orchestrator.workflow_engine import WorkflowEngine

CALLED = Workflow.model_validate(
    {
        "id": "called",
        "inputs": {"what": {"type": "object"}},
        "steps": [{"id": "keep", "uses": "set", "with": {"values": "{{ inputs.what }}"}}],
        "triggers": {"hook": {"type": "webhook", "with": {"what": "{{ trigger }}"}}},
    }
)
OUTSIDE = {"Host": "hooks.example", "Origin": "https://shop.example"}


class Hook:
    """A studio behind its gate with one webhook that is on."""

    def __init__(self, client: TestClient, engine: WorkflowEngine) -> None:
        self.client = client
        self.engine = engine
        self.path = engine.triggers.switch_on("called", "hook").path or ""

    def post(self, **request: Any) -> httpx.Response:
        return self.client.post(self.path, **request)

    def given(self, run_id: str) -> dict[str, Any]:
        deadline = time.monotonic() + 20
        while not (view := self.engine.run(run_id)).summary.finished_at and time.monotonic() < deadline:
            time.sleep(0.01)
        assert view.status == "succeeded", view.summary.error
        return view.inputs["what"]


@pytest.fixture
def hook(tmp_path: Path) -> Iterator[Hook]:
    engine = WorkflowEngine(Settings(home=tmp_path / "home"), practice_url="http://127.0.0.1:9")
    engine.library.workflows.save(CALLED)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with engine.running():
            yield

    app = Starlette(routes=[Mount("/api", create_api(engine))], lifespan=lifespan, middleware=[Middleware(Gate)])
    with TestClient(app, base_url="http://127.0.0.1:8501", raise_server_exceptions=False) as client:
        yield Hook(client, engine)
    engine.close()


def test_a_request_from_outside_starts_a_run_that_is_on_disk_when_it_is_answered(hook: Hook) -> None:
    answer = hook.post(json={"order": 7}, headers=OUTSIDE, params={"page": "2"})
    assert answer.status_code == 202
    run_id = answer.json()["run_id"]
    assert hook.engine.journal.summary(run_id).trigger == "webhook"
    given = hook.given(run_id)
    assert (given["body"], given["query"], given["method"]) == ({"order": 7}, {"page": "2"}, "POST")
    assert given["headers"]["host"] == "hooks.example"


@pytest.mark.parametrize(
    ("request_", "body"),
    [
        ({"json": [1, "ä"]}, [1, "ä"]),
        ({"content": b'{"a": 1}', "headers": {"Content-Type": "application/vnd.shop+json; charset=utf-8"}}, {"a": 1}),
        ({"data": {"name": "Ann", "note": ""}}, {"name": "Ann", "note": ""}),
        ({"content": "plain words", "headers": {"Content-Type": "text/plain"}}, "plain words"),
        ({}, None),
    ],
)
def test_a_body_is_json_a_form_or_text(hook: Hook, request_: dict[str, Any], body: Any) -> None:
    assert hook.given(hook.post(**request_).json()["run_id"])["body"] == body


def test_the_same_key_gives_the_same_run(hook: Hook) -> None:
    first, again = (hook.post(json=number, headers={"Idempotency-Key": "order 7"}).json() for number in range(2))
    assert first == again
    assert len(hook.engine.runs()) == 1


def test_a_run_is_given_no_credentials_of_the_caller(hook: Hook) -> None:
    run_id = hook.post(headers={"Authorization": "Bearer x", "Cookie": "session=x"}).json()["run_id"]
    assert not {"authorization", "cookie"} & set(hook.given(run_id)["headers"])


@pytest.mark.parametrize(
    ("request_", "status", "words"),
    [
        ({"content": b"{", "headers": {"Content-Type": "application/json"}}, 422, "no JSON"),
        ({"content": b"\xff\xfe"}, 422, "no text"),
        ({"files": {"a": b"x"}}, 422, "no files"),
        ({"content": b"x" * (LARGEST_BODY + 1)}, 413, "larger than"),
        ({"headers": {"Idempotency-Key": "k" * 256}}, 422, "at most 255"),
    ],
)
def test_what_cannot_be_read_is_refused_with_a_sentence(
    hook: Hook, request_: dict[str, Any], status: int, words: str
) -> None:
    answer = hook.post(**request_)
    assert (answer.status_code, words in answer.json()["message"]) == (status, True)
    assert hook.engine.runs() == []


def test_an_address_that_is_nobodys_or_switched_off_says_one_sentence(hook: Hook) -> None:
    unknown = hook.client.post("/api/hooks/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", json={}, headers=OUTSIDE)
    hook.engine.triggers.switch_off("called", "hook")
    off = hook.post(json={})
    assert unknown.status_code == off.status_code == 404
    assert unknown.json()["message"] == off.json()["message"] == "No webhook answers at this address."


def test_another_method_is_refused(hook: Hook) -> None:
    assert "called by POST" in hook.client.get(hook.path).json()["message"]
    assert hook.client.delete(hook.path).status_code == 405


@pytest.mark.parametrize(
    "path",
    [
        "/api/runs",
        "/api/hooks/../runs",
        "/api/hooks/",
        "/api/hooks",
        "/api/hooks/a/b",
        "/api//hooks/a",
        "/x/api/hooks/a",
    ],
)
def test_from_outside_nothing_but_a_webhook_is_reached(hook: Hook, path: str) -> None:
    url = httpx.URL("http://127.0.0.1:8501", raw_path=path.encode())
    assert hook.client.request("POST", url, json={}, headers=OUTSIDE).status_code == 421
    escaped = httpx.URL("http://127.0.0.1:8501", raw_path=b"/api/hooks/%2e%2e%2fruns")
    assert hook.client.request("POST", escaped, json={}, headers=OUTSIDE).status_code == 421
