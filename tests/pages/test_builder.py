"""The Builder: a workflow changed by hand, kept as a draft, published as a version."""

from __future__ import annotations

import json
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from orchestrator.workflow import Workflow
from orchestrator.workflow_engine import WorkflowEngine
from orchestrator.workflow_tests import WorkflowTests, made_of
from tests.pages.conftest import Open, Save, expression, link_labels, said, tell, type_into


@pytest.fixture
def at(open_page: Open, save: Save) -> AppTest:
    """The Builder on a workflow of one step."""
    save("reads", name="Reads mail")
    return open_page("builder", id="reads")


def choose(at: AppTest, step: str = "mail") -> AppTest:
    """Click a step on the canvas."""
    at.session_state["chosen:reads"] = step
    return at.run()


def view(at: AppTest, name: str) -> AppTest:
    at.session_state["view"] = name
    return at.run()


def type_json(at: AppTest, engine: WorkflowEngine, text: str) -> AppTest:
    """Type in the place of what stands under JSON."""
    view(at, "json")
    return type_into(at, "json:reads", text)


def draft(engine: WorkflowEngine, id: str = "reads") -> Any:
    kept = engine.workflow_versions.drafts.get(id)
    return None if kept is None else json.loads(kept.content)


def press(at: AppTest, key: str) -> AppTest:
    return at.button(key=key).click().run()


def publish(at: AppTest) -> AppTest:
    at.session_state["publish"] = True
    at.run()
    return press(at, "publish-now")


QUERY = "param:reads:mail:query:text"
LIMIT = "param:reads:mail:limit:text"


class TestAStep:
    def test_is_changed_in_its_form_and_kept_at_once(self, at: AppTest, engine: WorkflowEngine) -> None:
        choose(at)
        type_into(at, QUERY, "from:ann")
        assert not at.exception
        assert draft(engine)["steps"][0]["with"]["query"] == "from:ann"
        assert "Draft, kept" in said(at)
        assert engine.load_workflow("reads").steps[0].with_["query"] == "is:unread", "the draft is not what runs"

    def test_has_a_name_that_people_read(self, at: AppTest, engine: WorkflowEngine) -> None:
        choose(at)
        at.text_input(key="name:reads:mail").set_value("Look for mail").run()
        assert draft(engine)["steps"][0]["name"] == "Look for mail"

    def test_shows_what_an_expression_gives_now_and_why_it_gives_nothing(self, at: AppTest) -> None:
        choose(at)
        type_into(at, QUERY, "{{ run.workflow | upper }}")
        assert expression(at, QUERY)["answer"] == {"kind": "value", "text": "READS MAIL", "more": ""}
        type_into(at, QUERY, "{{ inputs.nobody }}")
        answer = expression(at, QUERY)["answer"]
        assert answer["kind"] == "wrong"
        assert "There is no 'nobody' here" in answer["text"]

    def test_can_use_what_the_browser_is_given_once_for_all_its_fields(self, at: AppTest) -> None:
        choose(at)
        form = expression(at, QUERY)["form"]
        [run] = expression(at, form)["names"]
        assert [part["at"] for part in run["parts"]] == [".id", ".started_at", ".workflow"]

    def test_takes_a_number_from_an_expression_too(self, at: AppTest, engine: WorkflowEngine) -> None:
        choose(at)
        press(at, "param:reads:mail:limit:fx-button")
        type_into(at, LIMIT, "{{ inputs.many }}")
        assert draft(engine)["steps"][0]["with"]["limit"] == "{{ inputs.many }}"
        type_into(at, LIMIT, "many")
        shown = expression(at, LIMIT)
        assert "'many' is no number." in shown["wrong"]
        assert shown["value"] == "many", "it stays to be corrected"
        assert draft(engine)["steps"][0]["with"]["limit"] == "{{ inputs.many }}"
        press(at, "param:reads:mail:limit:fx-button")
        assert "limit" not in draft(engine)["steps"][0]["with"]

    def test_has_settings_that_are_written_only_when_they_say_something(
        self, at: AppTest, engine: WorkflowEngine
    ) -> None:
        choose(at)
        at.session_state["inspector:reads"] = "Settings"
        at.run()
        at.number_input(key="setting:reads:mail:timeout").set_value(30.0).run()
        type_into(at, "setting:reads:mail:if", "true")
        assert {key: draft(engine)["steps"][0][key] for key in ("timeout", "if")} == {"timeout": 30, "if": True}
        at.number_input(key="setting:reads:mail:timeout").set_value(None).run()
        assert "timeout" not in draft(engine)["steps"][0]

    def test_says_how_it_is_tried_again_and_how_long_a_result_is_good_for(
        self, at: AppTest, engine: WorkflowEngine
    ) -> None:
        choose(at)
        at.session_state["inspector:reads"] = "Settings"
        at.run()

        def step() -> Any:
            return draft(engine)["steps"][0]

        at.number_input(key="setting:reads:mail:retry.attempts").set_value(3).run()
        assert step()["retry"] == {"attempts": 3}
        at.number_input(key="setting:reads:mail:retry.backoff").set_value(0.0).run()
        at.number_input(key="setting:reads:mail:retry.max_delay").set_value(30.0).run()
        at.multiselect(key="setting:reads:mail:retry.on").set_value(["timeout"]).run()
        assert step()["retry"] == {"attempts": 3, "backoff": 0, "max_delay": 30, "on": ["timeout"]}
        at.toggle(key="setting:reads:mail:cache").set_value(True).run()
        at.number_input(key="setting:reads:mail:cache.hours").set_value(2.0).run()
        assert step()["cache"] == 7200
        at.number_input(key="setting:reads:mail:cache.hours").set_value(24.0).run()
        assert step()["cache"] is True
        at.number_input(key="setting:reads:mail:retry.attempts").set_value(1).run()
        assert "retry" not in step(), "one try is none again"

    def test_is_offered_no_setting_that_the_checker_refuses_and_is_rid_of_one_that_it_has(
        self, open_page: Open, save: Save, engine: WorkflowEngine
    ) -> None:
        save("waits", steps=[{"id": "pause", "uses": "wait", "with": {"seconds": 1}, "timeout": 5}])
        at = open_page("builder", id="waits", step="pause")
        at.session_state["inspector:waits"] = "Settings"
        at.run()
        assert [one.key for one in at.number_input if one.key and one.key.startswith("setting:")] == []
        assert "Wait has no 'timeout'." in said(at)
        press(at, "remove:setting:waits:pause:timeout")
        assert "timeout" not in draft(engine, "waits")["steps"][0]
        assert "has no 'timeout'" not in said(at)

    def test_is_tried_out_and_its_output_pinned(self, at: AppTest, engine: WorkflowEngine) -> None:
        choose(at)
        at.session_state["inspector:reads"] = "Test"
        at.run()
        press(at, "test-step")
        [run] = engine.runs()
        assert engine.wait(run.id).status == "succeeded"
        at.run()
        press(at, "pin")
        assert draft(engine)["layout"]["pins"]["mail"]["messages"]
        assert "Pinned" in said(at)

    def test_that_nothing_came_of_yet_begins_with_its_setup(self, at: AppTest, engine: WorkflowEngine) -> None:
        choose(at)
        at.session_state["inspector:reads"] = "Test"
        at.run()
        press(at, "test-step")
        engine.wait(engine.runs()[0].id)
        steps = [{"id": "mail", "uses": "gmail.search_messages"}, {"id": "later", "uses": "ai.generate"}]
        type_json(at, engine, json.dumps({"format": 1, "id": "reads", "steps": steps}))
        view(at, "canvas")
        choose(at, "later")
        assert at.session_state["inspector:reads"] == "Setup"
        at.session_state["inspector:reads"] = "Test"
        at.run()
        assert at.session_state["inspector:reads"] == "Test"
        choose(at, "mail")
        assert at.session_state["inspector:reads"] == "Test"


class TestAStepWithABody:
    @pytest.fixture
    def at(self, open_page: Open, save: Save) -> AppTest:
        body = [{"id": "draw", "uses": "set", "with": {"values": {"n": "{{ index }}"}}}]
        loop = {"id": "again", "uses": "loop_until", "with": {"until": "{{ false }}", "limit": 3}, "steps": body}
        save("reads", steps=[loop])
        return choose(open_page("builder", id="reads"), "again")

    def test_looks_at_what_the_steps_inside_gave(self, at: AppTest) -> None:
        until = type_into(at, "param:reads:again:until:text", "{{ steps.draw.values.n > 1 }}")
        field = expression(until, "param:reads:again:until:text")
        assert field["answer"]["text"] == "Its value shows here once 'Draw' has run."
        assert "steps.draw" in [name["at"] for name in expression(until, field["form"])["names"]]

    def test_says_what_it_gives_each_time(self, at: AppTest, engine: WorkflowEngine) -> None:
        at.session_state["inspector:reads"] = "Settings"
        at.run()
        at.text_input(key="setting:reads:again:output.new").set_value("n").run()
        press(at, "setting:reads:again:output.add")
        type_into(at, "setting:reads:again:output.n", "{{ steps.draw.values.n }}")
        assert draft(engine)["steps"][0]["output"] == {"n": "{{ steps.draw.values.n }}"}
        press(at, "setting:reads:again:output.n.remove")
        assert "output" not in draft(engine)["steps"][0]


class TestAWriteThatIsTriedOut:
    def test_is_only_shown(self, open_page: Open, engine: WorkflowEngine, save: Save) -> None:
        page = {"id": "page", "uses": "notion.create_page", "with": {"parent": "Inbox summaries", "title": "T"}}
        save("files", steps=[page])
        at = open_page("builder", id="files")
        at.session_state["chosen:files"] = "page"
        at.session_state["inspector:files"] = "Test"
        at.run()
        press(at, "test-step")
        [run] = engine.runs()
        engine.wait(run.id)
        at.run()
        assert not at.exception
        assert "Nothing was sent" in said(at)
        assert engine.run(run.id).effects == ()

    def test_waits_for_nobody_once_it_is_tried_out_again(
        self, open_page: Open, engine: WorkflowEngine, save: Save
    ) -> None:
        page = {"id": "page", "uses": "notion.create_page", "with": {"parent": "Inbox summaries", "title": "T"}}
        save("files", steps=[page])
        at = open_page("builder", id="files")
        at.session_state["chosen:files"] = "page"
        at.session_state["inspector:files"] = "Test"
        at.run()
        for _ in range(2):
            press(at, "test-step")
            engine.wait(engine.runs()[0].id)
        second, first = engine.runs()
        assert engine.run(second.id).questions
        assert engine.wait(first.id).status == "cancelled"
        assert not engine.run(first.id).questions


class TestAPress:
    """On a slow server the page learns of an edit together with the press that came after it."""

    @pytest.mark.parametrize("part", ["canvas", "json"])
    def test_runs_what_was_edited_just_before(self, part: str, at: AppTest, engine: WorkflowEngine) -> None:
        view(at, part)
        content = engine.load_workflow("reads").dump()
        content["steps"][0]["name"] = "Edited"
        at.button(key="run").click()
        if part == "canvas":
            tell(at, "builder:reads", draft=content)
        else:
            tell(at, "json:reads", text=json.dumps(content))
        [run] = engine.runs()
        assert engine.run(run.id).steps[0].name == "Edited"
        assert draft(engine)["steps"][0]["name"] == "Edited"

    def test_of_a_part_of_the_builder_loses_nothing_that_was_typed(self, at: AppTest, engine: WorkflowEngine) -> None:
        view(at, "json")
        at.session_state["view"] = "canvas"
        tell(at, "json:reads", text="{ not finished")
        assert "The text under JSON is broken" in at.warning[0].value

    def test_in_the_form_of_a_step_is_not_lost_to_an_edit_on_the_canvas(
        self, at: AppTest, engine: WorkflowEngine
    ) -> None:
        choose(at)
        at.session_state["inspector:reads"] = "Test"
        at.run()
        content = engine.load_workflow("reads").dump()
        at.button(key="test-step").click()
        tell(at, "builder:reads", draft={**content, "layout": {"steps": {"mail": [5, 5]}}})
        assert len(engine.runs()) == 1


class TestTheText:
    def test_that_is_broken_is_kept_and_loses_no_canvas(self, at: AppTest, engine: WorkflowEngine) -> None:
        type_json(at, engine, "{ not finished")
        kept = engine.workflow_versions.drafts.get("reads")
        assert kept is not None
        assert kept.content == "{ not finished"
        assert "1 problem" in said(at)
        view(at, "canvas")
        assert not at.exception
        assert "The text under JSON is broken" in at.warning[0].value

    def test_with_a_mistake_names_it_and_leads_to_the_step(self, at: AppTest, engine: WorkflowEngine) -> None:
        text = engine.library.workflows.text("reads").replace("gmail.search", "gmail.serch")
        type_json(at, engine, text)
        assert "gmail.search" in said(at)
        assert at.button(key="run").disabled
        view(at, "canvas")
        press(at, "problem:0")
        assert at.session_state["chosen:reads"] == "mail"


class TestPublishing:
    def test_makes_a_version_with_who_when_and_why(self, at: AppTest, engine: WorkflowEngine) -> None:
        choose(at)
        type_into(at, QUERY, "from:ann")
        at.session_state["publish"] = True
        at.run()
        assert "is:unread" in said(at), "what changes is shown first"
        at.text_input(key="publish-note").set_value("Only hers").run()
        press(at, "publish-now")
        assert engine.load_workflow("reads").steps[0].with_["query"] == "from:ann"
        newest = engine.workflow_versions.history("reads")[0]
        assert (newest.number, newest.note, newest.origin) == (2, "Only hers", "published")
        assert draft(engine) is None

    def test_a_draft_can_be_given_up(self, at: AppTest, engine: WorkflowEngine) -> None:
        choose(at)
        type_into(at, QUERY, "from:ann")
        at.session_state["more"] = True
        at.run()
        press(at, "discard")
        assert not at.session_state["more"], "what it stood in is shut"
        assert draft(engine) is None
        assert expression(at, QUERY)["value"] == "is:unread"

    def test_last_weeks_version_can_be_had_again(self, at: AppTest, engine: WorkflowEngine) -> None:
        changed = engine.load_workflow("reads").model_copy(update={"name": "New name"})
        engine.workflow_versions.publish(changed, by="ann", note="Renamed")
        view(at, "history")
        assert "New name" in said(at)
        at.radio(key="version").set_value(1).run()
        press(at, "restore")
        assert engine.load_workflow("reads").name == "Reads mail"
        assert [version.number for version in engine.workflow_versions.history("reads")] == [3, 2, 1]
        view(at, "history")
        at.radio(key="version").set_value(1).run()
        assert "nothing to restore" in said(at)
        assert not [one for one in at.button if one.key == "restore"]


class TestTwoPeople:
    def test_at_the_same_draft_choose_and_lose_nothing(
        self, at: AppTest, engine: WorkflowEngine, open_page: Open
    ) -> None:
        choose(at)
        type_into(at, QUERY, "mine")
        known = engine.workflow_versions.drafts.get("reads")
        assert known is not None
        theirs = {**json.loads(known.content), "name": "Theirs"}
        engine.workflow_versions.drafts.save(
            "reads", json.dumps(theirs), base=known.base, after=known.revision, by="bob"
        )
        type_into(at, QUERY, "mine again")
        assert "bob changed this draft while you did" in said(at)
        assert draft(engine)["name"] == "Theirs"
        press(at, "keep-mine")
        assert draft(engine)["steps"][0]["with"]["query"] == "mine again"

    @pytest.mark.parametrize(("part", "field"), [("canvas", QUERY), ("json", "json:reads")])
    def test_what_was_typed_while_the_server_was_away_goes_over_nobodys_work(
        self, part: str, field: str, engine: WorkflowEngine, at: AppTest
    ) -> None:
        theirs = {**engine.load_workflow("reads").dump(), "name": "Theirs"}
        engine.workflow_versions.drafts.save("reads", json.dumps(theirs), base=1, after=0, by="bob")
        view(choose(at), part)
        mine = "mine" if part == "canvas" else engine.load_workflow("reads").to_json()
        type_into(at, field, mine, crossed=True)
        assert "bob changed this draft while you did" in said(at)
        assert draft(engine)["name"] == "Theirs"

    def test_a_text_that_is_broken_is_compared_as_a_text(self, engine: WorkflowEngine, at: AppTest) -> None:
        theirs = {**engine.load_workflow("reads").dump(), "name": "Theirs"}
        engine.workflow_versions.drafts.save("reads", json.dumps(theirs), base=1, after=0, by="bob")
        view(at, "json")
        type_into(at, "json:reads", json.dumps(theirs) + " mine", crossed=True)
        assert "<ins> mine</ins>" in said(at)

    def test_one_takes_the_others(self, at: AppTest, engine: WorkflowEngine) -> None:
        choose(at)
        type_into(at, QUERY, "mine")
        known = engine.workflow_versions.drafts.get("reads")
        assert known is not None
        theirs = {**json.loads(known.content), "name": "Theirs"}
        engine.workflow_versions.drafts.save(
            "reads", json.dumps(theirs), base=known.base, after=known.revision, by="bob"
        )
        type_into(at, QUERY, "mine again")
        press(at, "take-theirs")
        assert "Theirs" in at.subheader[0].value

    def test_a_change_that_came_while_nothing_was_typed_simply_shows(self, at: AppTest, engine: WorkflowEngine) -> None:
        content = {**engine.load_workflow("reads").dump(), "name": "By another tab"}
        engine.workflow_versions.drafts.save("reads", json.dumps(content), base=1, after=0, by="bob")
        at.run()
        assert "By another tab" in at.subheader[0].value


class TestANewOne:
    def test_begins_empty_and_is_only_a_draft(self, open_page: Open, engine: WorkflowEngine) -> None:
        at = open_page("builder")
        at.text_input(key="new-name").set_value("My first")
        press(at, "begin")
        assert draft(engine, "my_first") == {"format": 1, "id": "my_first", "name": "My first", "steps": []}
        assert "my_first" not in engine.library.workflows.ids()

    def test_is_there_after_its_first_publish(self, open_page: Open, engine: WorkflowEngine) -> None:
        content = Workflow.model_validate({"id": "new", "steps": [{"id": "a", "uses": "set", "with": {"values": {}}}]})
        engine.workflow_versions.drafts.save("new", content.to_json(), base=0, after=0, by="ann")
        publish(open_page("builder", id="new"))
        assert engine.load_workflow("new") == content


def test_inputs_outputs_and_limits_are_forms(at: AppTest, engine: WorkflowEngine) -> None:
    view(at, "settings")
    at.text_input(key="workflow:reads:description").set_value("Reads it all").run()
    at.number_input(key="workflow:reads:budget.tokens").set_value(500).run()
    at.text_input(key="workflow:reads:inputs.new").set_value("query").run()
    press(at, "workflow:reads:inputs.add")
    at.text_input(key="workflow:reads:inputs.query.default").set_value("is:unread").run()
    at.text_input(key="workflow:reads:output.new").set_value("found").run()
    press(at, "workflow:reads:output.add")
    type_into(at, "workflow:reads:output.found", "{{ steps.mail.count }}")
    made = draft(engine)
    assert made["description"] == "Reads it all"
    assert made["budget"] == {"tokens": 500}
    assert made["inputs"] == {"query": {"type": "string", "default": "is:unread"}}
    assert made["output"] == {"found": "{{ steps.mail.count }}"}
    assert engine.check(made) == []


def test_an_input_says_what_can_be_given(at: AppTest, engine: WorkflowEngine) -> None:
    view(at, "settings")
    at.text_input(key="workflow:reads:inputs.new").set_value("n").run()
    press(at, "workflow:reads:inputs.add")
    at.toggle(key="workflow:reads:inputs.n.multiline").set_value(True).run()
    at.text_area(key="workflow:reads:inputs.n.default").set_value("one\ntwo").run()
    assert draft(engine)["inputs"]["n"] == {"type": "string", "default": "one\ntwo", "multiline": True}
    at.selectbox(key="workflow:reads:inputs.n.picker").set_value("models").run()
    assert draft(engine)["inputs"]["n"]["picker"] == "models"
    at.selectbox(key="workflow:reads:inputs.n.picker").set_value("").run()
    at.toggle(key="workflow:reads:inputs.n.multiline").set_value(False).run()
    at.text_input(key="workflow:reads:inputs.n.default").set_value("").run()
    assert draft(engine)["inputs"]["n"] == {"type": "string", "default": ""}, "an empty default is one"
    at.selectbox(key="workflow:reads:inputs.n.type").set_value("integer").run()
    at.text_area(key="workflow:reads:inputs.n.choices").set_value("1\nmany").run()
    assert "must be a whole number, not 'many'" in said(at).replace("\\", "")
    assert at.text_area(key="workflow:reads:inputs.n.choices").value == "1\nmany", "it stays to be corrected"
    at.text_area(key="workflow:reads:inputs.n.choices").set_value("1\n2").run()
    assert draft(engine)["inputs"]["n"]["choices"] == [1, 2]


def test_one_that_does_not_exist_is_one_sentence_and_the_way_to_those_that_do(open_page: Open, save: Save) -> None:
    save("reads", name="Reads mail")
    at = open_page("builder", id="nope")
    assert at.error[0].value.startswith("**There is no workflow 'nope'.**")
    assert "reads" not in at.error[0].value, "no list of all of them"
    assert "See all workflows" in link_labels(at)
    assert "Did you mean 'Reads mail'?" in link_labels(open_page("builder", id="read"))


def test_a_difference_that_is_wanted_is_taken_into_the_test(at: AppTest, engine: WorkflowEngine, save: Save) -> None:
    run_id = engine.start_workflow(engine.load_workflow("reads"))
    assert engine.wait(run_id).status == "succeeded"
    tests = WorkflowTests(engine.settings.home)
    tests.save(made_of(engine.run(run_id), "Two mails"))
    choose(at)
    type_into(at, QUERY, "from:ann")
    view(at, "tests")
    press(at, "run-tests")
    assert "from:ann" in said(at)
    press(at, "accept-test:Two mails")
    assert "Nothing differs." in said(at)
    assert tests.list("reads")[0].steps["mail"][0].input["query"] == "from:ann"
    press(at, "run-tests")
    assert "Nothing differs." in said(at)
