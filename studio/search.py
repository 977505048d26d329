"""The field above a list that finds what is wanted while it is typed. Its words stand in the address."""

from __future__ import annotations

import streamlit as st


def search(hint: str) -> str:
    """Draw it; gives what stands in it."""
    wanted = st.text_input(
        "Search",
        type="search",
        placeholder=hint,
        icon=":material/search:",
        label_visibility="collapsed",
        live=True,
        key="find",
        bind="query-params",
        width=420,
    )
    return wanted or ""
