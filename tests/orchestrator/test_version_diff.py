from __future__ import annotations

from typing import Any

from orchestrator.version_diff import Change, changes


def flow(*steps: dict[str, Any], **keys: Any) -> dict[str, Any]:
    return {"format": 1, "id": "w", "steps": list(steps), **keys}


def step(id: str, **keys: Any) -> dict[str, Any]:
    return {"id": id, "uses": "set", **keys}


def test_equal_files_do_not_differ() -> None:
    assert changes(flow(step("a")), flow(step("a"))) == []


def test_fields_are_named_by_their_path() -> None:
    before = flow(step("a", **{"with": {"x": 1, "y": {"z": [1]}}}), name="Old")
    after = flow(step("a", **{"with": {"x": 2, "y": {"z": [1], "q": 3}}, "if": True}), description="New")
    assert changes(before, after) == [
        Change("", "description", "added", after="New"),
        Change("", "name", "removed", before="Old"),
        Change("a", "with.x", "changed", 1, 2),
        Change("a", "with.y.q", "added", after=3),
        Change("a", "if", "added", after=True),
    ]


def test_steps_come_go_and_move() -> None:
    before = flow(step("a"), step("b"), step("c"), step("d"))
    after = flow(step("d"), step("a"), step("c"), step("new"))
    assert [(one.step, one.kind) for one in changes(before, after)] == [
        ("d", "moved"),
        ("new", "added"),
        ("b", "removed"),
    ]


def test_steps_inside_others_are_compared_by_themselves() -> None:
    before = flow(step("g", steps=[step("x", name="1")]), step("y"))
    after = flow(step("g", steps=[step("x", name="2"), step("y")]))
    assert changes(before, after) == [
        Change("x", "name", "changed", "1", "2"),
        Change("y", "", "moved", before="", after="g"),
    ]


def test_states_are_told_with_their_transitions_and_their_steps_apart() -> None:
    def machine(to: str, name: str) -> dict[str, Any]:
        draft = {"steps": [step("x", name=name)], "transitions": {"done": {"to": to}}}
        return flow(step("m", uses="states", states={"draft": draft}))

    assert changes(machine("a", "1"), machine("b", "2")) == [
        Change("m", "states.draft.transitions.done.to", "changed", "a", "b"),
        Change("x", "name", "changed", "1", "2"),
    ]


def test_where_boxes_stand_is_no_difference() -> None:
    assert changes(flow(layout={"a": [1, 2]}), flow(layout={"a": [3, 4]})) == []


def test_a_file_without_steps_is_compared_by_field() -> None:
    assert changes({"id": "t", "user": "Hi"}, {"id": "t", "user": "Ho"}) == [Change("", "user", "changed", "Hi", "Ho")]


def test_what_is_no_workflow_is_compared_as_far_as_it_goes() -> None:
    assert changes({"steps": "no"}, {"steps": [1, {"id": 3}]}) == []


def test_things_in_a_list_that_have_names_are_compared_by_name() -> None:
    before = {"cases": [{"name": "One", "expect": 1}, {"name": "Two", "expect": 2}]}
    after = {"cases": [{"name": "Two", "expect": 3}, {"name": "New", "expect": 4}]}
    assert [(change.field, change.kind) for change in changes(before, after)] == [
        ("cases.Two.expect", "changed"),
        ("cases.New", "added"),
        ("cases.One", "removed"),
    ]


def test_a_list_where_a_name_stands_twice_is_compared_as_a_whole() -> None:
    before = {"cases": [{"name": "One"}, {"name": "One", "expect": 1}]}
    after = {"cases": [{"name": "One"}]}
    assert [(change.field, change.kind) for change in changes(before, after)] == [("cases", "changed")]
