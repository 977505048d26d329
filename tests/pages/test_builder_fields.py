"""Every field of a workflow file is one of a form of the Builder, or is said elsewhere in it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from orchestrator.registry import Registry
from orchestrator.steps import KINDS
from orchestrator.workflow import json_schema
from orchestrator.workflow_engine import WorkflowEngine
from studio.builder.fields import described, params_of
from studio.builder.inspector import PARTS
from tests.pages.conftest import Open, Save

ASK = {"uses": "gmail.search_messages", "account": "gone"}
WHOLE: dict[str, Any] = {
    "inputs": {"query": {"default": ""}, "which": {"choices": ["a", "b"], "default": "a"}},
    "triggers": {
        "schedule": {"type": "schedule", "cron": "*/5 3 * * *"},
        "often": {"type": "schedule", "every": 600},
        "webhook": {"type": "webhook", "signed_by": "webhook", "account": "gone"},
        "poll": {"type": "poll", "ask": ASK, "items": "{{ result.messages }}", "identity": "{{ item.id }}"},
    },
    "steps": [
        {
            "id": "mail",
            "uses": "gmail.search_messages",
            "account": "gone",
            "for_each": [1],
            "cache": True,
            "retry": {"attempts": 3, "on": ["timeout"]},
        },
        {
            "id": "page",
            "uses": "notion.create_page",
            "with": {"parent": "Inbox summaries", "title": "t", "markdown": "m"},
            "approve": {"message": "?", "within": 60},
        },
        {"id": "all", "uses": "group", "steps": [{"id": "one", "uses": "set", "with": {"values": {}}}]},
        {
            "id": "machine",
            "uses": "states",
            "states": {"draft": {"transitions": {"on": {"to": "done"}}}, "done": {}},
        },
    ],
}
"""A workflow in which every kind of thing stands once."""

FORMS = {
    "Workflow": ("workflow:whole:",),
    "BudgetLimits": ("workflow:whole:budget.",),
    "Input": ("workflow:whole:inputs.query.", "workflow:whole:inputs.which."),
    "Schedule": ("trigger:whole:schedule:", "trigger:whole:often:"),
    "Webhook": ("trigger:whole:webhook:",),
    "Poll": ("trigger:whole:poll:",),
    "Ask": ("trigger:whole:poll:ask.",),
    "Step": ("setting:whole:mail:", "setting:whole:page:", "setting:whole:all:", "param:whole:mail:"),
    "Retry": ("setting:whole:mail:retry.",),
    "Approve": ("setting:whole:page:approve.",),
    "State": ("state:whole:machine:draft:",),
    "Transition": ("state:whole:machine:draft:on:",),
}
"""How the keys of the widgets begin that change what a part of the schema says."""

OTHER_NAMES = {
    "Step.name": "name:whole:mail",
    "Step.with": "param:whole:mail:query:text",
    "Step.cache": "setting:whole:mail:cache",
    "Workflow.output": "workflow:whole:output.new",
    "Workflow.inputs": "workflow:whole:inputs.new",
    "Workflow.triggers": "add-trigger:schedule",
    "Step.output": "setting:whole:all:output.new",
    "State.output": "state:whole:machine:draft:output.new",
    "Schedule.every": "trigger:whole:often:minutes",
    "Ask.with": "trigger:whole:poll:ask.with.query",
    "Workflow.budget": "workflow:whole:budget.cost",
    "Step.retry": "setting:whole:mail:retry.attempts",
    "Poll.ask": "trigger:whole:poll:ask.uses",
}
"""Fields whose widget has a key of its own."""

ELSEWHERE = {
    "Workflow.format": "written by the studio",
    "Workflow.id": "stays as it is, which the view 'Inputs and outputs' says",
    "Workflow.steps": "the canvas",
    "Workflow.layout": "the canvas",
    "Step.id": "the canvas: rename",
    "Step.uses": "the canvas: the palette",
    "Step.needs": "the canvas: lines",
    "Step.steps": "the canvas: boxes in a box",
    "Step.states": "the canvas: states",
    "State.steps": "the canvas: boxes in a state",
    "State.transitions": "the canvas: lines between states",
    "Transition.to": "the canvas: where such a line ends",
    "Schedule.type": "the button that added it",
    "Webhook.type": "the button that added it",
    "Poll.type": "the button that added it",
}
"""Fields that no form has, and where they are changed."""


def fields() -> Iterator[tuple[str, str]]:
    """What the schema documents: a part, and a field of it."""
    schema = json_schema()
    for part, one in {"Workflow": schema, **schema["$defs"]}.items():
        for name in one["properties"]:
            yield part, name


def keys(at: AppTest) -> set[str]:
    """Of all widgets on the page."""
    named = {element.key for element in at.main if getattr(element, "key", None)}
    for component in at.get("bidi_component"):
        named.add(component.proto.id.split("-", 3)[-1])
    return named


@pytest.fixture
def widgets(open_page: Open, save: Save) -> set[str]:
    """The keys of all widgets of the Builder, in all its views and parts."""
    save("whole", **WHOLE)
    at = open_page("builder", id="whole", view="settings")
    found = keys(at)
    at.session_state["view"] = "triggers"
    found |= keys(at.run())
    at.session_state["view"] = "canvas"
    for step in WHOLE["steps"]:
        at.session_state["chosen:whole"] = step["id"]
        for part in PARTS:
            at.session_state["inspector:whole"] = part
            found |= keys(at.run())
    assert not at.exception
    return found


def test_every_field_of_a_workflow_file_has_a_form(widgets: set[str]) -> None:
    def has_one(part: str, name: str) -> bool:
        own = OTHER_NAMES.get(f"{part}.{name}")
        return own in widgets if own else any(f"{before}{name}" in widgets for before in FORMS[part])

    # What a trigger gives has a field for each input.
    given = {f"{kind}.with" for kind in ("Schedule", "Webhook", "Poll")}
    assert {f"trigger:whole:{id}:with.query" for id in WHOLE["triggers"]} <= widgets
    without = {f"{part}.{name}" for part, name in fields() if not has_one(part, name)} - given
    assert without == set(ELSEWHERE)


def test_every_parameter_of_a_step_has_a_field(engine: WorkflowEngine) -> None:
    registry: Registry = engine.registry
    for uses in (*KINDS, *registry):
        action = described(uses, registry)
        assert action is not None
        declared = action.params.model_json_schema(by_alias=True).get("properties", {})
        assert [param.field.name for param in params_of({"uses": uses}, registry, {})] == list(declared)
