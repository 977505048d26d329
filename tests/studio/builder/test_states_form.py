"""Edits of the states of a machine: pure functions of a draft."""

from __future__ import annotations

from typing import Any

from studio.builder.states_form import earlier, set_in_state

DRAFT: dict[str, Any] = {
    "steps": [
        {
            "id": "paper",
            "uses": "states",
            "states": {
                "draft": {"role": "writer", "transitions": {"on": {"to": "done"}, "out": {"to": "done"}}},
                "done": {"role": "editor"},
            },
        }
    ]
}


def states(draft: dict[str, Any]) -> dict[str, Any]:
    return draft["steps"][0]["states"]


def test_a_state_that_says_nothing_more_stays_in_its_place() -> None:
    changed = set_in_state(DRAFT, "paper", "draft", ("role",), None)
    changed = set_in_state(changed, "paper", "done", ("role",), None)
    assert list(states(changed)) == ["draft", "done"]
    assert states(changed)["done"] == {}
    assert states(DRAFT)["done"] == {"role": "editor"}


def test_a_transition_that_loses_its_condition_still_leads_somewhere() -> None:
    path = ("transitions", "on", "if")
    changed = set_in_state(DRAFT, "paper", "draft", path, "{{ last.ok }}")
    assert states(changed)["draft"]["transitions"]["on"] == {"to": "done", "if": "{{ last.ok }}"}
    assert set_in_state(changed, "paper", "draft", path, None) == DRAFT


def test_a_way_is_tried_earlier() -> None:
    changed = earlier(DRAFT, "paper", "draft", "out")
    assert list(states(changed)["draft"]["transitions"]) == ["out", "on"]
    assert earlier(changed, "paper", "draft", "out") == changed
