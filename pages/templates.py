"""Templates: all of them; or one of them (`?id=…`): its texts, its variables, and what it looks like filled in."""

from __future__ import annotations

import streamlit as st

from orchestrator.errors import PatchbayError
from orchestrator.templates import Template
from orchestrator.workflow_engine import WorkflowEngine, current
from studio.drafts import drop_draft, keep_draft, open_draft
from studio.failures import guarded
from studio.library_actions import file_buttons, import_button
from studio.markup import cell, plain
from studio.notices import notice
from studio.routes import asked, go, link
from studio.save_bar import save_bar
from studio.template_editor import draft_or_error, edit_template, show_preview
from studio.template_view import TemplateDraft


def list_page(engine: WorkflowEngine) -> None:
    st.title("Templates", anchor=False)
    st.markdown("The texts that models are asked with. A workflow's step names one and gives it values.")
    import_button(engine.library.templates, "templates")
    entries = engine.library.templates.list()
    with st.grid("auto", min_column_width=290):
        for entry in entries:
            with st.container(border=True, height="stretch", gap="small"):
                st.markdown(f"**{plain(entry.name)}**" + ("" if entry.shipped else "  :gray-badge[Yours]"))
                if entry.error:
                    st.markdown(f":small[:red[It cannot be used yet:] {plain(cell(entry.error, 200))}]")
                else:
                    st.markdown(plain(entry.description) or ":gray[No description yet.]")
                st.space("stretch")
                link("Open", "templates", ":material/edit:", id=entry.id)
    if not entries:
        st.caption("There are none yet. Import one to begin.")


def template_page(id: str, engine: WorkflowEngine) -> None:
    shelf = engine.library.templates
    link("All templates", "templates", ":material/arrow_back:")
    saved_text = shelf.text(id)
    try:
        saved = shelf.load(id)
    except PatchbayError:
        st.title(plain(id), anchor=False)
        with st.container(horizontal=True):
            file_buttons(shelf, id, "templates", broken=True)
        raise
    st.title(plain(saved.title), anchor=False)
    shipped = shelf.is_shipped(id)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.badge("Shipped" if shipped else "Yours", color="gray")
        file_buttons(shelf, id, "templates", broken=False)
    key = f"template:{id}"
    fresh = TemplateDraft.of(saved)
    draft = open_draft(key, saved_text, fresh)
    writing, reading = st.columns(2, gap="medium")
    with writing:
        edited = edit_template(draft.content, draft.token)
    keep_draft(key, draft.of(edited), fresh)
    with reading:
        st.subheader("Preview", anchor=False)
        template = draft_or_error(edited)
        if template is not None:
            show_preview(template)
    with writing:
        right, changed = template is not None, edited != fresh
        if save_bar(key, draft, saved_text, changed=changed, right=right, shipped=shipped) and template:
            save(template, engine)


@guarded()
def save(template: Template, engine: WorkflowEngine) -> None:
    engine.library.templates.save(template)
    drop_draft(f"template:{template.id}")
    notice(f"'{template.title}' was saved.")
    go("templates", id=template.id)


engine = current()
wanted = asked("id").get("id")
if wanted:
    template_page(wanted, engine)
else:
    list_page(engine)
