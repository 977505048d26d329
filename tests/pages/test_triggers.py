"""The triggers of a workflow as forms of the Builder."""

from __future__ import annotations

import json
from datetime import time
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from orchestrator.workflow_engine import WorkflowEngine
from tests.pages.conftest import Open, Save, expression, said, type_into

INPUTS = {"query": {"title": "Which mail", "default": "is:unread"}, "limit": {"type": "integer", "default": 5}}
DAILY = {"type": "schedule", "cron": "0 8 * * 1-5", "timezone": "Europe/Rome"}
HOOK = {"type": "webhook", "with": {"query": "from:{{ trigger.body.name }}"}}
NEWS = {
    "type": "poll",
    "ask": {"uses": "gmail.search_messages", "with": {"query": "is:unread"}},
    "items": "{{ result.messages }}",
    "identity": "{{ item.id }}",
    "with": {"query": "{{ trigger.item.subject }}"},
}


@pytest.fixture
def panel(open_page: Open, save: Save) -> Any:
    def opened(**triggers: Any) -> AppTest:
        save("reads", inputs=INPUTS, triggers=triggers)
        return open_page("builder", id="reads", view="triggers")

    return opened


def words(at: AppTest) -> str:
    """What the page says, as it is read."""
    return said(at).replace("\\", "")


def key(trigger: str, *path: str) -> str:
    return f"trigger:reads:{trigger}:{'.'.join(path)}"


def draft(engine: WorkflowEngine) -> Any:
    kept = engine.workflow_versions.drafts.get("reads")
    assert kept is not None
    return json.loads(kept.content).get("triggers")


def test_a_schedule_is_added_and_set_without_cron(panel: Any, engine: WorkflowEngine) -> None:
    at = panel()
    at.button(key="add-trigger:schedule").click().run()
    assert draft(engine)["schedule"]["cron"] == "0 8 * * 1-5"
    at.time_input(key=key("schedule", "at")).set_value(time(9, 30)).run()
    at.selectbox(key=key("schedule", "how")).set_value("weekly").run()
    at.selectbox(key=key("schedule", "weekday")).set_value(5).run()
    assert draft(engine)["schedule"]["cron"] == "30 9 * * 5"
    assert "On Friday at 09:30" in words(at)
    assert words(at).count("Fri ") == 5
    at.selectbox(key=key("schedule", "how")).set_value("every").run()
    at.number_input(key=key("schedule", "minutes")).set_value(10.0).run()
    assert draft(engine)["schedule"]["every"] == 600
    assert "cron" not in draft(engine)["schedule"]
    assert "Publish the workflow to switch this on." in words(at)


def test_a_cron_expression_that_is_none_is_told(panel: Any, engine: WorkflowEngine) -> None:
    at = panel(schedule={**DAILY, "cron": "*/5 3 * * *"})
    at.text_input(key=key("schedule", "cron")).set_value("61 8 * * *").run()
    assert draft(engine)["schedule"]["cron"] == "61 8 * * *"
    assert "That is no time yet" in words(at)
    assert "Its minute is none" in words(at)


def test_it_is_switched_on_and_off(panel: Any, engine: WorkflowEngine) -> None:
    at = panel(schedule=DAILY)
    assert "Once it is on, and while the studio is up, it runs by itself on weekdays at 08:00" in words(at)
    at.toggle(key=key("schedule", "on")).set_value(True).run()
    assert engine.triggers.get("reads", "schedule").switch.is_on
    assert "While the studio is up, it runs by itself on weekdays at 08:00" in words(at)
    assert "It acts as Gmail" in words(at)
    at.toggle(key=key("schedule", "on")).set_value(False).run()
    assert not engine.triggers.get("reads", "schedule").switch.is_on


def test_what_a_person_chose_is_not_told_back_to_the_browser_where_it_would_undo_the_next_choice(panel: Any) -> None:
    at = panel(schedule=DAILY)
    at.toggle(key=key("schedule", "on")).set_value(True).run()
    assert not at.toggle(key=key("schedule", "on")).proto.set_value


def test_a_draft_that_differs_says_that_the_published_version_holds(panel: Any) -> None:
    at = panel(schedule=DAILY)
    at.selectbox(key=key("schedule", "how")).set_value("daily").run()
    assert "The published version is another one" in words(at)


def test_the_address_of_a_webhook_is_there_to_copy(panel: Any, engine: WorkflowEngine) -> None:
    at = panel(hook=HOOK)
    at.toggle(key=key("hook", "on")).set_value(True).run()
    path = engine.triggers.get("reads", "hook").path
    assert path
    url, curl = (block.value for block in at.code)
    assert url == engine.settings.studio_url + path
    assert curl == f"curl -X POST {url} -H 'Content-Type: application/json' -d '{{\"name\": \"Ann\"}}'"
    assert expression(at, key("hook", "with", "query"))["answer"]["text"] == "from:Ann"
    at.button(key=key("hook", "renew")).click().run()
    assert at.code[0].value != url


def test_a_poll_fills_in_what_tells_items_apart_and_looks(panel: Any, engine: WorkflowEngine) -> None:
    at = panel()
    at.button(key="add-trigger:poll").click().run()
    at.selectbox(key=key("poll", "ask", "uses")).set_value("gmail.search_messages").run()
    assert draft(engine)["poll"]["items"] == "{{ result.messages }}"
    assert draft(engine)["poll"]["identity"] == "{{ item.id }}"
    at.text_input(key=key("poll", "ask", "with", "query")).set_value("is:unread").run()
    at.number_input(key=key("poll", "every")).set_value(10.0).run()
    assert draft(engine)["poll"]["ask"] == {"uses": "gmail.search_messages", "with": {"query": "is:unread"}}
    assert draft(engine)["poll"]["every"] == 600
    at.button(key=key("poll", "look")).click().run()
    assert "items are there now" in words(at)
    assert "Gmail: Search mail, every 10 minutes" in words(at)


def test_what_a_look_asks_for_is_no_expression_since_there_is_no_run_yet(panel: Any, engine: WorkflowEngine) -> None:
    at = panel(poll=NEWS)
    at.text_input(key=key("poll", "ask", "with", "query")).set_value("from:{{ inputs.query }}").run()
    assert "A look comes before any run" in words(at)
    assert engine.workflow_versions.drafts.get("reads") is None


def test_what_was_written_as_json_is_shown_in_its_form(panel: Any) -> None:
    at = panel(poll={**NEWS, "ask": {"uses": "gmail.get_message", "with": {"id": "1"}, "account": "work"}})
    assert at.selectbox(key=key("poll", "ask", "uses")).value == "gmail.get_message"
    assert at.text_input(key=key("poll", "ask", "with", "id")).value == "1"
    assert at.selectbox(key=key("poll", "ask", "account")).value == "work"


def test_a_webhook_can_listen_to_those_alone_who_sign(panel: Any, engine: WorkflowEngine) -> None:
    at = panel(hook=HOOK)
    at.selectbox(key=key("hook", "signed_by")).set_value("webhook").run()
    assert draft(engine)["hook"]["signed_by"] == "webhook"
    assert "Its secret, under Accounts" in words(at)
    at.selectbox(key=key("hook", "signed_by")).set_value(None).run()
    assert draft(engine)["hook"] == HOOK


def test_what_a_run_is_given_shows_what_it_would_be(panel: Any, engine: WorkflowEngine) -> None:
    at = panel(poll=NEWS)
    at.button(key=key("poll", "look")).click().run()
    [first, *_] = at.session_state[key("poll", "looked")]["messages"]
    assert expression(at, key("poll", "with", "query"))["answer"]["text"] == first["subject"]
    at = type_into(at, key("poll", "with", "limit"), "7")
    assert draft(engine)["poll"]["with"]["limit"] == 7


def test_one_is_removed(panel: Any, engine: WorkflowEngine) -> None:
    at = panel(schedule=DAILY, hook=HOOK)
    at.button(key=key("schedule", "remove")).click().run()
    assert list(draft(engine)) == ["hook"]


def test_why_nothing_started_is_shown(panel: Any, engine: WorkflowEngine) -> None:
    panel(schedule=DAILY)
    engine.triggers.switch_on("reads", "schedule")
    engine.triggers.switch_off_all("reads", "The workflow was replaced by one that was imported.")
    at = panel(schedule=DAILY)
    assert "The workflow was replaced by one that was imported." in words(at)


def test_a_step_asks_before_it_goes_out(open_page: Open, save: Save, engine: WorkflowEngine) -> None:
    page = {"parent": "Inbox summaries", "title": "t", "markdown": "m"}
    save("files", steps=[{"id": "page", "uses": "notion.create_page", "with": page}])
    at = open_page("builder", id="files", step="page")
    at.session_state["inspector:files"] = "Settings"
    at.run()

    def step() -> Any:
        kept = engine.workflow_versions.drafts.get("files")
        assert kept is not None
        return json.loads(kept.content)["steps"][0]

    at.toggle(key="setting:files:page:approve").set_value(True).run()
    assert step()["approve"] is True
    at = type_into(at, "setting:files:page:approve.message", "File it?")
    at.number_input(key="setting:files:page:approve.within").set_value(60.0).run()
    at.radio(key="setting:files:page:approve.otherwise").set_value("approve").run()
    assert step()["approve"] == {"message": "File it?", "within": 3600, "otherwise": "approve"}
    at.text_input(key="setting:files:page:approve.who").set_value("The editor").run()
    assert step()["approve"]["who"] == "The editor"
    at = type_into(at, "setting:files:page:approve.message", "")
    at.text_input(key="setting:files:page:approve.who").set_value("").run()
    at.number_input(key="setting:files:page:approve.within").set_value(None).run()
    assert step()["approve"] == {"otherwise": "approve"}
    at.toggle(key="setting:files:page:approve").set_value(False).run()
    assert "approve" not in step()
