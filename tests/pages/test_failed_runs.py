"""A failed run says why, and leads to where it can be mended."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from orchestrator.errors import CODES
from orchestrator.history import RunView
from orchestrator.workflow_engine import WorkflowEngine
from studio.practice_view import make_trouble
from studio.remedies import Way
from studio.routes import ROUTES
from studio.run_deeds import changed_since
from studio.run_failure import Lead, leads
from studio.run_view import explanation
from tests.pages.conftest import OFFLINE, Open, Save, failing_step, said

MAIL: dict[str, Any] = {"id": "mail", "uses": "gmail.search_messages", "with": {"query": "is:unread"}}


def given(expression: str) -> dict[str, Any]:
    return {"id": "s", "uses": "set", "with": {"values": {"text": expression}}}


def failed(engine: WorkflowEngine, workflow: str, **inputs: Any) -> RunView:
    result = engine.execute_workflow(workflow, inputs)
    assert result.status == "failed"
    return engine.run(result.run_id)


def ways_on(run: RunView, engine: WorkflowEngine) -> list[Lead]:
    found = explanation(run)
    assert found is not None
    return leads(found, run, engine)


def where(lead: Lead) -> tuple[str | None, dict[str, str]]:
    return lead.page, lead.query


def test_every_error_leads_somewhere(engine: WorkflowEngine, save: Save) -> None:
    save("fails", steps=[failing_step()])
    run = failed(engine, "fails")
    for code in [*CODES, "of_next_year"]:
        error = {"code": code, "message": "It went wrong.", "remedy": ""}
        broken = replace(run, summary=replace(run.summary, error=error))
        found = ways_on(broken, engine)
        assert found, code
        assert all(one.page in ROUTES or one.url or one.way.deed in ("again", "preview") for one in found), code


def test_a_refusal_leads_to_the_step_in_the_builder(open_page: Open, engine: WorkflowEngine, save: Save) -> None:
    save("fails", steps=[MAIL, failing_step()])
    run = failed(engine, "fails")
    at = open_page("runs", id=run.summary.id)
    assert "Likely cause" in at.error[0].value
    at.button(key="way-step").click().run()
    assert (at.query_params["id"], at.query_params["step"]) == ("fails", "add")
    assert at.session_state["chosen:fails"] == "add"


def test_a_step_that_took_too_long_leads_to_its_settings(open_page: Open, engine: WorkflowEngine, save: Save) -> None:
    save("slow", steps=[{**MAIL, "timeout": 0.001}])
    run = failed(engine, "slow")
    assert run.summary.error is not None
    assert run.summary.error["code"] == "timeout"
    at = open_page("runs", id=run.summary.id)
    at.button(key="way-settings").click().run()
    assert at.query_params["step"] == "mail"
    assert at.session_state["inspector:slow"] == "Settings"


def test_a_limit_leads_to_the_limits_of_the_workflow(engine: WorkflowEngine, save: Save) -> None:
    save("dear", budget={"tokens": 1}, steps=[{"id": "a", "uses": "ai.generate", "with": {"prompt": "Why?"}}])
    first = ways_on(failed(engine, "dear"), engine)[0]
    assert where(first) == ("builder", {"id": "dear", "view": "settings"})


def test_what_a_step_was_given_leads_to_the_step_and_names_the_field(engine: WorkflowEngine, save: Save) -> None:
    step = {**MAIL, "with": {"query": "x", "limit": "{{ inputs.many }}"}}
    save("odd", inputs={"many": {"default": "many"}}, steps=[step])
    run = failed(engine, "odd")
    assert where(ways_on(run, engine)[0]) == ("builder", {"id": "odd", "step": "mail"})
    found = explanation(run)
    assert found is not None
    assert found.field == "limit"


@pytest.mark.parametrize(
    ("more", "cause", "deed", "label"),
    [
        (
            {"steps": [MAIL, given("{{ steps.mail.messages[0].subjct }}")]},
            "misspelled",
            "step",
            "Correct the name",
        ),
        (
            {"steps": [MAIL | {"with": {"query": "from:nobody"}}, given("{{ steps.mail.messages[0].subject }}")]},
            "empty this time",
            "settings",
            "Run the step only if there is something",
        ),
        (
            {"budget": {"tokens": 1}, "steps": [{"id": "s", "uses": "ai.generate", "with": {"prompt": "Why?"}}]},
            "more than the workflow allows",
            "limits",
            "Raise the limit",
        ),
        (
            {"steps": [{"id": "s", "uses": "approve", "with": {"message": "Well?", "within": 0.01}}]},
            "the time for an answer was over",
            "again",
            "Ask again",
        ),
        (
            {"steps": [{"id": "s", "uses": "ai.generate", "with": {"prompt": "Why?", "model": "openai:gpt"}}]},
            "there is none yet",
            "account",
            "Connect OpenAI and compatible",
        ),
        (
            {
                "inputs": {"n": {"default": "many"}},
                "steps": [MAIL | {"with": {"query": "x", "limit": "{{ inputs.n }}"}}],
            },
            "another kind of value",
            "step",
            "Change the step",
        ),
    ],
    ids=["misspelled", "empty-list", "budget", "no-answer", "no-account", "wrong-kind"],
)
def test_a_likely_mistake_is_told_in_its_own_words(
    engine: WorkflowEngine, save: Save, more: dict[str, Any], cause: str, deed: str, label: str
) -> None:
    save("mistaken", **more)
    run = failed(engine, "mistaken")
    found = explanation(run)
    assert found is not None
    assert cause in found.cause
    assert "PATCHBAY_" not in found.remedy
    first = ways_on(run, engine)[0].way
    assert (first.deed, first.label) == (deed, label)


def test_a_workflow_that_it_ran_leads_to_that_run(engine: WorkflowEngine, save: Save) -> None:
    save("inner", steps=[failing_step()])
    save("outer", steps=[{"id": "call", "uses": "workflow", "with": {"workflow": "inner"}}])
    first = ways_on(failed(engine, "outer"), engine)[0]
    inner = engine.runs(workflow="inner")[0]
    assert where(first) == ("runs", {"id": inner.id})


def test_a_practice_service_that_fails_is_mended_before_it_is_tried_again(engine: WorkflowEngine, save: Save) -> None:
    save("reads", steps=[{"id": "a", "uses": "github.list_repositories"}])
    make_trouble(engine.practice_url, "github", "failing")
    assert [lead.way.deed for lead in ways_on(failed(engine, "reads"), engine)][:2] == ["practice", "again"]


@pytest.mark.parametrize("practice_url", [OFFLINE])
def test_an_account_that_was_refused_is_opened(engine: WorkflowEngine, save: Save) -> None:
    save("reads", steps=[{"id": "a", "uses": "github.list_repositories", "account": "work"}])
    engine.accounts.add("github", "work", {"token": "a-very-private-token", "base_url": OFFLINE})
    run = failed(engine, "reads")
    error = {"code": "account", "message": "GitHub refuses the token.", "remedy": ""}
    run = replace(run, summary=replace(run.summary, error=error))

    assert where(ways_on(run, engine)[0]) == ("accounts", {"change": "github", "name": "work"})
    engine.accounts.remove("github", "work")
    assert where(ways_on(run, engine)[0]) == ("accounts", {"add": "github"})


def test_a_practice_service_that_was_made_to_fail_is_led_to(
    open_page: Open, engine: WorkflowEngine, save: Save
) -> None:
    save("reads", steps=[{"id": "a", "uses": "github.list_repositories"}])
    make_trouble(engine.practice_url, "github", "wrong_token")
    run = failed(engine, "reads")
    assert run.summary.error is not None
    assert run.summary.error["code"] == "account"
    assert where(ways_on(run, engine)[0]) == ("practice", {"section": "Trouble"})
    assert "made to" in open_page("runs", id=run.summary.id).error[0].value


def test_a_corrected_workflow_goes_on_where_the_failed_one_stopped(
    open_page: Open, engine: WorkflowEngine, save: Save
) -> None:
    save("mends", steps=[MAIL, failing_step()])
    run = failed(engine, "mends")
    assert changed_since(run, engine) is None
    pages = {"parent": "Inbox summaries", "title": "Test page", "markdown": "x"}
    save("mends", steps=[MAIL, {"id": "add", "uses": "notion.create_page", "with": pages, "needs": ["mail"]}])

    assert [lead.way for lead in ways_on(run, engine)] == [
        Way("step", "Change the step"),
        Way("again", "Try again with the changed workflow"),
        Way("again", "As it was"),
    ]
    at = open_page("runs", id=run.summary.id)
    at.button(key="way-again-changed").click().run()
    mended = engine.runs(limit=1)[0]
    assert mended.origin == run.summary.id
    assert engine.wait(mended.id).status == "succeeded"
    assert engine.run(mended.id).steps[0].attempts == 0, "what was done is taken over"


def test_a_workflow_that_is_gone_still_has_a_way(open_page: Open, engine: WorkflowEngine, save: Save) -> None:
    save("gone", steps=[failing_step()])
    run = failed(engine, "gone")
    engine.library.workflows.delete("gone")
    assert [lead.way.deed for lead in ways_on(run, engine)] == ["again"]
    assert "Likely cause" in said(open_page("runs", id=run.summary.id))
