"""Draws a value that came from outside: a step's input or output, a run's output."""

from __future__ import annotations

import json
from typing import Any

import streamlit as st

from studio.markup import facts, plain, prose, table
from studio.routes import link_out
from studio.values import shown

_LABELS = {"url": "Open what was made"}


def show_note(note: str | None) -> None:
    """What must stand beside a model's text."""
    if note:
        st.markdown(f":orange-badge[:material/science: {plain(note)}]")


def show_value(value: Any, *, key: str, studio_url: str, empty: str = "Nothing.") -> None:
    """Text to read, links, single values, a table; the rest as a tree to unfold, and a download of it all."""
    parts = shown(value)
    if parts.empty:
        st.caption(empty)
        return
    show_note(parts.note)
    if parts.text:
        with st.container(border=True):
            st.html(prose(parts.text))
    for name, url in parts.links:
        link_out(_LABELS.get(name, words(name)), url, studio_url)
    if parts.facts:
        st.html(facts([(words(name), fact) for name, fact in parts.facts]))
    if parts.rows:
        st.html(table([words(column) for column in parts.columns], parts.rows))
    if parts.cut:
        st.caption(plain(parts.cut))
    if parts.tree is not None or parts.cut:
        with st.expander("All of it, as data", icon=":material/data_object:"):
            if not parts.cut:
                st.json(parts.tree, expanded=2)
            st.download_button(
                "Download",
                json.dumps(value, indent=2, ensure_ascii=False, default=str),
                file_name="value.json",
                mime="application/json",
                icon=":material/download:",
                key=f"{key}:download",
                on_click="ignore",
            )


def words(name: str) -> str:
    """A key as people read it."""
    return name.replace("_", " ").strip().capitalize() or name
