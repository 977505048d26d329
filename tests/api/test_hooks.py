"""Webhooks: services outside start runs, and nothing else."""

from __future__ import annotations

import base64
import hmac
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
from api.hooks import LARGEST_FORM
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
NOTHING_CHOSEN = (
    b'--x\r\nContent-Disposition: form-data; name="photo"; filename=""\r\n\r\n\r\n'
    b'--x\r\nContent-Disposition: form-data; name="name"\r\n\r\nAnn\r\n--x--\r\n'
)
"""What a browser sends of a form in which nobody chose a file."""
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
        ({"data": {"tag": ["a", "b"], "one": "c"}}, {"tag": ["a", "b"], "one": "c"}),
        ({"files": {"name": (None, "Ann"), "note": (None, "ä")}}, {"name": "Ann", "note": "ä"}),
        ({"content": NOTHING_CHOSEN, "headers": {"Content-Type": "multipart/form-data; boundary=x"}}, {"name": "Ann"}),
        ({"content": "plain words", "headers": {"Content-Type": "text/plain"}}, "plain words"),
        ({}, None),
    ],
)
def test_a_body_is_json_a_form_or_text(hook: Hook, request_: dict[str, Any], body: Any) -> None:
    assert hook.given(hook.post(**request_).json()["run_id"])["body"] == body


def test_files_lie_in_the_folder_of_the_run_before_it_begins(hook: Hook) -> None:
    sent = [
        ("photos", ("../../etc/Porch light.JPG", b"one", "image/jpeg")),
        ("photos", ("porch light.jpg", b"two", "image/jpeg")),
        ("bill", ("..", b"%PDF", "application/pdf")),
        ("from", (None, "Ann")),
    ]
    run_id = hook.post(files=sent).json()["run_id"]
    given = hook.given(run_id)["body"]
    assert given["from"] == "Ann"
    assert given["photos"][0] == {
        "path": "Porch light.JPG",
        "name": "../../etc/Porch light.JPG",
        "type": "image/jpeg",
        "size": 3,
    }
    paths = [given["photos"][0]["path"], given["photos"][1]["path"], given["bill"]["path"]]
    assert [hook.engine.run_file(run_id, path).read_bytes() for path in paths] == [b"one", b"two", b"%PDF"]
    assert sorted(file.path for file in hook.engine.run_files(run_id)) == sorted(paths)


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
        ({"files": [("a", ("x", b"x"))] * 21}, 422, "Maximum number of files is 20"),
        ({"files": {"a": (None, b"x" * (LARGEST_BODY + 1))}}, 422, "maximum size"),
        ({"files": {"a": ("x", b"x" * (LARGEST_FORM + 1))}}, 413, "larger than"),
        ({"data": {str(number): "x" for number in range(201)}}, 422, "more than 200 fields"),
        ({"content": b"--x", "headers": {"Content-Type": "multipart/form-data"}}, 422, "boundary"),
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


def test_of_a_request_that_nobody_waits_for_no_body_is_read(hook: Hook) -> None:
    large = {"files": {"a": ("x", b"x" * (LARGEST_FORM + 1))}}
    unknown = hook.client.post("/api/hooks/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", **large)
    assert (unknown.status_code, hook.client.put(hook.path, **large).status_code) == (404, 422)


def test_a_webhook_alone_takes_as_much_as_files_need(hook: Hook) -> None:
    files = {"a": ("x", b"x" * (LARGEST_BODY + 1))}
    assert hook.post(files=files).status_code == 202
    assert hook.client.post("/api/workflows/called/runs", files=files).status_code == 413


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


class TestSigned:
    """A webhook that takes requests from those alone who know a secret."""

    BODY = b'{"order": 7}'

    @pytest.fixture(autouse=True)
    def _signed(self, hook: Hook) -> None:
        trigger = {"type": "webhook", "signed_by": "webhook", "with": {"what": "{{ trigger }}"}}
        hook.engine.library.workflows.save(Workflow.model_validate({**CALLED.dump(), "triggers": {"hook": trigger}}))

    def connect(self, hook: Hook, **values: str) -> None:
        hook.engine.accounts.add("webhook", "shop", values)

    def signature(self, secret: str, body: bytes = BODY) -> dict[str, str]:
        return {"X-Hub-Signature-256": "sha256=" + hmac.digest(secret.encode(), body, "sha256").hex()}

    def test_takes_what_is_signed_and_refuses_all_else(self, hook: Hook) -> None:
        self.connect(hook, secret="long and secret")
        right, wrong = self.signature("long and secret"), self.signature("another secret")
        answers = [hook.post(content=self.BODY, headers=headers) for headers in (right, wrong, {})]
        assert [answer.status_code for answer in answers] == [202, 401, 401]
        assert [answer.json()["code"] for answer in answers[1:]] == ["unsigned", "unsigned"]
        assert hook.post(content=self.BODY + b" ", headers=right).status_code == 401
        assert len(hook.engine.runs()) == 1
        hook.given(answers[0].json()["run_id"])

    def test_says_in_the_studio_why_nothing_started(self, hook: Hook) -> None:
        self.connect(hook, secret="long and secret")
        hook.post(content=self.BODY)
        assert "not signed" in hook.engine.triggers.get("called", "hook").switch.said

    def test_nothing_in_a_request_is_read_before_its_signature(self, hook: Hook) -> None:
        self.connect(hook, secret="long and secret")
        answer = hook.post(content=b"{", headers={"Content-Type": "application/json"})
        assert answer.status_code == 401

    def test_without_its_secret_it_takes_nothing_and_tells_a_stranger_nothing(self, hook: Hook) -> None:
        answer = hook.post(content=self.BODY, headers=self.signature(""))
        assert answer.status_code == 401
        assert "cannot check" in answer.json()["message"]
        assert "No Webhook secret account is connected" in hook.engine.triggers.get("called", "hook").switch.said
        assert hook.engine.runs() == []

    def test_a_request_that_is_sent_again_starts_nothing(self, hook: Hook) -> None:
        """Standard Webhooks sign an id, which no one in between can change."""
        self.connect(hook, secret="whsec_c2VjcmV0LXNlY3JldC1zZWNyZXQ=", convention="standard")

        def signed(id: str) -> dict[str, str]:
            at = str(int(time.time()))
            content = f"{id}.{at}.".encode() + self.BODY
            digest = base64.b64encode(hmac.digest(b"secret-secret-secret", content, "sha256")).decode()
            return {"webhook-id": id, "webhook-timestamp": at, "webhook-signature": f"v1,{digest}"}

        first = signed("msg_1")
        answers = [
            hook.post(content=self.BODY, headers=headers)
            for headers in (first, {**first, "Idempotency-Key": "other"}, signed("msg_2"))
        ]
        assert [answer.status_code for answer in answers] == [202, 202, 202]
        runs = [answer.json()["run_id"] for answer in answers]
        assert runs[0] == runs[1] != runs[2]
        assert hook.post(content=self.BODY, headers={**first, "webhook-id": "msg_3"}).status_code == 401

    def test_its_secret_is_nowhere_in_what_the_run_is_given(self, hook: Hook) -> None:
        self.connect(hook, secret="long and secret")
        body = b'{"said": "long and secret"}'
        run_id = hook.post(content=body, headers=self.signature("long and secret", body)).json()["run_id"]
        assert "long and secret" not in str(hook.given(run_id))
