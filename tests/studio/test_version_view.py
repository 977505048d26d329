"""How two versions differ, as the canvas marks it and as the table says it."""

from __future__ import annotations

from typing import Any

from orchestrator.version_diff import changes
from studio.version_view import box_changes


def step(id: str, **more: Any) -> dict[str, Any]:
    return {"id": id, "uses": "set", **more}


def boxes(before: list[dict[str, Any]], after: list[dict[str, Any]]) -> dict[str, tuple[str, int]]:
    found = changes({"steps": before}, {"steps": after})
    return {id: (box["kind"], box["fields"]) for id, box in box_changes(found).items()}


def machine(**states: dict[str, Any]) -> dict[str, Any]:
    return {"id": "m", "uses": "states", "states": states}


def test_steps_are_added_removed_and_changed_in_so_many_fields() -> None:
    before = [step("a", name="A", timeout=3), step("b")]
    after = [step("a", name="Other", timeout=4), step("c")]
    assert boxes(before, after) == {"a": ("changed", 2), "c": ("added", 0), "b": ("removed", 0)}


def test_what_stands_elsewhere_is_moved_and_what_says_something_else_too_is_changed() -> None:
    before = [step("g"), step("a"), step("b")]
    inside = [{"id": "g", "uses": "set", "steps": [step("a"), step("b", name="B")]}]
    assert boxes(before, inside) == {"a": ("moved", 0), "b": ("changed", 1)}


def test_what_differs_in_the_workflow_itself_marks_no_box() -> None:
    assert box_changes(changes({"name": "One"}, {"name": "Two"})) == {}


def test_states_are_boxes_too() -> None:
    before = machine(draft={"transitions": {"go": {"to": "old"}}}, old={})
    after = machine(draft={"transitions": {"go": {"to": "fresh"}}}, fresh={})
    assert boxes([before], [after]) == {
        "m": ("changed", 3),
        "m:draft": ("changed", 1),
        "m:fresh": ("added", 0),
        "m:old": ("removed", 0),
    }


def test_the_states_of_a_machine_that_is_gone_are_gone() -> None:
    assert boxes([machine(one={})], []) == {"m": ("removed", 0), "m:one": ("removed", 0)}


def test_a_step_inside_a_state_differs_by_itself() -> None:
    assert boxes([machine(one={"steps": [step("a")]})], [machine(one={"steps": []})]) == {"a": ("removed", 0)}
