"""Runs: the list with its filter, and one run in full."""

from __future__ import annotations

import pytest

from orchestrator.workflow_engine import WorkflowEngine
from tests.pages.conftest import FILES_A_PAGE, OFFLINE, Open, Save, failing_step, link_labels, said


def test_a_run_that_made_something_shows_it_and_the_way_there(
    open_page: Open, engine: WorkflowEngine, save: Save
) -> None:
    save("files", name="Files mail", steps=FILES_A_PAGE, output={"url": "{{ steps.page.url }}"})
    result = engine.execute_workflow("files")
    at = open_page("runs", id=result.run_id)

    assert result.status == "succeeded", result.error
    assert at.title[0].value == "Files mail"
    assert link_labels(at).count("Open") == 1
    assert "File it" in said(at)
    assert "What it did" in said(at)
    assert ":material/check_circle: Done" in said(at)
    assert "<script>" not in said(at)
    assert {"again"} <= {button.key for button in at.button}
    assert "cancel" not in {button.key for button in at.button}


def test_a_step_can_be_chosen_by_the_address(open_page: Open, engine: WorkflowEngine, save: Save) -> None:
    save("files", steps=FILES_A_PAGE)
    result = engine.execute_workflow("files")
    at = open_page("runs", id=result.run_id, step="mail")

    assert at.subheader[-1].value == "Mail"
    assert at.query_params["step"] == "mail"
    assert "<th>Subject</th>" in said(at)


def test_a_step_can_be_chosen_on_the_graph(open_page: Open, engine: WorkflowEngine, save: Save) -> None:
    save("files", steps=FILES_A_PAGE)
    result = engine.execute_workflow("files")
    at = open_page("runs", id=result.run_id)
    assert at.subheader[-1].value == "File it"

    at.session_state[f"graph-{result.run_id}"] = {"selected": "mail"}
    at.run()
    assert at.subheader[-1].value == "Mail"


def test_a_failed_run_explains_itself_once_and_offers_the_way_on(
    open_page: Open, engine: WorkflowEngine, save: Save
) -> None:
    save("fails", steps=[failing_step()])
    result = engine.execute_workflow("fails")
    at = open_page("runs", id=result.run_id)

    (error,) = at.error
    assert error.value.startswith("Step **Add** failed")
    assert {"again", "resume"} <= {button.key for button in at.button}


def test_run_again_starts_a_new_run_of_the_same_and_leads_to_it(
    open_page: Open, engine: WorkflowEngine, save: Save
) -> None:
    save("reads")
    first = engine.execute_workflow("reads").run_id
    at = open_page("runs", id=first)

    at.button(key="again").click().run()

    assert at.query_params["id"] != first
    assert len(engine.runs(workflow="reads")) == 2


@pytest.mark.parametrize("practice_url", [OFFLINE])
def test_a_run_on_its_way_is_watched_and_can_be_cancelled(open_page: Open, engine: WorkflowEngine, save: Save) -> None:
    save("stuck", steps=[{"id": "a", "uses": "github.list_repositories", "retry": {"attempts": 2, "backoff": 3600}}])
    run_id = engine.start_workflow("stuck")
    at = open_page("runs", id=run_id)
    assert "again" not in {button.key for button in at.button}
    assert "Timeline" not in said(at)

    at.button(key="cancel").click().run()

    assert engine.wait(run_id).status == "cancelled"
    at.run()
    assert "Cancelled" in said(at)
    assert "Timeline" in said(at)


def test_an_unknown_run_is_one_sentence(open_page: Open) -> None:
    at = open_page("runs", id="nope")

    assert len(at.error) == 1
    assert "nope" in at.error[0].value


def test_the_list_is_filtered_by_state_and_workflow(open_page: Open, engine: WorkflowEngine, save: Save) -> None:
    save("reads", name="Reads mail")
    save("fails", name="Fails", steps=[failing_step()])
    engine.execute_workflow("reads")
    engine.execute_workflow("fails")

    everything = link_labels(open_page("runs"))
    assert everything == ["Fails", "Reads mail"]

    at = open_page("runs")
    at.pills(key="status").select("Failed").run()
    assert link_labels(at) == ["Fails"]

    at = open_page("runs")
    at.selectbox(key="workflow").select("reads").run()
    assert link_labels(at) == ["Reads mail"]


def test_a_list_without_a_run_says_what_to_do(open_page: Open) -> None:
    assert "Nothing has run yet" in said(open_page("runs"))
