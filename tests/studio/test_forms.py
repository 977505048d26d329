"""A workflow's inputs and a template's variables as a form, and what is filled in as values."""

from __future__ import annotations

from typing import Any

import pytest

from orchestrator.errors import InvalidInput
from orchestrator.templates import Template
from orchestrator.workflow import Workflow
from studio.forms import (
    Field,
    collect,
    needs_input,
    parse_default,
    template_fields,
    text_of,
    value_of,
    workflow_fields,
)


def workflow(**inputs: dict[str, Any]) -> Workflow:
    return Workflow.model_validate({"id": "w", "inputs": inputs, "steps": [{"id": "a", "uses": "ai.generate"}]})


def field(kind: Any, **other: Any) -> Field:
    return Field("x", "X", kind, **{"required": False, **other})


@pytest.mark.parametrize(
    ("declared", "kind", "initial"),
    [
        ({"type": "string", "default": "hi"}, "text", "hi"),
        ({"type": "string", "multiline": True, "default": ""}, "multiline", ""),
        ({"type": "string", "default": "two\nlines"}, "multiline", "two\nlines"),
        ({"type": "number", "default": 0.5}, "number", 0.5),
        ({"type": "integer"}, "integer", None),
        ({"type": "boolean", "default": True}, "boolean", True),
        ({"type": "string", "choices": ["a", "b"], "default": "b"}, "choice", "b"),
        ({"type": "list", "default": ["a", "b"]}, "lines", "a\nb"),
        ({"type": "list", "default": [1, 2]}, "json", "[\n  1,\n  2\n]"),
        ({"type": "object", "default": {"a": 1}}, "json", '{\n  "a": 1\n}'),
    ],
)
def test_each_input_gets_the_widget_of_its_type(declared: dict[str, Any], kind: str, initial: Any) -> None:
    (made,) = workflow_fields(workflow(x=declared), {})

    assert (made.kind, made.initial) == (kind, initial)


def test_an_input_without_a_default_is_required_and_named_by_its_title() -> None:
    asked = workflow(first={"title": "Notion database"}, second={"default": ""}, third_one={})

    assert needs_input(asked) == ["Notion database", "Third one"]
    assert [made.required for made in workflow_fields(asked, {})] == [True, False, True]


def test_a_picker_is_chosen_from_when_its_list_is_known() -> None:
    asked = workflow(database={"picker": "notion.databases", "default": "Gone"})

    (known,) = workflow_fields(asked, {"notion.databases": [("1", "Inbox")]})
    assert (known.kind, known.options) == ("choice", (("Gone", "Gone"), ("1", "Inbox")))
    (titled,) = workflow_fields(asked, {"notion.databases": [("1", "Gone")]})
    assert (titled.initial, titled.options) == ("1", (("1", "Gone"),))
    (unknown,) = workflow_fields(asked, {})
    assert unknown.kind == "text"


@pytest.mark.parametrize(
    ("kind", "answer", "value"),
    [
        ("text", "hi", "hi"),
        ("lines", " a \n\nb", ["a", "b"]),
        ("json", ' {"a": [1]} ', {"a": [1]}),
        ("integer", 3.0, 3),
        ("boolean", False, False),
        ("number", None, None),
    ],
)
def test_answers_become_values(kind: str, answer: Any, value: Any) -> None:
    assert value_of(field(kind), answer) == value


def test_a_text_that_was_emptied_is_empty_and_does_not_fall_back_to_the_default() -> None:
    assert value_of(field("text", initial="is:unread"), "") == ""


def test_every_mistake_is_told_at_once() -> None:
    values, problems = collect(
        [field("text", required=True), Field("y", "Y", "json", False), Field("z", "Z", "text", False)],
        {"x": "", "y": "{", "z": "fine"},
    )

    assert values == {"z": "fine"}
    assert problems[0].message == "'X' is empty."
    assert "'Y' is not valid JSON: line 1" in problems[1].message
    assert all(problem.remedy for problem in problems)


@pytest.mark.parametrize(
    ("type_", "value"),
    [
        ("list", ["a", "b"]),
        ("list", [1, {"b": 2}]),
        ("object", {"a": 1}),
        ("boolean", True),
        ("integer", 3),
        ("number", 0.5),
    ],
)
def test_a_default_survives_being_edited_as_text(type_: str, value: Any) -> None:
    assert parse_default(type_, text_of(value), "x") == value


@pytest.mark.parametrize(
    ("type_", "text"), [("boolean", "maybe"), ("integer", "1.5"), ("number", "many"), ("object", "{")]
)
def test_a_default_of_a_wrong_type_is_one_sentence(type_: str, text: str) -> None:
    with pytest.raises(InvalidInput, match="'x'") as found:
        parse_default(type_, text, "x")
    assert found.value.remedy


def test_a_template_is_filled_with_its_sample() -> None:
    template = Template.model_validate(
        {
            "id": "t",
            "user": "{{ mail }} {{ tone }}",
            "variables": {"mail": {"type": "object"}, "tone": {"default": "calm"}},
        }
    )

    mail, tone = template_fields(template, {"mail": {"from": "Ann"}})

    assert (mail.kind, mail.initial) == ("json", '{\n  "from": "Ann"\n}')
    assert (tone.kind, tone.initial) == ("multiline", "calm")
