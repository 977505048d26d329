"""The head of the Builder: how the draft stands, running it, publishing it."""

from __future__ import annotations

import time
from collections.abc import Sequence

import streamlit as st

from orchestrator.errors import Problem
from orchestrator.workflow import Workflow
from orchestrator.workflow_engine import WorkflowEngine
from studio.bundle_panels import export_button
from studio.editing import Editing
from studio.failures import guarded
from studio.forms import needs_input
from studio.markup import plain
from studio.moments import ago, count
from studio.popovers import popover
from studio.publish_bar import discard_button, publish_popover, standing
from studio.routes import go, link
from studio.workflow_list import PREVIEW_HELP


def bar(editing: Editing, problems: Sequence[Problem], engine: WorkflowEngine) -> None:
    link("Its page and runs", "workflows", ":material/arrow_back:", id=editing.id)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.subheader(plain(str(editing.content.get("name") or editing.id)), anchor=False, width="content")
        st.markdown(standing(editing), width="content")
        st.space("stretch")
        right = not problems
        asks = needs_input(Workflow.model_validate(editing.content)) if right else []
        why = _why_not(problems, asks)
        looked = st.button(
            "Preview",
            icon=":material/visibility:",
            key="preview",
            disabled=not right or bool(asks),
            help=why or PREVIEW_HELP,
        )
        ran = st.button("Run", icon=":material/play_arrow:", key="run", disabled=not right or bool(asks), help=why)
        if looked or ran:
            _start(editing, engine, preview=looked)
        publish_popover(editing, engine.workflow_versions, _why_not(problems, ()))
        _more(editing, engine)


def _why_not(problems: Sequence[Problem], asks: Sequence[str]) -> str | None:
    if problems:
        return f"{count(len(problems), 'problem')} first: they stand below the canvas."
    return f"It asks for {', '.join(asks)}: publish it, and run it from its page." if asks else None


def _more(editing: Editing, engine: WorkflowEngine) -> None:
    place = popover(":material/more_vert:", help="More", key="more")
    if not place.open:
        return
    with place:
        st.download_button(
            "Export",
            editing.text,
            file_name=f"{editing.id}.json",
            mime="application/json",
            icon=":material/download:",
            on_click="ignore",
            type="tertiary",
        )
        if not editing.broken and editing.content.get("steps"):
            _export_all(editing, engine)
        discard_button(editing, engine.workflow_versions, within="more")
        kept = engine.workflow_versions.drafts.get(editing.id)
        if kept:
            st.caption(f"Kept {ago(kept.at, time.time())}")


@guarded()
def _export_all(editing: Editing, engine: WorkflowEngine) -> None:
    export_button(engine.workflow_versions.shelf.parse(editing.text), engine)


@guarded()
def _start(editing: Editing, engine: WorkflowEngine, *, preview: bool) -> None:
    workflow = Workflow.model_validate(editing.content)
    go("runs", id=engine.start_workflow(workflow, preview=preview or None))
