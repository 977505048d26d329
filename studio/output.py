"""Draws a value that came from outside: a step's input or output, a run's output."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import orjson
import streamlit as st

from studio.markup import cell, facts, plain, prose, table
from studio.routes import link_out
from studio.values import Shown, shown

LINE = 300
"""Characters of a value that stands in a line with others."""

EMPTY: tuple[Any, ...] = (None, "", [], {})

_LABELS = {"url": "Open what was made"}


def show_note(note: str | None) -> None:
    """What must stand beside a model's text."""
    if note:
        st.markdown(f":orange-badge[:material/science: {plain(note)}]")


def show_value(
    value: Any, *, key: str, studio_url: str, empty: str = "Nothing.", whole: Callable[[], Any] | None = None
) -> None:
    """Text to read, links, single values, a table; the rest as a tree to unfold, and a download of it all. `whole`
    gives all of it when somebody asks for that, where `value` may be only what it begins with."""
    parts = shown(value)
    if parts.empty:
        st.caption(empty)
        return
    show_note(parts.note)
    if parts.text and parts.language is not None:
        st.code(parts.text, language=parts.language or None, wrap_lines=True)
    elif parts.text:
        with st.container(border=True):
            st.html(prose(parts.text))
    for name, url in parts.links:
        link_out(_LABELS.get(name, words(name)), url, studio_url)
    if parts.facts:
        st.html(facts([(words(name), fact) for name, fact in parts.facts]))
    if parts.rows:
        st.html(table([words(column) for column in parts.columns], parts.rows))
    if parts.cut:
        st.caption(f":material/content_cut: {plain(parts.cut)}")
    if parts.tree is not None or parts.cut:
        _show_data(parts, value, key, whole or (lambda: value))


def _show_data(parts: Shown, value: Any, key: str, whole: Callable[[], Any]) -> None:
    """The data as a tree, folded away where something says it better, and a download of all of it."""
    alone = not (parts.text or parts.rows or parts.facts or parts.links)
    folder = st.container() if alone else st.expander("All of it, as data", icon=":material/data_object:")
    is_text = isinstance(value, str)
    with folder:
        if parts.tree is not None:
            st.json(parts.tree, expanded=2)
        st.download_button(
            "Download all of it",
            # Only made when somebody asks for it: it can be large.
            lambda: whole_content(whole()),
            file_name="output.txt" if is_text else "output.json",
            mime="text/plain" if is_text else "application/json",
            icon=":material/download:",
            key=f"{key}:download",
            on_click="ignore",
        )


def whole_content(value: Any) -> bytes:
    """A value as the content of a file: a text as it is, all else as JSON."""
    if isinstance(value, str):
        return value.encode()
    return orjson.dumps(value, default=str, option=orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS)


def line_of(value: Any) -> str:
    """A value in one line: what an object has by its names, what is in a list one after the other."""
    if isinstance(value, Mapping):
        return " · ".join(f"{words(str(key))}: {line_of(part)}" for key, part in value.items() if part not in EMPTY)
    if isinstance(value, list | tuple):
        return ("; " if any(isinstance(part, Mapping) for part in value) else ", ").join(map(line_of, value))
    return cell(value, LINE)


def words(name: str) -> str:
    """A key as people read it."""
    return name.replace("_", " ").strip().capitalize() or name
