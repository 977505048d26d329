"""Where building begins: a new workflow, a draft to go on with, or one that is there."""

from __future__ import annotations

from typing import Any

import streamlit as st

from orchestrator.workflow_engine import WorkflowEngine
from studio.editing import begin
from studio.routes import go, link


def new_workflow(name: str) -> dict[str, Any]:
    """What an empty canvas says."""
    title = name.strip()
    return {"format": 1, "id": title or "workflow", **({"name": title} if title else {}), "steps": []}


def start_page(engine: WorkflowEngine) -> None:
    """Begin a workflow, or go on with one."""
    st.title("Builder", anchor=False)
    with st.form("new", width=560), st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.text_input("A new workflow", placeholder="What shall it be called?", key="new-name")
        if st.form_submit_button("Begin", type="primary", icon=":material/add:", key="begin"):
            go("builder", id=begin(new_workflow(name or ""), engine.workflow_versions))
    shelf = engine.library.workflows
    drafts = engine.workflow_versions.drafts.ids()
    if drafts:
        st.subheader("Not published yet", anchor=False)
        for id in drafts:
            link(id, "builder", ":material/edit:", id=id)
    st.subheader("All workflows", anchor=False)
    for entry in shelf.list():
        link(entry.name or entry.id, "builder", ":material/account_tree:", id=entry.id)
