"""The Python side of the canvas: what it gives to the browser, what it takes from it, and who wins."""

from __future__ import annotations

from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from orchestrator.history import ItemView, RunSummary, RunView, StepView, Usage
from orchestrator.registry import Registry
from orchestrator.steps import KINDS
from studio.canvas import catalog_of, marks_of
from tests.conftest import SCRIPT

FIRST = {"id": "w", "steps": [{"id": "a", "uses": "set"}]}
SECOND = {"id": "w", "steps": [{"id": "a", "uses": "set"}, {"id": "b", "uses": "set"}]}
THIRD = {"id": "w", "steps": []}


def page() -> None:
    """Shows the draft in the session as a page does, and notes what the canvas said."""
    import streamlit as st

    from studio.canvas import canvas, hear

    state = st.session_state
    event = hear(state.draft, key="canvas", selected=state.get("chosen"))
    if event and event.draft is not None:
        state.draft = event.draft
    canvas(state.draft, [], key="canvas", selected=state.get("chosen"))
    state["event"] = event and (event.draft, event.selected, event.opened)
    met = state["canvas:met"]
    state["said"] = {"draft": met.draft, "revision": met.token, "seen": met.seen, "choice": met.choice}


@pytest.fixture
def at() -> AppTest:
    at = AppTest.from_function(page, default_timeout=SCRIPT)
    at.session_state["draft"] = FIRST
    return run(at)


def run(at: AppTest, **state: Any) -> AppTest:
    for key, value in state.items():
        at.session_state[key] = value
    at.run()
    assert not at.exception
    return at


def told(at: AppTest, number: int, draft: dict[str, Any], base: str | None = None) -> dict[str, Any]:
    """What the browser tells of an edit, made on what it heard last unless said otherwise."""
    return {"edit": {"number": number, "draft": draft, "base": base or at.session_state["said"]["revision"]}}


def test_nothing_happened_before_a_person_does_something(at: AppTest) -> None:
    assert at.session_state["event"] is None
    assert at.session_state["said"]["draft"] == FIRST
    assert at.session_state["said"]["seen"] == 0


def test_an_edit_is_told_once(at: AppTest) -> None:
    run(at, canvas=told(at, 1, SECOND))
    assert at.session_state["event"] == (SECOND, None, False)
    run(at)
    assert at.session_state["event"] is None
    assert at.session_state["draft"] == SECOND


def test_an_edit_changes_no_revision_so_the_browser_ignores_its_echo(at: AppTest) -> None:
    before = at.session_state["said"]["revision"]
    run(at, canvas=told(at, 1, SECOND))
    run(at)
    assert at.session_state["said"] == {"draft": SECOND, "revision": before, "seen": 1, "choice": 0}


def test_what_the_page_changes_is_another_revision(at: AppTest) -> None:
    before = at.session_state["said"]["revision"]
    run(at, draft=SECOND)
    assert at.session_state["said"]["revision"] != before
    assert at.session_state["said"]["draft"] == SECOND
    assert at.session_state["event"] is None


def test_an_edit_that_crosses_a_change_of_the_page_waits_for_the_browser_to_join_both(at: AppTest) -> None:
    crossing = told(at, 1, SECOND)
    run(at, draft=THIRD, canvas=crossing)
    assert at.session_state["event"] is None
    assert at.session_state["draft"] == THIRD
    assert at.session_state["said"]["seen"] == 0
    run(at, canvas=told(at, 2, FIRST))
    assert at.session_state["event"] == (FIRST, None, False)


def test_an_edit_that_the_page_does_not_keep_is_taken_back(at: AppTest) -> None:
    before = at.session_state["said"]["revision"]
    run(at, canvas=told(at, 1, SECOND))
    run(at, draft=FIRST)
    assert at.session_state["said"]["draft"] == FIRST
    assert at.session_state["said"]["revision"] != before


def test_an_edit_of_another_session_is_not_taken(at: AppTest) -> None:
    """A browser that comes back after a restart joins its edits with what the new session says."""
    run(at, canvas=told(at, 7, SECOND, base="gone:0"))
    assert at.session_state["event"] is None
    assert at.session_state["draft"] == FIRST


def test_what_a_person_chooses_is_told_once(at: AppTest) -> None:
    chosen = {"selected": {"step": "a", "opened": True, "at": 5}}
    run(at, canvas=chosen)
    assert at.session_state["event"] == (None, "a", True)
    run(at, canvas=chosen)
    assert at.session_state["event"] is None


def test_a_state_is_chosen_with_its_machine_until_the_page_chooses(at: AppTest) -> None:
    run(at, canvas={"selected": {"step": "a", "state": "draft", "opened": False, "at": 5}})
    assert at.session_state["event"] == (None, "a", False)
    assert at.session_state["canvas:met"].state == "draft"
    run(at, chosen="b")
    assert at.session_state["canvas:met"].state is None


def test_the_page_chooses_and_the_person_chooses_again(at: AppTest) -> None:
    run(at, canvas={"selected": {"step": "a", "opened": False, "at": 5}})
    run(at, chosen="b")
    assert at.session_state["said"]["choice"] == 1
    assert at.session_state["event"] is None
    run(at, canvas={"selected": {"step": "a", "opened": False, "at": 6}})
    assert at.session_state["event"] == (None, "a", False)
    assert at.session_state["said"]["choice"] == 1


def test_the_palette_has_every_kind_and_every_action() -> None:
    registry = Registry.discover()
    groups = catalog_of(registry)
    uses = [action["uses"] for group in groups for action in group["actions"]]

    assert groups[0]["title"] == "Flow"
    assert sorted(uses) == sorted([*KINDS, *registry])
    assert all(action["title"] and action["description"] for group in groups for action in group["actions"])
    assert {action["uses"] for group in groups for action in group["actions"] if action["writes"]} == {
        id for id, action in registry.items() if action.effect != "read"
    }


def test_a_mark_says_how_a_step_fared() -> None:
    def item(name: str, finished: float | None, cached: bool = False) -> ItemView:
        status = "succeeded" if finished else "running"
        return ItemView(name, status, None, None, None, (), 1.0, finished, Usage(), cached=cached)

    step = StepView(
        id="each",
        name="Each",
        uses="ai.generate",
        status="failed",
        needs=(),
        output=None,
        error={"message": "No."},
        reason=None,
        items=(item("0", 3.0, cached=True), item("1", None)),
        log=(),
        started_at=1.0,
        finished_at=3.5,
        usage=Usage(cost=0.25),
    )
    run = RunView(RunSummary("r1", "w", "W", "failed", 0.5, 1.0, 3.5, None, None), {}, {}, None, (step,))

    assert marks_of(run) == {
        "each": {
            "status": "failed",
            "seconds": 2.5,
            "done": 1,
            "total": 2,
            "cached": 1,
            "cost": 0.25,
            "error": "No.",
        }
    }
