"""Keeping a workflow at hand on Home, and letting it go again."""

from __future__ import annotations

from typing import Literal

import streamlit as st

from orchestrator.library import Entry
from orchestrator.pins import Pins
from orchestrator.workflow_engine import WorkflowEngine
from studio.failures import guarded


def pins(engine: WorkflowEngine) -> Pins:
    return Pins(engine.settings.home)


def pinned(engine: WorkflowEngine) -> list[Entry]:
    """The workflows that are at hand. One that was deleted since is left out."""
    known = {entry.id: entry for entry in engine.library.workflows.list()}
    return [known[id] for id in pins(engine).ids() if id in known]


def pin_button(id: str, engine: WorkflowEngine, *, type: Literal["secondary", "tertiary"] = "tertiary") -> None:
    """Pins the workflow to Home, or lets it go."""
    is_pinned = id in pins(engine).ids()
    st.button(
        "Unpin" if is_pinned else "Pin",
        icon=":material/keep_off:" if is_pinned else ":material/keep:",
        key=f"pin-{id}",
        type=type,
        help="Take it off Home." if is_pinned else "Keep it at hand on Home.",
        on_click=_change,
        args=(id, is_pinned, engine),
    )


@guarded()
def _change(id: str, is_pinned: bool, engine: WorkflowEngine) -> None:
    (pins(engine).unpin if is_pinned else pins(engine).pin)(id)
