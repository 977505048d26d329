from __future__ import annotations

from typing import Any

from studio.builder.edit import every_step, find_step, get_value, holders, set_value

DRAFT: dict[str, Any] = {
    "id": "w",
    "steps": [
        {"id": "a", "uses": "set", "with": {"values": {"x": 1}}},
        {"id": "g", "uses": "group", "steps": [{"id": "b", "uses": "set"}]},
        {"id": "m", "uses": "states", "states": {"one": {"steps": [{"id": "c", "uses": "set"}]}}},
        "no step",
        {"uses": "half written"},
    ],
}


def test_steps_are_found_wherever_they_stand() -> None:
    assert [step["id"] for step in every_step(DRAFT)] == ["a", "g", "b", "m", "c"]
    assert find_step(DRAFT, "c") == {"id": "c", "uses": "set"}
    assert find_step(DRAFT, "x") is None
    assert [[step["id"] for step in holders(DRAFT, id)] for id in ("a", "b", "c", "x")] == [[], ["g"], ["m"], []]


def test_a_value_is_set_in_a_new_draft() -> None:
    changed = set_value(DRAFT, "b", ("with", "values"), {"y": 2})
    assert get_value(changed, "b", ("with", "values", "y")) == 2
    assert get_value(DRAFT, "b", ("with",)) is None
    assert get_value(set_value(DRAFT, None, ("budget", "tokens"), 5), None, ("budget",)) == {"tokens": 5}


def test_a_value_that_is_taken_away_leaves_no_empty_shell() -> None:
    assert set_value(DRAFT, "a", ("with", "values"), None)["steps"][0] == {"id": "a", "uses": "set"}
    assert set_value(DRAFT, "a", ("retry",), None) == DRAFT
    assert set_value(DRAFT, "nobody", ("with", "x"), 1) == DRAFT
