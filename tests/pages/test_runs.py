"""Runs: the list with its filter, and one run in full."""

from __future__ import annotations

import shutil
from typing import Any, ClassVar

import orjson
import pytest

from orchestrator.workflow_engine import WorkflowEngine
from studio.output import whole_content
from studio.run_step import whole_item
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

    def on_the_graph(when: int) -> str:
        at.session_state[f"graph-{result.run_id}"] = {"selected": {"id": "mail", "at": when}}
        at.run()
        return at.subheader[-1].value

    assert on_the_graph(1) == "Mail"
    at.button_group(key=f"step-{result.run_id}").set_value("page").run()
    assert at.subheader[-1].value == "File it"
    assert on_the_graph(1) == "File it", "nothing new was chosen there"
    assert on_the_graph(2) == "Mail", "the same box was chosen once more"


def test_a_failed_run_explains_itself_once_and_offers_the_way_on(
    open_page: Open, engine: WorkflowEngine, save: Save
) -> None:
    save("fails", steps=[failing_step()])
    result = engine.execute_workflow("fails")
    at = open_page("runs", id=result.run_id)

    (error,) = at.error
    assert error.value.startswith("Step **Add** failed")
    assert {"again", "way-step", "way-again"} <= {button.key for button in at.button}


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

    assert [error.value.partition("  \n")[0] for error in at.error] == ["**There is no run 'nope'.**"]


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
        at.session_state[f"again:{first}:mail"] = True
        at.run()
        assert at.text_input(key=f"again:{first}:mail:query").value == "is:unread"
        at.number_input(key=f"again:{first}:mail:limit").set_value(1).run()
        at.button(key=f"again:{first}:mail:from").click().run()

        second = engine.runs(limit=1)[0]
        assert (second.origin, second.mode) == (first, "preview")
        assert at.query_params["id"] == second.id
        engine.wait(second.id)
        assert len(engine.run(second.id).steps[0].output["messages"]) == 1

    def test_what_was_typed_for_one_run_is_not_taken_for_another(
        self, open_page: Open, engine: WorkflowEngine, save: Save
    ) -> None:
        step = {"id": "keep", "uses": "set", "with": {"values": {"who": "{{ inputs.who }}"}}}
        save("keeps", steps=[step], inputs={"who": {"default": ""}})
        first, second = (engine.execute_workflow("keeps", {"who": who}).run_id for who in ("Ada", "Bob"))
        at = open_page("runs", id=first)
        for run_id, who in ((first, "Ada"), (second, "Bob")):
            at.query_params["id"] = run_id
            at.session_state[f"again:{run_id}:keep"] = True
            at.run()
            [field] = [field for field in at.text_area if (field.key or "").endswith("keep:values")]
            assert orjson.loads(field.value or "") == {"who": who}

    def test_two_runs_are_compared_side_by_side(self, open_page: Open, engine: WorkflowEngine, save: Save) -> None:
        save("reads", inputs={"n": {"type": "integer", "default": 1}})
        first = engine.execute_workflow("reads").run_id
        second = engine.execute_workflow("reads", {"n": 2}).run_id
        at = open_page("runs", id=second, **{"with": first})
        assert any(head.value.startswith("Compared with the run of ") for head in at.subheader)
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
        at.selectbox(key=f"compare:{second}").select(first).run()
        assert at.query_params["with"] == [first] or at.query_params["with"] == first
        assert "Compared with the run of" in said(at)
        at.button(key="close-comparison").click().run()
        assert "Compared with the run of" not in said(at), "it stays closed, though the menu is open"


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


def test_a_test_that_nobody_named_is_called_by_the_run(open_page: Open, engine: WorkflowEngine, save: Save) -> None:
    save("reads")
    at = open_page("runs", id=engine.execute_workflow("reads").run_id)
    at.session_state["more"] = True
    at.run()
    at.button(key="keep-test").click().run()
    assert not at.exception
    assert "As on " in said(open_page("builder", id="reads", view="tests"))


class TestLargeOutputs:
    LARGE: ClassVar[dict[str, Any]] = {
        "messages": [{"name": f"row {n}", "tags": ["a"]} for n in range(20_000)],
    }

    def test_are_shown_by_their_beginning_without_being_read(
        self, open_page: Open, engine: WorkflowEngine, save: Save
    ) -> None:
        workflow = save("big", output={"all": "{{ steps.mail.messages }}"})
        run_id = engine.start_workflow(workflow, pins={"mail": self.LARGE})
        engine.wait(run_id)
        shutil.rmtree(engine.settings.home / "files")  # nothing of it is needed to look at the run

        at = open_page("runs", id=run_id)

        assert said(at).count("The first 50 of 20,000.") == 2, "of the step, and of the run"
        assert "<td>row 49</td>" in said(at)
        assert "row 50" not in said(at)

    def test_are_whole_for_whoever_asks_for_all_of_it(self, engine: WorkflowEngine, save: Save) -> None:
        run_id = engine.start_workflow(save("big"), pins={"mail": self.LARGE})
        engine.wait(run_id)
        assert orjson.loads(whole_content(whole_item(run_id, "mail", "", engine).output)) == self.LARGE

    def test_are_no_part_of_what_is_typed_to_run_again(
        self, open_page: Open, engine: WorkflowEngine, save: Save
    ) -> None:
        steps = [
            {"id": "mail", "uses": "gmail.search_messages", "with": {"query": "is:unread"}},
            {"id": "keep", "uses": "set", "with": {"values": {"all": "{{ steps.mail }}"}}},
        ]
        run_id = engine.start_workflow(save("big", steps=steps), pins={"mail": self.LARGE})
        engine.wait(run_id)
        at = open_page("runs", id=run_id, step="keep")
        at.session_state[f"again:{run_id}:keep"] = True
        at.run()
        assert f"again:{run_id}:keep:values" not in at.session_state
        assert "Too large to be changed here, and taken as it was: values" in said(at)
        at.button(key=f"again:{run_id}:keep:only").click().run()
        again = engine.run(engine.wait(engine.runs(limit=1)[0].id).run_id)
        assert again.steps[1].output == {"values": {"all": self.LARGE}}


def test_the_tries_of_a_step_say_what_each_cost_and_why_it_failed(
    open_page: Open, engine: WorkflowEngine, save: Save
) -> None:
    save("tries", steps=[{**failing_step(), "retry": {"attempts": 2, "backoff": 0.01}}])
    at = open_page("runs", id=engine.execute_workflow("tries").run_id)
    assert "<th>How it went</th>" in said(at)
    assert "leads to no page or database. In Notion, open it" in said(at)


def test_a_run_shows_its_files_whoever_wrote_them(open_page: Open, engine: WorkflowEngine, save: Save) -> None:
    note = {"id": "note", "uses": "files.write", "with": {"path": "a/note.md", "content": "# Hi"}}
    save("writes", steps=[note, failing_step()])
    run_id = engine.execute_workflow("writes").run_id
    (engine.settings.home / "runs" / run_id / "dot.png").write_bytes(b"x")  # by another process

    at = open_page("runs", id=run_id, step="note")

    assert at.expander[0].label == "2 files of this run"
    assert said(at).count(f'href="/api/runs/{run_id}/files/a/note.md" download') == 2, "of the run, and of the step"
    assert said(at).count("<img") == 1


def test_a_run_that_began_others_leads_to_them_and_back(open_page: Open, engine: WorkflowEngine, save: Save) -> None:
    save("inner", name="The inner one")
    save("outer", steps=[{"id": "call", "uses": "workflow", "with": {"workflow": "inner"}}])
    outer = engine.execute_workflow("outer").run_id
    at = open_page("runs", id=outer)
    assert "The inner one" in link_labels(at)
    inner = engine.runs(workflow="inner")[0].id
    assert "Another run began it and waits for it" in link_labels(open_page("runs", id=inner))


def test_the_one_item_that_failed_is_shown_first(open_page: Open, engine: WorkflowEngine, save: Save) -> None:
    add = {**FILES_A_PAGE[1], "id": "add", "with": {"parent": "{{ item }}", "title": "x", "markdown": "x"}, "needs": []}
    save("each", steps=[{**add, "for_each": "{{ ['Inbox summaries', 'nowhere'] }}", "on_error": "continue"}])
    at = open_page("runs", id=engine.execute_workflow("each").run_id, step="add")
    assert at.selectbox(key="item:add").options == ["Item 1 of 2", "Item 2 of 2"]
    assert at.selectbox(key="item:add").value == "1"
    assert "Failed: 2" in said(at)
