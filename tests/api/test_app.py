"""The REST API: workflows, runs, and errors that say what to do."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from starlette.testclient import TestClient

from api.bodies import LARGEST_BODY

ERROR = {"code", "message", "remedy", "where"}


def ended(client: TestClient, run_id: str) -> dict[str, Any]:
    return comes_to(client, run_id, "succeeded", "failed", "cancelled")


def comes_to(client: TestClient, run_id: str, *statuses: str) -> dict[str, Any]:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        run = client.get(f"/api/runs/{run_id}").json()
        if run["summary"]["status"] in statuses:
            return run
        time.sleep(0.02)
    raise AssertionError(f"the run did not come to {statuses}: {run['summary']}")


def started(client: TestClient, workflow: str, **given: Any) -> str:
    answer = client.post(f"/api/workflows/{workflow}/runs", json=given)
    assert answer.status_code == 202, answer.text
    return answer.json()["run_id"]


def test_it_says_that_it_is_up(client: TestClient) -> None:
    assert client.get("/api/health").json() == {"status": "ok"}


def test_workflows_are_listed_without_paths_of_this_machine(client: TestClient) -> None:
    lines = {line["id"]: line for line in client.get("/api/workflows").json()}

    assert lines["repositories"] == {
        "id": "repositories",
        "name": "Repositories",
        "description": "",
        "tags": [],
        "shipped": False,
        "error": None,
    }


def test_a_workflow_is_given_as_its_file_says_it(client: TestClient) -> None:
    content = client.get("/api/workflows/repositories").json()

    assert content["inputs"] == {"limit": {"type": "integer", "default": 2}}
    assert content["steps"][0]["uses"] == "github.list_repositories"


def test_a_run_is_started_with_inputs_and_read_to_its_end(client: TestClient) -> None:
    run = ended(client, started(client, "repositories", inputs={"limit": 1}))

    assert run["summary"]["status"] == "succeeded"
    assert run["inputs"] == {"limit": 1}
    assert len(run["output"]["found"]) == 1
    assert [step["status"] for step in run["steps"]] == ["succeeded"]


def test_runs_are_listed_newest_first_and_filtered(client: TestClient) -> None:
    good = ended(client, started(client, "repositories"))["summary"]["id"]
    bad = ended(client, started(client, "failing"))["summary"]["id"]

    def ids(**query: Any) -> list[str]:
        return [run["id"] for run in client.get("/api/runs", params=query).json()]

    assert ids() == [bad, good]
    assert ids(status="failed") == [bad]
    assert ids(status=["failed", "succeeded"]) == [bad, good]
    assert ids(workflow="repositories") == [good]
    assert ids(limit=1, offset=1) == [good]


def test_a_run_that_is_stuck_can_be_cancelled(serve: Callable[..., TestClient]) -> None:
    client = serve(offline=True)
    run_id = started(client, "stuck")

    assert client.post(f"/api/runs/{run_id}/cancel").status_code == 202
    assert ended(client, run_id)["summary"]["status"] == "cancelled"


def test_a_failed_run_is_gone_on_with_as_a_new_one(client: TestClient) -> None:
    failed = ended(client, started(client, "failing"))["summary"]

    answer = client.post(f"/api/runs/{failed['id']}/resume")

    assert answer.status_code == 202
    assert ended(client, answer.json()["run_id"])["summary"]["origin"] == failed["id"]


def test_a_run_that_succeeded_cannot_be_resumed(client: TestClient) -> None:
    run_id = ended(client, started(client, "repositories"))["summary"]["id"]

    answer = client.post(f"/api/runs/{run_id}/resume")

    assert answer.status_code == 409
    assert set(answer.json()) == ERROR


class TestAPreview:
    def test_plans_its_writes_and_waits(self, client: TestClient) -> None:
        run = comes_to(client, started(client, "filing", preview=True), "waiting")

        assert (run["mode"], run["effects"]) == ("preview", [])
        assert [plan["request"]["title"] for plan in run["plans"]] == ["By the API"]
        assert [question["kind"] for question in run["questions"]] == ["preview"]

    def test_that_is_approved_sends_what_it_showed(self, client: TestClient) -> None:
        run_id = started(client, "filing", preview=True)
        hash = comes_to(client, run_id, "waiting")["plan_hash"]

        assert client.post(f"/api/runs/{run_id}/approve", json={"hash": hash, "by": "Ada"}).status_code == 202

        run = ended(client, run_id)
        assert (run["summary"]["status"], run["mode"]) == ("succeeded", "approved")
        assert [effect["status"] for effect in run["effects"]] == ["confirmed"]

    def test_is_approved_by_its_hash_alone(self, client: TestClient) -> None:
        run_id = started(client, "filing", preview=True)
        comes_to(client, run_id, "waiting")

        other = client.post(f"/api/runs/{run_id}/approve", json={"hash": "of another"})
        without = client.post(f"/api/runs/{run_id}/approve", json={})

        assert (other.status_code, other.json()["message"]) == (422, "This is not what was shown.")
        assert without.status_code == 422
        assert client.get(f"/api/runs/{run_id}").json()["summary"]["status"] == "waiting"

    def test_that_is_rejected_sends_nothing(self, client: TestClient) -> None:
        run_id = started(client, "filing", preview=True)
        comes_to(client, run_id, "waiting")

        assert client.post(f"/api/runs/{run_id}/reject").status_code == 202

        run = ended(client, run_id)
        assert (run["summary"]["status"], run["effects"]) == ("cancelled", [])


class TestAQuestion:
    def test_is_answered_once(self, client: TestClient) -> None:
        run_id = started(client, "asking")
        comes_to(client, run_id, "waiting")
        yes = {"step": "only", "value": {"approved": True}, "by": "Ada"}

        assert client.post(f"/api/runs/{run_id}/answer", json=yes).status_code == 202
        assert ended(client, run_id)["steps"][0]["output"]["by"] == "Ada"

        again = client.post(f"/api/runs/{run_id}/answer", json=yes)
        assert again.status_code == 404
        assert "asks nothing now" in again.json()["message"]

    def test_for_a_value_takes_one_of_its_type(self, client: TestClient) -> None:
        run_id = started(client, "counting")
        comes_to(client, run_id, "waiting")

        wrong = client.post(f"/api/runs/{run_id}/answer", json={"step": "only", "value": "many"})
        right = client.post(f"/api/runs/{run_id}/answer", json={"step": "only", "value": 3})

        assert (wrong.status_code, wrong.json()["code"]) == (422, "invalid_input")
        assert right.status_code == 202
        assert ended(client, run_id)["output"] == {"found": 3}


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/workflows/nothing"),
        ("GET", "/api/workflows/..%2F..%2Fsecrets"),
        ("POST", "/api/workflows/nothing/runs"),
        ("GET", "/api/runs/nothing"),
        ("POST", "/api/runs/nothing/cancel"),
        ("POST", "/api/runs/nothing/resume"),
        ("POST", "/api/runs/nothing/reject"),
        ("GET", "/api/elsewhere"),
    ],
)
def test_what_is_not_there_is_said_to_be_missing(client: TestClient, method: str, path: str) -> None:
    answer = client.request(method, path, json={} if method == "POST" else None)

    assert answer.status_code == 404
    assert set(answer.json()) == ERROR
    assert answer.json()["message"].startswith("There is no")


def test_an_input_of_the_wrong_type_starts_nothing(client: TestClient) -> None:
    answer = client.post("/api/workflows/repositories/runs", json={"inputs": {"limit": "many"}})

    assert answer.status_code == 422
    assert answer.json()["code"] == "invalid_input"
    assert client.get("/api/runs").json() == []


def test_a_broken_workflow_is_refused_with_every_mistake(client: TestClient, tmp_path: Any) -> None:
    broken = (
        '{"format": 1, "id": "broken", "steps": [{"id": "a", "uses": "no.such"}, {"id": "a", "uses": "none.either"}]}'
    )
    (tmp_path / "home" / "workflows" / "broken.json").write_text(broken)

    answer = client.post("/api/workflows/broken/runs", json={})

    assert answer.status_code == 422
    assert answer.json()["code"] == "invalid_workflow"
    assert len(answer.json()["problems"]) >= 2
    assert all(set(problem) == ERROR for problem in answer.json()["problems"])


@pytest.mark.parametrize(
    "body", ['{"inputs": [1]}', '{"input": {}}', '{"inputs": {', '"text"', '{"model": 7}'], ids=str
)
def test_a_request_of_another_shape_is_refused_with_the_place(client: TestClient, body: str) -> None:
    answer = client.post("/api/workflows/repositories/runs", content=body, headers={"content-type": "application/json"})

    assert answer.status_code == 422
    assert answer.json()["code"] == "invalid_request"
    assert answer.json()["problems"]


@pytest.mark.parametrize("query", ["status=gone", "limit=0", "limit=201", "offset=-1", "limit=all"])
def test_a_filter_that_means_nothing_is_refused(client: TestClient, query: str) -> None:
    assert client.get(f"/api/runs?{query}").status_code == 422


def test_a_body_that_is_too_large_is_refused(client: TestClient) -> None:
    answer = client.post("/api/workflows/repositories/runs", json={"inputs": {"limit": "x" * (LARGEST_BODY + 1)}})

    assert answer.status_code == 413
    assert set(answer.json()) == ERROR


def test_a_body_of_unknown_length_is_bounded_as_well(client: TestClient) -> None:
    pieces = (b" " * 100_000 for _ in range(LARGEST_BODY // 100_000 + 2))

    answer = client.post(
        "/api/workflows/repositories/runs", content=pieces, headers={"content-type": "application/json"}
    )

    assert answer.status_code == 413
