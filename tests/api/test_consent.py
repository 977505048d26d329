"""Where the browser comes back to after consent: the account is connected, and the page Accounts says so."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.testclient import TestClient

from api.app import create_api
from orchestrator.settings import Settings
from orchestrator.workflow_engine import WorkflowEngine
from tests.api.conftest import OFFLINE

CLIENT = {"client_id": "client.example", "client_secret": "GOCSPX-of-a-client"}


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[WorkflowEngine]:
    monkeypatch.setenv("PATCHBAY_GOOGLE_OAUTH_BASE_URL", OFFLINE)
    with WorkflowEngine(Settings(home=tmp_path / "home"), practice_url=OFFLINE) as engine:
        yield engine


@pytest.fixture
def client(engine: WorkflowEngine) -> TestClient:
    return TestClient(Starlette(routes=[Mount("/api", create_api(engine))]), follow_redirects=False)


@pytest.mark.parametrize("said", [{"code": "4/0A-code"}, {"error": "access_denied"}])
def test_it_leads_to_the_page_that_says_what_came_of_it(
    engine: WorkflowEngine, client: TestClient, said: dict[str, str]
) -> None:
    begun = engine.consents.begin("gmail", "work", CLIENT, "http://testserver/api/consent")
    for _ in range(2):  # also when the address is loaded again
        answer = client.get("/api/consent", params={"state": begun.state, **said})
        assert (answer.status_code, answer.headers["location"]) == (303, f"/accounts?consent={begun.state}")
        assert (answer.headers["referrer-policy"], answer.headers["cache-control"]) == ("no-referrer", "no-store")

    ended = engine.consents.ended(begun.state)
    assert ended is not None
    assert not ended.works
    assert CLIENT["client_secret"] not in ended.said


def test_what_nobody_began_changes_nothing_and_leads_nowhere_else(engine: WorkflowEngine, client: TestClient) -> None:
    answer = client.get("/api/consent", params={"state": "https://shop.example/&x=1", "code": "c"})
    assert answer.headers["location"] == "/accounts?consent=https%3A%2F%2Fshop.example%2F%26x%3D1"
    assert engine.consents.ended("https://shop.example/&x=1") is None


def test_what_is_too_long_is_refused(client: TestClient) -> None:
    assert client.get("/api/consent", params={"state": "x", "code": "c" * 5000}).status_code == 422
