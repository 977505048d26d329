"""Templates: all of them; or one of them (`?id=…`): written, tried, checked by cases, and its versions."""

from __future__ import annotations

import streamlit as st

from orchestrator.errors import NotFound, PatchbayError
from orchestrator.templates import Template
from orchestrator.workflow_engine import WorkflowEngine, current
from studio.editing import Editing, editing_in_hand, open_editing
from studio.failures import describe, show
from studio.history_panel import history_panel
from studio.library_actions import file_buttons
from studio.markup import plain
from studio.missing import show_missing
from studio.publish_bar import conflict_box, discard_button, publish_popover, standing
from studio.routes import asked, link
from studio.templates.cases_panel import cases_panel
from studio.templates.draft import judged
from studio.templates.editor import edit, take_up
from studio.templates.library import library, use_words
from studio.templates.samples import choose_values, show_preview
from studio.templates.try_panel import try_panel
from studio.views import choose_view

VIEWS = {
    "write": ":material/edit: Write",
    "try": ":material/play_arrow: Try",
    "cases": ":material/checklist: Cases",
    "history": ":material/history: History",
}


def template_page(id: str, engine: WorkflowEngine) -> None:
    versions = engine.template_versions
    link("All templates", "templates", ":material/arrow_back:")
    try:
        editing = editing_in_hand(id, versions)
    except NotFound:
        show_missing(id, versions.shelf, "templates")
        return
    if not editing.broken:
        take_up(editing, engine)
    template, problem = judged(editing.content)
    head(editing, template, problem, engine)
    conflict_box(editing, versions)
    if editing.broken:
        st.error(f"**{plain(editing.broken)}**  \nCorrect the file on disk, or go back to a version of it.")
        history_panel(editing, versions)
        return
    view = choose_view(VIEWS)
    match view:
        case "history" if editing.base:
            history_panel(editing, versions)
        case "history":
            st.caption("It has no version yet: publish it first.")
        case "try" if template and not problem:
            try_panel(editing, template, engine)
        case "cases" if template and not problem:
            cases_panel(editing, template, engine)
        case "try" | "cases":
            st.caption("It can be tried as soon as it is right.")
            if problem:
                show(describe(problem))
        case _:
            write_view(editing, template, problem, engine)
    if open_editing(id, versions) is not editing:  # somebody else changed it, and nothing was typed here
        st.rerun()


def head(editing: Editing, template: Template | None, problem: PatchbayError | None, engine: WorkflowEngine) -> None:
    """Its name, how it stands, what uses it, and what one does with it."""
    versions, shelf = engine.template_versions, engine.library.templates
    is_file = editing.id in shelf.ids()
    st.title(plain(str(editing.content.get("name") or editing.id)), anchor=False)
    with st.container(horizontal=True, vertical_alignment="center"):
        if is_file:
            st.badge("Shipped" if shelf.is_shipped(editing.id) else "Yours", color="gray")
        st.markdown(standing(editing), width="content")
        use = engine.template_usage.of(editing.id)
        st.caption(use_words(use), width="content")
        for workflow in use.workflows:
            link(engine.library.workflows.load(workflow).title, "workflows", ":material/account_tree:", id=workflow)
    with st.container(horizontal=True, vertical_alignment="center"):
        publish_popover(editing, versions, problem.message if problem else None)
        if is_file:
            file_buttons(versions, editing.id, "templates", broken=template is None)
        discard_button(editing, versions)


def write_view(
    editing: Editing, template: Template | None, problem: PatchbayError | None, engine: WorkflowEngine
) -> None:
    writing, reading = st.columns(2, gap="medium")
    with writing:
        with st.container():  # always: a form below that moved would lose what is being typed
            if problem is not None and editing.content.get("user"):
                show(describe(problem))
        edit(editing)
    with reading:
        st.subheader("Preview", anchor=False)
        if template is None:
            st.caption("It shows again when the template is right.")
        else:
            show_preview(template, choose_values(template, engine))


engine = current()
wanted = asked("id").get("id")
if wanted:
    template_page(wanted, engine)
else:
    library(engine)
