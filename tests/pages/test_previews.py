"""Looking before it leaps: a preview on its page, approved or not."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from orchestrator.workflow_engine import WorkflowEngine
from tests.pages.conftest import FILES_A_PAGE, Open, Save, said


def keys(at: AppTest) -> set[str | None]:
    return {button.key for button in at.button}


@pytest.fixture
def run_id(engine: WorkflowEngine, save: Save) -> str:
    """A preview that has come to its question."""
    save("files", name="Files mail", steps=FILES_A_PAGE, output={"url": "{{ steps.page.url }}"})
    started = engine.start_workflow("files", preview=True)
    engine.wait(started)
    return started


def test_the_page_shows_what_will_be_sent_and_asks(open_page: Open, engine: WorkflowEngine, run_id: str) -> None:
    at = open_page("runs", id=run_id)

    assert "1 write planned, nothing sent yet" in said(at)
    assert "Create the page 'Test page' in 'Inbox summaries'." in said(at)
    assert "Create 1 page" in said(at)
    assert 'title="filled in when it is sent">mark</span>' in said(at)
    assert "<script>" not in said(at)
    assert {"approve", "reject"} <= keys(at)
    assert not {"cancel", "again"} & keys(at), "there are two ways on, and one of them is no"
    assert engine.run(run_id).effects == ()


def test_the_list_of_runs_tells_it_from_a_run(open_page: Open, engine: WorkflowEngine, run_id: str) -> None:
    assert "Preview]" in said(open_page("runs"))
    engine.approve(run_id)
    engine.wait(run_id)
    assert "Preview]" not in said(open_page("runs"))


def test_approved_it_goes_out_and_the_page_goes_on(open_page: Open, engine: WorkflowEngine, run_id: str) -> None:
    at = open_page("runs", id=run_id)

    at.button(key="approve").click().run()
    assert "Approved" in at.toast[0].value
    assert at.query_params["id"] == run_id

    assert engine.wait(run_id).status == "succeeded"
    at.run()
    assert len(engine.run(run_id).effects) == 1
    assert "What it did" in said(at)
    assert not {"approve", "reject"} & keys(at)
    assert {"preview-again", "again"} <= keys(at)


def test_not_approved_nothing_is_sent(open_page: Open, engine: WorkflowEngine, run_id: str) -> None:
    at = open_page("runs", id=run_id)

    at.button(key="reject").click().run()

    assert engine.wait(run_id).status == "cancelled"
    assert engine.run(run_id).effects == ()
    assert "Nothing was sent" in at.info[0].value
    assert "preview-again" in keys(at)
    assert not {"again", "resume"} & keys(at), "whoever said no is not one click away from yes"


def test_what_was_decided_elsewhere_is_one_sentence(open_page: Open, engine: WorkflowEngine, run_id: str) -> None:
    at = open_page("runs", id=run_id)
    engine.reject(run_id)
    engine.wait(run_id)

    at.button(key="approve").click().run()

    assert "decided already" in at.toast[0].value
    assert len(at.error) == 0
    assert engine.run(run_id).effects == ()


def test_it_can_be_looked_at_again(open_page: Open, engine: WorkflowEngine, run_id: str) -> None:
    engine.reject(run_id)
    engine.wait(run_id)
    at = open_page("runs", id=run_id)

    at.button(key="preview-again").click().run()

    again = at.query_params["id"]
    assert again != run_id
    engine.wait(str(again))
    assert engine.run(str(again)).mode == "preview"


def test_a_workflow_that_sends_nothing_has_simply_run(open_page: Open, engine: WorkflowEngine, save: Save) -> None:
    save("reads")
    run_id = engine.start_workflow("reads", preview=True)
    engine.wait(run_id)

    assert "simply ran to its end" in open_page("runs", id=run_id).info[0].value


def test_a_preview_begins_on_home(open_page: Open, engine: WorkflowEngine, save: Save) -> None:
    save("files", name="Files mail", steps=FILES_A_PAGE)
    at = open_page("home")

    at.button(key="preview-files").click().run()

    (run,) = engine.runs(workflow="files")
    engine.wait(run.id)
    assert engine.run(run.id).mode == "preview"
    assert at.query_params["id"] == run.id


def test_a_preview_begins_in_the_form(open_page: Open, engine: WorkflowEngine, save: Save) -> None:
    save("files", name="Files mail", steps=FILES_A_PAGE)
    at = open_page("workflows", id="files")

    next(button for button in at.button if button.label == "Preview").click().run()

    (run,) = engine.runs(workflow="files")
    engine.wait(run.id)
    assert engine.run(run.id).mode == "preview"


def test_home_says_what_waits_for_a_look(open_page: Open, run_id: str) -> None:
    at = open_page("home")

    assert "Waiting for you" in said(at)
    assert "Create 1 page" in said(at)
    assert "approve" not in keys(at), "nothing is approved unseen"


class TestWhatAPreviewCouldNotShow:
    LATER = {  # noqa: RUF012
        "id": "later",
        "uses": "gmail.send_message",
        "if": "{{ steps.page.url != '' }}",
        "with": {"to": "b@example.com", "subject": "It is there", "body": "See {{ steps.page.url }}"},
    }

    @pytest.fixture
    def asking(self, engine: WorkflowEngine, save: Save) -> str:
        save("files", name="Files mail", steps=[*FILES_A_PAGE, self.LATER])
        run_id = engine.start_workflow("files", preview=True)
        engine.wait(run_id)
        return run_id

    def test_is_named_with_its_reason(self, open_page: Open, asking: str) -> None:
        assert "is open: it depends on what only the service can choose" in said(open_page("runs", id=asking))

    def test_is_shown_and_asked_about_when_the_run_gets_there(
        self, open_page: Open, engine: WorkflowEngine, asking: str
    ) -> None:
        engine.approve(asking, hash=engine.run(asking).plan_hash)
        assert engine.wait(asking).status == "waiting"
        at = open_page("runs", id=asking)
        assert "b@example.com" in said(at)

        at.button(key=f"yes:{asking}:later:").click().run()

        assert engine.wait(asking).status == "succeeded"
        assert [effect.step for effect in engine.run(asking).effects] == ["page", "later"]
