"""Errors as JSON: each kind has its status, no answer is without bound, and no traceback leaves the server."""

from __future__ import annotations

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient
from structlog.testing import capture_logs

from api.failures import LONGEST_TEXT, MOST_PROBLEMS, add_failure_handlers
from orchestrator.errors import (
    InvalidFile,
    InvalidInput,
    InvalidTemplate,
    InvalidWorkflow,
    LeaseLost,
    NotFound,
    PatchbayError,
    Problem,
    Unavailable,
    Where,
)


def answering_with(error: Exception) -> TestClient:
    api = FastAPI()
    add_failure_handlers(api)

    @api.get("/")
    def fail() -> None:
        raise error

    return TestClient(api, raise_server_exceptions=False)


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (NotFound("There is none."), 404),
        (InvalidInput("Not a number."), 422),
        (InvalidFile("Not JSON."), 422),
        (InvalidWorkflow([Problem("cycle", "a needs b needs a.")]), 422),
        (LeaseLost("Another process has it."), 409),
        (InvalidTemplate("No end."), 400),
        (Unavailable("GitHub does not answer."), 400),
    ],
    ids=lambda value: getattr(value, "code", value),
)
def test_each_kind_of_error_has_its_status(error: PatchbayError, status: int) -> None:
    answer = answering_with(error).get("/")

    assert answer.status_code == status
    assert answer.json()["code"] == error.code


def test_an_error_says_what_happened_where_and_what_to_do() -> None:
    error = NotFound("There is no file.", remedy="Choose another.", where=Where(workflow="mail", step="read"))

    assert answering_with(error).get("/").json() == {
        "code": "not_found",
        "message": "There is no file.",
        "remedy": "Choose another.",
        "where": "workflow 'mail', step 'read'",
    }


def test_an_invalid_workflow_names_each_problem() -> None:
    problem = Problem("unknown_key", "There is no key 'ned'.", Where(step="read"), "Did you mean 'needs'?")

    assert answering_with(InvalidWorkflow([problem])).get("/").json()["problems"] == [
        {
            "code": "unknown_key",
            "message": "There is no key 'ned'.",
            "remedy": "Did you mean 'needs'?",
            "where": "step 'read'",
        }
    ]


def test_long_errors_are_cut() -> None:
    error = InvalidWorkflow([Problem("long", "x" * 100_000)] * 1_000)

    body = answering_with(error).get("/").json()

    assert len(body["message"]) == LONGEST_TEXT
    assert len(body["problems"]) == MOST_PROBLEMS
    assert len(body["problems"][0]["message"]) == LONGEST_TEXT


def test_what_nobody_foresaw_is_logged_and_not_shown() -> None:
    with capture_logs() as logs:
        answer = answering_with(ZeroDivisionError("secret detail")).get("/")

    assert answer.status_code == 500
    assert answer.json()["code"] == "internal"
    assert "secret detail" not in answer.text
    assert [str(line["exc_info"]) for line in logs] == ["secret detail"]
