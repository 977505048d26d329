"""The workflow as a whole: its name, what a run is given, what it gives back, what it may cost."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import streamlit as st

from orchestrator.data import is_object
from orchestrator.errors import InvalidInput
from orchestrator.workflow_engine import WorkflowEngine
from studio.builder import widget_state
from studio.builder.edit import set_value
from studio.builder.expression_form import ExpressionForm
from studio.builder.outputs import add_named, output_fields
from studio.builder.variables import Known, reach_of
from studio.editing import Editing, change, cross
from studio.forms import TYPES, parse_default, text_of, words
from studio.markup import code, plain


def workflow_settings(editing: Editing, known: Known, engine: WorkflowEngine) -> None:
    form = _Form(editing, engine)
    form.text(("name",), "Name", editing.id)
    form.text(("description",), "What it does", "One sentence that people read in lists")
    form.words(("tags",), "Tags", "mail, daily")
    st.caption(f"Its id, {code(editing.id)}, stays as it is: its page, its runs and its versions go by it.")
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

    def cross(self) -> None:
        cross(self.editing, self.engine.workflow_versions)

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
        key, value = self.key(*path), self.value(path) or default
        st.session_state[key] = value
        st.selectbox(
            label,
            list(dict.fromkeys([*options, value])),
            format_func=lambda name: options.get(name, str(name)),
            key=key,
            on_change=self._take(key, path, lambda said: None if said == default else said),
        )

    def switch(self, path: tuple[str, ...], label: str, *, otherwise: bool | None = None) -> None:
        """`otherwise` stands in the file when it is off."""
        key = self.key(*path)
        widget_state.show(key, bool(self.value(path)))
        st.toggle(label, key=key, on_change=self._take(key, path, lambda said: said or otherwise))

    def parsed(
        self, path: tuple[str, ...], label: str, text: str, meant: Callable[[str], Any], *, hint: str, lines: int
    ) -> None:
        """A text that stands for something else. One that cannot stays, with what is wrong with it."""
        key = self.key(*path)
        wrong = st.session_state.get(f"{key}:wrong")

        def take() -> None:
            said = st.session_state[key]
            try:
                self.put(path, meant(said))
            except InvalidInput as error:
                st.session_state[f"{key}:wrong"] = (said, f"{error.message} {error.remedy}")
            else:
                st.session_state.pop(f"{key}:wrong", None)

        st.session_state[key] = wrong[0] if wrong else text
        if lines == 1:
            st.text_input(label, key=key, placeholder=hint, on_change=take)
        else:
            st.text_area(label, key=key, placeholder=hint, height=26 * lines + 34, on_change=take)
        if wrong:
            st.caption(f":red[{plain(wrong[1])}]")

    def _take(self, key: str, path: tuple[str, ...], meant: Callable[[Any], Any]) -> Callable[[], None]:
        return lambda: self.put(path, meant(st.session_state.get(key)))


def _words(said: str) -> list[str] | None:
    return [word.strip() for word in (said or "").split(",") if word.strip()] or None


def _inputs(form: _Form) -> None:
    st.subheader("What a run is given", anchor=False)
    declared = form.value(("inputs",))
    inputs: Mapping[str, Any] = declared if is_object(declared) else {}
    for name, one in inputs.items():
        with st.expander(code(name)):  # another label, such as its title, is another box: it shuts while one types
            path = ("inputs", name)
            form.text((*path, "title"), "What people read", name)
            form.choice((*path, "type"), "Kind", TYPES, "string")
            form.text((*path, "description"), "Help")
            _values(form, path, one if is_object(one) else {})
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


def _values(form: _Form, path: tuple[str, ...], declared: Mapping[str, Any]) -> None:
    """What can be given: anything of its kind, or what stands in a list."""
    type_ = str(declared.get("type", "string"))
    if type_ in ("string", "number", "integer"):
        form.parsed(
            (*path, "choices"),
            "The only values allowed, one on each line",
            "\n".join(map(text_of, declared.get("choices") or ())),
            lambda text: (
                [parse_default(type_, line, "Each line") for line in text.splitlines() if line.strip()] or None
            ),
            hint="Any value",
            lines=2,
        )
    if type_ == "string" and not declared.get("choices"):
        form.choice((*path, "picker"), "Chosen from", {"": "Nothing: it is typed", **_lists(form.engine)}, "")
        if not declared.get("picker"):
            form.switch((*path, "multiline"), "A large box to type in")


def _lists(engine: WorkflowEngine) -> dict[str, str]:
    """What the values of an input can be chosen from, as people call it."""
    held = {
        f"{id}.{name}": f"{connector.title}: {words(name).lower()}"
        for id, connector in engine.registry.connectors.items()
        for name in connector.pickers
    }
    return {"models": "Models", "templates": "Templates", **held}


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

    widget_state.show(f"{key}:required", is_required)
    st.toggle("It must be filled in for each run", key=f"{key}:required", on_change=lambda: ask(not is_required))
    if is_required:
        return

    label = "Value when nothing is given"
    if type_ == "boolean":
        form.switch((*path, "default"), label, otherwise=False)
        return
    large = type_ in ("list", "object") or declared.get("multiline")
    form.parsed(
        (*path, "default"),
        label,
        text_of(declared.get("default")),
        lambda text: _or_empty(type_, parse_default(type_, text, "The value")),
        hint="One on each line" if type_ == "list" else "",
        lines=3 if large else 1,
    )


def _or_empty(type_: str, value: Any) -> Any:
    """Without any default, it must be filled in: that is another choice."""
    return ({} if type_ == "object" else "") if value is None else value


def _outputs(form: _Form, known: Known) -> None:
    st.subheader("What it gives back", anchor=False)
    reach = reach_of(form.editing.content, None, known, form.engine.registry)
    expressions = ExpressionForm(form.key("expressions"), reach, form.cross)
    output_fields(form.value(("output",)), form.key("output"), form.put, expressions)
    expressions.offer()
