"""The Python side of the canvas and the editor: what they give to the browser and take from it."""

from __future__ import annotations

from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from orchestrator.history import Attempt, ItemView, RunSummary, RunView, StepView, Usage
from studio.components import run_status
from tests.conftest import SCRIPT

STEPS = [
    {"id": "mail", "name": "Mail", "uses": "gmail.search_messages", "needs": []},
    {"id": "page", "name": "Page", "uses": "notion.create_page", "needs": ["mail"]},
]


def canvas_page(steps: list[dict], selected: str | None) -> None:
    import streamlit as st

    from studio.components import canvas

    events = canvas(steps, key="graph", selected=selected)
    st.session_state["events"] = (events.selected, events.news)


def editor_page(value: str, revision: int) -> None:
    import streamlit as st

    from studio.components import editor

    st.session_state["text-box:session"] = "s"
    crossed = st.session_state["crossed"] = []
    st.session_state["text"] = editor(value, key="text-box", revision=revision, crossed=lambda: crossed.append(1))


def typed(text: str, base: str, *, crossed: bool = False) -> dict[str, Any]:
    return {"text": text, "number": 1, "base": base, "crossed": crossed}


def run(page: Any, state: dict[str, Any] | None = None, **arguments: Any) -> AppTest:
    at = AppTest.from_function(page, default_timeout=SCRIPT, kwargs=arguments)
    for key, value in (state or {}).items():
        at.session_state[key] = value
    at.run()
    assert not at.exception
    return at


def test_nothing_is_selected_before_a_person_does() -> None:
    assert run(canvas_page, steps=STEPS, selected=None).session_state["events"] == (None, None)


def test_what_a_person_selects_is_told() -> None:
    at = run(canvas_page, {"graph": {"selected": {"id": "page", "at": 1}}}, steps=STEPS, selected="mail")

    assert at.session_state["events"] == ("page", None)


def test_a_step_that_is_gone_is_not_selected() -> None:
    at = run(canvas_page, {"graph": {"selected": {"id": "deleted", "at": 1}}}, steps=STEPS, selected=None)

    assert at.session_state["events"] == (None, None)


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ({}, "shipped"),
        ({"text-box": {"edit": typed("typed", "s:1")}}, "typed"),
        ({"text-box": {"edit": typed("", "s:1")}}, ""),
        ({"text-box": {"edit": typed("typed into another file", "s:0")}}, "shipped"),
        ({"text-box": {"edit": typed("typed before the server began anew", "r:1")}}, "shipped"),
    ],
    ids=["untouched", "typed", "emptied", "of another revision", "of another session"],
)
def test_the_editor_gives_the_text_as_it_stands(state: dict[str, Any], expected: str) -> None:
    assert run(editor_page, state, value="shipped", revision=1).session_state["text"] == expected


def test_a_text_that_crossed_another_is_said_to_once() -> None:
    at = run(editor_page, {"text-box": {"edit": typed("mine", "s:1", crossed=True)}}, value="theirs", revision=1)
    assert (at.session_state["text"], at.session_state["crossed"]) == ("mine", [1])
    at.session_state["text-box"] = {"edit": typed("mine", "s:1", crossed=True)}
    at.run()
    assert (at.session_state["text"], at.session_state["crossed"]) == ("mine", [])


def test_a_run_is_shown_as_its_socket_shows_it() -> None:
    def item(name: str, finished: float | None) -> ItemView:
        attempts = (Attempt(1, 1.0, 2.0, {"message": "no"}), Attempt(2, 2.0, finished, None))
        status = "succeeded" if finished else "running"
        return ItemView(name, status, None, None, None, attempts, 1.0, finished, Usage())

    step = StepView(
        id="each",
        name="Each",
        uses="ai.generate",
        status="running",
        needs=(),
        output=None,
        error=None,
        reason=None,
        items=(item("0", 3.0), item("1", None)),
        log=(),
        started_at=1.0,
        finished_at=None,
        usage=Usage(),
    )
    summary = RunSummary("r1", "w", "W", "running", 0.5, 1.0, None, None, None)

    status = run_status(RunView(summary, {}, {}, None, (step,)))

    assert status["run"] == {"id": "r1", "status": "running", "started_at": 1.0, "finished_at": None, "error": None}
    assert status["steps"]["each"] == {
        "status": "running",
        "started_at": 1.0,
        "finished_at": None,
        "attempts": 2,
        "done": 1,
        "total": 2,
        "error": None,
        "waits_for": None,
    }
    assert set(status) == {"run", "steps", "text", "at"}
