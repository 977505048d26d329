"""The form that edits a template: its texts, and the variables found in them."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Literal

import streamlit as st

from orchestrator.errors import PatchbayError
from orchestrator.workflow_engine import WorkflowEngine
from studio.components import editor
from studio.editing import Editing, change, cross
from studio.forms import TYPES
from studio.markup import code
from studio.templates.draft import TemplateDraft, VariableDraft, with_found
from studio.turns import saw, token


def edit(editing: Editing, engine: WorkflowEngine) -> None:
    """Draw the form; what a person changes is in the draft at once."""
    shown = TemplateDraft.of(editing.content)
    with contextlib.suppress(PatchbayError):  # while a text is wrong, what is known of the variables stays
        shown = with_found(shown)
    crossed = partial(cross, editing, engine.template_versions)
    edited = _form(shown, f"{editing.id}:{token(editing, 'texts')}", crossed)
    with contextlib.suppress(PatchbayError):
        edited = with_found(edited)
    content = edited.to_content()
    if edited != shown and content != editing.content:
        change(editing, content, engine.template_versions)
        saw(editing, "texts")
        st.rerun()


def _form(draft: TemplateDraft, key: str, crossed: Callable[[], None]) -> TemplateDraft:
    id, _, revision = key.partition(":")

    def text(name: Literal["system", "user"], value: str, label: str, height: int) -> str:
        return editor(
            value,
            key=f"{name}:{id}",
            revision=revision,
            language="jinja",
            label=label,
            height=height,
            crossed=crossed,
        )

    name = st.text_input("Name", draft.name, key=f"name:{key}", placeholder=id)
    description = st.text_area("Description", draft.description, key=f"description:{key}", height=80)
    tags = st.multiselect(
        "Tags",
        list(draft.tags),
        default=list(draft.tags),
        key=f"tags:{key}",
        accept_new_options=True,
        placeholder="Type a word to find it by",
    )
    st.caption("System text: who the model is and how it should answer")
    system = text("system", draft.system, "System text", 130)
    st.caption("User text: what it is asked. Write `{{ name }}` where a value goes")
    user = text("user", draft.user, "User text", 240)
    return replace(
        draft,
        name=name or "",
        description=description or "",
        tags=tuple(tags),
        system=system,
        user=user,
        variables=_variables(draft.variables, key),
    )


def _variables(rows: Mapping[str, VariableDraft], prefix: str) -> dict[str, VariableDraft]:
    if not rows:
        st.caption("No variables yet. Each `{{ name }}` in the texts becomes one by itself.")
        return {}
    st.caption("Variables, found in the texts")
    return {name: _row(name, row, f"{prefix}:{name}") for name, row in rows.items()}


def _row(name: str, row: VariableDraft, key: str) -> VariableDraft:
    with st.container(border=True, gap="small"):
        head = st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute")
        head.markdown(code(name), width="content")
        required = head.toggle("Required", row.required, key=f"required:{key}")
        title, kind = st.columns([3, 2])
        new_title = title.text_input("Title", row.title, key=f"title:{key}", placeholder=name)
        new_type = kind.selectbox(
            "Kind", list(TYPES), list(TYPES).index(row.type), format_func=TYPES.__getitem__, key=f"type:{key}"
        )
        default = row.default
        if not required:
            long = row.type in ("list", "object") or "\n" in row.default
            ask_default = st.text_area if long else st.text_input
            default = ask_default("Default", row.default, key=f"default:{key}") or ""
    return replace(row, type=new_type or row.type, title=new_title or "", required=required, default=default)
