"""Workflows: all of them, with a search; or one of them (`?id=…`): its graph and its run form."""

from __future__ import annotations

import time

import streamlit as st

from orchestrator.errors import PatchbayError
from orchestrator.workflow import Workflow
from orchestrator.workflow_engine import WorkflowEngine, current
from studio.bundle_panels import export_button, import_popover
from studio.components import canvas
from studio.failures import describe, show, show_problems
from studio.library_actions import file_buttons
from studio.markup import cell, plain
from studio.missing import show_missing
from studio.pinning import pin_button
from studio.routes import asked, link
from studio.run_form import run_form
from studio.run_list import run_rows
from studio.search import search
from studio.sheets import in_sheets
from studio.workflow_list import workflow_cards
from studio.workflow_view import canvas_steps, card, matching

MOST_SAID = 600
"""Characters of a description that are shown. The Builder has the rest."""


def list_page(engine: WorkflowEngine) -> None:
    st.title("Workflows", anchor=False)
    with st.container(horizontal=True, vertical_alignment="center"):
        wanted = search("Search by name, service or what it does")
        import_popover(engine)
    cards = [card(entry, engine) for entry in engine.library.workflows.list()]
    found = matching(cards, wanted)
    if found:
        in_sheets(found, lambda cards: workflow_cards(cards, engine), key=f"workflows:{wanted}")
    else:
        st.caption("No workflow fits this search." if cards else "There are none yet. Import one to begin.")


def workflow_page(id: str, engine: WorkflowEngine) -> None:
    shelf = engine.library.workflows
    link("All workflows", "workflows", ":material/arrow_back:")
    if id not in shelf.ids():
        show_missing(id, shelf, "workflows")
        return
    try:
        workflow = engine.load_workflow(id)
    except PatchbayError as error:
        broken_page(id, error, engine)
        return
    st.title(plain(workflow.title), anchor=False)
    if workflow.description:
        st.markdown(plain(cell(workflow.description, MOST_SAID)))
    with st.container(horizontal=True, vertical_alignment="center"):
        st.badge("Shipped" if shelf.is_shipped(id) else "Yours", color="gray")
        link("Change it in the Builder", "builder", ":material/design_services:", id=id)
        file_buttons(engine.workflow_versions, id, "workflows", broken=False)
        export_button(workflow, engine, type="secondary")
        pin_button(id, engine, type="secondary")
    run_part(workflow, engine)


def run_part(workflow: Workflow, engine: WorkflowEngine) -> None:
    """The form, the graph and what ran before; for a workflow with mistakes, the mistakes."""
    problems = engine.check(workflow.dump())
    if problems:
        st.markdown("**It cannot run yet.** Correct it in the Builder.")
        show_problems(problems)
        return
    form, graph = st.columns([2, 3], gap="medium")
    with form:
        run_form(workflow, engine)
    with graph:
        canvas(canvas_steps(workflow, engine.registry), key=f"graph-{workflow.id}", revision=workflow.hash, height=380)
    past_runs(workflow.id, engine)


def broken_page(id: str, error: PatchbayError, engine: WorkflowEngine) -> None:
    """A file with mistakes: nothing to run, but it can be corrected, exported or deleted."""
    st.title(plain(id), anchor=False)
    with st.container(horizontal=True):
        link("Correct it in the Builder", "builder", ":material/build:", id=id, view="json")
        file_buttons(engine.workflow_versions, id, "workflows", broken=True)
    show(describe(error))


def past_runs(id: str, engine: WorkflowEngine) -> None:
    runs = engine.runs(workflow=id, limit=5)
    if runs:
        st.subheader("Its last runs", anchor=False)
        run_rows(runs, time.time())


engine = current()
wanted = asked("id").get("id")
if wanted:
    workflow_page(wanted, engine)
else:
    list_page(engine)
