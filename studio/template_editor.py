"""The form that edits a template: its texts, the variables found in them, and what it looks like filled in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import streamlit as st

from orchestrator.errors import PatchbayError
from orchestrator.templates import Template
from studio.components import editor
from studio.failures import describe, show
from studio.forms import collect, template_fields
from studio.markup import literal, plain
from studio.template_view import TYPES, TemplateDraft, VariableDraft, build, found_in, preview, sample_of, with_found
from studio.widgets import ask


def edit_template(draft: TemplateDraft, token: str) -> TemplateDraft:
    """Draw the form and return what stands in it now. `token` identifies this editing."""
    id = draft.id
    name = st.text_input("Name", draft.name, key=f"name:{id}:{token}")
    description = st.text_input("Description", draft.description, key=f"description:{id}:{token}")
    st.caption("System text: who the model is and how it should answer")
    system = editor(draft.system, key=f"system:{id}", revision=token, language="jinja", label="System text", height=130)
    st.caption("User text: what it is asked. Write `{{ name }}` where a value goes")
    user = editor(draft.user, key=f"user:{id}", revision=token, language="jinja", label="User text", height=240)
    edited = replace(draft, name=name or "", description=description or "", system=system, user=user)
    try:
        edited = with_found(edited)
    except PatchbayError as error:
        show(describe(error))
        return edited
    return replace(edited, variables=_variables(edited.variables, f"{id}:{token}"))


def show_preview(template: Template) -> None:
    """The messages as a model would get them, with sample values that can be changed."""
    names = [example.name for example in template.examples]
    index = 0
    if len(names) > 1:
        index = st.selectbox("Example", range(len(names)), format_func=lambda i: names[i], key=f"example:{template.id}")
    fields = template_fields(template, sample_of(template, index))
    with st.expander("Sample values", icon=":material/tune:"):
        answers = ask(fields, prefix=f"sample:{template.id}:{index}")
    values, problems = collect(fields, answers)
    for problem in problems:
        st.warning(plain(str(problem)), icon=":material/build:")
    shown = preview(template, values)
    if shown.trouble:
        show(describe(shown.trouble))
    for message in shown.messages:
        with st.container(border=True):
            st.badge(message.role.capitalize(), color="gray")
            st.html(literal(message.content))


def draft_or_error(draft: TemplateDraft) -> Template | None:
    """The template that the draft says. What is wrong with it is shown, but for the texts: their form says that."""
    try:
        found_in(draft.system, draft.user)
    except PatchbayError:
        st.caption("It shows again when the text is right.")
        return None
    try:
        return build(draft)
    except PatchbayError as error:
        show(describe(error))
        return None


def _variables(rows: Mapping[str, VariableDraft], prefix: str) -> dict[str, VariableDraft]:
    if not rows:
        st.caption("No variables yet. Each `{{ name }}` in the texts becomes one by itself.")
        return {}
    st.caption("Variables, found in the texts")
    return {name: _row(name, row, f"{prefix}:{name}") for name, row in rows.items()}


def _row(name: str, row: VariableDraft, key: str) -> VariableDraft:
    with st.container(border=True, gap="small"):
        head = st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute")
        head.markdown(f"`{name}`", width="content")
        required = head.toggle("Required", row.required, key=f"required:{key}")
        title, kind = st.columns([3, 2])
        new_title = title.text_input("Title", row.title, key=f"title:{key}", placeholder=name)
        new_type = kind.selectbox("Type", TYPES, TYPES.index(row.type), key=f"type:{key}")
        default = row.default
        if not required:
            long = row.type in ("list", "object") or "\n" in row.default
            ask_default = st.text_area if long else st.text_input
            default = ask_default("Default", row.default, key=f"default:{key}") or ""
    return replace(row, type=new_type or row.type, title=new_title or "", required=required, default=default)
