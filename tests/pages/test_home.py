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


class TestAnEmptyStudio:
    def test_says_what_to_do(self, open_page: Open) -> None:
        at = open_page("home")
        assert "Nothing has run yet" in said(at)
        assert [one.value for one in at.subheader][:3] == ["1. Try one", "2. Make it yours", "3. Look further"]
        assert "The gallery\\: workflows by purpose" in link_labels(at)

    def test_has_three_workflows_to_try_with_one_click_each(self, open_page: Open, engine: WorkflowEngine) -> None:
        at = open_page("home")
        runs = [str(button.key) for button in at.button if str(button.key).startswith("run-")]
        assert runs == ["run-email_to_notion", "run-generate_sop_to_github", "run-simple_ai_completion"]

        at.button(key="run-simple_ai_completion").click().run()

        (run,) = engine.runs()
        assert at.query_params["id"] == run.id

    def test_opens_the_builder_on_a_copy(self, open_page: Open, engine: WorkflowEngine) -> None:
        at = open_page("home").button(key="mine-email_to_notion").click().run()

        id = at.query_params["id"]
        draft = engine.workflow_versions.drafts.get(id)
        assert draft is not None
        assert "My Email to Notion summary" in draft.content
        assert id != "email_to_notion"
        assert id not in engine.library.workflows.ids(), "nothing is published yet"

    def test_is_none_any_more_once_something_was_made(self, open_page: Open, save: Save) -> None:
        save("reads", name="Reads mail")
        assert "1. Try one" not in said(open_page("home"))


class TestPinned:
    def test_workflows_stand_on_home_alone(self, open_page: Open, save: Save) -> None:
        save("reads", name="Reads mail")
        at = open_page("workflows")
        at.button(key="pin-reads").click().run()
        at = open_page("home")
        assert "Pinned" in [one.value for one in at.subheader]
        assert [button.key for button in at.button if str(button.key).startswith("run-")] == ["run-reads"]
        assert "All workflows" in link_labels(at)

    def test_workflows_can_be_let_go_of_there(self, open_page: Open, save: Save) -> None:
        save("reads", name="Reads mail")
        open_page("workflows", id="reads").button(key="pin-reads").click().run()
        at = open_page("home")
        at.button(key="pin-reads").click().run()
        assert "Pinned" not in [one.value for one in at.subheader]
        assert "run-email_to_notion" in {button.key for button in at.button}

    def test_workflows_that_were_deleted_are_left_out(
        self, open_page: Open, engine: WorkflowEngine, save: Save
    ) -> None:
        save("reads", name="Reads mail")
        open_page("workflows", id="reads").button(key="pin-reads").click().run()
        engine.library.workflows.delete("reads")
        assert "Pinned" not in [one.value for one in open_page("home").subheader]


def test_drafts_that_are_not_published_are_there_to_go_on_with(
    open_page: Open, engine: WorkflowEngine, save: Save
) -> None:
    save("reads", name="Reads mail")
    assert "Go on with" not in said(open_page("home"))
    engine.workflow_versions.drafts.save("new", '{"name": "My new one"}', base=0, after=0, by="ann")
    engine.template_versions.drafts.save("text", "{ not yet", base=0, after=0, by="ann")

    text = said(open_page("home"))

    assert "Go on with" in text
    assert "My new one" in text
    assert "**text**" in text, "a draft that is no JSON yet is called by its id"
    assert "by ann" in text


def test_an_account_that_does_not_work_is_named(open_page: Open, engine: WorkflowEngine) -> None:
    engine.accounts.add("github", "work", {"token": "a-very-private-token"}, expires_at=1.0)
    text = said(open_page("home"))
    assert "Accounts that need care" in text
    assert "account 'work'" in text


def test_recent_runs_are_listed(open_page: Open, engine: WorkflowEngine, save: Save) -> None:
    save("reads", name="Reads mail")
    engine.execute_workflow("reads")
    at = open_page("home")

    assert "Reads mail" in link_labels(at)
    assert "Succeeded" in said(at)


def test_of_many_workflows_those_that_ran_last_are_at_hand(open_page: Open, engine: WorkflowEngine, save: Save) -> None:
    for number in range(9):
        save(f"many_{number}", name=f"Many {number}")
    engine.execute_workflow("many_8")
    at = open_page("home")
    assert next(button.key for button in at.button if str(button.key).startswith("run-")) == "run-many_8"
    assert len([button for button in at.button if str(button.key).startswith("pin-")]) == 8
    assert "All workflows" in link_labels(at)
