"""The workflow as a whole: its name, what a run is given, what it gives back, what it may cost."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import streamlit as st

from orchestrator.data import is_object
from orchestrator.errors import InvalidInput
from orchestrator.workflow_engine import WorkflowEngine
from studio.builder.edit import set_value
from studio.builder.expression_form import ExpressionForm
from studio.builder.outputs import add_named, output_fields
from studio.builder.variables import Known, reach_of
from studio.editing import Editing, change
from studio.forms import TYPES, parse_default, text_of
from studio.markup import code, plain


def workflow_settings(editing: Editing, known: Known, engine: WorkflowEngine) -> None:
    form = _Form(editing, engine)
    form.text(("name",), "Name", editing.id)
    form.text(("description",), "What it does", "One sentence that people read in lists")
    form.words(("tags",), "Tags", "mail, daily")
    _inputs(form)
    _outputs(form, known)
    st.subheader("Limits of a run", anchor=False)
    with st.container(horizontal=True):
        form.number(("budget", "cost"), "US dollars for models")
        form.number(("budget", "tokens"), "Tokens", whole=True)
        form.number(("budget", "seconds"), "Seconds")


class _Form:
    """Widgets that write into the draft itself."""

    def __init__(self, editing: Editing, engine: WorkflowEngine) -> None:
        self.editing = editing
        self.engine = engine

    def key(self, *path: str) -> str:
        return f"workflow:{self.editing.id}:{'.'.join(path)}"

    def value(self, path: tuple[str, ...]) -> Any:
        place: Any = self.editing.content
        for part in path:
            place = place.get(part) if is_object(place) else None
        return place

    def put(self, path: tuple[str, ...], value: Any) -> None:
        change(self.editing, set_value(self.editing.content, None, path, value), self.engine.workflow_versions)

    def text(self, path: tuple[str, ...], label: str, hint: str = "") -> None:
        key = self.key(*path)
        st.session_state[key] = text_of(self.value(path))
        st.text_input(label, key=key, placeholder=hint, on_change=self._take(key, path, lambda said: said or None))

    def words(self, path: tuple[str, ...], label: str, hint: str) -> None:
        key = self.key(*path)
        st.session_state[key] = ", ".join(map(str, self.value(path) or ()))
        st.text_input(label, key=key, placeholder=hint, on_change=self._take(key, path, _words))

    def number(self, path: tuple[str, ...], label: str, *, whole: bool = False) -> None:
        key, value = self.key(*path), self.value(path)
        known = value if isinstance(value, int | float) else None
        st.session_state[key] = known if known is None or whole else float(known)
        st.number_input(
            label,
            key=key,
            min_value=0 if whole else 0.0,
            step=1 if whole else None,
            placeholder="No limit",
            on_change=self._take(key, path, lambda said: said or None),
        )

    def choice(self, path: tuple[str, ...], label: str, options: Mapping[str, str], default: str) -> None:
        key = self.key(*path)
        st.session_state[key] = self.value(path) or default
        st.selectbox(
            label,
            list(options),
            format_func=lambda name: options.get(name, name),
            key=key,
            on_change=self._take(key, path, lambda said: None if said == default else said),
        )

    def _take(self, key: str, path: tuple[str, ...], meant: Callable[[Any], Any]) -> Callable[[], None]:
        return lambda: self.put(path, meant(st.session_state.get(key)))


def _words(said: str) -> list[str] | None:
    return [word.strip() for word in (said or "").split(",") if word.strip()] or None


def _inputs(form: _Form) -> None:
    st.subheader("What a run is given", anchor=False)
    declared = form.value(("inputs",))
    inputs: Mapping[str, Any] = declared if is_object(declared) else {}
    for name, one in inputs.items():
        with st.expander(f"{plain(str((one or {}).get('title') or name))} · {code(name)}"):
            path = ("inputs", name)
            form.text((*path, "title"), "What people read", name)
            form.choice((*path, "type"), "Kind", TYPES, "string")
            form.text((*path, "description"), "Help")
            _default(form, path, one if is_object(one) else {})
            if st.button("Remove", key=form.key(*path, "remove"), icon=":material/delete:", type="tertiary"):
                form.put(path, None)
                st.rerun()
    add_named(
        "Add an input",
        inputs,
        form.key("inputs"),
        lambda name: form.put(("inputs", name), {"type": "string", "default": ""}),
    )


def _default(form: _Form, path: tuple[str, ...], declared: Mapping[str, Any]) -> None:
    """Without a default, a person must give a value before each run."""
    key = form.key(*path, "default")
    type_ = str(declared.get("type", "string"))
    is_required = "default" not in declared

    def ask(required: bool) -> None:
        content = set_value(form.editing.content, None, (*path, "default"), None)
        if not required:
            content = set_value(content, None, (*path, "default"), {"boolean": False, "list": []}.get(type_, ""))
        if required and not content.get("inputs", {}).get(path[1]):
            content = set_value(content, None, (*path, "type"), type_)
        change(form.editing, content, form.engine.workflow_versions)

    st.session_state[f"{key}:required"] = is_required
    st.toggle("It must be filled in for each run", key=f"{key}:required", on_change=lambda: ask(not is_required))
    if is_required:
        return

    def take() -> None:
        try:
            form.put((*path, "default"), parse_default(type_, st.session_state[key], "The value"))
        except InvalidInput as error:
            st.session_state[f"{key}:wrong"] = f"{error.message} {error.remedy}"
        else:
            st.session_state.pop(f"{key}:wrong", None)

    st.session_state[key] = text_of(declared.get("default"))
    st.text_input("Value when nothing is given", key=key, on_change=take)
    if wrong := st.session_state.get(f"{key}:wrong"):
        st.caption(f":red[{plain(wrong)}]")


def _outputs(form: _Form, known: Known) -> None:
    st.subheader("What it gives back", anchor=False)
    reach = reach_of(form.editing.content, None, known, form.engine.registry)
    expressions = ExpressionForm(form.key("expressions"), reach)
    output_fields(form.value(("output",)), form.key("output"), form.put, expressions)
    expressions.offer()
