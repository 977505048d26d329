"""The tab Edit of a workflow: its text, and the problems in it as it is typed."""

from __future__ import annotations

import streamlit as st

from orchestrator.errors import InvalidFile
from orchestrator.workflow_engine import WorkflowEngine
from studio.components import editor
from studio.drafts import drop_draft, keep_draft, open_draft
from studio.failures import guarded, show_problems
from studio.moments import count
from studio.notices import notice
from studio.routes import go
from studio.save_bar import save_bar
from studio.workflow_view import marks, problems_of


def edit_workflow(id: str, engine: WorkflowEngine) -> None:
    key = f"workflow:{id}"
    saved = engine.library.workflows.text(id)
    draft = open_draft(key, saved, saved)
    text = editor(
        draft.content,
        key=f"workflow-editor-{id}",
        revision=draft.token,
        language="json",
        label="The workflow as JSON",
        height=460,
        problems=marks(problems_of(draft.content, engine), draft.content),
    )
    keep_draft(key, draft.of(text), saved)
    problems = problems_of(text, engine)
    shipped = engine.library.workflows.is_shipped(id)
    if save_bar(key, draft, saved, changed=text != saved, right=not problems, shipped=shipped):
        _save(id, text, engine)
    if problems:
        st.markdown(f"**{count(len(problems), 'problem')}.** It can be saved when there are none; your text is kept.")
        show_problems(problems)
    elif text != saved:
        st.caption(":material/check: No problems found.")


@guarded()
def _save(id: str, text: str, engine: WorkflowEngine) -> None:
    shelf = engine.library.workflows
    workflow = shelf.parse(text)
    if workflow.id != id and workflow.id in shelf.ids():
        raise InvalidFile(
            f"There is already a workflow with the id '{workflow.id}'.", remedy="Choose another id, or edit that one."
        )
    shelf.save(workflow)
    drop_draft(f"workflow:{id}")
    notice(f"'{workflow.title}' was saved.")
    go("workflows", id=workflow.id)
