"""What the switches of the Builder show: what stands in the draft."""

from __future__ import annotations

import streamlit as st


def show(key: str, is_on: bool) -> None:
    """Let the switch `key` show whether something is on. What it shows already is not told again: that comes late, and
    the next click turns it round."""
    if key not in st.session_state or st.session_state[key] != is_on:
        st.session_state[key] = is_on
