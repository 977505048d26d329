"""What a workflow, or a body, gives back: a name for each value."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import streamlit as st

from orchestrator.data import is_list, is_object
from orchestrator.errors import InvalidInput
from studio.builder.expression_form import ExpressionForm
from studio.forms import Field, text_of, value_of
from studio.popovers import popover, shut

NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")

Put = Callable[[tuple[str, ...], Any], None]
"""Writes a value under a path of keys; None takes it away."""


def output_fields(declared: Any, key: str, put: Put, expressions: ExpressionForm) -> None:
    """A field for each value that stands under "output"."""
    outputs: Mapping[str, Any] = declared if is_object(declared) else {}
    for name, value in outputs.items():
        with st.container(horizontal=True, gap="xsmall"):
            _output(name, value, f"{key}.{name}", put, expressions)
    add_named("Add an output", outputs, key, lambda name: put(("output", name), ""))


def add_named(label: str, known: Mapping[str, Any], key: str, add: Callable[[str], None]) -> None:
    """A button that asks for a name that is not taken yet."""
    with popover(label, icon=":material/add:", key=f"{key}.adding"):
        name = st.text_input("Name", key=f"{key}.new", placeholder="query")
        fits = bool(NAME.fullmatch(name or "")) and name not in known
        if name and not fits:
            st.caption(":red[A name of letters, digits and _, that is not taken yet.]")
        if st.button("Add", key=f"{key}.add", disabled=not fits, type="primary"):
            add(name or "")
            shut(f"{key}.adding")
            st.rerun()


def _output(name: str, value: Any, key: str, put: Put, expressions: ExpressionForm) -> None:
    def take(text: str) -> str:
        try:
            put(("output", name), _meant(name, text, value))
        except InvalidInput as error:
            return f"{error.message} {error.remedy}"
        return ""

    expressions.field(name, text_of(value), take, key=key, hint="{{ steps.page.url }}")
    if st.button(":material/delete:", key=f"{key}.remove", help="Remove it", type="tertiary"):
        put(("output", name), None)
        st.rerun()


def _meant(name: str, text: str, before: Any) -> Any:
    """A list or an object stays one while it is changed. Raises `InvalidInput`."""
    if (is_object(before) or is_list(before)) and not text.strip().startswith("{{"):
        return value_of(Field(name, name, "json", required=False), text) or ""
    return text
