from __future__ import annotations

from typing import Any

import pytest

from orchestrator.registry import Registry
from studio.builder.trees import NOTHING, Variable
from studio.builder.variables import LEAST, ROOM, Known, nearest_list, reach_of, scope_of, usable_steps

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


def names(step: str | None, known: Known, registry: Registry, draft: Any = DRAFT, **where: bool) -> list[Variable]:
    return list(reach_of(draft, step, known, registry, **where).found)


def count(found: list[Variable]) -> int:
    return sum(1 + count(list(variable.parts)) for variable in found)


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
    found = names("last", Known({"n": 5}, {"mail": MAIL}), registry)
    assert at(found, "inputs", "inputs.n").value == 5
    subject = at(found, "steps.mail", "steps.mail.messages", "steps.mail.messages[0]", "steps.mail.messages[0].subject")
    assert (subject.value, subject.kind) == ("Hello", "text")
    assert "steps.mail.messages[0]['odd key']" in paths(
        list(at(found, "steps.mail", "steps.mail.messages", "steps.mail.messages[0]").parts)
    )


def test_without_a_run_it_has_the_names_that_the_action_declares(registry: Registry) -> None:
    found = names("last", Known({}, {}), registry)
    messages = at(found, "steps.mail", "steps.mail.messages")
    assert (messages.kind, messages.value) == ("list", NOTHING)
    [one] = messages.parts
    assert "steps.mail.messages[0].subject" in paths(list(one.parts))
    assert at(found, "inputs", "inputs.n").value == 3


def test_a_step_in_a_loop_gives_a_list(registry: Registry) -> None:
    draft = {"steps": [{**SEARCH, "for_each": [1, 2]}, {"id": "next", "uses": "set"}]}
    searches = at(names("next", Known({}, {}), registry, draft), "steps.mail")
    assert searches.kind == "list"
    assert "steps.mail[0].messages" in paths(list(searches.parts[0].parts))


def test_in_a_loop_the_item_is_its_first(registry: Registry) -> None:
    found = names("say", Known({}, {"mail": MAIL}), registry)
    assert paths(found)[:2] == ["item", "index"]
    assert at(found, "item", "item.subject").value == "Hello"


def test_an_item_that_is_not_known_has_the_names_that_are_declared_of_its_list(registry: Registry) -> None:
    item = at(names("say", Known({}, {}), registry), "item")
    assert "item.subject" in paths(list(item.parts))
    assert at(list(item.parts), "item.subject").value is NOTHING
    typed = {"steps": [{"id": "a", "uses": "set", "for_each": "{{ inputs.a + inputs.b }}"}]}
    assert at(names("a", Known({}, {}), registry, typed), "item").parts == ()


def test_a_loop_of_rounds_sees_the_round_before(registry: Registry) -> None:
    body = [{"id": "draw", "uses": "set", "with": {"values": {"n": 1}}}]
    draft = {"steps": [{"id": "again", "uses": "loop_until", "with": {"limit": 3}, "steps": body}]}
    assert paths(names("draw", Known({}, {}), registry, draft)) == ["last", "index", "run"]
    assert paths(names("again", Known({}, {}), registry, draft)) == ["run"]
    late = names("again", Known({}, {"draw": {"n": 1}}), registry, draft, inside=True)
    assert paths(late) == ["last", "index", "steps.draw", "run"]
    assert at(late, "steps.draw", "steps.draw.n").value == 1


def test_a_large_value_is_shown_as_deep_as_there_is_room(registry: Registry) -> None:
    row = {f"field {number}": {"deep": {"deeper": number}} for number in range(40)}
    large = {"mail": {"rows": [row, row, row], "count": 3}}
    found = names("last", Known({}, large), registry)
    assert count(found) < ROOM
    assert at(found, "steps.mail", "steps.mail.count").value == 3
    steps = [{"id": f"s{number}", "uses": "set"} for number in range(300)]
    many = names("s0", Known({}, {step["id"]: row for step in steps}), registry, {"steps": steps})
    assert count(many) < len(steps) * 2 * max(LEAST, 41)


def test_a_half_written_draft_is_no_reason_to_fail(registry: Registry) -> None:
    half = {"steps": [{"id": "a", "uses": 5}, {"id": "b"}, {"no": "id"}, "text"], "inputs": {"x": None}}
    assert [step["id"] for step in usable_steps(half, "b")] == ["a"]
    assert "steps.a" in paths(names("b", Known({}, {}), registry, half))


def test_what_is_known_before_a_run_are_the_defaults() -> None:
    assert scope_of(DRAFT, "last", Known({}, {}))["inputs"] == {"n": 3}
    assert scope_of(DRAFT, "last", Known({"n": 5}, {}))["inputs"] == {"n": 5}


def test_an_example_of_a_list_is_one_that_the_nearest_step_gives(registry: Registry) -> None:
    def example(step: str, **outputs: Any) -> str:
        return nearest_list(reach_of(DRAFT, step, Known({}, outputs), registry))

    assert example("each") == "steps.mail.messages", "as the action declares it"
    assert example("last", mail=MAIL, each=[{"say": 1}]) == "steps.each", "the output is a list itself"
    assert example("mail") == "steps.mail.messages", "nothing stands before it: as in the guide"
