"""The form of a step's parameters. What is typed is in the draft before the page is drawn again."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import streamlit as st

from orchestrator.errors import InvalidInput
from orchestrator.workflow_engine import WorkflowEngine
from studio.builder.answers import is_expression
from studio.builder.edit import set_value
from studio.builder.expression_form import ExpressionForm
from studio.builder.fields import Param, shown
from studio.editing import Editing, change
from studio.forms import value_of
from studio.markup import plain

SINGLE = re.compile(r"\{\{(?:(?!\}\}\s*\n).)*\}\}", re.DOTALL)
"""A text that is one expression, and not one on each line."""

OBJECT = re.compile(r"\s*\{(?![{%#])")

LINES = {"multiline": 5, "lines": 3, "json": 3}
"""How high the field of a kind is."""


def param_form(
    editing: Editing,
    step: str,
    params: Sequence[Param],
    expressions: ExpressionForm,
    inside: ExpressionForm | None,
    engine: WorkflowEngine,
) -> None:
    """A field for each parameter; what only experts need is folded away. `inside` is for what is looked at when the
    steps inside have run; None for a step that has none."""

    def row(param: Param) -> None:
        _row(editing, step, param, inside if inside and param.late else expressions, engine)

    for param in params:
        if not param.expert:
            row(param)
    expert = [param for param in params if param.expert]
    if expert:
        changed = any(param.value is not None for param in expert)
        with st.expander("More", icon=":material/tune:", expanded=changed):
            for param in expert:
                row(param)
    if params:
        expressions.offer()
    if inside and any(param.late for param in params):
        inside.offer()


def _row(editing: Editing, step: str, param: Param, expressions: ExpressionForm, engine: WorkflowEngine) -> None:
    key = f"param:{editing.id}:{step}:{param.field.name}"

    def put(value: Any) -> None:
        change(editing, set_value(editing.content, step, param.path, value), engine.workflow_versions)

    if param.takes_text:
        _expression_field(param, key, expressions, put)
        return
    as_text = is_expression(param.value) or bool(st.session_state.get(f"{key}:fx"))
    beside = "center" if param.field.kind == "boolean" else "bottom"
    with st.container(horizontal=True, gap="xsmall", vertical_alignment="top" if as_text else beside):
        if as_text:
            _expression_field(param, key, expressions, put)
        else:
            widget(param, f"{key}:value", lambda: put(meant(param, st.session_state.get(f"{key}:value"))))
        _fx(param, key, as_text, put)


def _expression_field(param: Param, key: str, expressions: ExpressionForm, put: Callable[[Any], None]) -> None:
    def take(text: str) -> str:
        try:
            put(meant(param, text))
        except InvalidInput as error:
            return f"{error.message} {error.remedy}"
        return ""

    field = param.field
    expressions.field(
        field.label,
        shown(param, as_expression=True),
        take,
        key=f"{key}:text",
        hint=param.example or (str(param.default) if param.default not in (None, "") else ""),
        help=field.help,
        required=field.required,
        lines=LINES.get(field.kind, 1),
        code=field.kind == "json" and not param.anything,
    )


def widget(param: Param, key: str, on_change: Callable[[], None]) -> None:
    """The widget of a parameter that is no text, showing what stands in the draft."""
    field = param.field
    label = plain(field.label) + (" :red[\\*]" if field.required else "")
    common: dict[str, Any] = {"label": label, "key": key, "help": plain(field.help) or None, "on_change": on_change}
    st.session_state[key] = shown(param, as_expression=False)
    if field.kind == "boolean":
        st.toggle(**common)
    elif field.kind in ("integer", "number"):
        st.number_input(step=1 if field.kind == "integer" else None, **common)
    else:
        labels = dict(field.options)
        options = list(labels)
        value = st.session_state.get(key)
        if value is not None and value not in options:
            options.insert(0, value)
        st.selectbox(
            options=options,
            format_func=lambda value: labels.get(value, str(value)),
            placeholder=_otherwise(param, labels),
            accept_new_options=param.picker is not None,
            **common,
        )


def _otherwise(param: Param, labels: Mapping[Any, str]) -> str:
    """What stands in a choice of which none was made: what holds then."""
    if param.default not in (None, ""):
        return labels.get(param.default, str(param.default))
    return "Choose" if labels else "Choose, or type one"


def meant(param: Param, said: Any) -> Any:
    """What was typed or chosen, as it stands in the file; None takes it away. Raises `InvalidInput`."""
    kind = param.field.kind
    if isinstance(said, str) and (kind in ("text", "multiline") or (param.anything and _is_words(said))):
        return said or None
    if is_expression(said) and (kind not in ("lines", "json") or SINGLE.fullmatch(said.strip())):
        return said.strip()
    if isinstance(said, str) and kind == "boolean" and said.strip():
        said = _yes_or_no(said)
    if isinstance(said, str) and kind in ("integer", "number") and said.strip():
        try:
            said = int(said) if kind == "integer" else float(said)
        except ValueError:
            raise InvalidInput(f"'{said}' is no number.", remedy="Type a number, or {{ … }}.") from None
    if kind == "number" and isinstance(said, float) and said.is_integer():
        said = int(said)
    if said in (None, "") or said == param.default:
        return None
    return value_of(param.field, said)


def _is_words(said: str) -> bool:
    """Not so of JSON, nor of what begins like it."""
    if OBJECT.match(said):
        return False
    try:
        json.loads(said)
    except ValueError:
        return True
    return False


def _yes_or_no(said: str) -> bool:
    if said.strip().lower() not in ("yes", "no", "true", "false"):
        raise InvalidInput(f"'{said}' is neither yes nor no.", remedy="Type yes, no, or {{ … }}.")
    return said.strip().lower() in ("yes", "true")


def _fx(param: Param, key: str, on: bool, put: Callable[[Any], None]) -> None:
    def turn() -> None:
        st.session_state[f"{key}:fx"] = not on
        if on and is_expression(param.value):
            put(None)

    st.button(
        ":violet[:material/function:]" if on else ":gray[:material/function:]",
        key=f"{key}:fx-button",
        type="tertiary",
        help="Back to a plain value" if on else "Take the value from an earlier step, with {{ … }}",
        on_click=turn,
    )
