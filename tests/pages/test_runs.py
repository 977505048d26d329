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


class TestGoingBack:
    def test_a_run_goes_again_from_a_step_with_other_values(
        self, open_page: Open, engine: WorkflowEngine, save: Save
    ) -> None:
        save("files", steps=FILES_A_PAGE)
        first = engine.execute_workflow("files").run_id
        at = open_page("runs", id=first, step="mail")
        at.session_state["again:mail"] = True
        at.run()
        at.text_area(key="again:mail:input").set_value('{"query": "is:unread", "limit": 1}').run()
        at.button(key="again:mail:from").click().run()

        second = engine.runs(limit=1)[0]
        assert (second.origin, second.mode) == (first, "preview")
        assert at.query_params["id"] == second.id
        engine.wait(second.id)
        assert len(engine.run(second.id).steps[0].output["messages"]) == 1

    def test_two_runs_are_compared_side_by_side(self, open_page: Open, engine: WorkflowEngine, save: Save) -> None:
        save("reads", inputs={"n": {"type": "integer", "default": 1}})
        first = engine.execute_workflow("reads").run_id
        second = engine.execute_workflow("reads", {"n": 2}).run_id
        at = open_page("runs", id=second, **{"with": first})
        assert "Compared with the other run" in [head.value for head in at.subheader]
        assert "given n" in said(at)
        at.button(key="close-comparison").click().run()
        assert "with" not in at.query_params

    def test_a_run_is_chosen_to_compare_with_and_downloaded(
        self, open_page: Open, engine: WorkflowEngine, save: Save
    ) -> None:
        save("reads")
        first, second = (engine.execute_workflow("reads").run_id for _ in range(2))
        at = open_page("runs", id=second)
        at.session_state["more"] = True
        at.run()
        at.selectbox(key="compare-with").select(first).run()
        assert at.query_params["with"] == [first] or at.query_params["with"] == first
        assert "They were given the same" in said(at)


def test_the_list_is_narrowed_by_what_runs_say_and_how_they_began(
    open_page: Open, engine: WorkflowEngine, save: Save
) -> None:
    save("reads", inputs={"who": {"default": ""}})
    engine.execute_workflow("reads", {"who": "Zaphod"})
    other = engine.execute_workflow("reads", {"who": "Trillian"}).run_id
    at = open_page("runs", text="zaphod")
    assert link_labels(at).count("reads") == 1
    at = open_page("runs", began="again")
    assert "No run fits this filter." in said(at)
    engine.wait(engine.rerun(other))
    at.run()
    assert link_labels(at).count("reads") == 1


def test_a_run_becomes_a_test_of_its_workflow(open_page: Open, engine: WorkflowEngine, save: Save) -> None:
    save("files", steps=FILES_A_PAGE)
    run_id = engine.execute_workflow("files").run_id
    at = open_page("runs", id=run_id)
    at.session_state["more"] = True
    at.run()
    at.text_input(key="test-name").set_value("Files it").run()
    at.button(key="keep-test").click().run()

    at = open_page("builder", id="files", view="tests")
    assert "Files it" in said(at)
    effects = len(engine.run(run_id).effects)
    at.button(key="run-tests").click().run()
    assert "Nothing differs." in said(at)
    assert len(engine.runs()) == 1
    assert effects == 1
