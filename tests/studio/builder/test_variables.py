from __future__ import annotations

from typing import Any

import pytest

from orchestrator.actions import Registry
from studio.builder.variables import NOTHING, Known, Variable, scope_of, usable_steps, value_now, variables, waits_for

SEARCH = {"id": "mail", "uses": "gmail.search_messages", "with": {"query": "x"}}
DRAFT: dict[str, Any] = {
    "id": "w",
    "inputs": {"n": {"type": "integer", "default": 3, "title": "How many"}},
    "steps": [
        SEARCH,
        {
            "id": "each",
            "uses": "group",
            "for_each": "{{ steps.mail.messages }}",
            "steps": [
                {"id": "say", "uses": "set", "with": {"values": {"t": "{{ item.subject }}"}}},
                {"id": "after", "uses": "set", "with": {"values": {"t": "{{ steps.say.t }}"}}},
            ],
        },
        {"id": "last", "uses": "set", "with": {"values": {"x": "{{ steps.each | length }}"}}},
        {"id": "beside", "uses": "set", "with": {"values": {"x": 1}}},
    ],
}
MAIL = {"messages": [{"subject": "Hello", "from": "a@example.com", "odd key": True}], "more": None}


@pytest.fixture(scope="module")
def registry() -> Registry:
    return Registry.discover()


def paths(found: list[Variable]) -> list[str]:
    return [variable.path for variable in found]


def at(found: list[Variable], *path: str) -> Variable:
    variable = next(one for one in found if one.path == path[0])
    return at(list(variable.parts), *path[1:]) if len(path) > 1 else variable


def test_a_step_can_use_what_does_not_wait_for_it() -> None:
    def usable(id: str | None) -> list[str]:
        return [step["id"] for step in usable_steps(DRAFT, id)]

    assert usable("mail") == ["beside"]
    assert usable("last") == ["mail", "each", "beside"]
    assert usable("after") == ["mail", "beside", "say"]
    assert usable(None) == ["mail", "each", "last", "beside"]
    assert usable("nobody") == []


def test_the_tree_has_the_values_of_a_run(registry: Registry) -> None:
    found = variables(DRAFT, "last", Known({"n": 5}, {"mail": MAIL}), registry)
    assert at(found, "inputs", "inputs.n").value == 5
    subject = at(found, "steps.mail", "steps.mail.messages", "steps.mail.messages[0]", "steps.mail.messages[0].subject")
    assert (subject.value, subject.kind) == ("Hello", "text")
    assert "steps.mail.messages[0]['odd key']" in paths(
        list(at(found, "steps.mail", "steps.mail.messages", "steps.mail.messages[0]").parts)
    )


def test_without_a_run_it_has_the_names_that_the_action_declares(registry: Registry) -> None:
    found = variables(DRAFT, "last", Known({}, {}), registry)
    messages = at(found, "steps.mail", "steps.mail.messages")
    assert (messages.kind, messages.value) == ("list", NOTHING)
    assert "steps.mail.messages[0].subject" in paths(list(messages.parts))
    assert at(found, "inputs", "inputs.n").value == 3


def test_in_a_loop_the_item_is_its_first(registry: Registry) -> None:
    found = variables(DRAFT, "say", Known({}, {"mail": MAIL}), registry)
    assert paths(found)[:2] == ["item", "index"]
    assert at(found, "item", "item.subject").value == "Hello"
    assert "item" not in paths(variables(DRAFT, "say", Known({}, {}), registry))


def test_an_expression_shows_its_value_or_why_it_has_none() -> None:
    scope = scope_of(DRAFT, "last", Known({}, {"mail": MAIL}))
    assert value_now("{{ steps.mail.messages[0].subject | upper }}", scope) == ("HELLO", "")
    value, wrong = value_now("{{ steps.nail }}", scope)
    assert value is NOTHING
    assert "the nearest is 'mail'" in wrong


def test_one_that_uses_what_has_not_run_says_what_it_waits_for(registry: Registry) -> None:
    known = Known({}, {})
    found = variables(DRAFT, "last", known, registry)
    assert waits_for("{{ steps.mail.messages | length }}", found, scope_of(DRAFT, "last", known)) == ["Mail"]
    ran = Known({}, {"mail": MAIL})
    assert waits_for("{{ steps.mail.messages | length }}", found, scope_of(DRAFT, "last", ran)) == []
    assert waits_for("{{ steps.nobody }} {{", found, scope_of(DRAFT, "last", ran)) == []


def test_a_half_written_draft_is_no_reason_to_fail(registry: Registry) -> None:
    half = {"steps": [{"id": "a", "uses": 5}, {"id": "b"}, {"no": "id"}, "text"], "inputs": {"x": None}}
    assert [step["id"] for step in usable_steps(half, "b")] == ["a"]
    assert "steps.a" in paths(variables(half, "b", Known({}, {}), registry))
