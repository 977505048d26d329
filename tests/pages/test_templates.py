"""Templates: found, written with a live preview, published, tried on models, checked by cases."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from orchestrator.registry import Registry
from orchestrator.settings import Settings
from orchestrator.templates import Template
from orchestrator.workflow import Workflow
from orchestrator.workflow_engine import WorkflowEngine, set_current
from tests.pages.conftest import Open, link_labels, said, type_into
from tests.scripted_model import ScriptedModels

HELLO: dict[str, Any] = {
    "id": "hello",
    "name": "Hello",
    "tags": ["mail", "kind"],
    "system": "Be kind.",
    "user": "Greet {{ name }} on {{ day }}.",
    "variables": {"name": {"title": "Whom"}, "day": {"default": "Monday"}},
    "examples": [{"name": "Ann", "variables": {"name": "Ann <b>Lee</b>"}}],
}


@pytest.fixture
def models() -> ScriptedModels:
    return ScriptedModels()


@pytest.fixture
def engine(tmp_path: Path, models: ScriptedModels) -> Iterator[WorkflowEngine]:
    registry = Registry([*Registry.discover().connectors.values(), models.connector])
    settings = Settings(home=tmp_path / "home", model="scripted:plain")
    with WorkflowEngine(settings, registry=registry) as running:
        set_current(running)
        running.template_versions.publish(Template.model_validate(HELLO), by="ann")
        yield running
        set_current(None)
    st.cache_data.clear()


@pytest.fixture
def at(open_page: Open, engine: WorkflowEngine) -> AppTest:
    """The page of the template Hello."""
    return open_page("templates", id="hello")


def write(at: AppTest, user: str, text: str = "user") -> AppTest:
    """Type another text."""
    return type_into(at, f"{text}:hello", user)


def view(at: AppTest, name: str) -> AppTest:
    at.session_state["view"] = name
    return at.run()


def press(at: AppTest, key: str) -> AppTest:
    at.button(key=key).click().run()
    assert not at.exception
    return at


def publish(at: AppTest) -> AppTest:
    at.session_state["publish"] = True
    at.run()
    return press(at, "publish-now")


def draft(engine: WorkflowEngine) -> Any:
    kept = engine.template_versions.drafts.get("hello")
    return None if kept is None else json.loads(kept.content)


def ended(at: AppTest, engine: WorkflowEngine, id: str) -> AppTest:
    [run] = engine.runs(workflow=id)
    assert engine.wait(run.id).status == "succeeded"
    at.run()
    assert not at.exception
    return at


def keys(elements: Any) -> set[str]:
    return {str(element.key).split(":")[0] + ":" + str(element.key).split(":")[-1] for element in elements}


class TestTheLibrary:
    def test_names_each_template_with_its_tags_and_what_uses_it(self, open_page: Open, engine: WorkflowEngine) -> None:
        ask = {"id": "ask", "uses": "ai.generate", "with": {"template": "hello", "variables": {"name": "Ann"}}}
        workflow = Workflow.model_validate({"id": "greets", "name": "Greets", "steps": [ask]})
        engine.library.workflows.save(workflow)
        engine.execute_workflow("greets")
        text = said(open_page("templates"))
        assert "**Hello**" in text
        assert ":gray-badge[kind]" in text
        assert "In 1 workflow · 1 run · $0.0002 a call" in text

    def test_is_searched_by_words_and_tags(self, open_page: Open, engine: WorkflowEngine) -> None:
        at = open_page("templates")
        at.text_input(key="find").set_value("kind hello").run()
        assert "**Hello**" in said(at)
        assert "**Email summary**" not in said(at)
        at.text_input(key="find").set_value("").run()
        at.session_state["tag"] = ["mail", "kind"]
        at.run()
        assert "**Hello**" in said(at)
        assert "**Email summary**" not in said(at)
        at.text_input(key="find").set_value("nothing like it").run()
        assert "No template fits this search." in said(at)

    def test_begins_a_new_one_that_is_a_file_once_it_is_published(
        self, open_page: Open, engine: WorkflowEngine
    ) -> None:
        at = open_page("templates")
        at.text_input(key="new-name").set_value("Thank you")
        press(at, "begin")
        assert "thank_you" in at.query_params["id"]
        type_into(at, "user:thank_you", "Thank {{ name }}.")
        assert "thank_you" not in engine.library.templates.ids()
        publish(at)
        assert engine.library.templates.load("thank_you").user == "Thank {{ name }}."

    def test_imports_a_file_with_its_cases(self, open_page: Open, engine: WorkflowEngine) -> None:
        file = b"id: fresh\nuser: Hi {{ name }}\ncases:\n- name: One\n  expect: [{kind: contains, value: Hi}]\n"
        at = open_page("templates")
        at.file_uploader(key="templates-upload").upload("t.yaml", file).run()
        press(at, "templates-import")
        assert engine.library.templates.load("fresh").cases[0].expect[0].value == "Hi"


class TestWriting:
    def test_shows_it_filled_in_and_runs_nothing_in_it(self, at: AppTest) -> None:
        text = said(at)
        assert "Be kind." in text
        assert "Greet Ann &lt;b&gt;Lee&lt;/b&gt; on Monday." in text

    def test_opening_it_changes_nothing(self, at: AppTest, engine: WorkflowEngine) -> None:
        at.run()
        assert draft(engine) is None
        assert "Version 1 is published" in said(at)

    def test_a_new_variable_is_found_by_itself_and_shown_in_the_preview(self, at: AppTest) -> None:
        write(at, "Greet {{ name }} in {{ language }}.")
        assert {"title:name", "title:language"} <= keys(at.text_input)
        assert "title:day" not in keys(at.text_input)
        assert "‹language›" in said(at)

    def test_what_is_typed_is_kept_as_a_draft_at_once(self, at: AppTest, engine: WorkflowEngine) -> None:
        write(at, "Hi {{ name }}!")
        assert draft(engine)["user"] == "Hi {{ name }}!"
        assert "Draft, kept" in said(at)
        assert engine.library.templates.load("hello").user == HELLO["user"], "the draft is not what runs"

    def test_a_draft_is_there_in_another_tab(self, at: AppTest, open_page: Open) -> None:
        write(at, "Hi {{ name }}!")
        assert "Hi Ann" in said(open_page("templates", id="hello"))

    def test_is_published_whole_as_a_version(self, at: AppTest, engine: WorkflowEngine) -> None:
        write(at, "Hi {{ name }}!")
        publish(at)
        saved = engine.library.templates.load("hello")
        assert saved.user == "Hi {{ name }}!"
        assert list(saved.variables) == ["name"]
        assert saved.variables["name"].title == "Whom"
        assert saved.examples == Template.model_validate(HELLO).examples
        assert [version.number for version in engine.template_versions.history("hello")] == [2, 1]
        assert draft(engine) is None

    def test_bad_jinja_is_one_sentence_and_cannot_be_published(self, at: AppTest, engine: WorkflowEngine) -> None:
        write(at, "Greet {{ name")
        (error,) = at.error
        assert "The user text breaks at line 1" in error.value
        assert draft(engine)["user"] == "Greet {{ name", "what was typed is kept all the same"
        at.session_state["publish"] = True
        at.run()
        assert engine.library.templates.load("hello").user == HELLO["user"]

    def test_a_default_of_a_wrong_type_says_so_and_stays(self, at: AppTest, engine: WorkflowEngine) -> None:
        at.selectbox(key="type:hello:1.0:day").select("integer").run()
        (error,) = at.error
        assert "'day' must be a whole number, not 'Monday'" in error.value.replace("\\", "")
        assert draft(engine)["variables"]["day"]["default"] == "Monday"

    def test_two_people_at_one_draft_are_told_and_choose(self, at: AppTest, engine: WorkflowEngine) -> None:
        self.by_bob(engine)
        write(at, "Mine {{ name }}")
        assert "bob changed this draft while you did" in said(at)
        assert draft(engine)["user"] == "Theirs {{ name }}"
        press(at, "keep-mine")
        assert draft(engine)["user"] == "Mine {{ name }}"

    def test_one_takes_the_others(self, at: AppTest, engine: WorkflowEngine) -> None:
        self.by_bob(engine)
        write(at, "Mine {{ name }}")
        press(at, "take-theirs")
        assert "Theirs Ann" in said(at)

    def test_what_was_typed_while_the_server_was_away_goes_over_nobodys_work(
        self, open_page: Open, engine: WorkflowEngine
    ) -> None:
        self.by_bob(engine)
        at = type_into(open_page("templates", id="hello"), "user:hello", "Mine {{ name }}", crossed=True)
        assert "bob changed this draft while you did" in said(at)
        assert draft(engine)["user"] == "Theirs {{ name }}"
        press(at, "keep-mine")
        assert draft(engine)["user"] == "Mine {{ name }}"
        write(at, "Mine again {{ name }}")
        assert draft(engine)["user"] == "Mine again {{ name }}"
        assert "changed this draft while you did" not in said(at)

    def test_what_was_typed_while_the_server_was_away_can_be_let_go(
        self, open_page: Open, engine: WorkflowEngine
    ) -> None:
        self.by_bob(engine)
        at = type_into(open_page("templates", id="hello"), "user:hello", "Mine {{ name }}", crossed=True)
        press(at, "take-theirs")
        at.run()
        assert draft(engine)["user"] == "Theirs {{ name }}"
        assert "changed this draft while you did" not in said(at)

    def test_what_a_browser_kept_of_its_fields_counts_only_where_the_draft_is_the_same(
        self, at: AppTest, open_page: Open, engine: WorkflowEngine
    ) -> None:
        at.text_input(key="name:hello:1.0").set_value("Mine").run()
        before = engine.template_versions.drafts.get("hello")
        assert before is not None
        assert f"name:hello:1.{before.revision}" in {one.key for one in open_page("templates", id="hello").text_input}

    def test_a_change_that_came_while_nothing_was_typed_simply_shows(self, at: AppTest, engine: WorkflowEngine) -> None:
        self.by_bob(engine)
        at.run()
        assert "Theirs Ann" in said(at)
        assert "changed this draft while you did" not in said(at)

    def test_a_version_that_came_in_between_is_told_and_replaced_only_when_asked_again(
        self, at: AppTest, engine: WorkflowEngine
    ) -> None:
        write(at, "Mine {{ name }}")
        theirs = Template.model_validate({**HELLO, "user": "Theirs {{ name }}"})
        engine.template_versions.publish(theirs, by="bob")
        publish(at)
        assert "bob published version 2" in at.error[0].value
        assert engine.library.templates.load("hello") == theirs
        publish(at)
        assert engine.library.templates.load("hello").user == "Mine {{ name }}"

    def by_bob(self, engine: WorkflowEngine) -> None:
        content = json.dumps({**HELLO, "user": "Theirs {{ name }}"})
        engine.template_versions.drafts.save("hello", content, base=1, after=0, by="bob")

    def test_is_discarded(self, at: AppTest, engine: WorkflowEngine) -> None:
        write(at, "Hi {{ name }}!")
        press(at, "discard")
        assert draft(engine) is None
        assert "Greet Ann" in said(at)

    def test_other_sample_values_show_at_once(self, at: AppTest) -> None:
        at.text_area(key="sample:hello:Example0:day").set_value("Friday").run()
        assert "on Friday." in said(at)

    def test_is_shown_with_what_a_past_run_was_given(self, open_page: Open, engine: WorkflowEngine) -> None:
        ask = {"id": "ask", "uses": "ai.generate", "with": {"template": "hello", "variables": {"name": "Zoe"}}}
        run = engine.execute_workflow(Workflow.model_validate({"id": "greets", "steps": [ask]}))
        at = open_page("templates", id="hello")
        at.selectbox(key="sample-of:hello").set_value(f"{run.run_id}.ask.").run()
        assert "Greet Zoe on Monday." in said(at)

    def test_a_copy_is_made_and_opened(self, at: AppTest, engine: WorkflowEngine) -> None:
        press(at, "duplicate")
        assert at.query_params["id"] == "hello_2"
        assert engine.library.templates.load("hello_2").user == HELLO["user"]

    def test_names_the_workflows_that_use_it(self, open_page: Open) -> None:
        assert "Email to Notion summary" in link_labels(open_page("templates", id="email_summary"))

    def test_an_unknown_template_is_one_sentence(self, open_page: Open) -> None:
        (error,) = open_page("templates", id="../secrets").error
        assert "There is no template" in error.value

    def test_a_broken_file_says_what_is_wrong(self, open_page: Open, engine: WorkflowEngine) -> None:
        (engine.settings.home / "templates" / "torn.json").write_text('{"id": "torn",', "utf-8")
        (error,) = open_page("templates", id="torn").error
        assert "not valid JSON" in error.value


class TestAPressThatComesWithWhatWasTyped:
    """As on a slow server."""

    def test_of_another_part_of_the_page_loses_nothing(self, at: AppTest, engine: WorkflowEngine) -> None:
        at.text_input(key="name:hello:1.0").set_value("Named")
        at.session_state["view"] = "try"
        write(at, "Dear {{ name }}, and {{ other }}")
        assert draft(engine)["user"] == "Dear {{ name }}, and {{ other }}"
        assert draft(engine)["name"] == "Named"
        assert not at.exception

    def test_on_publish_publishes_it(self, at: AppTest, engine: WorkflowEngine) -> None:
        write(at, "Dear {{ name }}")
        at.session_state["publish"] = True
        at.run()
        at.button(key="publish-now").click()
        write(at, "Dearest {{ name }}")
        assert engine.library.templates.load("hello").user == "Dearest {{ name }}"


class TestTheParts:
    def test_are_led_to_by_the_address(self, open_page: Open, engine: WorkflowEngine) -> None:
        assert "begin-try" in {str(one.key) for one in open_page("templates", id="hello", view="try").button}
        assert "Preview" in said(open_page("templates", id="hello", view="nonsense"))

    def test_the_address_says_which_one_is_shown(self, at: AppTest) -> None:
        assert "view" not in at.query_params
        assert "cases" in view(at, "cases").query_params["view"]


class TestHistory:
    def test_compares_texts_word_by_word_and_restores(self, at: AppTest, engine: WorkflowEngine) -> None:
        long = "Greet {{ name }} and tell them about the long summer days that are to come soon."
        write(at, long)
        publish(at)
        view(at, "history")
        assert "<ins>" in said(at)
        at.radio(key="version").set_value(1).run()
        press(at, "restore")
        assert engine.library.templates.load("hello").user == HELLO["user"]
        assert [version.number for version in engine.template_versions.history("hello")] == [3, 2, 1]


class TestTry:
    def test_asks_models_side_by_side_and_tells_time_tokens_and_price(
        self, at: AppTest, engine: WorkflowEngine
    ) -> None:
        view(at, "try")
        at.multiselect(key="models:hello").set_value(["scripted:plain", "scripted:loud"]).run()
        assert "2 calls, $" in said(at).replace("\\", "")
        assert "at most" in said(at)
        press(at, "begin-try")
        ended(at, engine, "try-hello")
        text = said(at)
        assert "**Loud**" in text, "models are called by their names"
        assert "Greet Ann &lt;b&gt;Lee&lt;/b&gt; on Monday." in text
        assert "GREET ANN &lt;B&gt;LEE&lt;/B&gt; ON MONDAY." in text
        assert "15 tokens" in text
        assert "$0.0002" in text.replace("\\", "")

    def test_tries_the_draft_and_the_values_that_are_typed(self, at: AppTest, engine: WorkflowEngine) -> None:
        write(at, "Hi {{ name }}!")
        view(at, "try")
        at.text_area(key="sample:hello:Example0:name").set_value("Zoe").run()
        press(at, "begin-try")
        ended(at, engine, "try-hello")
        assert "Hi Zoe!" in said(at)
        assert "The template has changed since" not in said(at)

    def test_a_model_that_fails_says_why(self, at: AppTest, engine: WorkflowEngine) -> None:
        view(at, "try")
        at.multiselect(key="models:hello").set_value(["scripted:broken"]).run()
        press(at, "begin-try")
        ended(at, engine, "try-hello")
        assert "The model is out of order" in said(at)

    def test_the_price_that_is_not_known_is_said(self, at: AppTest) -> None:
        view(at, "try")
        at.multiselect(key="models:hello").set_value(["scripted:free"]).run()
        assert "the price of Free is not known" in said(at).replace("\\", "").replace("\u2060", "")

    def test_nothing_is_asked_while_the_template_is_wrong(self, at: AppTest) -> None:
        write(at, "Hi {{ name")
        view(at, "try")
        assert "begin-try:begin-try" not in keys(at.button)
        assert "It can be tried as soon as it is right." in said(at)


class TestCases:
    def add(self, at: AppTest) -> AppTest:
        view(at, "cases")
        at.session_state["add-case"] = True
        at.run()
        press(at, "case-add")
        assert not at.session_state["add-case"], "it would lie over the case"
        return at

    def expect(self, at: AppTest, kind: str, value: str) -> AppTest:
        [choice] = [one for one in at.selectbox if str(one.key).startswith("kind:")]
        choice.set_value(kind).run()
        [field] = [one for one in at.text_input if str(one.key).startswith("value:")]
        field.set_value(value).run()
        [button] = [one for one in at.button if str(one.key).startswith("expect:")]
        button.click().run()
        assert not at.exception
        return at

    def test_are_added_from_a_sample_and_kept_in_the_draft(self, at: AppTest, engine: WorkflowEngine) -> None:
        self.add(at)
        self.expect(at, "contains", "monday")
        [case] = draft(engine)["cases"]
        assert case["variables"] == {"name": "Ann <b>Lee</b>", "day": "Monday"}
        assert case["expect"] == [{"kind": "contains", "value": "monday"}]

    def test_are_changed_where_they_stand(self, at: AppTest, engine: WorkflowEngine) -> None:
        self.add(at)
        [field] = [one for one in at.text_area if str(one.key).endswith(":name")]
        field.set_value("Zoe").run()
        assert not at.exception
        assert draft(engine)["cases"][0]["variables"]["name"] == "Zoe"
        [field] = [one for one in at.text_area if str(one.key).endswith(":day")]
        field.set_value("").run()
        assert not at.exception
        assert draft(engine)["cases"][0]["variables"]["day"] == ""
        [button] = [one for one in at.button if str(one.key).startswith("delete-case:")]
        button.click().run()
        assert "cases" not in draft(engine)

    def test_what_cannot_be_expected_is_said_and_not_kept(self, at: AppTest, engine: WorkflowEngine) -> None:
        self.add(at)
        self.expect(at, "matches", "(torn")
        assert "no pattern that can be used here" in said(at)
        assert "expect" not in draft(engine)["cases"][0]

    def test_tell_whether_the_draft_is_better_than_the_version(self, at: AppTest, engine: WorkflowEngine) -> None:
        write(at, "Hi {{ name }}!")
        self.add(at)
        self.expect(at, "contains", "hi ann")
        press(at, "begin-cases")
        ended(at, engine, "cases-hello")
        text = said(at).replace("\\", "").replace("\u2060", "")
        assert "Plain: The draft does better than Version 1, 1 of 1 instead of 0." in text
        assert "✓ passed" in text
        assert "✗ not: contains “hi ann”" in text
        publish(at)
        assert "The template has changed since" not in said(at)

    def test_are_judged_by_a_model_that_is_chosen(self, at: AppTest, engine: WorkflowEngine) -> None:
        self.add(at)
        self.expect(at, "judge", "Is it TRUE?")
        at.selectbox(key="judge").set_value("scripted:loud").run()
        press(at, "begin-cases")
        ended(at, engine, "cases-hello")
        assert "✓ passed" in said(at)
        [run] = engine.runs(workflow="cases-hello")
        assert engine.run(run.id).inputs["judge"] == "scripted:loud"

    def test_while_they_run_they_can_be_stopped(
        self, at: AppTest, engine: WorkflowEngine, models: ScriptedModels
    ) -> None:
        self.add(at)
        models.gate.clear()
        press(at, "begin-cases")
        assert "stop-trial" in {str(one.key) for one in at.button}
        press(at, "stop-trial")
        models.gate.set()
        [run] = engine.runs(workflow="cases-hello")
        assert engine.wait(run.id).status == "cancelled"

    def test_that_ran_before_a_change_say_so(self, at: AppTest, engine: WorkflowEngine) -> None:
        self.add(at)
        press(at, "begin-cases")
        ended(at, engine, "cases-hello")
        assert "The template has changed since" not in said(at)
        self.expect(at, "contains", "x")
        assert "The template has changed since" in said(at)
