"""Whatever goes wrong, a person reads one sentence."""

from __future__ import annotations

from structlog.testing import capture_logs

from orchestrator.errors import AccountError, InvalidWorkflow, Problem, Where
from studio.failures import Failure, describe


def test_an_error_of_ours_says_what_where_and_what_to_do() -> None:
    error = AccountError("GitHub refuses the token.", remedy="Connect again.", where=Where("w", "issue"))

    assert describe(error) == Failure(
        "GitHub refuses the token.", "Connect again.", "workflow 'w', step 'issue'", code="account"
    )


def test_a_wrong_workflow_lists_its_problems() -> None:
    problems = Problem("a", "one"), Problem("b", "two")
    assert describe(InvalidWorkflow(problems)).problems == problems


def test_an_error_that_nobody_foresaw_gets_a_reference_that_is_in_the_log() -> None:
    with capture_logs() as logs:
        failure = describe(ValueError("secret details"))

    assert failure.reference
    assert failure.reference in failure.remedy
    assert "secret details" not in failure.message + failure.remedy + failure.place
    assert [entry["reference"] for entry in logs] == [failure.reference]
    assert isinstance(logs[0]["exc_info"], ValueError)
