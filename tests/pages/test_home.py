"""Home: one click runs a workflow; what needs a person comes first."""

from __future__ import annotations

from orchestrator.workflow_engine import WorkflowEngine
from tests.pages.conftest import Open, Save, failing_step, link_labels, said


def test_one_click_runs_a_workflow_and_leads_to_its_run(open_page: Open, engine: WorkflowEngine, save: Save) -> None:
    save("reads", name="Reads mail")
    at = open_page("home")

    at.button(key="run-reads").click().run()

    (run,) = engine.runs(workflow="reads")
    assert at.query_params["id"] == run.id
    assert at.title[0].value == "Reads mail"


def test_a_workflow_that_asks_for_something_leads_to_its_form(open_page: Open, save: Save) -> None:
    save("asks", name="Asks", inputs={"where": {"title": "Where to"}})
    at = open_page("home")

    assert "Fill in and run \\(Where to\\)" in link_labels(at)
    assert "run-asks" not in {button.key for button in at.button}


def test_a_workflow_with_a_mistake_cannot_be_started_and_says_why(open_page: Open, save: Save) -> None:
    save("wrong", steps=[{"id": "a", "uses": "gmail.serch_messages"}])
    at = open_page("home")

    assert "It cannot run yet" in said(at)
    assert "Open and correct" in link_labels(at)
    assert "run-wrong" not in {button.key for button in at.button}


def test_a_failed_run_waits_for_you_until_the_workflow_ran_again(
    open_page: Open, engine: WorkflowEngine, save: Save
) -> None:
    save("fails", name="Fails", steps=[failing_step()])
    assert "Waiting for you" not in said(open_page("home"))

    engine.execute_workflow("fails")
    assert "Waiting for you" in said(open_page("home"))

    save("fails", name="Fails")
    engine.execute_workflow("fails")
    assert "Waiting for you" not in said(open_page("home"))


def test_an_empty_studio_says_what_to_do(open_page: Open) -> None:
    assert "Nothing has run yet" in said(open_page("home"))


def test_recent_runs_are_listed(open_page: Open, engine: WorkflowEngine, save: Save) -> None:
    save("reads", name="Reads mail")
    engine.execute_workflow("reads")
    at = open_page("home")

    assert "Reads mail" in link_labels(at)
    assert "Succeeded" in said(at)
