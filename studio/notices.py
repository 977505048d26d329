"""One sentence that outlives a rerun: what a button did, shown on the page that comes next."""

from __future__ import annotations

import streamlit as st

from studio.markup import plain

_KEY = "notice"


def notice(text: str) -> None:
    """Say this at the next script run."""
    st.session_state[_KEY] = text


def show_notice() -> None:
    text = st.session_state.pop(_KEY, None)
    if text:
        st.toast(plain(text), icon=":material/check_circle:", duration="long")
