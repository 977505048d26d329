"""Keeping a workflow at hand on Home, and letting it go again."""

from __future__ import annotations

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


def pin_button(id: str, engine: WorkflowEngine, *, words: bool = False) -> None:
    """Pins the workflow, or lets it go; with `words` it says which."""
    is_pinned = id in pins(engine).ids()
    said = "Unpin" if is_pinned else "Pin to Home"
    icon = ":material/keep_off:" if is_pinned else ":material/keep:"
    st.button(
        said if words else icon,
        icon=icon if words else None,
        key=f"pin-{id}",
        type="secondary" if words else "tertiary",
        help=None if words else f"{said}",
        on_click=_change,
        args=(id, is_pinned, engine),
    )


@guarded()
def _change(id: str, is_pinned: bool, engine: WorkflowEngine) -> None:
    (pins(engine).unpin if is_pinned else pins(engine).pin)(id)
