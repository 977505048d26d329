"""The form that edits a template: its texts, and the variables found in them."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, Literal

import streamlit as st

from orchestrator.errors import PatchbayError
from orchestrator.workflow_engine import WorkflowEngine
from studio.components import editor, typed
from studio.editing import Editing, change, cross
from studio.forms import TYPES
from studio.markup import code
from studio.templates.draft import TemplateDraft, VariableDraft, with_found
from studio.turns import saw, token


def take_up(editing: Editing, engine: WorkflowEngine) -> None:
    """Keep what was changed in the form since it was drawn, before anything is drawn that shows the draft."""
    shown = _shown(editing)
    key = _key(editing)
    edited = _as_typed(shown, editing.id, key, partial(cross, editing, engine.template_versions))
    with contextlib.suppress(PatchbayError):
        edited = with_found(edited)
    content = edited.to_content()
    if edited != shown and content != editing.content:
        change(editing, content, engine.template_versions)
        saw(editing, "texts")


def edit(editing: Editing) -> None:
    """Draw the form."""
    _form(_shown(editing), editing.id, _key(editing))


def _shown(editing: Editing) -> TemplateDraft:
    draft = TemplateDraft.of(editing.content)
    with contextlib.suppress(PatchbayError):  # while a text is wrong, what is known of the variables stays
        return with_found(draft)
    return draft


def _key(editing: Editing) -> str:
    """What the keys of the form's widgets end with."""
    return f"{editing.id}:{token(editing, 'texts')}"


def _as_typed(draft: TemplateDraft, id: str, key: str, crossed: Callable[[], None]) -> TemplateDraft:
    """The draft with what stands in the widgets. One that is not on the page says nothing."""

    def text(name: Literal["system", "user"], value: str) -> str:
        return typed(value, key=f"{name}:{id}", revision=_revision(key), crossed=crossed)

    def value(name: str, otherwise: Any, row: str = "") -> Any:
        return st.session_state.get(f"{name}:{key}{row}", otherwise)

    def variable(name: str, row: VariableDraft) -> VariableDraft:
        required = value("required", row.required, f":{name}")
        return replace(
            row,
            type=value("type", row.type, f":{name}") or row.type,
            title=value("title", row.title, f":{name}") or "",
            required=required,
            default=row.default if required else value("default", row.default, f":{name}") or "",
        )

    return replace(
        draft,
        name=value("name", draft.name) or "",
        description=value("description", draft.description) or "",
        tags=tuple(value("tags", draft.tags)),
        system=text("system", draft.system),
        user=text("user", draft.user),
        variables={name: variable(name, row) for name, row in draft.variables.items()},
    )


def _revision(key: str) -> str:
    return key.partition(":")[2]


def _form(draft: TemplateDraft, id: str, key: str) -> None:
    def text(name: Literal["system", "user"], value: str, label: str, height: int) -> None:
        editor(value, key=f"{name}:{id}", revision=_revision(key), language="jinja", label=label, height=height)

    st.text_input("Name", draft.name, key=f"name:{key}", placeholder=id)
    st.text_area("Description", draft.description, key=f"description:{key}", height=80)
    st.multiselect(
        "Tags",
        list(draft.tags),
        default=list(draft.tags),
        key=f"tags:{key}",
        accept_new_options=True,
        placeholder="Type a word to find it by",
    )
    st.caption("System text: who the model is and how it should answer")
    text("system", draft.system, "System text", 130)
    st.caption("User text: what it is asked. Write `{{ name }}` where a value goes")
    text("user", draft.user, "User text", 240)
    _variables(draft.variables, key)


def _variables(rows: Mapping[str, VariableDraft], prefix: str) -> None:
    if not rows:
        st.caption("No variables yet. Each `{{ name }}` in the texts becomes one by itself.")
        return
    st.caption("Variables, found in the texts")
    for name, row in rows.items():
        _row(name, row, f"{prefix}:{name}")


def _row(name: str, row: VariableDraft, key: str) -> None:
    with st.container(border=True, gap="small"):
        head = st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute")
        head.markdown(code(name), width="content")
        head.toggle("Required", row.required, key=f"required:{key}")
        title, kind = st.columns([3, 2])
        title.text_input("Title", row.title, key=f"title:{key}", placeholder=name)
        kind.selectbox(
            "Kind", list(TYPES), list(TYPES).index(row.type), format_func=TYPES.__getitem__, key=f"type:{key}"
        )
        if not row.required:
            long = row.type in ("list", "object") or "\n" in row.default
            ask_default = st.text_area if long else st.text_input
            ask_default("Default", row.default, key=f"default:{key}")
