"""The widgets of a form: one for each kind of field."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import streamlit as st

from studio.forms import Field
from studio.markup import plain


def ask(fields: Sequence[Field], prefix: str) -> dict[str, Any]:
    """Draw the fields and return the answers by name. `prefix` keeps the state of two forms apart."""
    return {field.name: _WIDGETS[field.kind](field, f"{prefix}:{field.name}") for field in fields}


def _label(field: Field) -> str:
    return plain(field.label) + (" :red[\\*]" if field.required else "")


def _common(field: Field, key: str) -> dict[str, Any]:
    return {"label": _label(field), "key": key, "help": plain(field.help) or None}


def _text(field: Field, key: str) -> Any:
    return st.text_input(value=field.initial or "", **_common(field, key))


def _secret(field: Field, key: str) -> Any:
    """What is typed is never shown, and never sent back to a browser."""
    hint = "Stays as it is" if field.initial else None
    return st.text_input(type="password", autocomplete="new-password", placeholder=hint, **_common(field, key))


def _multiline(field: Field, key: str) -> Any:
    return st.text_area(value=field.initial or "", height=140, **_common(field, key))


def _lines(field: Field, key: str) -> Any:
    return st.text_area(value=field.initial or "", height=100, placeholder="One on each line", **_common(field, key))


def _json(field: Field, key: str) -> Any:
    return st.text_area(
        value=field.initial or "",
        height=140,
        placeholder='["one", "two"]  or  {"name": "value"}',
        **_common(field, key),
    )


def _number(field: Field, key: str) -> Any:
    value = None if field.initial is None else float(field.initial)
    return st.number_input(value=value, **_common(field, key))


def _integer(field: Field, key: str) -> Any:
    value = None if field.initial is None else int(field.initial)
    return st.number_input(value=value, step=1, **_common(field, key))


def _boolean(field: Field, key: str) -> Any:
    return st.toggle(value=bool(field.initial), **_common(field, key))


def _choice(field: Field, key: str) -> Any:
    values = [value for value, _ in field.options]
    labels = dict(zip(map(repr, values), (label for _, label in field.options), strict=True))
    index = values.index(field.initial) if field.initial in values else None
    return st.selectbox(
        options=values,
        index=index,
        format_func=lambda value: labels.get(repr(value), str(value)),
        placeholder="Choose",
        **_common(field, key),
    )


_WIDGETS: dict[str, Callable[[Field, str], Any]] = {
    "text": _text,
    "secret": _secret,
    "multiline": _multiline,
    "lines": _lines,
    "json": _json,
    "number": _number,
    "integer": _integer,
    "boolean": _boolean,
    "choice": _choice,
}
