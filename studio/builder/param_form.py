"""The form of a step's parameters. What is typed is in the draft before the page is drawn again."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import streamlit as st

from orchestrator.errors import InvalidInput
from orchestrator.workflow_engine import WorkflowEngine
from studio.builder.edit import set_value
from studio.builder.fields import Param, shown
from studio.builder.insert import inserted, picker
from studio.builder.variables import NOTHING, Variable, value_now, waits_for
from studio.editing import Editing, change
from studio.forms import value_of
from studio.markup import plain
from studio.output import show_value

SINGLE = re.compile(r"\{\{.*\}\}", re.DOTALL)
"""A text that is one expression."""

LINES = 5
"""Lines of a field for long text."""


def param_form(
    editing: Editing,
    step: str,
    params: Sequence[Param],
    found: Sequence[Variable],
    scope: Mapping[str, Any],
    engine: WorkflowEngine,
) -> None:
    """A field for each parameter; what only experts need is folded away."""
    for param in params:
        if not param.expert:
            _row(editing, step, param, found, scope, engine)
    expert = [param for param in params if param.expert]
    if expert:
        changed = any(param.value is not None for param in expert)
        with st.expander("More", icon=":material/tune:", expanded=changed):
            for param in expert:
                _row(editing, step, param, found, scope, engine)


def _row(
    editing: Editing,
    step: str,
    param: Param,
    found: Sequence[Variable],
    scope: Mapping[str, Any],
    engine: WorkflowEngine,
) -> None:
    key = f"param:{editing.id}:{step}:{param.field.name}"
    typed_as_text = param.is_expression or bool(st.session_state.get(f"{key}:fx"))
    as_text = typed_as_text or param.takes_text

    def put(path: str) -> None:
        before = param.value if isinstance(param.value, str) and param.takes_text else ""
        change(editing, set_value(editing.content, step, param.path, inserted(before, path)), engine.workflow_versions)

    with st.container(gap=None):
        with st.container(horizontal=True, vertical_alignment="center", gap=None):
            label = plain(param.field.label) + (" :red[\\*]" if param.field.required else "")
            st.markdown(f":small[{label}]", help=plain(param.field.help) or None, width="stretch")
            if not param.takes_text:
                _fx(editing, step, param, key, typed_as_text, engine)
            picker(found, key, put)
        widget(param, key, as_text, _typed(editing, step, param, f"{key}:value", as_text, engine))
    wrong = st.session_state.get(f"{key}:wrong")
    if wrong:
        st.caption(f":red[{plain(wrong)}]")
    elif param.is_expression:
        _show_value(param.value, found, scope, key, engine)


def widget(param: Param, key: str, as_text: bool, on_change: Callable[[], None]) -> None:
    """The widget of a parameter, showing what stands in the draft."""
    field, key = param.field, f"{key}:value"
    common: dict[str, Any] = {
        "label": plain(field.label),
        "key": key,
        "label_visibility": "collapsed",
        "on_change": on_change,
    }
    kind = field.kind
    if f"{key}:kept" not in st.session_state:
        st.session_state[key] = shown(param, as_expression=as_text)
    hint = param.example or (str(param.default) if param.default not in (None, "") else "")
    if as_text and kind != "multiline" and "\n" not in str(st.session_state.get(key) or ""):
        st.text_input(placeholder=hint, **common)
    elif as_text or kind in ("lines", "json"):
        st.text_area(placeholder=hint, height=28 * LINES, **common)
    elif kind == "boolean":
        st.toggle(**common)
    elif kind in ("integer", "number"):
        st.number_input(step=1 if kind == "integer" else None, **common)
    else:
        labels = dict(field.options)
        options = list(labels)
        value = st.session_state.get(key)
        if value is not None and value not in options:
            options.insert(0, value)
        st.selectbox(
            options=options,
            format_func=lambda value: labels.get(value, str(value)),
            placeholder="Choose, or type one" if not field.options else "Choose",
            accept_new_options=param.picker is not None,
            **common,
        )


def _typed(
    editing: Editing, step: str, param: Param, key: str, as_text: bool, engine: WorkflowEngine
) -> Callable[[], None]:
    def take() -> None:
        said, wrong = st.session_state.get(key), f"{key.removesuffix(':value')}:wrong"
        st.session_state.pop(wrong, None)
        st.session_state.pop(f"{key}:kept", None)
        try:
            value = meant(param, said, as_text)
        except InvalidInput as error:
            st.session_state[wrong] = f"{error.message} {error.remedy}"
            st.session_state[f"{key}:kept"] = True  # what was typed stays to be corrected
            return
        change(editing, set_value(editing.content, step, param.path, value), engine.workflow_versions)

    return take


def meant(param: Param, said: Any, as_text: bool) -> Any:
    """What was typed, as it stands in the file; None takes it away. Raises `InvalidInput`."""
    if as_text and isinstance(said, str) and ("{{" in said or "{%" in said or param.takes_text):
        return said or None
    kind = param.field.kind
    if isinstance(said, str) and kind in ("integer", "number") and said.strip():
        try:
            return int(said) if kind == "integer" else float(said)
        except ValueError:
            raise InvalidInput(f"'{said}' is no number.", remedy="Type a number, or {{ … }}.") from None
    if kind == "number" and isinstance(said, float) and said.is_integer():
        said = int(said)
    if kind == "boolean" and said == param.default:
        return None
    if said in (None, "") or said == param.default:
        return None
    if kind == "lines" and isinstance(said, str) and SINGLE.fullmatch(said.strip()):
        return said.strip()
    try:
        return value_of(param.field, said)
    except InvalidInput:
        if isinstance(said, str) and SINGLE.fullmatch(said.strip()):
            return said.strip()
        raise


def _fx(editing: Editing, step: str, param: Param, key: str, on: bool, engine: WorkflowEngine) -> None:
    def turn() -> None:
        st.session_state[f"{key}:fx"] = not on
        if on and param.is_expression:
            change(editing, set_value(editing.content, step, param.path, None), engine.workflow_versions)

    st.button(
        ":violet[:material/function:]" if on else ":gray[:material/function:]",
        key=f"{key}:fx-button",
        type="tertiary",
        help="Back to a plain value" if on else "Take the value from an earlier step, with {{ … }}",
        on_click=turn,
    )


def _show_value(
    text: Any, found: Sequence[Variable], scope: Mapping[str, Any], key: str, engine: WorkflowEngine
) -> None:
    value, wrong = value_now(text, scope)
    if wrong and (earlier := waits_for(text, found, scope)):
        st.caption(f"Its value shows here once '{plain(earlier[0])}' has run.")
    elif wrong:
        st.caption(f":material/help: {plain(wrong)}")
    elif value is not NOTHING:
        if isinstance(value, dict | list):
            with st.expander(f"= {len(value)} {'in a list' if isinstance(value, list) else 'values'}"):
                show_value(value, key=f"{key}:now", studio_url=engine.settings.studio_url)
        else:
            said = " ".join(str(value).split())
            st.caption(f"= {plain(said if len(said) <= 160 else said[:159] + '…')}")
